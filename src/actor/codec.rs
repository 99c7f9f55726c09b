//! Events to rows and back. The numbers of the kinds and of the fields are on disk: they are only ever added to.

mod session_uses;

use std::sync::Arc;

use minicbor::bytes::ByteArray;
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::store::{AuditRow, Expect, Kind, Put, Row};
use crate::tenant::audit::{Entry, Note, Requester};
use crate::tenant::challenge::{Ceremony, Checkpoint};
use crate::tenant::credential::Credential;
use crate::tenant::decoy::DecoyKey;
use crate::tenant::env::Env;
use crate::tenant::event::{Event, TenantProfile};
use crate::tenant::ids::{Challenge, TenantId, Timestamp};
use crate::tenant::secret::ApiKey;
use crate::tenant::session::Session;
use crate::tenant::state::TenantState;
use crate::tenant::token::commands::FIRST_KEY_NAME;
use crate::tenant::token::{KeyKind, PrivateKey, SigningKey};
use crate::tenant::transaction::Transaction;
use crate::tenant::user::User;

pub use session_uses::put as session_uses_put;

pub const TENANT: Kind = Kind(1);
const API_KEY: Kind = Kind(2);
const SIGNING_KEY: Kind = Kind(3);
const USER: Kind = Kind(4);
const CREDENTIAL: Kind = Kind(5);
const CONSUMED: Kind = Kind(6);
const CHECKPOINT: Kind = Kind(7);
/// There is one where a settings file speaks for the tenant.
pub const DECLARED: Kind = Kind(20);
const TRANSACTION: Kind = Kind(8);
const SESSION: Kind = Kind(9);
const SESSION_KEY: Kind = Kind(10);
const SESSION_USES: Kind = Kind(11);
/// At most one.
const DECOY_KEY: Kind = Kind(12);

/// How long a consumed challenge is remembered beyond its expiry, for clocks that are set back.
const CONSUMED_MARGIN_SECONDS: u64 = 120;

/// What the tokens of a key of the first version are taken to live.
const OLD_TOKEN_LIFETIME_SECONDS_MAX: u32 = 24 * 60 * 60;

/// A checkpoint with the start of the process that wrote it.
#[derive(Debug)]
pub struct SavedCheckpoint {
    pub boot: u64,
    pub began: Vec<(Challenge, Ceremony)>,
    pub taken: Vec<Challenge>,
}

/// A tenant as its rows tell it.
#[derive(Debug)]
pub struct Hydrated {
    pub state: TenantState,
    pub checkpoints: Vec<SavedCheckpoint>,
    pub consumed: Vec<Challenge>,
}

/// The row that an event leaves, and what it expects to find in its place.
pub fn put(event: &Event, state: Option<&TenantState>) -> Put {
    match event {
        Event::TenantSaved(profile) => row(TENANT, &[], Expect::Any, profile.as_ref()),
        Event::Declared => Put {
            data: Some(Vec::new()),
            ..removal(DECLARED, &[], Expect::Any)
        },
        Event::NotDeclared => removal(DECLARED, &[], Expect::Any),
        Event::ApiKeyCreated(key) => row(API_KEY, key.id.as_bytes(), Expect::Absent, key),
        Event::ApiKeyDeleted(id) => removal(API_KEY, id.as_bytes(), Expect::Any),
        Event::SigningKeyCreated(key) => key_row(SIGNING_KEY, key, Expect::Absent),
        Event::SigningKeyChanged(key) => key_row(SIGNING_KEY, key, Expect::Any),
        Event::SigningKeyDeleted(kid) => removal(SIGNING_KEY, kid.as_bytes(), Expect::Any),
        Event::SessionKeyCreated(key) => key_row(SESSION_KEY, key, Expect::Absent),
        Event::SessionKeyChanged(key) => key_row(SESSION_KEY, key, Expect::Any),
        Event::SessionKeyDeleted(kid) => removal(SESSION_KEY, kid.as_bytes(), Expect::Any),
        Event::SessionCreated(session) => Put {
            // Not before its time, which has a fraction of a second too.
            expires: Some(session.expires_at.seconds().saturating_add(1)),
            ..row(SESSION, session.id.as_bytes(), Expect::Absent, &**session)
        },
        Event::SessionDeleted(id) => removal(SESSION, id.as_bytes(), Expect::Any),
        Event::DecoyKeyCreated(key) => row(
            DECOY_KEY,
            &[],
            Expect::Absent,
            &ByteArray::from(*key.secret()),
        ),
        Event::UserSaved(user) => {
            let account = state.and_then(|state| state.users.get(&user.profile.id));
            let expect = account.map_or(Expect::Absent, |account| Expect::Rev(account.revision()));
            row(USER, user.profile.id.as_str().as_bytes(), expect, user)
        }
        Event::UserDeleted(id) => {
            let account = state.and_then(|state| state.users.get(id));
            let expect = account.map_or(Expect::Absent, |account| Expect::Rev(account.revision()));
            removal(USER, id.as_str().as_bytes(), expect)
        }
        Event::CredentialRegistered(credential) => row(
            CREDENTIAL,
            credential.id.as_bytes(),
            Expect::Absent,
            credential,
        ),
        Event::CredentialChanged(credential) => {
            let expect = revision_of(credential.id.as_bytes(), state);
            row(CREDENTIAL, credential.id.as_bytes(), expect, credential)
        }
        Event::CredentialDeleted(id) => {
            removal(CREDENTIAL, id.as_bytes(), revision_of(id.as_bytes(), state))
        }
        Event::TransactionSaved(transaction) => {
            let stored = state.and_then(|state| state.transactions.get(&transaction.id));
            let expect = stored.map_or(Expect::Absent, |stored| Expect::Rev(stored.revision));
            let id = transaction.id.as_str().as_bytes();
            row(TRANSACTION, id, expect, &**transaction)
        }
        Event::ChallengeConsumed {
            challenge,
            expires_at,
        } => Put {
            expires: Some(expires_at.seconds().saturating_add(CONSUMED_MARGIN_SECONDS)),
            data: Some(Vec::new()),
            ..removal(CONSUMED, &challenge.0, Expect::Absent)
        },
    }
}

/// The entry of the audit log that tells of a change, or of a refusal.
///
/// # Panics
/// Never: it is encoded to memory.
pub fn audit_row(note: Note, by: Requester, env: &Env) -> AuditRow {
    let entry = Entry {
        by,
        user: note.user.map(|user| user.as_str().into()),
        transaction: note.transaction,
        error: note.error,
    };
    AuditRow {
        at: env.now.0,
        id: env.uuid(),
        kind: note.kind.number(),
        data: minicbor::to_vec(&entry).expect("encoding to memory does not fail"),
    }
}

/// What [`audit_row`] has kept.
pub fn audit_entry(data: &[u8]) -> Result<Entry, minicbor::decode::Error> {
    minicbor::decode(data)
}

/// The row of a checkpoint: one a worker, start and number.
///
/// # Panics
/// Never: it is encoded to memory.
pub fn checkpoint_put(boot: u64, worker: u8, number: u64, checkpoint: &Checkpoint) -> Put {
    let mut id = boot.to_be_bytes().to_vec();
    id.push(worker);
    id.extend(number.to_be_bytes());
    let expires_at = checkpoint.expires_at;
    let data = encode_checkpoint(checkpoint).expect("encoding to memory does not fail");
    Put {
        expires: expires_at.map(|expires_at| expires_at.seconds().saturating_add(1)),
        data: Some(data),
        ..removal(CHECKPOINT, &id, Expect::Any)
    }
}

/// The tenant that the rows tell of; `None` where they do not make one.
pub fn hydrate(id: TenantId, rows: Vec<Row>) -> Result<Option<Hydrated>, minicbor::decode::Error> {
    let mut profile = None;
    let (mut users, mut credentials, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut checkpoints, mut consumed, mut last_uses) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row.kind {
            TENANT => profile = Some(profile_of(&row)?),
            CHECKPOINT => checkpoints.push(saved_checkpoint(&row)?),
            SESSION_USES => last_uses.extend(session_uses::of(&row)?),
            CONSUMED => consumed.extend(Challenge::parse(&row.id)),
            USER => users.push(row),
            CREDENTIAL => credentials.push(row),
            _ => others.extend(event_of(&row)?),
        }
    }
    let Some(profile) = profile else {
        return Ok(None);
    };
    let mut state = TenantState::new(id, profile);
    state.reserve(users.len(), credentials.len());
    // Users before what is theirs, and each row gone before the next is read: there may be millions.
    for row in users.into_iter().chain(credentials) {
        if let Some((_, event, revision)) = event_of(&row)? {
            state.apply(event, revision);
        }
    }
    // All else in the order in which it came to be.
    others.sort_by_key(|(at, _, _)| *at);
    for (_, event, revision) in others {
        state.apply(event, revision);
    }
    for (session, at) in last_uses {
        state.sessions.use_at(session, at);
    }
    Ok(Some(Hydrated {
        state,
        checkpoints,
        consumed,
    }))
}

/// The profile in a row of kind [`TENANT`].
pub fn profile_of(row: &Row) -> Result<TenantProfile, minicbor::decode::Error> {
    minicbor::decode(&row.data)
}

fn event_of(row: &Row) -> Result<Option<(Timestamp, Event, u64)>, minicbor::decode::Error> {
    let (at, event) = match row.kind {
        DECLARED => (Timestamp(0), Event::Declared),
        API_KEY => {
            let key: ApiKey = minicbor::decode(&row.data)?;
            (key.created_at, Event::ApiKeyCreated(key))
        }
        SIGNING_KEY => {
            let key: StoredKey = minicbor::decode(&row.data)?;
            let key = key.into_signing_key(&row.id)?;
            (key.created_at, Event::SigningKeyCreated(Arc::new(key)))
        }
        SESSION_KEY => {
            let key: StoredKey = minicbor::decode(&row.data)?;
            let key = key.into_signing_key(&row.id)?;
            (key.created_at, Event::SessionKeyCreated(Arc::new(key)))
        }
        SESSION => {
            let session: Session = minicbor::decode(&row.data)?;
            (session.created_at, Event::SessionCreated(Arc::new(session)))
        }
        DECOY_KEY => {
            let secret: ByteArray<32> = minicbor::decode(&row.data)?;
            let key = DecoyKey::new(secret.into());
            (Timestamp(0), Event::DecoyKeyCreated(Arc::new(key)))
        }
        USER => {
            let user: User = minicbor::decode(&row.data)?;
            (user.created_at, Event::UserSaved(user))
        }
        CREDENTIAL => {
            let credential: Credential = minicbor::decode(&row.data)?;
            (
                credential.created_at,
                Event::CredentialRegistered(credential),
            )
        }
        TRANSACTION => {
            let transaction: Transaction = minicbor::decode(&row.data)?;
            (
                transaction.created_at,
                Event::TransactionSaved(Arc::new(transaction)),
            )
        }
        // A kind of a later version: its rows are kept and not understood.
        _ => return Ok(None),
    };
    Ok(Some((at, event, row.seq)))
}

/// Two arrays: challenges with their packed ceremonies, and challenges that were taken.
fn encode_checkpoint(
    checkpoint: &Checkpoint,
) -> Result<Vec<u8>, minicbor::encode::Error<std::convert::Infallible>> {
    let length = checkpoint.began.len() + checkpoint.taken.len() * ENCODED_CHALLENGE + FRAME;
    let mut encoder = Encoder::new(Vec::with_capacity(length));
    encoder.array(2)?.begin_array()?;
    encoder.writer_mut().extend_from_slice(&checkpoint.began);
    encoder.end()?.begin_array()?;
    for challenge in &checkpoint.taken {
        encoder.encode(challenge)?;
    }
    encoder.end()?;
    Ok(encoder.into_writer())
}

fn saved_checkpoint(row: &Row) -> Result<SavedCheckpoint, minicbor::decode::Error> {
    let boot = row
        .id
        .first_chunk()
        .ok_or_else(|| malformed("a checkpoint"))?;
    let mut decoder = Decoder::new(&row.data);
    let (mut began, mut taken) = (Vec::new(), Vec::new());
    decoder.array()?;
    decoder.array()?;
    while decoder.datatype()? != Type::Break {
        began.push((decoder.decode()?, minicbor::decode(decoder.bytes()?)?));
    }
    decoder.skip()?;
    decoder.array()?;
    while decoder.datatype()? != Type::Break {
        taken.push(decoder.decode()?);
    }
    Ok(SavedCheckpoint {
        boot: u64::from_be_bytes(*boot),
        began,
        taken,
    })
}

fn revision_of(id: &[u8], state: Option<&TenantState>) -> Expect {
    let id = crate::tenant::ids::CredentialId::parse(id);
    let stored = id.as_ref().and_then(|id| state?.credential(id));
    stored.map_or(Expect::Absent, |stored| Expect::Rev(stored.revision()))
}

fn row(kind: Kind, id: &[u8], expect: Expect, data: &impl Encode<()>) -> Put {
    let data = minicbor::to_vec(data).expect("encoding to memory does not fail");
    Put {
        data: Some(data),
        ..removal(kind, id, expect)
    }
}

fn key_row(kind: Kind, key: &SigningKey, expect: Expect) -> Put {
    row(kind, key.kid.as_bytes(), expect, &StoredKey::of(key))
}

fn removal(kind: Kind, id: &[u8], expect: Expect) -> Put {
    Put {
        kind,
        id: id.into(),
        expect,
        data: None,
        expires: None,
    }
}

/// A private key in its row. The store seals rows, so it is not sealed again.
#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredKey {
    #[n(0)]
    created_at: Timestamp,
    #[cbor(n(1), with = "minicbor::bytes")]
    pkcs8: Vec<u8>,
    /// What follows is not in the rows of the first version: its only key, for RS256, with the longest life that tokens
    /// were likely to have.
    #[n(2)]
    kind: Option<KeyKind>,
    #[n(3)]
    name: Option<Box<str>>,
    #[n(4)]
    hint: Option<Box<str>>,
    #[n(5)]
    signs_from: Option<Timestamp>,
    #[n(6)]
    token_lifetime_seconds_max: Option<u32>,
}

impl StoredKey {
    fn of(key: &SigningKey) -> Self {
        Self {
            created_at: key.created_at,
            pkcs8: key.private.pkcs8().to_vec(),
            kind: Some(key.private.kind),
            name: Some(key.name.clone()),
            hint: Some(key.hint.clone()),
            signs_from: Some(key.signs_from),
            token_lifetime_seconds_max: Some(key.token_lifetime_seconds_max),
        }
    }

    fn into_signing_key(self, kid: &[u8]) -> Result<SigningKey, minicbor::decode::Error> {
        let kid = Uuid::from_slice(kid).map_err(|_| malformed("a signing key"))?;
        let pkcs8 = Zeroizing::new(self.pkcs8);
        Ok(SigningKey {
            kid,
            name: self.name.unwrap_or_else(|| FIRST_KEY_NAME.into()),
            hint: self.hint.unwrap_or_default(),
            created_at: self.created_at,
            signs_from: self.signs_from.unwrap_or(self.created_at),
            token_lifetime_seconds_max: self
                .token_lifetime_seconds_max
                .unwrap_or(OLD_TOKEN_LIFETIME_SECONDS_MAX),
            private: Arc::new(PrivateKey::new(
                self.kind.unwrap_or(KeyKind::Rsa2048),
                pkcs8,
            )),
        })
    }
}

fn malformed(what: &'static str) -> minicbor::decode::Error {
    minicbor::decode::Error::message(what)
}

#[cfg(test)]
mod tests;

/// Of a challenge in a row, and of all that is around the two lists.
const ENCODED_CHALLENGE: usize = 34;
const FRAME: usize = 8;
