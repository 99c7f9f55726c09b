//! Tests of what only attestation reads: DER and the times in certificates.

use super::der::{Reader, Tag};
use super::time;

#[test]
fn times_are_read_as_they_were_meant() {
    let cases: &[(Tag, &str, Option<u64>)] = &[
        (Tag::UTC_TIME, "700101000000Z", Some(0)),
        (Tag::UTC_TIME, "000229235959Z", Some(951_868_799)),
        (Tag::UTC_TIME, "491231235959Z", Some(2_524_607_999)),
        (Tag::UTC_TIME, "500101000000Z", Some(0)),
        (
            Tag::GENERALIZED_TIME,
            "20240101000000Z",
            Some(1_704_067_200),
        ),
        (
            Tag::GENERALIZED_TIME,
            "30240101000000Z",
            Some(33_260_976_000),
        ),
        (
            Tag::GENERALIZED_TIME,
            "99991231235959Z",
            Some(253_402_300_799),
        ),
        (Tag::UTC_TIME, "20240101000000Z", None),
        (Tag::GENERALIZED_TIME, "20241301000000Z", None),
        (Tag::UTC_TIME, "7001010000Z", None),
        (Tag::UTC_TIME, "700101000000+", None),
        (Tag::UTC_TIME, "7001010000-1Z", None),
        (Tag::UTC_TIME, "Z", None),
        (Tag::UTC_TIME, "", None),
        (Tag::INTEGER, "700101000000Z", None),
    ];
    for (tag, text, expected) in cases {
        let mut encoded = vec![0x17, u8::try_from(text.len()).unwrap()];
        encoded.extend_from_slice(text.as_bytes());
        let mut element = Reader::new(&encoded).element().unwrap();
        element.tag = *tag;
        assert_eq!(time::unix_seconds(element).ok(), *expected, "{text}");
    }
}
