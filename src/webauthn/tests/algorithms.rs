//! All ten algorithms, with real keys.

use serde_json::{Value, json};

use super::super::attestation::AttestationPolicy;
use super::super::authentication::{self, Authentication, AuthenticationResponse};
use super::super::cose::Algorithm;
use super::super::error::VerificationError;
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::{Authenticator, expected, from_base64url};
use crate::forge::base64url;

#[test]
fn every_algorithm_registers_and_logs_in() {
    for algorithm in Algorithm::ALL {
        let authenticator = Authenticator::new(algorithm);
        let registered = register(&authenticator.create(), &[algorithm]).unwrap_or_else(|e| {
            panic!("{algorithm:?}: {e}");
        });
        assert_eq!(registered.algorithm, algorithm);
        assert_eq!(registered.public_key, authenticator.cose_key);
        let verdict = log_in(&authenticator.get(), &registered);
        assert_eq!(verdict.unwrap().counter, 3, "{algorithm:?}");
    }
}

#[test]
fn every_algorithm_attests_itself() {
    for algorithm in Algorithm::ALL {
        let authenticator = Authenticator::new(algorithm);
        let response = authenticator.create_self_attested(algorithm.cose_number());
        let registered = register(&response, &Algorithm::ALL).unwrap_or_else(|e| {
            panic!("{algorithm:?}: {e}");
        });
        assert!(registered.attestation_type.is_verified());
    }
}

#[test]
fn a_tampered_signature_is_refused() {
    for algorithm in Algorithm::ALL {
        let authenticator = Authenticator::new(algorithm);
        let registered = register(&authenticator.create(), &[algorithm]);
        let registered = registered.unwrap_or_else(|e| panic!("{e}"));
        let mut response = authenticator.get();
        let mut signature = from_base64url(&response["response"]["signature"]);
        *signature.last_mut().unwrap() ^= 1;
        response["response"]["signature"] = json!(base64url(&signature));
        let refusal = log_in(&response, &registered).unwrap_err();
        assert!(
            matches!(refusal, VerificationError::Signature),
            "{algorithm:?}"
        );
    }
}

#[test]
fn the_signature_of_another_key_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es512, Algorithm::EdDsa] {
        let registered = register(&Authenticator::new(algorithm).create(), &[algorithm]);
        let registered = registered.unwrap_or_else(|e| panic!("{e}"));
        let refusal = log_in(&Authenticator::new(algorithm).get(), &registered).unwrap_err();
        assert!(matches!(refusal, VerificationError::Signature));
    }
}

#[test]
fn one_rsa_key_does_not_verify_the_signatures_of_another_algorithm() {
    let registered = register(
        &Authenticator::new(Algorithm::Rs256).create(),
        &Algorithm::ALL,
    );
    let registered = registered.unwrap_or_else(|e| panic!("{e}"));
    for other in [Algorithm::Rs384, Algorithm::Ps256] {
        let refusal = log_in(&Authenticator::new(other).get(), &registered).unwrap_err();
        assert!(matches!(refusal, VerificationError::Signature));
    }
}

#[test]
fn an_algorithm_that_was_not_offered_is_refused() {
    let response = Authenticator::new(Algorithm::Es256).create();
    let refusal = register(&response, &[Algorithm::Rs256, Algorithm::EdDsa]);
    assert!(matches!(
        refusal.err(),
        Some(VerificationError::AlgorithmNotOffered)
    ));
}

#[test]
fn the_algorithms_stand_in_the_order_of_the_contract() {
    let numbers = Algorithm::ALL.map(Algorithm::cose_number);
    assert_eq!(numbers, [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8]);
    for algorithm in Algorithm::ALL {
        let number = algorithm.cose_number();
        assert_eq!(Algorithm::from_cose_number(number), Some(algorithm));
    }
    assert_eq!(Algorithm::from_cose_number(-65535), None);
}

fn register(response: &Value, offered: &[Algorithm]) -> Result<Registration, VerificationError> {
    let response = RegistrationResponse::parse(response.to_string().as_bytes()).unwrap();
    registration::verify(&response, &expected(), offered, &AttestationPolicy::FORMAT)
}

fn log_in(
    response: &Value,
    registered: &Registration,
) -> Result<Authentication, VerificationError> {
    let response = AuthenticationResponse::parse(response.to_string().as_bytes()).unwrap();
    authentication::verify(&response, &expected(), &registered.public_key)
}
