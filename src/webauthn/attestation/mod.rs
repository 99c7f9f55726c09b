//! Attestation: the object that carries it, its formats, and which of them are verified (WebAuthn L3 §6.5 and §8).
//!
//! No certificate is read here: statements that lean on one are taken unverified, and the result says so.

mod none;
mod packed;

use super::authenticator_data::AuthenticatorData;
use super::cbor::{CborError, Key, Map};
use super::cose::PublicKey;
use super::error::{ResponseError, VerificationError};

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

/// The parsed attestation object. Its statement is a CBOR map, whatever else it may be.
pub(super) struct AttestationObject {
    /// `None` for an identifier that we do not know.
    pub(super) format: Option<AttestationFormat>,
    pub(super) statement: Vec<u8>,
    pub(super) authenticator_data: AuthenticatorData,
    pub(super) authenticator_data_bytes: Vec<u8>,
}

impl AttestationObject {
    pub(super) fn parse(input: &[u8]) -> Result<Self, ResponseError> {
        let parts = Parts::parse(input).map_err(ResponseError::AttestationObject)?;
        let authenticator_data = AuthenticatorData::parse(parts.authenticator_data)
            .map_err(ResponseError::AuthenticatorData)?;
        Ok(Self {
            format: AttestationFormat::from_identifier(parts.format),
            statement: parts.statement.to_vec(),
            authenticator_data,
            authenticator_data_bytes: parts.authenticator_data.to_vec(),
        })
    }
}

/// What a statement speaks about.
pub(super) struct Attested<'a> {
    pub(super) statement: &'a [u8],
    pub(super) public_key: &'a PublicKey,
    /// Authenticator data and hash of the client data: what a statement signs.
    pub(super) message: &'a [u8],
}

/// Judges a statement by its format. `Ok(false)`: accepted without having been verified.
pub(super) fn verify(
    format: AttestationFormat,
    attested: &Attested<'_>,
) -> Result<bool, VerificationError> {
    let statement =
        Map::parse(attested.statement).map_err(VerificationError::AttestationStatement)?;
    match format {
        AttestationFormat::None => none::verify(&statement),
        AttestationFormat::Packed => packed::verify(&statement, attested),
        AttestationFormat::Tpm
        | AttestationFormat::AndroidKey
        | AttestationFormat::AndroidSafetynet
        | AttestationFormat::FidoU2f
        | AttestationFormat::Apple => Ok(false),
    }
}

struct Parts<'b> {
    format: &'b str,
    statement: &'b [u8],
    authenticator_data: &'b [u8],
}

impl<'b> Parts<'b> {
    fn parse(input: &'b [u8]) -> Result<Self, CborError> {
        let map = Map::parse(input)?;
        let statement = map.raw(Key::Text("attStmt"));
        let statement = statement.ok_or(CborError::EntryMissing)?;
        Map::parse(statement)?;
        Ok(Self {
            format: map.text(Key::Text("fmt"))?,
            statement,
            authenticator_data: map.bytes(Key::Text("authData"))?,
        })
    }
}
