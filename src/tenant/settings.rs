//! What a tenant's owner may choose. Values are parsed at the edge; these types hold only what is allowed.

mod attestation;
mod sessions;

use minicbor::{Decode, Encode};

pub use attestation::{AttestationRules, VerifyAttestation};
pub use sessions::{Claims, Cookie, Issuer, IssuerKeys, SameSite, Sessions};

use super::ids::Timestamp;
use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::{
    AttestationConveyance, AuthenticatorAttachment, Hint, ResidentKey, UserVerification,
};

/// What came after the first release has a default, so that rows from before stay readable.
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
    #[n(5)]
    #[cbor(default)]
    pub tokens: Tokens,
    #[n(6)]
    #[cbor(default)]
    pub audit: AuditRules,
    #[n(7)]
    #[cbor(default)]
    pub attestation: AttestationRules,
    #[n(8)]
    #[cbor(default)]
    pub offers: Offers,
    #[n(9)]
    #[cbor(default)]
    pub sessions: Sessions,
}

impl Settings {
    /// What must be chosen; all else is the default.
    pub fn new(cors: Cors, relying_party: RelyingParty, timeout_milliseconds: i64) -> Self {
        Self {
            cors,
            relying_party,
            passkey: Ceremonies::passkey(timeout_milliseconds),
            mfa: Ceremonies::mfa(timeout_milliseconds),
            rules: Rules::DEFAULT,
            tokens: Tokens::default(),
            audit: AuditRules::default(),
            attestation: AttestationRules::default(),
            offers: Offers::default(),
            sessions: Sessions::default(),
        }
    }
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
    /// When a ceremony that begins now has taken too long. A timeout of years is told to the browser and not kept to: what
    /// waits here would never go.
    pub fn expiry(&self, now: Timestamp) -> Timestamp {
        now.plus_milliseconds(self.timeout_milliseconds.min(LIFETIME_MILLISECONDS_MAX))
    }

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

/// What a signature counter that does not grow means (L3 §7.2 step 23): a cloned authenticator, or a sloppy one.
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
    /// The first change of a credential is taken over, any later one is rejected.
    #[n(2)]
    AcceptOnce,
}

impl BackupEligibleChange {
    pub const ALL: [Self; 3] = [Self::Reject, Self::AcceptOnce, Self::Warn];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Warn => "warn",
            Self::AcceptOnce => "accept_once",
        }
    }
}

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Tokens {
    #[n(0)]
    pub algorithm: TokenAlgorithm,
    /// Of keys that are yet to be made.
    #[n(1)]
    pub rsa_bits: RsaBits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenAlgorithm {
    #[default]
    #[n(0)]
    Rs256,
    #[n(1)]
    Es256,
    #[n(2)]
    EdDsa,
}

impl TokenAlgorithm {
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// As JOSE calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum RsaBits {
    #[default]
    #[n(0)]
    Bits2048,
    #[n(1)]
    Bits3072,
    #[n(2)]
    Bits4096,
}

impl RsaBits {
    pub const ALL: [Self; 3] = [Self::Bits2048, Self::Bits3072, Self::Bits4096];

    pub const fn number(self) -> u16 {
        match self {
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
            Self::Bits4096 => 4096,
        }
    }
}

/// What the audit log keeps, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditRules {
    /// Whether the beginnings of ceremonies are told of too.
    #[n(0)]
    pub initialize: bool,
    #[n(1)]
    pub retention_days: u32,
    #[n(2)]
    pub entries_max: u32,
}

impl Default for AuditRules {
    fn default() -> Self {
        Self {
            initialize: false,
            retention_days: 365,
            entries_max: 1_000_000,
        }
    }
}

/// What options carry beyond the contract's members.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offers {
    /// For passkeys. They outweigh an attachment where a browser knows them, and second factors have their own.
    #[n(0)]
    pub hints: Vec<Hint>,
    /// Offered in this order. A key of another algorithm is refused.
    #[n(1)]
    pub algorithms: Vec<Algorithm>,
    /// A JSON object, for registrations: what they may ask for is not what logins may.
    #[n(2)]
    pub extensions: String,
}

impl Default for Offers {
    fn default() -> Self {
        Self {
            hints: Vec::new(),
            algorithms: Algorithm::ALL.to_vec(),
            extensions: r#"{"credProps":true}"#.to_owned(),
        }
    }
}

/// A day.
const LIFETIME_MILLISECONDS_MAX: i64 = 86_400_000;
