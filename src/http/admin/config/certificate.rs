//! Certificates as an operator pastes them: PEM, or DER in base64. They are read as chains are, so that a root that is taken is one that
//! can be reached; its dates are not judged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::webauthn::attestation::is_certificate;

/// The certificates in a text; `None` where there is none or something else.
pub(super) fn read(text: &str) -> Option<Vec<Vec<u8>>> {
    if !text.contains(BEGIN) {
        return Some(vec![from_base64(text)?]);
    }
    let blocks = text.split(BEGIN).skip(1);
    blocks
        .map(|block| from_base64(block.split_once(END)?.0))
        .collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    is_certificate(&der).then_some(der)
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
