//! Canonical JSON against what Go itself printed: each pair of lines is an input, and `encoding/json` of Go 1.26 having read
//! it into an `interface{}` and written it again.

use serde_json::value::RawValue;

use super::super::canonical_json::{BYTES_MAX, CanonicalError, canonical};

fn canonical_of(text: &str) -> Result<String, CanonicalError> {
    let value: Box<RawValue> = serde_json::from_str(text).unwrap();
    canonical(&value)
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn it_is_what_go_prints() {
    let lines: Vec<&str> = include_str!("canonical_json.txt").lines().collect();
    assert!(lines.len() > 50, "{}", lines.len());
    for pair in lines.chunks(2) {
        assert_eq!(canonical_of(pair[0]).unwrap(), pair[1], "{}", pair[0]);
        // What is canonical stays as it is.
        assert_eq!(canonical_of(pair[1]).unwrap(), pair[1]);
    }
}

#[test]
fn what_go_refuses_is_refused() {
    for text in ["1e309", "-1e400", "[{\"a\":[1.8e308]}]"] {
        let refused = canonical_of(text);
        assert_eq!(refused, Err(CanonicalError::NumberTooLarge), "{text}");
    }
}

#[test]
fn depth_and_length_have_an_end() {
    assert_eq!(canonical_of(&nested(128)).unwrap(), nested(128));
    assert_eq!(canonical_of(&nested(129)), Err(CanonicalError::TooDeep));
    assert_eq!(canonical_of(&nested(20_000)), Err(CanonicalError::TooDeep));
    let length_of = |text: String| canonical_of(&text).map(|text| text.len());
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert_eq!(length_of(text(BYTES_MAX)), Ok(BYTES_MAX));
    let refused = length_of(text(BYTES_MAX + 1));
    assert_eq!(refused, Err(CanonicalError::TooLong));
    // It is the canonical form that counts: each of these becomes six bytes.
    let refused = length_of(format!("\"{}\"", "<".repeat(BYTES_MAX / 6 + 1)));
    assert_eq!(refused, Err(CanonicalError::TooLong));
}
