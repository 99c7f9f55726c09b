//! Attestation: the object that carries it, its formats, and what is made of a statement (WebAuthn L3 §6.5, §7.1 steps 22 to 25, and §8).
//!
//! Certificates are read with an own reader of DER and judged here; nothing is looked up elsewhere: no revocation, no metadata service.

mod android_key;
mod android_safetynet;
mod apple;
mod certificate;
mod chain;
mod der;
pub mod error;
mod fido_u2f;
mod none;
mod object;
mod packed;
pub mod policy;
mod signature;
mod time;
mod tpm;
mod x5c;

#[cfg(test)]
mod tests;

pub use self::chain::is_certificate;
pub(super) use self::object::AttestationObject;
pub use self::policy::{AttestationPolicy, Verify};

use self::error::StatementError;
use self::x5c::Chain;
use super::authenticator_data::AttestedCredential;
use super::cbor::Map;
use super::cose::PublicKey;

/// The attestation statement formats of WebAuthn L3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttestationFormat {
    None,
    Packed,
    Tpm,
    AndroidKey,
    AndroidSafetynet,
    FidoU2f,
    Apple,
}

impl AttestationFormat {
    const ALL: [Self; 7] = [
        Self::None,
        Self::Packed,
        Self::Tpm,
        Self::AndroidKey,
        Self::AndroidSafetynet,
        Self::FidoU2f,
        Self::Apple,
    ];

    /// The registered identifier.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Packed => "packed",
            Self::Tpm => "tpm",
            Self::AndroidKey => "android-key",
            Self::AndroidSafetynet => "android-safetynet",
            Self::FidoU2f => "fido-u2f",
            Self::Apple => "apple",
        }
    }

    /// Case matters, as the specification says.
    pub fn from_identifier(identifier: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == identifier)
    }
}

/// What a statement turned out to be (WebAuthn L3 §6.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationType {
    /// Nobody looked.
    Unverified,
    None,
    /// By the credential's own key.
    SelfSigned,
    /// Basic, or by an attestation CA: only metadata can tell which.
    Certified,
    /// By a CA that hides the authenticator.
    Anonymous,
}

impl AttestationType {
    /// Whether the statement was found to be what its format wants.
    pub const fn is_verified(self) -> bool {
        match self {
            Self::Unverified => false,
            Self::None | Self::SelfSigned | Self::Certified | Self::Anonymous => true,
        }
    }
}

/// What a statement speaks about.
pub(super) struct Attested<'a> {
    pub(super) rp_id_hash: &'a [u8; 32],
    pub(super) credential: &'a AttestedCredential,
    pub(super) public_key: &'a PublicKey,
    /// Authenticator data and hash of the client data: what a statement signs.
    pub(super) message: &'a [u8],
}

impl Attested<'_> {
    fn client_data_hash(&self) -> &[u8] {
        let hash = self.message.last_chunk::<32>();
        hash.map_or(&[], |hash| hash.as_slice())
    }
}

/// A statement that is what its format wants. The chain is empty where the format has none.
struct Statement<'b> {
    attestation_type: AttestationType,
    chain: Chain<'b>,
}

impl<'b> Statement<'b> {
    const fn with_chain(attestation_type: AttestationType, chain: Chain<'b>) -> Self {
        Self {
            attestation_type,
            chain,
        }
    }

    const fn without_certificate(attestation_type: AttestationType) -> Self {
        Self::with_chain(attestation_type, Vec::new())
    }
}

/// WebAuthn L3 §7.1 step 23: the verification procedure of the format.
fn verify<'b>(
    format: AttestationFormat,
    statement: &'b [u8],
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    let statement = Map::parse(statement)?;
    match format {
        AttestationFormat::None => none::verify(&statement),
        AttestationFormat::Packed => packed::verify(&statement, attested),
        AttestationFormat::Tpm => tpm::verify(&statement, attested),
        AttestationFormat::AndroidKey => android_key::verify(&statement, attested),
        AttestationFormat::AndroidSafetynet => android_safetynet::verify(&statement, attested),
        AttestationFormat::FidoU2f => fido_u2f::verify(&statement, attested),
        AttestationFormat::Apple => apple::verify(&statement, attested),
    }
}
