//! Attestation statements: what is verified, what is taken unverified, what is refused.

use minicbor::Encoder;
use serde_json::Value;

use super::super::attestation::AttestationFormat;
use super::super::cose::Algorithm;
use super::super::error::{CborError, ResponseError, VerificationError};
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::{Authenticator, expected};

#[test]
fn a_none_attestation_with_a_statement_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_with("none", &statement(&[]));
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(refusal, VerificationError::NoneStatementNotEmpty));
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
    assert!(matches!(refusal, VerificationError::AttestationAlgorithm));
}

#[test]
fn a_self_attestation_with_a_bad_signature_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_with("packed", &statement(&[]));
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(refusal, VerificationError::AttestationSignature));
}

#[test]
fn a_self_attestation_without_its_members_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create_with("packed", &[0xa0]);
    let refusal = verify(&response).err().unwrap();
    assert!(matches!(
        refusal,
        VerificationError::AttestationStatement(CborError::EntryMissing)
    ));
}

#[test]
fn statements_with_certificates_are_taken_and_marked_unverified() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let formats = [
        "packed",
        "tpm",
        "android-key",
        "android-safetynet",
        "fido-u2f",
        "apple",
    ];
    for format in formats {
        let response = authenticator.create_with(format, &statement(&[b"a certificate"]));
        let registered = verify(&response).unwrap_or_else(|e| panic!("{format}: {e}"));
        assert_eq!(registered.attestation_format.as_str(), format);
        assert!(!registered.statement_verified);
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
    let response = RegistrationResponse::parse(response.to_string().as_bytes()).unwrap();
    registration::verify(&response, &expected(), &Algorithm::ALL)
}

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
