//! Whose tokens stand for a session of the Public API: of issuers that a tenant trusts, such as the relying party's own
//! login, Hanko, Auth0 or Keycloak. Given a token, the issuer's keys and the time: who it speaks of, or why it is refused.
//!
//! A token is [`Unverified`], then [`Claimed`] once its claims are good, then a [`Subject`] once a key of the issuer has
//! signed it; nobody has a [`Subject`] by another way. The key says which algorithms it verifies, never the token: there is
//! no algorithm here that needs a secret, and none that needs no key.
//!
//! Whether a session behind a token was ended at its issuer cannot be seen here. Issuers should give short-lived ones.

mod claims;
mod compact;
mod keys;

use std::sync::Arc;

use thiserror::Error;

use super::ids::UserId;
use super::settings::{self, Claims, IssuerKeys};

pub use claims::Claimed;
pub use compact::Unverified;
pub use keys::{KEY_SET_BYTES_MAX, KeySet, KeySetError};

/// One of a tenant's issuers, with its keys where the settings have them.
#[derive(Debug)]
pub struct Issuer {
    pub issuer: Box<str>,
    pub audience: Box<str>,
    pub keys: Keys,
    pub claims: Claims,
}

#[derive(Debug)]
pub enum Keys {
    Given(Arc<KeySet>),
    /// Where they are fetched.
    At(Arc<str>),
}

/// Of whom a token speaks: a user, whether known here or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub user: UserId,
    pub name: Option<Box<str>>,
    pub display_name: Option<Box<str>>,
    pub email: Option<Box<str>>,
}

/// For the log and for tests: whoever sends a token learns only that it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("not a signed JWT in compact form, or too long")]
    Malformed,
    #[error("its header asks for what is not understood here")]
    Header,
    #[error("another kind of token")]
    Kind,
    #[error("the issuer is not trusted")]
    Issuer,
    #[error("for another audience")]
    Audience,
    #[error("expired, or without an end")]
    Expired,
    #[error("not valid yet")]
    NotYet,
    #[error("names no user")]
    User,
    #[error("the algorithm is not one of the key's")]
    Algorithm,
    /// Where keys are fetched, there may be newer ones.
    #[error("signed by no key that is known")]
    UnknownKey,
    #[error("no key id, and several keys that may have signed it")]
    AmbiguousKey,
    #[error("the signature is wrong")]
    Signature,
    #[error("the issuer's keys cannot be fetched")]
    KeysUnavailable,
}

impl Issuer {
    /// Keys in the settings were checked when they were set; should they be bad nonetheless, nothing is signed by them.
    pub fn new(issuer: &settings::Issuer) -> Self {
        Self {
            issuer: issuer.issuer.as_str().into(),
            audience: issuer.audience.as_str().into(),
            keys: match &issuer.keys {
                IssuerKeys::Given(text) => {
                    Keys::Given(Arc::new(KeySet::parse(text.as_bytes()).unwrap_or_default()))
                }
                IssuerKeys::At(address) => Keys::At(address.as_str().into()),
            },
            claims: issuer.claims.clone(),
        }
    }
}
