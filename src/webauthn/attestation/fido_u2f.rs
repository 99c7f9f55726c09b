//! The `fido-u2f` format (WebAuthn L3 §8.6): security keys from before CTAP2.
//!
//! Their AAGUID is zero, but that is no step of the verification, and a test vector of the specification has another.

use super::error::StatementError;
use super::signature::{self, Hash, KeyKind, Scheme};
use super::x5c;
use super::{AttestationType, Attested, Statement};
use crate::webauthn::cbor::{Key, Map};
use crate::webauthn::cose::KeyParts;

/// Steps 2 to 7.
pub(super) fn verify<'b>(
    statement: &Map<'b>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    // 2. One certificate, for a key on P-256.
    let chain = x5c::chain(statement)?;
    if chain.len() != 1 {
        return Err(StatementError::CertificateCount);
    }
    let leaf = x5c::leaf(&chain)?;
    if leaf.key.kind != Some(KeyKind::P256) {
        return Err(StatementError::Algorithm);
    }
    // 3 and 4. The credential's key, as U2F writes it.
    let public_key = u2f_key(&attested.credential.public_key)?;
    // 5. What such a key signs.
    let message = [
        &[0x00],
        attested.rp_id_hash.as_slice(),
        attested.client_data_hash(),
        &attested.credential.credential_id,
        &public_key,
    ]
    .concat();
    // 6. It did.
    let signature = statement.bytes(Key::Text("sig"))?;
    let scheme = Scheme::Ecdsa(Hash::Sha256);
    if !signature::verify(&leaf.key, scheme, &message, signature) {
        return Err(StatementError::Signature);
    }
    Ok(Statement::with_chain(AttestationType::Certified, chain))
}

/// An uncompressed point on P-256.
fn u2f_key(cose_key: &[u8]) -> Result<Vec<u8>, StatementError> {
    match KeyParts::of(cose_key) {
        Ok(KeyParts::Ec2 { x, y, .. }) if x.len() == 32 && y.len() == 32 => {
            Ok([&[0x04], x, y].concat())
        }
        _ => Err(StatementError::Algorithm),
    }
}
