//! What was begun with a challenge, and the tables of those that are out: bounded, expiring, single use.

mod pending;
mod record;
mod segment;
mod table;

use minicbor::{Decode, Encode};

use super::ids::{Challenge, CredentialId, Timestamp, TransactionId, UserId};
use super::token::Operation;
use super::user::Profile;
use crate::webauthn::options::UserVerification;

pub use pending::{Checkpoint, Pending, still_pending};

/// A ceremony between initialize and finalize.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ceremony {
    #[n(0)]
    pub purpose: Purpose,
    #[n(1)]
    pub factor: Factor,
    #[n(2)]
    pub access: Access,
    #[n(3)]
    pub user_verification: UserVerification,
    #[n(4)]
    pub expires_at: Timestamp,
    /// Where it began, and the only place where it ends.
    #[n(5)]
    #[cbor(default, skip_if = "Api::is_passkey")]
    pub api: Api,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Purpose {
    /// `user_existed`: a user who was there at initialize and is gone at finalize was deleted meanwhile.
    #[n(0)]
    Registration {
        #[n(0)]
        user: Profile,
        #[n(1)]
        user_existed: bool,
    },
    /// Without a user it is a discoverable login, and any passkey of the tenant will do.
    #[n(1)]
    Login {
        #[n(0)]
        user: Option<UserId>,
        #[n(1)]
        allowed: Vec<CredentialId>,
    },
    /// The challenge in the table is the head of the one that the response answers.
    #[n(2)]
    Transaction {
        #[n(0)]
        id: TransactionId,
        #[n(1)]
        user: UserId,
        #[n(2)]
        allowed: Vec<CredentialId>,
    },
}

/// What is registered or used: a passkey that signs in by itself, or a second factor that never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Factor {
    #[n(0)]
    Passkey,
    #[n(1)]
    Mfa,
}

impl Factor {
    pub const fn registration(self) -> Operation {
        match self {
            Self::Passkey => Operation::Registration,
            Self::Mfa => Operation::MfaRegistration,
        }
    }

    pub const fn login(self) -> Operation {
        match self {
            Self::Passkey => Operation::Login,
            Self::Mfa => Operation::MfaLogin,
        }
    }
}

/// Which of the two contracts a ceremony follows. What one of them may say about a response, the other must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Api {
    #[default]
    #[n(0)]
    Passkey,
    #[n(1)]
    Public,
}

impl Api {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the derive of the row calls it so"
    )]
    const fn is_passkey(&self) -> bool {
        matches!(self, Self::Passkey)
    }
}

/// Who began: somebody with a key (or a session), or anybody. Counted apart, so that a flood of the second cannot push out the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Access {
    #[n(0)]
    Keyed,
    #[n(1)]
    Unkeyed,
}

impl Access {
    pub const ALL: [Self; 2] = [Self::Keyed, Self::Unkeyed];
}

/// A ceremony that a decision has begun, and the options to answer.
#[derive(Debug)]
pub struct Begun {
    pub challenge: Challenge,
    pub ceremony: Ceremony,
    pub options: String,
}
