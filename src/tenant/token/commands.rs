//! What may be asked of a tenant's signing keys: to be there, to be followed by another, to go.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use uuid::Uuid;

use super::key::{KeyKind, KeyPurpose, PrivateKey, SigningKey};
use super::rotation::KeyState;
use crate::tenant::audit::{Kind, Note};
use crate::tenant::env::Env;
use crate::tenant::event::Event;
use crate::tenant::ids::Timestamp;
use crate::tenant::rejection::Rejection;
use crate::tenant::secret::{HINT_LENGTH, is_name_taken};
use crate::tenant::state::TenantState;
use crate::tenant::{Command, Decision, Touched};

/// Gives the tenant its first signing key of a purpose; whoever comes second keeps the first one.
#[derive(Debug)]
pub struct AddFirstSigningKey {
    pub purpose: KeyPurpose,
    pub private: PrivateKey,
}

/// A key that takes over once it has been shown for a while.
#[derive(Debug)]
pub struct CreateSigningKey {
    pub name: Box<str>,
    pub private: PrivateKey,
    /// Where the tenant has keys for sessions, one of them follows at the same time.
    pub session: Option<PrivateKey>,
    pub publish_ahead: Duration,
}

/// The same where the tenant wants another kind of key than its newest. Whoever comes second changes nothing.
#[derive(Debug)]
pub struct RenewSigningKey {
    pub purpose: KeyPurpose,
    pub private: PrivateKey,
    pub publish_ahead: Duration,
}

/// Only once nobody needs it.
#[derive(Debug)]
pub struct DeleteSigningKey {
    pub kid: Uuid,
}

/// A new key with its `secret`, for the one answer that shows it: the contract has one for each key. It opens nothing.
pub struct NewSigningKey {
    pub key: Arc<SigningKey>,
    pub secret: String,
}

impl fmt::Debug for NewSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewSigningKey({})", self.key.kid)
    }
}

impl Command for AddFirstSigningKey {
    type Outcome = Arc<SigningKey>;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(
        self,
        state: &TenantState,
        env: &Env,
    ) -> Result<Decision<Arc<SigningKey>>, Rejection> {
        if let Some(key) = state.keys(self.purpose).active(env.now) {
            return Ok(Decision::new(Vec::new(), Arc::clone(key)));
        }
        // There is no other to sign meanwhile.
        let name = match self.purpose {
            KeyPurpose::Token => FIRST_KEY_NAME,
            KeyPurpose::Session => FIRST_SESSION_KEY_NAME,
        };
        let making = Making {
            purpose: self.purpose,
            kid: env.uuid(),
            name: name.into(),
            private: self.private,
            signs_from: env.now,
        };
        let made = making.decide(state, env)?;
        Ok(told(made, |shown| shown.key))
    }
}

impl Command for CreateSigningKey {
    type Outcome = NewSigningKey;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys, Touched::ApiKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<NewSigningKey>, Rejection> {
        if is_name_taken(state, &self.name) {
            return Err(Rejection::KeyNameTaken);
        }
        let signs_from = after(env.now, self.publish_ahead);
        let session = self.session.map(|private| Making {
            purpose: KeyPurpose::Session,
            kid: env.second_uuid(),
            name: format!("{}{SESSION_KEY_SUFFIX}", self.name).into(),
            private,
            signs_from,
        });
        let making = Making {
            purpose: KeyPurpose::Token,
            kid: env.uuid(),
            name: self.name,
            private: self.private,
            signs_from,
        };
        let mut made = making.decide(state, env)?;
        if let Some(session) = session {
            made.events.extend(session.decide(state, env)?.events);
        }
        Ok(made)
    }
}

impl Command for RenewSigningKey {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        if kind_to_renew(state, self.purpose) != Some(self.private.kind) {
            return Ok(Decision::new(Vec::new(), ()));
        }
        let making = Making {
            purpose: self.purpose,
            kid: env.uuid(),
            name: format!("{} {}", self.private.kind.algorithm(), env.uuid()).into(),
            private: self.private,
            signs_from: after(env.now, self.publish_ahead),
        };
        let made = making.decide(state, env)?;
        Ok(told(made, drop))
    }
}

/// The kind that the tenant's next key should have, where its newest has another and there is room for one more.
pub fn kind_to_renew(state: &TenantState, purpose: KeyPurpose) -> Option<KeyKind> {
    let keys = state.keys(purpose);
    let newest = keys.newest()?;
    let wanted = KeyKind::wanted(&state.policy.settings);
    let is_due = newest.private.kind != wanted && keys.len() < SIGNING_KEYS_MAX;
    is_due.then_some(wanted)
}

impl Command for DeleteSigningKey {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let found = KeyPurpose::ALL.into_iter().find_map(|purpose| {
            let mut keys = state.keys(purpose).states(env.now);
            let (key, state) = keys.find(|(key, _)| key.kid == self.kid)?;
            Some((purpose, key, state))
        });
        let (purpose, key, state) = found.ok_or(Rejection::SecretNotFound)?;
        match state {
            KeyState::Active => return Err(Rejection::SigningKeyInUse),
            KeyState::Retiring => return Err(Rejection::SigningKeyNeeded),
            KeyState::Pending if key.signs_from <= after(env.now, DELETION_TAKES) => {
                return Err(Rejection::SigningKeyInUse);
            }
            KeyState::Pending | KeyState::Retired => {}
        }
        let deleted = match purpose {
            KeyPurpose::Token => Event::SigningKeyDeleted(self.kid),
            KeyPurpose::Session => Event::SessionKeyDeleted(self.kid),
        };
        Ok(Decision::new(vec![deleted], ()).noting(Note::of(Kind::SecretDeleted)))
    }
}

/// What every new key has in common.
struct Making {
    purpose: KeyPurpose,
    kid: Uuid,
    name: Box<str>,
    private: PrivateKey,
    signs_from: Timestamp,
}

impl Making {
    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<NewSigningKey>, Rejection> {
        let keys = state.keys(self.purpose);
        if keys.len() >= SIGNING_KEYS_MAX {
            return Err(Rejection::TooManySigningKeys);
        }
        let secret = URL_SAFE.encode(env.secret());
        // Keys stand in the order of their creation, whatever a clock says that was set back.
        let newest = keys.newest().map(|key| key.created_at.0);
        let created_at = newest.map_or(env.now.0, |newest| env.now.0.max(newest.saturating_add(1)));
        let key = Arc::new(SigningKey {
            kid: self.kid,
            name: self.name,
            hint: secret[..HINT_LENGTH].into(),
            created_at: Timestamp(created_at),
            signs_from: self.signs_from,
            token_lifetime_seconds_max: self.purpose.lifetime_seconds(&state.policy.settings),
            private: Arc::new(self.private),
        });
        let created = match self.purpose {
            KeyPurpose::Token => Event::SigningKeyCreated(Arc::clone(&key)),
            KeyPurpose::Session => Event::SessionKeyCreated(Arc::clone(&key)),
        };
        let decision = Decision::new(vec![created], NewSigningKey { key, secret });
        Ok(decision.noting(Note::of(Kind::SigningKeyCreated)))
    }
}

/// For whoever does not want to be shown all of it.
fn told<T>(made: Decision<NewSigningKey>, tell: fn(NewSigningKey) -> T) -> Decision<T> {
    Decision {
        events: made.events,
        note: made.note,
        also: made.also,
        outcome: tell(made.outcome),
    }
}

/// What a longer life of tokens means to the keys that may sign them: each is needed so much longer.
pub fn prolonged(
    state: &TenantState,
    purpose: KeyPurpose,
    lifetime_seconds: u32,
    now: Timestamp,
) -> Vec<Event> {
    let changed = match purpose {
        KeyPurpose::Token => Event::SigningKeyChanged,
        KeyPurpose::Session => Event::SessionKeyChanged,
    };
    let keys = state.keys(purpose).published(now);
    let shorter = keys.filter(|key| key.token_lifetime_seconds_max < lifetime_seconds);
    let longer = |key: &Arc<SigningKey>| SigningKey {
        token_lifetime_seconds_max: lifetime_seconds,
        ..SigningKey::clone(key)
    };
    shorter.map(|key| changed(Arc::new(longer(key)))).collect()
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.plus_milliseconds(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

/// As the contract calls the key that a tenant has from the start.
pub const FIRST_KEY_NAME: &str = "Initial JWK Key";

const FIRST_SESSION_KEY_NAME: &str = "Initial session key";

/// What tells the names of two keys apart that were asked for as one.
const SESSION_KEY_SUFFIX: &str = " (sessions)";

/// The key set is read by everybody who checks tokens, and every request that signs looks through the keys.
pub const SIGNING_KEYS_MAX: usize = 100;

/// Until a deletion is durable its key must not sign. Far longer than any commit takes.
const DELETION_TAKES: Duration = Duration::from_mins(1);
