//! The 15 pairs of WebAuthn L3's section "Test Vectors". Certificate chains are not judged yet.

use serde_json::Value;

use super::super::Expected;
use super::super::authentication::{self, AuthenticationResponse, StoredCredential};
use super::super::client_data::Origins;
use super::super::cose::{Algorithm, KeyError};
use super::super::error::VerificationError;
use super::super::options::UserVerification;
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::from_base64url;
use super::{sha256, vectors};

#[test]
fn every_w3c_pair_registers_and_logs_in() {
    let Some(file) = vectors("w3c-webauthn-l3.json") else {
        return;
    };
    let pairs = file["vectors"].as_array().unwrap();
    assert_eq!(pairs.len(), 15);
    for pair in pairs.iter().filter(|pair| pair["slug"] != "packed-ed448") {
        let registered = register(pair).unwrap_or_else(|e| panic!("{}: {e}", pair["slug"]));
        log_in(pair, &registered).unwrap_or_else(|e| panic!("{}: {e}", pair["slug"]));
    }
}

#[test]
fn ed448_is_refused_with_its_own_reason() {
    let Some(file) = vectors("w3c-webauthn-l3.json") else {
        return;
    };
    let pairs = file["vectors"].as_array().unwrap();
    let ed448 = pairs.iter().find(|pair| pair["slug"] == "packed-ed448");
    let refusal = register(ed448.unwrap()).err().unwrap();
    assert!(matches!(
        refusal,
        VerificationError::PublicKey(KeyError::Ed448)
    ));
}

#[test]
fn the_login_of_one_pair_is_refused_with_the_key_of_another() {
    let Some(file) = vectors("w3c-webauthn-l3.json") else {
        return;
    };
    let pairs = file["vectors"].as_array().unwrap();
    let other = register(&pairs[1]).unwrap_or_else(|e| panic!("{e}"));
    let refusal = log_in(&pairs[0], &other).unwrap_err();
    assert!(matches!(refusal, VerificationError::Signature));
}

fn register(pair: &Value) -> Result<Registration, VerificationError> {
    let body = pair["reg"]["response"].to_string();
    let response = RegistrationResponse::parse(body.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let challenge = from_base64url(&pair["reg"]["challenge"]);
    let registered = with_expected(pair, &challenge, |expected| {
        registration::verify(&response, expected, &Algorithm::ALL)
    })?;
    let format = pair["slug"].as_str().unwrap();
    assert!(format.starts_with(registered.attestation_format.as_str()));
    let is_verified = format.starts_with("none") || format.starts_with("packed-self");
    assert_eq!(registered.statement_verified, is_verified, "{format}");
    Ok(registered)
}

fn log_in(pair: &Value, registered: &Registration) -> Result<(), VerificationError> {
    let body = pair["auth"]["response"].to_string();
    let response = AuthenticationResponse::parse(body.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let challenge = from_base64url(&pair["auth"]["challenge"]);
    let stored = StoredCredential {
        public_key: &registered.public_key,
        backup_eligible: registered.backup_eligible,
    };
    let verdict = with_expected(pair, &challenge, |expected| {
        authentication::verify(&response, expected, &stored)
    })?;
    assert!(!verdict.backup_eligibility_changed);
    Ok(())
}

fn with_expected<T>(pair: &Value, challenge: &[u8], verify: impl Fn(&Expected<'_>) -> T) -> T {
    let slug = pair["slug"].as_str().unwrap();
    let framed = slug.ends_with("crossOrigin") || slug.ends_with("topOrigin");
    let origin = pair["origin"].as_str().unwrap().to_owned();
    let top_origin = "https://example.com".to_owned();
    let origins = Origins::new(&[origin], &[top_origin], framed);
    let rp_id_hash = sha256(pair["rp_id"].as_str().unwrap().as_bytes());
    verify(&Expected {
        challenge,
        rp_id_hash: &rp_id_hash,
        origins: &origins,
        user_verification: UserVerification::Preferred,
    })
}
