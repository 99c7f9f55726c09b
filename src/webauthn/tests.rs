//! Tests of the protocol: W3C's and recorded vectors, an authenticator made for the purpose, and hostile bytes.
//!
//! The vectors stand outside the repository: in `../shared/vectors`, or in the folder that `KEYWRIGHT_VECTORS` names.

mod algorithms;
mod attestation;
mod authenticator;
mod cbor;
mod certificates;
mod client_data;
mod formats;
mod hostile;
mod keys;
mod origins;
mod packed;
mod parsing;
mod recorded_registrations;
mod refusals;
mod safetynet;
mod tpm;
mod trust;
mod w3c_vectors;

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The JSON of a vector file, or `None`, said loudly, where the vectors are not at hand.
#[expect(clippy::print_stderr, reason = "a test that tests nothing must say so")]
fn vectors(name: &str) -> Option<Value> {
    let path = vectors_folder().join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("NOT TESTED: no {}; set KEYWRIGHT_VECTORS", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn vectors_folder() -> PathBuf {
    std::env::var_os("KEYWRIGHT_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
        PathBuf::from,
    )
}

fn sha256(input: &[u8]) -> [u8; 32] {
    Sha256::digest(input).into()
}
