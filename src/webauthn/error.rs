//! Why a response was refused. Variants exist for branching above; nothing a client sent is ever repeated in their text.
//!
//! [`ResponseError`]: the response could not be read, no challenge was touched. [`VerificationError`]: it was read, and a step refused it.

use thiserror::Error;

pub use super::attestation::error::{StatementError, TrustError};
pub use super::authenticator_data::AuthenticatorDataError;
pub use super::cbor::CborError;
pub use super::cose::KeyError;

/// What `parse` refuses, in the order in which it looks.
#[derive(Debug, Error)]
pub enum ResponseError {
    #[error("the body is not a public key credential in JSON")]
    Json(#[source] serde_json::Error),
    #[error("id is missing")]
    IdMissing,
    #[error("id is not unpadded base64url")]
    IdNotBase64Url,
    #[error("type is not public-key")]
    WrongType,
    #[error("rawId is missing")]
    RawIdMissing,
    #[error("rawId is not id")]
    RawIdMismatch,
    #[error("response is missing")]
    ResponseMissing,
    #[error("clientDataJSON is missing")]
    ClientDataMissing,
    #[error("clientDataJSON cannot be read")]
    ClientData(#[source] serde_json::Error),
    #[error("attestationObject is missing")]
    AttestationObjectMissing,
    #[error("attestationObject cannot be read")]
    AttestationObject(#[source] CborError),
    #[error("authenticatorData is missing")]
    AuthenticatorDataMissing,
    #[error("authenticator data cannot be read")]
    AuthenticatorData(#[source] AuthenticatorDataError),
    #[error("authenticator data attests no credential")]
    AttestedCredentialMissing,
    #[error("the attested credential is not the one that id names")]
    AttestedIdMismatch,
    #[error("signature is missing")]
    SignatureMissing,
}

/// What `verify` refuses, in the order of the specification's steps.
#[derive(Debug, Error)]
pub enum VerificationError {
    #[error("the client data was made for another ceremony")]
    CeremonyType,
    #[error("the challenge is not the expected one")]
    Challenge,
    #[error("the origin is no URL")]
    OriginNotUrl,
    #[error("the origin is not an expected one")]
    Origin,
    #[error("a cross-origin ceremony is not expected")]
    CrossOrigin,
    #[error("the top origin is not an expected one")]
    TopOrigin,
    #[error("the authenticator answered for another relying party")]
    RpIdHash,
    #[error("user presence is missing")]
    UserPresenceMissing,
    #[error("user verification is required and missing")]
    UserVerificationMissing,
    #[error("backed up, but not eligible for backup")]
    BackedUpWithoutEligibility,
    #[error("the credential public key cannot be used")]
    PublicKey(#[source] KeyError),
    #[error("the algorithm is not among those offered")]
    AlgorithmNotOffered,
    #[error("the attestation statement format is unknown")]
    UnknownAttestationFormat,
    #[error(transparent)]
    Attestation(StatementError),
    #[error(transparent)]
    AttestationUntrusted(TrustError),
    #[error("authenticators of this model are not allowed here")]
    AaguidNotAllowed,
    #[error("the assertion signature does not verify")]
    Signature,
}
