//! What has happened to a tenant. Each event is the whole new content of one row, so that a stored row is read back
//! as the event that made it.

use std::sync::Arc;

use uuid::Uuid;

use super::credential::Credential;
use super::decoy::DecoyKey;
use super::ids::{Challenge, CredentialId, Timestamp, UserId};
use super::secret::ApiKey;
use super::session::Session;
use super::settings::Settings;
use super::token::SigningKey;
use super::transaction::Transaction;
use super::user::User;

#[derive(Debug, Clone)]
pub enum Event {
    /// Its creation, a new name or new settings.
    TenantSaved(Box<TenantProfile>),
    /// A settings file speaks for it.
    Declared,
    /// None does any more.
    NotDeclared,
    ApiKeyCreated(ApiKey),
    ApiKeyDeleted(Uuid),
    SigningKeyCreated(Arc<SigningKey>),
    /// Its tokens may live longer than those before.
    SigningKeyChanged(Arc<SigningKey>),
    SigningKeyDeleted(Uuid),
    /// The keys of sessions are a set of their own.
    SessionKeyCreated(Arc<SigningKey>),
    SessionKeyChanged(Arc<SigningKey>),
    SessionKeyDeleted(Uuid),
    SessionCreated(Arc<Session>),
    /// Ended before its time.
    SessionDeleted(Uuid),
    DecoyKeyCreated(Arc<DecoyKey>),
    /// A new user, or a new name at another registration.
    UserSaved(User),
    /// With no credential left.
    UserDeleted(UserId),
    CredentialRegistered(Credential),
    /// Counter, backup state, time of last use, or name.
    CredentialChanged(Credential),
    CredentialDeleted(CredentialId),
    /// Its id is taken for ever; or it was confirmed.
    TransactionSaved(Arc<Transaction>),
    /// No response to this challenge is ever accepted again.
    ChallengeConsumed {
        challenge: Challenge,
        expires_at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct TenantProfile {
    #[n(0)]
    pub display_name: Box<str>,
    #[n(1)]
    pub settings: Settings,
    #[n(2)]
    pub created_at: Timestamp,
}
