//! The short-lived token that says who has just registered or signed in, and the keys that sign it.
//!
//! Signed here rather than by the JWT library: that one parses the private key anew for each token, which costs as much
//! as the signature. Checking a token is the library's.

pub mod commands;
pub mod jwk;
pub mod key;
pub mod rotation;
pub mod session;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Decision;
use super::audit::{Kind, Note};
use super::env::Env;
use super::event::Event;
use super::ids::{CredentialId, TransactionId, UserId};
use super::state::TenantState;

pub use jwk::{Jwk, verify};
pub use key::{KeyKind, KeyPurpose, PrivateKey, SigningError, SigningKey};
pub use rotation::{KeyState, SigningKeys};
pub use session::SessionClaims;

/// The claims of the contract (§6.4), and `jti`, `op` and `amr` beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub aud: Vec<String>,
    pub cred: String,
    pub exp: u64,
    pub iat: u64,
    pub sub: String,
    /// The transaction that was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trans: Option<String>,
    pub jti: Uuid,
    pub op: Operation,
    pub amr: Vec<String>,
}

/// Which ceremony a token is from, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Registration,
    Login,
    MfaRegistration,
    MfaLogin,
    Transaction,
}

impl Operation {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Registration => 0,
            Self::Login => 1,
            Self::MfaRegistration => 2,
            Self::MfaLogin => 3,
            Self::Transaction => 4,
        }
    }
}

/// What a finished ceremony has shown.
#[derive(Debug)]
pub struct Proof {
    pub user: UserId,
    pub credential: CredentialId,
    pub operation: Operation,
    pub transaction: Option<TransactionId>,
    pub user_verified: bool,
    pub backup_eligible: bool,
}

impl Proof {
    pub fn claims(&self, state: &TenantState, env: &Env) -> Claims {
        let settings = &state.policy.settings;
        let iat = env.now.seconds();
        Claims {
            aud: vec![settings.relying_party.id.clone()],
            cred: URL_SAFE_NO_PAD.encode(self.credential.as_bytes()),
            exp: iat + u64::from(settings.rules.token_lifetime_seconds),
            iat,
            sub: self.user.as_str().to_owned(),
            trans: self.transaction.as_ref().map(|id| id.as_str().to_owned()),
            jti: env.uuid(),
            op: self.operation,
            amr: self.methods(),
        }
    }

    /// The end of a ceremony: its events, told as what they prove.
    pub(super) fn decided(self, events: Vec<Event>) -> Decision<Self> {
        let mut note = Note::of(Kind::finished(self.operation)).about(&self.user);
        if let Some(id) = &self.transaction {
            note = note.in_transaction(id.as_str());
        }
        Decision::new(events, self).noting(note)
    }

    /// RFC 8176: a key that may leave its device counts as software; presence is always tested, and with
    /// verification the key alone is two factors.
    fn methods(&self) -> Vec<String> {
        let key = if self.backup_eligible { "swk" } else { "hwk" };
        let verified = self.user_verified.then_some("mfa");
        [Some(key), Some("user"), verified]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect()
    }
}
