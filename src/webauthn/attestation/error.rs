//! What can be wrong with an attestation: with its statement, and with the trust in it.
//!
//! Nothing that a client sent is repeated in a text.

use thiserror::Error;

pub use super::certificate::CertificateError;
pub use super::der::DerError;
use crate::webauthn::cbor::CborError;

/// Why a statement is not what its format wants (WebAuthn L3 §8).
#[derive(Debug, Error)]
pub enum StatementError {
    #[error("a none attestation has a statement")]
    NotEmpty,
    #[error("the attestation statement cannot be read")]
    Cbor(#[from] CborError),
    #[error("the attestation statement is of a version that is not supported")]
    Version,
    #[error("ECDAA attestation is not supported")]
    Ecdaa,
    #[error("the attestation statement names an algorithm that its key does not have")]
    Algorithm,
    #[error("the attestation signature does not verify")]
    Signature,
    #[error("the attestation has no certificate, or too many")]
    CertificateCount,
    #[error("the attestation certificate is not what its format wants")]
    Certificate(#[from] CertificateError),
    #[error("the attestation certificate was issued for another model of authenticator")]
    Aaguid,
    #[error("the attestation is for another key than the credential's")]
    OtherKey,
    #[error("the attestation was made for another ceremony")]
    OtherCeremony,
    #[error("the attested key is open to all applications")]
    AllApplications,
    #[error("the attested key was not made inside, or not for signing only")]
    KeyUse,
    #[error("a structure of the TPM cannot be read")]
    TpmStructure,
    #[error("the response of the attestation service cannot be read")]
    ServiceResponse,
    #[error("the response was not signed by the attestation service")]
    ServiceName,
    #[error("the device does not pass the test of the attestation service")]
    DeviceIntegrity,
}

/// Why an attestation that verifies is not trusted (WebAuthn L3 §7.1 steps 24 and 25).
#[derive(Debug, Error)]
pub enum TrustError {
    #[error("an attestation with a certificate is required")]
    NotCertified,
    #[error("a certificate of the attestation cannot be read")]
    Certificate(#[from] CertificateError),
    #[error("a certificate of the attestation was not issued by the next")]
    NotIssued,
    #[error("a certificate of the attestation was issued by one that may not issue it")]
    NotAuthority,
    #[error("an authority of the attestation is out of its validity")]
    Validity,
    #[error("a certificate of the attestation has a critical extension that is not supported")]
    CriticalExtension,
    #[error("the attestation ends in no trusted root")]
    NoRoot,
}

/// DER inside an extension, beside the certificate's own.
impl From<DerError> for StatementError {
    fn from(error: DerError) -> Self {
        Self::Certificate(error.into())
    }
}
