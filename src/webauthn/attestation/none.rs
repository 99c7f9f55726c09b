//! The `none` format (WebAuthn L3 §8.7): a statement that states nothing.
//!
//! Anything inside it is refused: a client that removed an attestation removed all of it.

use super::super::cbor::Map;
use super::super::error::VerificationError;

/// There is nothing to verify beyond the emptiness, so an empty statement counts as verified.
pub(super) fn verify(statement: &Map<'_>) -> Result<bool, VerificationError> {
    if !statement.is_empty() {
        return Err(VerificationError::NoneStatementNotEmpty);
    }
    Ok(true)
}
