//! Transactions: what a relying party asks a user to confirm with a passkey. The challenge is 64 bytes, and the second
//! half is a hash of what is confirmed.
//!
//! A transaction becomes durable before its ceremony begins: its id is taken once and for ever.

use std::sync::Arc;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::audit::{Kind, Note};
use super::challenge::{Access, Api, Begun, Ceremony, Factor, Purpose};
use super::env::Env;
use super::event::Event;
use super::ids::{Challenge, Timestamp, TransactionId, UserId, uuid_bytes};
use super::login::{Login, allowed, descriptor};
use super::rejection::Rejection;
use super::state::TenantState;
use super::token::{Operation, Proof};
use super::{Command, Decision, Initialize, Touched};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Transaction {
    #[n(0)]
    pub id: TransactionId,
    /// The id of this server for it.
    #[cbor(n(1), with = "uuid_bytes")]
    pub internal_id: Uuid,
    #[n(2)]
    pub user: UserId,
    /// Whoever is registered under the same id after a deletion is somebody else.
    #[cbor(n(3), with = "uuid_bytes")]
    pub user_internal_id: Uuid,
    /// What is to be confirmed, as canonical JSON.
    #[n(4)]
    pub data: Box<str>,
    #[n(5)]
    pub created_at: Timestamp,
    #[n(6)]
    pub confirmed_at: Option<Timestamp>,
}

/// A transaction with the commit that last wrote it.
#[derive(Debug)]
pub struct Stored {
    pub transaction: Arc<Transaction>,
    pub revision: u64,
}

impl Transaction {
    /// All that a response must answer.
    pub fn challenge(&self, head: &Challenge) -> [u8; 64] {
        challenge(head, &digest(&self.id, &self.data))
    }
}

/// What a challenge says of its transaction: SHA-256 of the id and the canonical data.
pub fn digest(id: &TransactionId, data: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(id.as_str());
    hasher.update(data);
    hasher.finalize().into()
}

/// Takes the id. The ceremony may begin when this is durable.
#[derive(Debug)]
pub struct SaveTransaction {
    pub id: TransactionId,
    pub user: UserId,
    pub data: Box<str>,
}

impl SaveTransaction {
    /// What the audit log tells of the ceremony that begins, where the tenant wants that.
    pub fn note(&self) -> Note {
        begun_note(&self.id, &self.user)
    }
}

impl Command for SaveTransaction {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![
            Touched::User(self.user.clone()),
            Touched::Transaction(self.id.clone()),
        ]
    }

    /// In the order of the contract's refusals (§2.5).
    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let account = state.users.get(&self.user).ok_or(Rejection::UserNotFound)?;
        if state.transactions.contains_key(&self.id) {
            return Err(Rejection::TransactionTaken);
        }
        allowed(state, &self.user, Factor::Passkey)?;
        let transaction = Transaction {
            id: self.id,
            internal_id: env.uuid(),
            user: self.user,
            user_internal_id: account.internal_id(),
            data: self.data,
            created_at: env.now,
            confirmed_at: None,
        };
        let saved = Event::TransactionSaved(Arc::new(transaction));
        Ok(Decision::new(vec![saved], ()))
    }

    fn on_conflict() -> Rejection {
        Rejection::TransactionTaken
    }
}

/// Begins the ceremony of a transaction that is durable.
#[derive(Debug)]
pub struct InitializeTransaction {
    pub id: TransactionId,
    pub user: UserId,
    pub digest: [u8; 32],
}

impl Initialize for InitializeTransaction {
    fn note(&self) -> Note {
        begun_note(&self.id, &self.user)
    }

    fn decide(self, state: &TenantState, env: &Env, worker: u8) -> Result<Begun, Rejection> {
        let allowed = allowed(state, &self.user, Factor::Passkey)?;
        let ceremonies = state.policy.ceremonies(Factor::Passkey);
        let head = env.challenge(worker);
        let template = &state.policy.templates(Factor::Passkey).request;
        let challenge = challenge(&head, &self.digest);
        let options = template.render(&challenge, allowed.iter().map(descriptor));
        let ceremony = Ceremony {
            purpose: Purpose::Transaction {
                id: self.id,
                user: self.user,
                allowed,
            },
            factor: Factor::Passkey,
            access: Access::Keyed,
            user_verification: ceremonies.user_verification,
            expires_at: ceremonies.expiry(env.now),
            api: Api::Passkey,
        };
        Ok(Begun {
            challenge: head,
            ceremony,
            options,
        })
    }
}

/// A verified assertion over a transaction, to be made durable: a use of the credential like a login, told otherwise.
#[derive(Debug)]
pub struct ConfirmTransaction {
    pub id: TransactionId,
    pub login: Login,
}

impl Command for ConfirmTransaction {
    type Outcome = Proof;

    fn touches(&self) -> Vec<Touched> {
        let mut touched = self.login.touches();
        touched.push(Touched::Transaction(self.id.clone()));
        touched
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Proof>, Rejection> {
        let transaction = begun(state, &self.id)?;
        let Decision {
            mut events,
            outcome,
            note,
            ..
        } = self.login.decide(state, env)?;
        events.push(Event::TransactionSaved(Arc::new(Transaction {
            confirmed_at: Some(env.now),
            ..Transaction::clone(transaction)
        })));
        let proof = Proof {
            operation: Operation::Transaction,
            transaction: Some(self.id),
            ..outcome
        };
        let accepted = note.and_then(|note| note.error);
        Ok(proof.decided(events).accepting(accepted.as_deref()))
    }

    fn on_conflict() -> Rejection {
        Login::on_conflict()
    }
}

/// The transaction of a ceremony under way, while its user is the one who began it.
pub fn begun<'a>(
    state: &'a TenantState,
    id: &TransactionId,
) -> Result<&'a Arc<Transaction>, Rejection> {
    let transaction = state.transaction(id).ok_or(Rejection::ChallengeUnknown)?;
    let account = state.users.get(&transaction.user);
    account
        .filter(|account| account.internal_id() == transaction.user_internal_id)
        .map(|_| transaction)
        .ok_or(Rejection::UserHandleUnknown)
}

fn begun_note(id: &TransactionId, user: &UserId) -> Note {
    Note::of(Kind::begun(Operation::Transaction))
        .about(user)
        .in_transaction(id.as_str())
}

/// 32 bytes that are found among the challenges that are out, then what is confirmed.
fn challenge(head: &Challenge, digest: &[u8; 32]) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&head.0);
    bytes[32..].copy_from_slice(digest);
    bytes
}
