//! The `tpm` format (WebAuthn L3 §8.3): a TPM certifies a key that it holds, with an attestation identity key of its own.
//!
//! The manufacturer is not looked up in the register of the TCG: the list changes, and who is to be trusted is decided by roots.

mod structures;

use self::structures::{CertifyInfo, KeyParameters, PublicArea};
use super::certificate::{self, Certificate, CertificateError, attributes};
use super::der::{self, Reader, Tag};
use super::error::StatementError;
use super::x5c;
use super::{AttestationType, Attested, Statement};
use crate::webauthn::cbor::{Key, Map};
use crate::webauthn::cose::KeyParts;

pub(super) fn verify<'b>(
    statement: &Map<'b>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    if statement.text(Key::Text("ver"))? != "2.0" {
        return Err(StatementError::Version);
    }
    // 2. The public area is of the credential's key.
    let public_area_bytes = statement.bytes(Key::Text("pubArea"))?;
    let public_area = PublicArea::parse(public_area_bytes)?;
    check_public_key(&public_area, &attested.credential.public_key)?;
    // 3. What the TPM signs is the hash of this ceremony,
    let certify_info_bytes = statement.bytes(Key::Text("certInfo"))?;
    let certify_info = CertifyInfo::parse(certify_info_bytes)?;
    let hash = x5c::scheme(statement)?.hash();
    let hash = hash.ok_or(StatementError::Algorithm)?;
    if certify_info.extra_data != hash.digest(attested.message) {
        return Err(StatementError::OtherCeremony);
    }
    // and the name of that public area.
    if certify_info.attested_name != public_area.name(public_area_bytes) {
        return Err(StatementError::OtherKey);
    }
    // 4. It did sign, with the key of the certificate, and the certificate is one for such keys.
    let chain = x5c::chain(statement)?;
    let leaf = x5c::leaf(&chain)?;
    x5c::verify_signature(statement, &leaf.key, certify_info_bytes)?;
    check_requirements(&leaf)?;
    x5c::check_aaguid(&leaf, &attested.credential.aaguid)?;
    Ok(Statement::with_chain(AttestationType::Certified, chain))
}

fn check_public_key(area: &PublicArea<'_>, cose_key: &[u8]) -> Result<(), StatementError> {
    let parts = KeyParts::of(cose_key).map_err(|_| StatementError::OtherKey)?;
    let is_same = match (&area.key, parts) {
        (KeyParameters::Rsa { n, exponent }, KeyParts::Rsa { n: of, e }) => {
            is_same_number(n, of) && is_same_number(&exponent.to_be_bytes(), e)
        }
        (
            KeyParameters::Ecc { curve, x, y },
            KeyParts::Ec2 {
                crv,
                x: of_x,
                y: of_y,
            },
        ) => *curve == crv && is_same_number(x, of_x) && is_same_number(y, of_y),
        (KeyParameters::Rsa { .. } | KeyParameters::Ecc { .. }, _) => false,
    };
    if !is_same {
        return Err(StatementError::OtherKey);
    }
    Ok(())
}

/// TPMs differ in whether they write leading zeros.
fn is_same_number(left: &[u8], right: &[u8]) -> bool {
    let significant = |number: &[u8]| number.iter().position(|byte| *byte != 0);
    let trimmed = |number: &'_ [u8]| number.len() - significant(number).unwrap_or(number.len());
    trimmed(left) == trimmed(right) && left.ends_with(&right[right.len() - trimmed(right)..])
}

/// §8.3.1.
fn check_requirements(leaf: &Certificate<'_>) -> Result<(), CertificateError> {
    leaf.check_version_3()?;
    if !leaf.subject.is_empty() {
        return Err(CertificateError::Subject);
    }
    check_alternative_name(leaf)?;
    check_extended_key_usage(leaf)?;
    leaf.check_no_authority()
}

/// A directory name that tells manufacturer, model and version of the TPM (TPM 2.0 EK credential profile §3.2.9).
fn check_alternative_name(leaf: &Certificate<'_>) -> Result<(), CertificateError> {
    let extension = leaf.required(certificate::ALTERNATIVE_NAME)?;
    let mut names = Reader::new(der::whole(extension.value, Tag::SEQUENCE)?);
    while !names.is_empty() {
        let name = names.element()?;
        if name.tag != DIRECTORY_NAME {
            continue;
        }
        let attributes = attributes(der::whole(name.content, Tag::SEQUENCE)?)?;
        let has = |wanted: &&[u8]| attributes.iter().any(|(id, _)| id == wanted);
        if TPM_ATTRIBUTES.iter().all(has) {
            return Ok(());
        }
    }
    Err(CertificateError::AlternativeName)
}

fn check_extended_key_usage(leaf: &Certificate<'_>) -> Result<(), CertificateError> {
    let extension = leaf.required(certificate::EXTENDED_KEY_USAGE)?;
    let mut usages = Reader::new(der::whole(extension.value, Tag::SEQUENCE)?);
    while !usages.is_empty() {
        if usages.take(Tag::OBJECT_IDENTIFIER)? == AIK_CERTIFICATE {
            return Ok(());
        }
    }
    Err(CertificateError::ExtendedKeyUsage)
}

const DIRECTORY_NAME: Tag = Tag::explicit(4);
/// 2.23.133.8.3, tcg-kp-AIKCertificate.
const AIK_CERTIFICATE: &[u8] = &[0x67, 0x81, 0x05, 0x08, 0x03];
/// 2.23.133.2.1 to 3.
const TPM_ATTRIBUTES: [&[u8]; 3] = [
    &[0x67, 0x81, 0x05, 0x02, 0x01],
    &[0x67, 0x81, 0x05, 0x02, 0x02],
    &[0x67, 0x81, 0x05, 0x02, 0x03],
];
