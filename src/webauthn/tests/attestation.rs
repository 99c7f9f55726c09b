//! Attestation without certificates: what is verified, what is taken unverified, what is refused.

use minicbor::Encoder;
use serde_json::Value;
use uuid::Uuid;

use super::super::attestation::{AttestationFormat, AttestationPolicy, AttestationType, Verify};
use super::super::cose::Algorithm;
use super::super::error::{CborError, ResponseError, StatementError, VerificationError};
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::{AAGUID, Authenticator, expected};

#[test]
fn a_none_attestation_with_a_statement_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_with("none", &statement(&[]));
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(
        refusal,
        VerificationError::Attestation(StatementError::NotEmpty)
    ));
}

#[test]
fn an_unknown_format_is_refused() {
    for format in ["None", "", "apple-appattest", "compound", "packed "] {
        let response = Authenticator::new(Algorithm::Es256).create_with(format, &statement(&[]));
        let refusal = verify(&response).err().unwrap();
        assert!(
            matches!(refusal, VerificationError::UnknownAttestationFormat),
            "{format}"
        );
    }
}

#[test]
fn a_self_attestation_that_names_another_algorithm_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_self_attested(-257);
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(
        refusal,
        VerificationError::Attestation(StatementError::Algorithm)
    ));
}

#[test]
fn a_self_attestation_with_a_bad_signature_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_with("packed", &statement(&[]));
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(
        refusal,
        VerificationError::Attestation(StatementError::Signature)
    ));
}

#[test]
fn a_self_attestation_without_its_members_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_with("packed", &[0xa0]);
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(
        refusal,
        VerificationError::Attestation(StatementError::Cbor(CborError::EntryMissing))
    ));
}

#[test]
fn a_statement_of_another_format_is_refused() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let formats = [
        "none",
        "packed",
        "tpm",
        "android-key",
        "android-safetynet",
        "fido-u2f",
        "apple",
    ];
    for format in formats {
        for certificates in [
            &[][..],
            &[b"a certificate".as_slice()],
            &[b"".as_slice(); 9],
        ] {
            let response = authenticator.create_with(format, &statement(certificates));
            let refusal = verify(&response).err().unwrap();
            assert!(
                matches!(refusal, VerificationError::Attestation(_)),
                "{format}: {refusal}"
            );
        }
    }
}

#[test]
fn nobody_looks_at_statements_where_that_is_off() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    for format in ["none", "packed", "tpm", "com.example.own", "~"] {
        let response = authenticator.create_with(format, &statement(&[b"a certificate"]));
        let registered = verify_by(&response, &OFF).unwrap_or_else(|e| panic!("{format}: {e}"));
        assert_eq!(registered.attestation_format.as_ref(), format);
        assert_eq!(registered.attestation_type, AttestationType::Unverified);
    }
}

#[test]
fn what_cannot_be_a_format_is_refused_even_where_nobody_looks() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let long = "x".repeat(33);
    for format in ["", "a b", "quoted\"", "\\", "grün", "\n", &long] {
        let response = authenticator.create_with(format, &statement(&[]));
        let refusal = verify_by(&response, &OFF).err().unwrap();
        assert!(
            matches!(refusal, VerificationError::UnknownAttestationFormat),
            "{format}"
        );
    }
}

#[test]
fn models_are_let_in_by_lists() {
    let response = Authenticator::new(Algorithm::Es256).create();
    let listed = [Uuid::from_bytes(AAGUID)];
    let others = [Uuid::nil(), Uuid::max()];
    let cases: [(&[Uuid], &[Uuid], bool); 6] = [
        (&[], &[], true),
        (&listed, &[], true),
        (&others, &[], false),
        (&[], &listed, false),
        (&[], &others, true),
        (&listed, &listed, false),
    ];
    for (aaguids_allowed, aaguids_denied, accepted) in cases {
        for verify in [Verify::Off, Verify::Format] {
            let policy = AttestationPolicy {
                verify,
                aaguids_allowed,
                aaguids_denied,
            };
            match verify_by(&response, &policy) {
                Ok(_) => assert!(accepted, "{policy:?}"),
                Err(VerificationError::AaguidNotAllowed) => assert!(!accepted, "{policy:?}"),
                Err(refusal) => panic!("{refusal}"),
            }
        }
    }
}

#[test]
fn a_statement_that_is_no_map_is_refused() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    for statement in [&[0x80][..], &[0x40], &[0xf6], &[0xbf, 0xff], &[]] {
        let response = authenticator.create_with("tpm", statement).to_string();
        let refusal = RegistrationResponse::parse(response.as_bytes());
        assert!(
            matches!(refusal.err(), Some(ResponseError::AttestationObject(_))),
            "{statement:?}"
        );
    }
}

#[test]
fn formats_have_their_registered_identifiers() {
    let packed = AttestationFormat::from_identifier("packed");
    assert_eq!(packed, Some(AttestationFormat::Packed));
    assert_eq!(AttestationFormat::from_identifier("PACKED"), None);
}

fn verify(response: &Value) -> Result<Registration, VerificationError> {
    verify_by(response, &AttestationPolicy::FORMAT)
}

fn verify_by(
    response: &Value,
    policy: &AttestationPolicy<'_>,
) -> Result<Registration, VerificationError> {
    let response = RegistrationResponse::parse(response.to_string().as_bytes()).unwrap();
    registration::verify(&response, &expected(), &Algorithm::ALL, policy)
}

const OFF: AttestationPolicy<'static> = AttestationPolicy {
    verify: Verify::Off,
    ..AttestationPolicy::FORMAT
};

/// A packed statement whose signature is none, with `x5c` if there are certificates.
fn statement(certificates: &[&[u8]]) -> Vec<u8> {
    let mut statement = Vec::new();
    let mut encoder = Encoder::new(&mut statement);
    let entries = if certificates.is_empty() { 2 } else { 3 };
    encoder.map(entries).unwrap();
    encoder.str("alg").unwrap().i64(-7).unwrap();
    encoder.str("sig").unwrap().bytes(&[0; 70]).unwrap();
    if !certificates.is_empty() {
        encoder.str("x5c").unwrap();
        encoder
            .array(u64::try_from(certificates.len()).unwrap())
            .unwrap();
        for certificate in certificates {
            encoder.bytes(certificate).unwrap();
        }
    }
    statement
}
