//! CBOR that no authenticator writes.

use super::super::cbor::{Key, Map};
use super::super::error::CborError;

#[test]
fn a_map_gives_its_values_by_key() {
    // {1: -7, "a": h'0102'}
    let input = [0xa2, 0x01, 0x26, 0x61, b'a', 0x42, 1, 2];
    let map = Map::parse(&input).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(map.integer(Key::Integer(1)).unwrap(), -7);
    assert_eq!(map.bytes(Key::Text("a")).unwrap(), [1, 2]);
    assert!(matches!(
        map.text(Key::Text("b")),
        Err(CborError::EntryMissing)
    ));
    assert!(matches!(
        map.text(Key::Integer(1)),
        Err(CborError::Malformed(_))
    ));
}

#[test]
fn duplicate_keys_are_refused_at_every_level() {
    assert!(matches!(
        refusal(&[0xa2, 0x01, 0x00, 0x01, 0x00]),
        CborError::DuplicateKey
    ));
    // The same integer in a longer form.
    assert!(matches!(
        refusal(&[0xa2, 0x01, 0x00, 0x18, 0x01, 0x00]),
        CborError::DuplicateKey
    ));
    assert!(matches!(
        refusal(&[0xa1, 0x01, 0x81, 0xa2, 0x02, 0x00, 0x02, 0x00]),
        CborError::DuplicateKey
    ));
}

#[test]
fn indefinite_lengths_are_refused() {
    let inputs: [&[u8]; 4] = [
        &[0xbf, 0xff],
        &[0xa1, 0x01, 0x9f, 0xff],
        &[0xa1, 0x01, 0x5f, 0x41, 0x00, 0xff],
        &[0xa1, 0x01, 0x7f, 0x61, b'a', 0xff],
    ];
    for input in inputs {
        assert!(
            matches!(refusal(input), CborError::NotCanonical),
            "{input:x?}"
        );
    }
}

#[test]
fn tags_are_refused() {
    assert!(matches!(
        refusal(&[0xa1, 0x01, 0xc1, 0x00]),
        CborError::NotCanonical
    ));
}

#[test]
fn keys_are_integers_or_text() {
    for key in [0x40, 0x80, 0xa0, 0xf4, 0xf6] {
        assert!(
            matches!(refusal(&[0xa1, key, 0x00]), CborError::KeyType),
            "{key:x}"
        );
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_stack_overflow() {
    let arrays = [vec![0xa1, 0x01], vec![0x81; 100_000], vec![0x00]].concat();
    assert!(matches!(refusal(&arrays), CborError::TooDeep));
    let maps = [[0xa1, 0x01].repeat(100_000), vec![0x00]].concat();
    assert!(matches!(refusal(&maps), CborError::TooDeep));
}

#[test]
fn announced_lengths_are_not_believed() {
    let huge = [0xff; 8];
    for head in [0x5b, 0x7b, 0x9b] {
        let input = [&[0xa1, 0x01, head][..], &huge].concat();
        assert!(matches!(refusal(&input), CborError::Malformed(_)));
    }
    let map = [&[0xbb][..], &huge].concat();
    assert!(matches!(refusal(&map), CborError::TooManyEntries));
}

#[test]
fn bytes_behind_a_map_are_refused() {
    assert!(matches!(refusal(&[0xa0, 0x00]), CborError::TrailingBytes));
}

#[test]
fn what_is_no_map_is_refused() {
    for input in [&[][..], &[0x80], &[0x00], &[0xff], &[0xa1, 0x01]] {
        assert!(
            matches!(refusal(input), CborError::Malformed(_)),
            "{input:x?}"
        );
    }
}

fn refusal(input: &[u8]) -> CborError {
    Map::parse(input).err().unwrap()
}
