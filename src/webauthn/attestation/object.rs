//! The attestation object (WebAuthn L3 §6.5.5): format, statement and authenticator data in one CBOR map.
//!
//! The statement is kept as its bytes: whether anybody looks into it is decided later.

use super::super::authenticator_data::AuthenticatorData;
use super::super::cbor::{CborError, Key, Map};
use super::super::error::ResponseError;

/// Its statement is a CBOR map, whatever else it may be.
pub(in super::super) struct AttestationObject {
    /// `None` for what cannot be the identifier of a format.
    pub(in super::super) format: Option<Box<str>>,
    pub(in super::super) statement: Vec<u8>,
    pub(in super::super) authenticator_data: AuthenticatorData,
    pub(in super::super) authenticator_data_bytes: Vec<u8>,
}

impl AttestationObject {
    pub(in super::super) fn parse(input: &[u8]) -> Result<Self, ResponseError> {
        let parts = Parts::parse(input).map_err(ResponseError::AttestationObject)?;
        let authenticator_data = AuthenticatorData::parse(parts.authenticator_data)
            .map_err(ResponseError::AuthenticatorData)?;
        let format = Some(parts.format).filter(|identifier| is_identifier(identifier));
        Ok(Self {
            format: format.map(Into::into),
            statement: parts.statement.to_vec(),
            authenticator_data,
            authenticator_data_bytes: parts.authenticator_data.to_vec(),
        })
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

/// WebAuthn L3 §8.1: printable, without quotation mark and backslash. What is stored or shown can rely on it.
fn is_identifier(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=IDENTIFIER_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

const IDENTIFIER_BYTES_MAX: usize = 32;
