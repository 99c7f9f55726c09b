//! One wrong thing at a time: each step of §7.1 and §7.2 refuses what it is there for, and for its own reason.

use serde_json::json;

use super::super::Expected;
use super::super::attestation::AttestationPolicy;
use super::super::authentication::{self, Authentication, AuthenticationResponse};
use super::super::cose::Algorithm;
use super::super::error::VerificationError;
use super::super::options::UserVerification;
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::{Authenticator, expected};
use crate::forge::base64url;

#[test]
fn a_response_of_the_other_ceremony_is_refused() {
    let mut authenticator = authenticator();
    authenticator.client_data["type"] = json!("webauthn.get");
    let refusal = register(&authenticator).err().unwrap();
    assert!(matches!(refusal, VerificationError::CeremonyType));
    authenticator.client_data["type"] = json!("webauthn.create");
    let refusal = log_in(&authenticator).unwrap_err();
    assert!(matches!(refusal, VerificationError::CeremonyType));
}

#[test]
fn another_challenge_is_refused() {
    for challenge in [&[7; 31][..], &[7; 33], &[8; 32], &[]] {
        let mut authenticator = authenticator();
        authenticator.client_data["challenge"] = json!(base64url(challenge));
        let refusals = both_refusals(&authenticator);
        assert!(matches!(
            refusals,
            [VerificationError::Challenge, VerificationError::Challenge]
        ));
    }
}

#[test]
fn another_origin_is_refused() {
    let mut authenticator = authenticator();
    authenticator.client_data["origin"] = json!("https://evil.example");
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [VerificationError::Origin, VerificationError::Origin]
    ));
}

#[test]
fn a_cross_origin_ceremony_is_refused() {
    let mut authenticator = authenticator();
    authenticator.client_data["crossOrigin"] = json!(true);
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [
            VerificationError::CrossOrigin,
            VerificationError::CrossOrigin
        ]
    ));
}

#[test]
fn a_top_origin_is_refused() {
    let mut authenticator = authenticator();
    authenticator.client_data["topOrigin"] = json!("https://example.org");
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [VerificationError::TopOrigin, VerificationError::TopOrigin]
    ));
}

#[test]
fn another_relying_party_is_refused() {
    let mut authenticator = authenticator();
    authenticator.rp_id_hash[31] ^= 1;
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [VerificationError::RpIdHash, VerificationError::RpIdHash]
    ));
}

#[test]
fn an_absent_user_is_refused() {
    let mut authenticator = authenticator();
    authenticator.flags = 0b0000_0100;
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [
            VerificationError::UserPresenceMissing,
            VerificationError::UserPresenceMissing
        ]
    ));
}

#[test]
fn an_unverified_user_is_refused_only_where_verification_is_required() {
    let mut authenticator = authenticator();
    authenticator.flags = 0b0000_0001;
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [
            VerificationError::UserVerificationMissing,
            VerificationError::UserVerificationMissing
        ]
    ));
    for wish in [UserVerification::Preferred, UserVerification::Discouraged] {
        let expected = Expected {
            user_verification: wish,
            ..expected()
        };
        let registered = register_expecting(&authenticator, &expected);
        assert!(!registered.unwrap().user_verified);
        let verdict = log_in_expecting(&authenticator, &expected);
        assert!(!verdict.unwrap().user_verified);
    }
}

#[test]
fn backed_up_without_being_eligible_is_refused() {
    let mut authenticator = authenticator();
    authenticator.flags = 0b0001_0101;
    let refusals = both_refusals(&authenticator);
    assert!(matches!(
        refusals,
        [
            VerificationError::BackedUpWithoutEligibility,
            VerificationError::BackedUpWithoutEligibility
        ]
    ));
}

#[test]
fn the_backup_flags_are_reported() {
    let mut authenticator = authenticator();
    authenticator.flags = 0b0001_1101;
    let verdict = log_in(&authenticator).unwrap();
    assert!(verdict.backup_eligible && verdict.backed_up);
    authenticator.flags = 0b0000_0101;
    let verdict = log_in(&authenticator).unwrap();
    assert!(!verdict.backup_eligible && !verdict.backed_up);
}

#[test]
fn a_registration_reports_what_the_authenticator_said() {
    let mut authenticator = authenticator();
    authenticator.flags = 0b0001_1101;
    authenticator.counter = u32::MAX;
    let registered = register(&authenticator).unwrap();
    assert_eq!(registered.credential_id, authenticator.credential_id);
    assert_eq!(registered.public_key, authenticator.cose_key);
    assert_eq!(registered.counter, u32::MAX);
    assert_eq!(registered.aaguid, [9; 16]);
    assert!(registered.user_verified);
    assert!(registered.backup_eligible && registered.backed_up);
    assert!(registered.attestation_type.is_verified());
}

#[test]
fn a_key_that_cannot_be_read_is_refused_at_login() {
    let response = AuthenticationResponse::parse(authenticator().get().to_string().as_bytes());
    let refusal = authentication::verify(&response.unwrap(), &expected(), b"no key").unwrap_err();
    assert!(matches!(refusal, VerificationError::PublicKey(_)));
}

fn authenticator() -> Authenticator {
    Authenticator::new(Algorithm::Es256)
}

fn both_refusals(authenticator: &Authenticator) -> [VerificationError; 2] {
    [
        register(authenticator).err().unwrap(),
        log_in(authenticator).unwrap_err(),
    ]
}

fn register(authenticator: &Authenticator) -> Result<Registration, VerificationError> {
    register_expecting(authenticator, &expected())
}

fn register_expecting(
    authenticator: &Authenticator,
    expected: &Expected<'_>,
) -> Result<Registration, VerificationError> {
    let body = authenticator.create().to_string();
    let response = RegistrationResponse::parse(body.as_bytes()).unwrap();
    registration::verify(
        &response,
        expected,
        &Algorithm::ALL,
        &AttestationPolicy::FORMAT,
    )
}

fn log_in(authenticator: &Authenticator) -> Result<Authentication, VerificationError> {
    log_in_expecting(authenticator, &expected())
}

fn log_in_expecting(
    authenticator: &Authenticator,
    expected: &Expected<'_>,
) -> Result<Authentication, VerificationError> {
    let body = authenticator.get().to_string();
    let response = AuthenticationResponse::parse(body.as_bytes()).unwrap();
    authentication::verify(&response, expected, &authenticator.cose_key)
}
