//! The certificates of a statement, and what the formats that have them do alike with the first.

use std::borrow::Cow;

use super::certificate::{Certificate, SubjectKey};
use super::der::{self, Reader, Tag};
use super::error::StatementError;
use super::signature::{self, KeyKind, Scheme};
use crate::webauthn::cbor::{Key, Map};
use crate::webauthn::cose::KeyParts;

/// Leaf first.
pub(super) type Chain<'b> = Vec<Cow<'b, [u8]>>;

pub(super) fn chain<'b>(statement: &Map<'b>) -> Result<Chain<'b>, StatementError> {
    let certificates = statement.byte_strings(Key::Text("x5c"), CERTIFICATES_MAX)?;
    Ok(certificates.into_iter().map(Cow::Borrowed).collect())
}

/// The others are read only where the chain is judged.
pub(super) fn leaf<'b>(chain: &'b Chain<'_>) -> Result<Certificate<'b>, StatementError> {
    let leaf = chain.first().ok_or(StatementError::CertificateCount)?;
    Ok(Certificate::parse(leaf)?)
}

/// `sig` over the message, by the key, with the algorithm of `alg`.
pub(super) fn verify_signature(
    statement: &Map<'_>,
    key: &SubjectKey<'_>,
    message: &[u8],
) -> Result<(), StatementError> {
    let scheme = scheme(statement)?;
    let signature = statement.bytes(Key::Text("sig"))?;
    if !signature::fits(key, scheme) {
        return Err(StatementError::Algorithm);
    }
    if !signature::verify(key, scheme, message, signature) {
        return Err(StatementError::Signature);
    }
    Ok(())
}

pub(super) fn scheme(statement: &Map<'_>) -> Result<Scheme, StatementError> {
    let algorithm = statement.integer(Key::Text("alg"))?;
    Scheme::of_statement(algorithm).ok_or(StatementError::Algorithm)
}

/// The certificate is for the very key of the credential.
pub(super) fn check_key(key: &SubjectKey<'_>, credential: &[u8]) -> Result<(), StatementError> {
    let parts = KeyParts::of(credential).map_err(|_| StatementError::OtherKey)?;
    let is_same = match parts {
        KeyParts::Ec2 { x, y, .. } => {
            let point = [&[0x04], x, y].concat();
            key.kind == curve(x.len()) && key.bytes == point
        }
        KeyParts::Rsa { n, e } => key.kind == Some(KeyKind::Rsa) && is_rsa_key(key.bytes, n, e)?,
        KeyParts::Okp { x } => key.kind == Some(KeyKind::Ed25519) && key.bytes == x,
    };
    if !is_same {
        return Err(StatementError::OtherKey);
    }
    Ok(())
}

/// A certificate that names a model of authenticator was issued for this one.
pub(super) fn check_aaguid(leaf: &Certificate<'_>, aaguid: &[u8]) -> Result<(), StatementError> {
    if leaf
        .aaguid()?
        .is_some_and(|issued_for| issued_for != aaguid)
    {
        return Err(StatementError::Aaguid);
    }
    Ok(())
}

/// The three curves differ in the length of their coordinates.
const fn curve(coordinate_bytes: usize) -> Option<KeyKind> {
    match coordinate_bytes {
        32 => Some(KeyKind::P256),
        48 => Some(KeyKind::P384),
        66 => Some(KeyKind::P521),
        _ => None,
    }
}

fn is_rsa_key(encoded: &[u8], n: &[u8], e: &[u8]) -> Result<bool, StatementError> {
    let mut key = Reader::new(der::whole(encoded, Tag::SEQUENCE)?);
    Ok(key.take_positive_integer()? == n && key.take_positive_integer()? == e)
}

/// Real chains have at most five.
pub(super) const CERTIFICATES_MAX: u64 = 8;
