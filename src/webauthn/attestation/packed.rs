//! The `packed` format (WebAuthn L3 §8.2): signed by a certificate of the authenticator's model, or by the credential's own key.
//!
//! ECDAA, which only earlier levels had, is never accepted.

use super::certificate::{Certificate, CertificateError, attributes};
use super::der::Tag;
use super::error::StatementError;
use super::x5c;
use super::{AttestationType, Attested, Statement};
use crate::webauthn::cbor::{Key, Map};

pub(super) fn verify<'b>(
    statement: &Map<'b>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    if statement.raw(Key::Text("ecdaaKeyId")).is_some() {
        return Err(StatementError::Ecdaa);
    }
    if statement.raw(Key::Text("x5c")).is_none() {
        return verify_self_attestation(statement, attested);
    }
    let chain = x5c::chain(statement)?;
    let leaf = x5c::leaf(&chain)?;
    x5c::verify_signature(statement, &leaf.key, attested.message)?;
    check_requirements(&leaf)?;
    x5c::check_aaguid(&leaf, &attested.credential.aaguid)?;
    Ok(Statement::with_chain(AttestationType::Certified, chain))
}

/// The credential's own key signs.
fn verify_self_attestation<'b>(
    statement: &Map<'_>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    let algorithm = statement.integer(Key::Text("alg"))?;
    let signature = statement.bytes(Key::Text("sig"))?;
    if algorithm != attested.public_key.algorithm.cose_number() {
        return Err(StatementError::Algorithm);
    }
    if !attested.public_key.verify(attested.message, signature) {
        return Err(StatementError::Signature);
    }
    Ok(Statement::without_certificate(AttestationType::SelfSigned))
}

/// §8.2.1. That there are basic constraints is not asked for: without them a certificate is no authority's either.
fn check_requirements(leaf: &Certificate<'_>) -> Result<(), CertificateError> {
    leaf.check_version_3()?;
    check_subject(leaf.subject)?;
    leaf.check_no_authority()
}

fn check_subject(subject: &[u8]) -> Result<(), CertificateError> {
    let attributes = attributes(subject)?;
    let value = |id: &[u8]| {
        let attribute = attributes.iter().find(|(candidate, _)| *candidate == id);
        attribute
            .map(|(_, value)| value)
            .filter(|value| !value.content.is_empty())
            .ok_or(CertificateError::Subject)
    };
    let country = value(COUNTRY)?;
    let is_country = country.tag == Tag::PRINTABLE_STRING && country.content.len() == 2;
    value(ORGANIZATION)?;
    value(COMMON_NAME)?;
    if !is_country || value(ORGANIZATIONAL_UNIT)?.content != b"Authenticator Attestation" {
        return Err(CertificateError::Subject);
    }
    Ok(())
}

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0b];
