//! Packing: what comes out is what went in, and what earlier versions packed is read.

use super::{WORTH_IT, ZSTD, pack, unpack};
use crate::store::seal::Keyring;

/// Sealed, opened and unpacked again.
fn through(data: &[u8]) -> (usize, Vec<u8>) {
    let keyring = Keyring::new(&["a key of the tests"]).unwrap();
    let sealed = keyring.seal_draft(b"here", pack(data));
    let packed = keyring.open(b"here", &sealed).unwrap();
    (sealed.len(), unpack(packed).unwrap())
}

fn text(length: usize) -> Vec<u8> {
    let words = b"one of a few words, ".iter().cycle();
    words.take(length).copied().collect()
}

#[test]
fn what_was_packed_is_unpacked_and_long_texts_are_shorter() {
    for length in [0, 1, WORTH_IT - 1, WORTH_IT, 300_000] {
        let (sealed, unpacked) = through(&text(length));
        assert_eq!(unpacked, text(length));
        assert_eq!(sealed < length, length >= WORTH_IT, "{length}");
    }
}

/// The level is no part of the format.
#[test]
fn what_another_level_packed_is_unpacked() {
    let mut packed = vec![ZSTD];
    packed.extend(zstd::bulk::compress(&text(9000), 1).unwrap());
    assert_eq!(unpack(packed), Some(text(9000)));
}

#[test]
fn what_nobody_packed_is_refused() {
    for packed in [&[][..], &[9, 1, 2], &[ZSTD, 1, 2]] {
        assert_eq!(unpack(packed.to_vec()), None);
    }
}
