//! The `apple` format (WebAuthn L3 §8.8): an anonymous certificate for the credential's key, with the ceremony in an extension.
//!
//! The statement has no signature of its own: the certificate's, judged with the chain, stands for it.

use super::certificate::Certificate;
use super::der::{self, Reader, Tag};
use super::error::StatementError;
use super::signature::Hash;
use super::x5c;
use super::{AttestationType, Attested, Statement};
use crate::webauthn::cbor::Map;

pub(super) fn verify<'b>(
    statement: &Map<'b>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    let chain = x5c::chain(statement)?;
    let leaf = x5c::leaf(&chain)?;
    // 2 and 3. The nonce.
    let nonce = Hash::Sha256.digest(attested.message);
    // 4. It stands in the certificate.
    if certified_nonce(&leaf)? != nonce {
        return Err(StatementError::OtherCeremony);
    }
    // 5. The certificate is for the credential's key.
    x5c::check_key(&leaf.key, &attested.credential.public_key)?;
    Ok(Statement::with_chain(AttestationType::Anonymous, chain))
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING }`.
fn certified_nonce<'b>(leaf: &Certificate<'b>) -> Result<&'b [u8], StatementError> {
    let extension = leaf.required(APPLE_NONCE)?;
    let mut members = Reader::new(der::whole(extension.value, Tag::SEQUENCE)?);
    let nonce = members.take(Tag::explicit(1))?;
    Ok(der::whole(nonce, Tag::OCTET_STRING)?)
}

/// 1.2.840.113635.100.8.2.
const APPLE_NONCE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x08, 0x02];
