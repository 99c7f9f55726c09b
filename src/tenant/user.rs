//! A user: the relying party's account, known here by its id and by what authenticators show of it.

use minicbor::{Decode, Encode};
use uuid::Uuid;

use super::ids::{CredentialId, Timestamp, TransactionId, UserId, uuid_bytes};

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

/// A user and what is theirs.
#[derive(Debug)]
pub struct Account {
    pub user: User,
    pub revision: u64,
    /// In the order of registration.
    pub credentials: Vec<CredentialId>,
    /// In the order of their beginning.
    pub transactions: Vec<TransactionId>,
}
