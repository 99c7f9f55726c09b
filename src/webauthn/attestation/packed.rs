//! The `packed` format (WebAuthn L3 §8.2): verified where the credential attests itself.
//!
//! A statement with a certificate is never called verified here; the certificate is not even read.

use super::super::cbor::{Key, Map};
use super::super::error::VerificationError;
use super::Attested;

pub(super) fn verify(
    statement: &Map<'_>,
    attested: &Attested<'_>,
) -> Result<bool, VerificationError> {
    if statement.raw(Key::Text("x5c")).is_some() {
        return Ok(false);
    }
    verify_self_attestation(statement, attested)?;
    Ok(true)
}

/// Self attestation: the credential's own key signs.
fn verify_self_attestation(
    statement: &Map<'_>,
    attested: &Attested<'_>,
) -> Result<(), VerificationError> {
    let algorithm = statement
        .integer(Key::Text("alg"))
        .map_err(VerificationError::AttestationStatement)?;
    let signature = statement
        .bytes(Key::Text("sig"))
        .map_err(VerificationError::AttestationStatement)?;
    if algorithm != attested.public_key.algorithm.cose_number() {
        return Err(VerificationError::AttestationAlgorithm);
    }
    if !attested.public_key.verify(attested.message, signature) {
        return Err(VerificationError::AttestationSignature);
    }
    Ok(())
}
