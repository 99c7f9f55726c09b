//! The 15 pairs of WebAuthn L3's section "Test Vectors", each with its statement and, where it has one, its chain.

use serde_json::Value;

use super::super::Expected;
use super::super::attestation::{AttestationPolicy, AttestationType, Verify};
use super::super::authentication::{self, AuthenticationResponse};
use super::super::cose::{Algorithm, KeyError};
use super::super::error::{TrustError, VerificationError};
use super::super::options::UserVerification;
use super::super::origin::Origins;
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::from_base64url;
use super::{sha256, vectors};
use crate::forge::base64url;

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

/// One bit of each byte in turn: all is signed, by the statement or by the root.
#[test]
fn a_changed_bit_of_a_certified_registration_is_refused() {
    let Some(file) = vectors("w3c-webauthn-l3.json") else {
        return;
    };
    let roots = [root()];
    for pair in file["vectors"].as_array().unwrap() {
        let slug = pair["slug"].as_str().unwrap();
        if attestation_type(slug) == AttestationType::None || slug.starts_with("packed-self") {
            continue;
        }
        let mut accepted = 0;
        let response = &pair["reg"]["response"];
        let object = from_base64url(&response["response"]["attestationObject"]);
        for position in 0..object.len() {
            let mut changed = object.clone();
            changed[position] ^= 1 << (position % 8);
            let mut response = response.clone();
            response["response"]["attestationObject"] = base64url(&changed).into();
            let response = RegistrationResponse::parse(response.to_string().as_bytes());
            let verdict = response.map(|response| verify(pair, &response, &trusting(&roots)));
            accepted += usize::from(verdict.is_ok_and(|verdict| verdict.is_ok()));
        }
        // What nobody signs: how many bits of the certificate's signature are unused, and in U2F flags, counter and AAGUID.
        let unsigned = 1 + if slug.starts_with("fido-u2f") { 21 } else { 0 };
        assert!(accepted <= unsigned, "{slug}: {accepted}");
    }
}

#[test]
fn certified_pairs_are_not_trusted_by_another_root() {
    let Some(file) = vectors("w3c-webauthn-l3.json") else {
        return;
    };
    let mut refused = 0;
    for pair in file["vectors"].as_array().unwrap() {
        let verdict = register_by(pair, &trusting(&[]));
        assert!(verdict.is_err(), "{}", pair["slug"]);
        refused += usize::from(matches!(
            verdict,
            Err(VerificationError::AttestationUntrusted(TrustError::NoRoot))
        ));
    }
    assert_eq!(refused, 9);
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

/// With the trusted root where there is a chain.
fn register(pair: &Value) -> Result<Registration, VerificationError> {
    let format = pair["slug"].as_str().unwrap();
    let expected_type = attestation_type(format);
    let registered = match expected_type {
        AttestationType::Certified | AttestationType::Anonymous => {
            register_by(pair, &trusting(&[root()]))?
        }
        AttestationType::Unverified | AttestationType::None | AttestationType::SelfSigned => {
            register_by(pair, &AttestationPolicy::FORMAT)?
        }
    };
    assert!(format.starts_with(registered.attestation_format.as_ref()));
    assert_eq!(registered.attestation_type, expected_type, "{format}");
    Ok(registered)
}

fn trusting(roots: &[Vec<u8>]) -> AttestationPolicy<'_> {
    AttestationPolicy {
        verify: Verify::Trusted {
            roots,
            now_unix_seconds: NOW,
        },
        ..AttestationPolicy::FORMAT
    }
}

fn root() -> Vec<u8> {
    from_base64url(&vectors("w3c-webauthn-l3.json").unwrap()["attestation_ca_cert_der"])
}

fn register_by(
    pair: &Value,
    policy: &AttestationPolicy<'_>,
) -> Result<Registration, VerificationError> {
    let body = pair["reg"]["response"].to_string();
    let response = RegistrationResponse::parse(body.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    verify(pair, &response, policy)
}

fn verify(
    pair: &Value,
    response: &RegistrationResponse,
    policy: &AttestationPolicy<'_>,
) -> Result<Registration, VerificationError> {
    let challenge = from_base64url(&pair["reg"]["challenge"]);
    with_expected(pair, &challenge, |expected| {
        registration::verify(response, expected, &Algorithm::ALL, policy)
    })
}

fn attestation_type(slug: &str) -> AttestationType {
    match slug.split('-').collect::<Vec<_>>().as_slice() {
        ["none", ..] => AttestationType::None,
        ["packed", "self", ..] => AttestationType::SelfSigned,
        ["apple", ..] => AttestationType::Anonymous,
        _ => AttestationType::Certified,
    }
}

fn log_in(pair: &Value, registered: &Registration) -> Result<(), VerificationError> {
    let body = pair["auth"]["response"].to_string();
    let response = AuthenticationResponse::parse(body.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let challenge = from_base64url(&pair["auth"]["challenge"]);
    let verdict = with_expected(pair, &challenge, |expected| {
        authentication::verify(&response, expected, &registered.public_key)
    })?;
    assert_eq!(verdict.backup_eligible, registered.backup_eligible);
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

/// 2027.
const NOW: u64 = 1_800_000_000;
