//! What a tenant's owner may choose. Values are parsed at the edge; these types hold only what is allowed.

use minicbor::{Decode, Encode};

use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::{
    AttestationConveyance, AuthenticatorAttachment, ResidentKey, UserVerification,
};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Settings {
    #[n(0)]
    pub cors: Cors,
    #[n(1)]
    pub relying_party: RelyingParty,
    #[n(2)]
    pub passkey: Ceremonies,
    #[n(3)]
    pub mfa: Ceremonies,
    #[n(4)]
    pub rules: Rules,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cors {
    #[n(0)]
    pub allowed_origins: Vec<String>,
    #[n(1)]
    pub allow_unsafe_wildcard: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RelyingParty {
    #[n(0)]
    pub id: String,
    #[n(1)]
    pub display_name: String,
    #[n(2)]
    pub icon: Option<String>,
    #[n(3)]
    pub origins: Vec<String>,
    #[n(4)]
    pub related_origins: Vec<String>,
    #[n(5)]
    pub top_origins: Vec<String>,
    #[n(6)]
    pub allow_cross_origin: bool,
}

/// What is asked of authenticators, for passkeys and for second factors apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ceremonies {
    /// Negative is legal on the wire and means that every ceremony has expired when it begins.
    #[n(0)]
    pub timeout_milliseconds: i64,
    #[n(1)]
    pub user_verification: UserVerification,
    #[n(2)]
    pub attachment: Option<AuthenticatorAttachment>,
    #[n(3)]
    pub attestation: AttestationConveyance,
    #[n(4)]
    pub resident_key: ResidentKey,
}

impl Ceremonies {
    pub const fn passkey(timeout_milliseconds: i64) -> Self {
        Self {
            timeout_milliseconds,
            user_verification: UserVerification::Required,
            attachment: None,
            attestation: AttestationConveyance::Direct,
            resident_key: ResidentKey::Required,
        }
    }

    pub const fn mfa(timeout_milliseconds: i64) -> Self {
        Self {
            timeout_milliseconds,
            user_verification: UserVerification::Preferred,
            attachment: Some(AuthenticatorAttachment::CrossPlatform),
            attestation: AttestationConveyance::Direct,
            resident_key: ResidentKey::Discouraged,
        }
    }
}

/// What keywright does beyond the contract, each with a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rules {
    #[n(0)]
    pub counter: CounterPolicy,
    #[n(1)]
    pub backup_eligible_change: BackupEligibleChange,
    #[n(2)]
    pub exclude_credentials: bool,
    #[n(3)]
    pub credentials_per_user: u32,
    #[n(4)]
    pub token_lifetime_seconds: u32,
}

impl Rules {
    pub const DEFAULT: Self = Self {
        counter: CounterPolicy::Reject,
        backup_eligible_change: BackupEligibleChange::Reject,
        exclude_credentials: true,
        credentials_per_user: 100,
        token_lifetime_seconds: 300,
    };
}

/// What a signature counter that does not grow means (L3 §7.2 step 22): a cloned authenticator, or a sloppy one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CounterPolicy {
    #[n(0)]
    Reject,
    #[n(1)]
    Warn,
}

impl CounterPolicy {
    pub const ALL: [Self; 2] = [Self::Reject, Self::Warn];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Warn => "warn",
        }
    }
}

/// What a backup eligibility flag that differs from registration means; the spec says that it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum BackupEligibleChange {
    #[n(0)]
    Reject,
    #[n(1)]
    Warn,
}

impl BackupEligibleChange {
    pub const ALL: [Self; 2] = [Self::Reject, Self::Warn];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Warn => "warn",
        }
    }
}

/// The algorithms that are offered, in the order of the contract.
pub const ALGORITHMS: &[Algorithm] = &Algorithm::ALL;
