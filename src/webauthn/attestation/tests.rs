//! Tests of what only attestation reads: DER, certificates, the times in them.

use super::certificate::Certificate;
use super::chain;
use super::der::{DerError, Reader, Tag};
use super::time;

#[test]
fn an_element_has_tag_length_and_content() {
    let mut reader = Reader::new(&[0x04, 1, 7, 0xbf, 0x85, 0x3e, 0, 0x05, 0]);
    assert_eq!(reader.take(Tag::OCTET_STRING).unwrap(), [7]);
    assert!(reader.optional(Tag::SEQUENCE).unwrap().is_none());
    assert!(reader.take(Tag::explicit(702)).unwrap().is_empty());
    assert!(matches!(reader.end(), Err(DerError::TrailingBytes)));
    assert_eq!(reader.element().unwrap().encoded, [0x05, 0]);
    assert!(reader.is_empty() && reader.optional(Tag::SET).unwrap().is_none());
    assert!(matches!(reader.take(Tag::SET), Err(DerError::Unexpected)));
}

#[test]
fn lengths_are_definite_minimal_and_true() {
    let long = [&[0x04, 0x81, 0x80], [7; 0x80].as_slice()].concat();
    assert_eq!(Reader::new(&long).element().unwrap().content, [7; 0x80]);
    let cases: &[&[u8]] = &[
        &[0x04, 0x80, 0, 0],
        &[0x04, 0x81, 1, 7],
        &[0x04, 0x82, 0, 0x80],
        &[0x04, 0x84, 0, 0, 0, 1, 7],
        &[0x04, 0xff],
    ];
    for input in cases {
        let refusal = Reader::new(input).element().err().unwrap();
        assert!(
            matches!(refusal, DerError::Length | DerError::Truncated),
            "{input:?}"
        );
    }
    for input in [
        &[0x04, 1][..],
        &[0x04],
        &[],
        &[0x04, 0x83, 0xff, 0xff, 0xff],
    ] {
        let refusal = Reader::new(input).element().err().unwrap();
        assert!(matches!(refusal, DerError::Truncated), "{input:?}");
    }
}

#[test]
fn long_tags_are_short() {
    for input in [
        &[0xbf, 0x80, 1, 0][..],
        &[0xbf, 0xff, 0xff, 0xff, 1, 0],
        &[0x1f],
    ] {
        let refusal = Reader::new(input).element().err().unwrap();
        assert!(
            matches!(refusal, DerError::Tag | DerError::Truncated),
            "{input:?}"
        );
    }
}

#[test]
fn numbers_are_small_or_positive_where_they_must_be() {
    let small = |input: &[u8]| Reader::new(input).take_small_integer().ok();
    assert_eq!(small(&[2, 1, 0]), Some(0));
    assert_eq!(small(&[2, 4, 0x7f, 0xff, 0xff, 0xff]), Some(0x7fff_ffff));
    for input in [&[2, 0][..], &[2, 1, 0x80], &[2, 5, 1, 0, 0, 0, 0]] {
        assert_eq!(small(input), None);
    }
    let positive = |input: &'static [u8]| Reader::new(input).take_positive_integer().ok();
    assert_eq!(positive(&[2, 2, 0, 0x80]), Some(&[0x80][..]));
    assert_eq!(positive(&[2, 1, 3]), Some(&[3][..]));
    for input in [&[2, 0][..], &[2, 1, 0], &[2, 1, 0x80]] {
        assert_eq!(positive(input), None);
    }
}

#[test]
fn changed_and_cut_certificates_never_panic() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["example.org".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().der().to_vec();
    assert!(Certificate::parse(&certificate).is_ok());
    for length in 0..certificate.len() {
        assert!(Certificate::parse(&certificate[..length]).is_err());
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..30_000 {
        let mut changed = certificate.clone();
        for _ in 0..=next(&mut state) % 4 {
            let position = next(&mut state) % changed.len();
            changed[position] = next(&mut state).to_le_bytes()[0];
        }
        let chain = [changed.into()];
        drop(chain::check(&chain, std::slice::from_ref(&certificate), 1));
    }
}

#[test]
fn noise_is_no_certificate() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for length in (0..300).cycle().take(30_000) {
        let noise: Vec<u8> = (0..length)
            .map(|_| next(&mut state).to_le_bytes()[0])
            .collect();
        assert!(Certificate::parse(&noise).is_err());
    }
}

/// Xorshift: the same noise in every run.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 32).unwrap()
}

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
