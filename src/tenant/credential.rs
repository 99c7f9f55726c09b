//! A credential: the public half of a key pair that an authenticator made for a user, and what is known of it.

use minicbor::{Decode, Encode};
use uuid::Uuid;

use super::audit::{Kind, Note};
use super::env::Env;
use super::event::Event;
use super::ids::{CredentialId, Timestamp, UserId, uuid_bytes};
use super::rejection::Rejection;
use super::state::TenantState;
use super::{Command, Decision, Touched};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, not a state"
)]
pub struct Credential {
    #[n(0)]
    pub id: CredentialId,
    #[n(1)]
    pub user: UserId,
    /// The COSE key exactly as the authenticator encoded it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub public_key: Box<[u8]>,
    #[n(3)]
    pub name: Box<str>,
    #[cbor(n(4), with = "uuid_bytes")]
    pub aaguid: Uuid,
    #[n(5)]
    pub attestation_format: Box<str>,
    #[n(6)]
    pub attestation_verified: bool,
    /// As the client reported them, separated by commas.
    #[n(7)]
    pub transports: Box<str>,
    #[n(8)]
    pub counter: u32,
    #[n(9)]
    pub user_verified: bool,
    #[n(10)]
    pub backup_eligible: bool,
    #[n(11)]
    pub backed_up: bool,
    #[n(12)]
    pub is_mfa: bool,
    #[n(13)]
    pub created_at: Timestamp,
    #[n(14)]
    pub last_used_at: Timestamp,
    /// Whether backup eligibility has ever changed: where one change is accepted, this was it.
    #[n(15)]
    #[cbor(default)]
    pub backup_eligible_changed: bool,
}

#[derive(Debug)]
pub struct DeleteCredential {
    pub id: CredentialId,
    /// `Some`: only if it is this user's.
    pub of_user: Option<UserId>,
}

impl Command for DeleteCredential {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Credential(self.id.clone())]
    }

    fn decide(self, state: &TenantState, _: &Env) -> Result<Decision<()>, Rejection> {
        let user = find(state, &self.id)?.user;
        if self.of_user.is_some_and(|owner| owner != user) {
            return Err(Rejection::CredentialNotFound);
        }
        let note = Note::of(Kind::CredentialDeleted).about(&user);
        Ok(Decision::new(vec![Event::CredentialDeleted(self.id)], ()).noting(note))
    }
}

#[derive(Debug)]
pub struct RenameCredential {
    pub id: CredentialId,
    pub name: Box<str>,
    /// `Some`: only if it is this user's.
    pub of_user: Option<UserId>,
}

impl Command for RenameCredential {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Credential(self.id.clone())]
    }

    fn decide(self, state: &TenantState, _: &Env) -> Result<Decision<()>, Rejection> {
        let known = find(state, &self.id)?;
        if self.of_user.is_some_and(|owner| owner != known.user) {
            return Err(Rejection::CredentialNotFound);
        }
        let renamed = Credential {
            name: self.name,
            ..known
        };
        let note = Note::of(Kind::CredentialUpdated).about(&renamed.user);
        Ok(Decision::new(vec![Event::CredentialChanged(renamed)], ()).noting(note))
    }
}

fn find(state: &TenantState, id: &CredentialId) -> Result<Credential, Rejection> {
    let stored = state.credential(id).ok_or(Rejection::CredentialNotFound)?;
    Ok(stored.credential())
}
