//! The `none` format (WebAuthn L3 §8.7): a statement that states nothing.
//!
//! Anything inside it is refused: a client that removed an attestation removed all of it.

use super::error::StatementError;
use super::{AttestationType, Statement};
use crate::webauthn::cbor::Map;

/// There is nothing to verify beyond the emptiness.
pub(super) fn verify<'b>(statement: &Map<'_>) -> Result<Statement<'b>, StatementError> {
    if !statement.is_empty() {
        return Err(StatementError::NotEmpty);
    }
    Ok(Statement::without_certificate(AttestationType::None))
}
