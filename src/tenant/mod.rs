//! The domain core: what a tenant is, what may be asked of it, and what it answers. Commands are decided against
//! a [`state::TenantState`] and become [`event::Event`]s; events are applied to the state and nothing else changes it.
//!
//! Everything here is a function of its arguments: no I/O, no clock, no randomness, no async, no actix. Time and
//! randomness arrive in [`env::Env`].

pub mod admin;
pub mod audit;
pub mod authenticator;
pub mod canonical_json;
pub mod challenge;
pub mod cors;
pub mod credential;
pub mod declared;
pub mod decoy;
pub mod env;
pub mod event;
pub mod ids;
pub mod issuer;
pub mod login;
pub mod packed;
pub mod policy;
pub mod registration;
pub mod rejection;
pub mod roster;
pub mod secret;
pub mod session;
pub mod settings;
pub mod state;
pub mod token;
pub mod transaction;
pub mod user;

#[cfg(test)]
pub(crate) mod tests;

use audit::Note;
use env::Env;
use event::Event;
use rejection::Rejection;
use state::TenantState;

/// Something that is asked of a tenant and, when it is granted, changes it durably.
pub trait Command: Send + 'static {
    /// What whoever asked is told once the change is durable.
    type Outcome: Send + 'static;

    /// The rows that the decision reads or writes. Two commands that share one are decided one after the other,
    /// the second when the first is durable.
    fn touches(&self) -> Vec<Touched>;

    /// Reads the state, changes nothing. All that can fail fails here.
    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Self::Outcome>, Rejection>;

    /// What a conflict with rows that the state does not know means to whoever asked.
    fn on_conflict() -> Rejection {
        Rejection::Concurrent
    }
}

/// Something that begins a ceremony. Nothing durable changes.
pub trait Initialize: Send + 'static {
    /// What the audit log tells of it, where the tenant wants that.
    fn note(&self) -> Note;

    /// Makes the options, and the challenge that `worker` will hold.
    fn decide(
        self,
        state: &TenantState,
        env: &Env,
        worker: u8,
    ) -> Result<challenge::Begun, Rejection>;
}

/// What was decided: the events to make durable, all or none, and the answer for when they are.
#[derive(Debug)]
pub struct Decision<Outcome> {
    pub events: Vec<Event>,
    /// What the audit log tells of it.
    pub note: Option<Note>,
    /// What else it tells of the same change.
    pub also: Vec<Note>,
    pub outcome: Outcome,
}

impl<Outcome> Decision<Outcome> {
    pub const fn new(events: Vec<Event>, outcome: Outcome) -> Self {
        Self {
            events,
            note: None,
            also: Vec::new(),
            outcome,
        }
    }

    /// What was wrong and is accepted, because the tenant's policy says so: it stands in the audit log.
    #[must_use]
    pub fn accepting(mut self, wrong: Option<&str>) -> Self {
        if let Some(wrong) = wrong {
            self.note = self.note.map(|note| note.because(wrong));
        }
        self
    }

    #[must_use]
    pub fn noting(mut self, note: Note) -> Self {
        self.note = Some(note);
        self
    }
}

/// What a decision depends on, as coarse as the decision needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Touched {
    Profile,
    ApiKeys,
    SigningKeys,
    DecoyKey,
    User(ids::UserId),
    Credential(ids::CredentialId),
    Transaction(ids::TransactionId),
}
