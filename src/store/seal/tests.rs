//! Sealing: what is opened, what is refused, and that a keyring rotates.

use super::{Keyring, KeyringError, UnsealError};

const OLD: &str = "an old key of the keyring";
const NEW: &str = "a new key of the keyring";

#[test]
fn what_was_sealed_opens_with_the_same_binding_only() {
    let keyring = Keyring::new(&[NEW]).unwrap();
    let sealed = keyring.seal(b"here", b"plain");
    assert_eq!(keyring.open(b"here", &sealed).unwrap(), b"plain");
    assert_eq!(keyring.open(b"there", &sealed), Err(UnsealError::Forged));
}

#[test]
fn the_first_key_seals_and_all_open() {
    let sealed = Keyring::new(&[OLD]).unwrap().seal(b"", b"plain");
    let rotated = Keyring::new(&[NEW, OLD]).unwrap();
    assert_eq!(rotated.open(b"", &sealed).unwrap(), b"plain");
    let resealed = rotated.seal(b"", b"plain");
    assert_eq!(
        Keyring::new(&[OLD]).unwrap().open(b"", &resealed),
        Err(UnsealError::UnknownKey)
    );
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let keyring = Keyring::new(&[NEW]).unwrap();
    let sealed = keyring.seal(b"here", b"plain");
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(keyring.open(b"here", &flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn a_cut_text_is_an_error_and_no_panic() {
    let keyring = Keyring::new(&[NEW]).unwrap();
    let sealed = keyring.seal(b"", b"plain");
    for length in 0..sealed.len() {
        assert!(keyring.open(b"", &sealed[..length]).is_err());
    }
}

#[test]
fn the_same_text_never_looks_the_same_twice() {
    let keyring = Keyring::new(&[NEW]).unwrap();
    assert_ne!(keyring.seal(b"", b"plain"), keyring.seal(b"", b"plain"));
}

#[test]
fn short_and_missing_and_repeated_keys_are_refused() {
    assert_eq!(Keyring::new::<&str>(&[]).unwrap_err(), KeyringError::Empty);
    assert_eq!(
        Keyring::new(&[NEW, "fifteen letters"]).unwrap_err(),
        KeyringError::TooShort { position: 2 }
    );
    assert_eq!(
        Keyring::new(&[NEW, OLD, NEW]).unwrap_err(),
        KeyringError::Twice { position: 3 }
    );
}

#[test]
fn a_debug_shows_no_key() {
    let keyring = Keyring::new(&[NEW]).unwrap();
    assert_eq!(format!("{keyring:?}"), "Keyring { keys: 1, .. }");
}
