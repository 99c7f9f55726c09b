//! A user: the relying party's account, known here by its id and by what authenticators show of it.

use minicbor::{Decode, Encode};
use uuid::Uuid;

use super::audit::{Kind, Note};
use super::env::Env;
use super::event::Event;
use super::ids::{CredentialId, Timestamp, UserId, uuid_bytes};
use super::packed::{Account, Stored};
use super::rejection::Rejection;
use super::state::TenantState;
use super::{Command, Decision, Touched};

/// What a registration says of its user. It travels with the challenge and becomes the user when a credential is registered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Profile {
    #[n(0)]
    pub id: UserId,
    #[n(1)]
    pub name: Box<str>,
    #[n(2)]
    pub display_name: Box<str>,
    #[n(3)]
    pub icon: Option<Box<str>>,
    /// As far as a session of the Public API has told it.
    #[n(4)]
    pub email: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct User {
    #[n(0)]
    pub profile: Profile,
    /// The id of this server for the user; the relying party never sees it but through the admin API.
    #[cbor(n(1), with = "uuid_bytes")]
    pub internal_id: Uuid,
    #[n(2)]
    pub created_at: Timestamp,
}

/// A user goes with all their credentials and sessions, or stays. A registration of theirs that is under way finds nobody.
#[derive(Debug)]
pub struct DeleteUser {
    internal_id: Uuid,
    user: UserId,
    /// As they were when the user was looked up. A login with any of them comes before or after; with one that was registered
    /// since, one of the two commits finds the row changed and is refused.
    credentials: Vec<CredentialId>,
}

impl DeleteUser {
    pub fn of(state: &TenantState, internal_id: Uuid) -> Result<Self, Rejection> {
        let account = state.account(internal_id).ok_or(Rejection::UserNotFound)?;
        Ok(Self {
            internal_id,
            user: account.id(),
            credentials: credentials_of(state, account),
        })
    }
}

impl Command for DeleteUser {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        let credentials = self.credentials.iter().cloned().map(Touched::Credential);
        let user = Touched::User(self.user.clone());
        credentials.chain([user]).collect()
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let account = state.account(self.internal_id);
        let account = account.ok_or(Rejection::UserNotFound)?;
        let credentials = credentials_of(state, account).into_iter();
        let mut events: Vec<Event> = credentials.map(Event::CredentialDeleted).collect();
        let sessions = state.sessions.of_user(&self.user, env.now);
        events.extend(sessions.map(|session| Event::SessionDeleted(session.id)));
        let note = Note::of(Kind::UserDeleted).about(&self.user);
        events.push(Event::UserDeleted(self.user));
        Ok(Decision::new(events, ()).noting(note))
    }
}

fn credentials_of(state: &TenantState, account: Account<'_>) -> Vec<CredentialId> {
    let credentials = state.credentials_in(Some(account));
    credentials.map(Stored::id).collect()
}
