//! Certificates as an operator pastes them: PEM, or DER in base64. Whether one is sound is found out where it is used; that it is no
//! certificate at all is found out here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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

/// A SEQUENCE and nothing behind it, that begins with a SEQUENCE: the certificate and what of it is signed.
fn is_certificate(der: &[u8]) -> bool {
    let whole = sequence(der).filter(|(_, behind)| behind.is_empty());
    whole.is_some_and(|(inner, _)| sequence(inner).is_some())
}

/// The content of the SEQUENCE that the bytes begin with, and what is behind it.
fn sequence(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[SEQUENCE, first], rest) = der.split_first_chunk()? else {
        return None;
    };
    let (length, rest) = if first < LONG_FORM {
        (usize::from(first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first - LONG_FORM))?;
        (big_endian(length)?, rest)
    };
    rest.split_at_checked(length)
}

fn big_endian(bytes: &[u8]) -> Option<usize> {
    let is_minimal = bytes.first().is_some_and(|first| *first != 0);
    let fits = is_minimal && bytes.len() <= LENGTH_BYTES_MAX;
    let push = |length: usize, byte: &u8| length * 256 + usize::from(*byte);
    fits.then(|| bytes.iter().fold(0, push))
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
const SEQUENCE: u8 = 0x30;
const LONG_FORM: u8 = 0x80;
/// 16 MiB is more than any body.
const LENGTH_BYTES_MAX: usize = 3;
