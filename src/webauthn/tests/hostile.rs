//! Bytes that were cut or changed: never a panic, and a refusal wherever a signature covers them.

use serde_json::{Value, json};

use super::super::attestation::AttestationPolicy;
use super::super::authentication::{self, AuthenticationResponse};
use super::super::authenticator_data::AuthenticatorData;
use super::super::client_data::ClientData;
use super::super::cose::{Algorithm, PublicKey};
use super::super::registration::{self, RegistrationResponse};
use super::authenticator::{Authenticator, expected, from_base64url};
use crate::forge::base64url;

#[test]
fn a_cut_body_is_refused_at_every_length() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let registration = authenticator.create_self_attested(-7).to_string();
    for length in 0..registration.len() {
        assert!(RegistrationResponse::parse(&registration.as_bytes()[..length]).is_err());
    }
    let login = authenticator.get().to_string();
    for length in 0..login.len() {
        assert!(AuthenticationResponse::parse(&login.as_bytes()[..length]).is_err());
    }
}

#[test]
fn a_cut_part_is_refused_at_every_length() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let registration = authenticator.create_self_attested(-7);
    for member in ["clientDataJSON", "attestationObject"] {
        for cut in cuts(&registration, member) {
            assert!(RegistrationResponse::parse(cut.to_string().as_bytes()).is_err());
        }
    }
    let login = authenticator.get();
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        for cut in cuts(&login, member) {
            assert!(!logs_in(&authenticator, &cut), "{member}");
        }
    }
}

#[test]
fn a_cut_key_or_authenticator_data_is_refused_at_every_length() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let authenticator = Authenticator::new(algorithm);
        let data = authenticator.attested_data();
        for length in 0..data.len() {
            assert!(AuthenticatorData::parse(&data[..length]).is_err());
        }
        let key = &authenticator.cose_key;
        for length in 0..key.len() {
            assert!(PublicKey::parse(&key[..length]).is_err());
        }
    }
}

#[test]
fn a_changed_byte_of_a_login_is_refused() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let login = authenticator.get();
    assert!(logs_in(&authenticator, &login));
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        for changed in changes(&login, member) {
            assert!(!logs_in(&authenticator, &changed), "{member}");
        }
    }
}

#[test]
fn a_changed_byte_of_a_self_attested_registration_is_refused() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let registration = authenticator.create_self_attested(-7);
    assert!(registers(&registration));
    for member in ["clientDataJSON", "attestationObject"] {
        for changed in changes(&registration, member) {
            assert!(!registers(&changed), "{member}");
        }
    }
}

#[test]
fn a_changed_byte_without_a_signature_never_panics() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let registration = Authenticator::new(algorithm).create();
        for changed in changes(&registration, "attestationObject") {
            registers(&changed);
        }
    }
}

#[test]
fn a_changed_body_never_panics() {
    let authenticator = Authenticator::new(Algorithm::EdDsa);
    for (body, is_login) in [(authenticator.get(), true), (authenticator.create(), false)] {
        for changed in flips(body.to_string().as_bytes()) {
            if is_login {
                AuthenticationResponse::parse(&changed).ok();
            } else {
                RegistrationResponse::parse(&changed).ok();
            }
        }
    }
}

#[test]
fn deep_nesting_in_a_body_is_no_stack_overflow() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let known = format!(r#"{{"clientExtensionResults":{nested}}}"#);
    assert!(AuthenticationResponse::parse(known.as_bytes()).is_err());
    let unknown = format!(r#"{{"unknown":{nested}}}"#);
    assert!(AuthenticationResponse::parse(unknown.as_bytes()).is_err());
    assert!(AuthenticationResponse::parse(nested.as_bytes()).is_err());
}

#[test]
fn noise_never_panics() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for length in (0..400).cycle().take(20_000) {
        let noise: Vec<u8> = (0..length).map(|_| next_byte(&mut state)).collect();
        ClientData::parse(&noise).ok();
        AuthenticatorData::parse(&noise).ok();
        PublicKey::parse(&noise).ok();
        RegistrationResponse::parse(&noise).ok();
    }
}

fn registers(response: &Value) -> bool {
    let Ok(response) = RegistrationResponse::parse(response.to_string().as_bytes()) else {
        return false;
    };
    registration::verify(
        &response,
        &expected(),
        &Algorithm::ALL,
        &AttestationPolicy::FORMAT,
    )
    .is_ok()
}

fn logs_in(authenticator: &Authenticator, response: &Value) -> bool {
    let Ok(response) = AuthenticationResponse::parse(response.to_string().as_bytes()) else {
        return false;
    };
    authentication::verify(&response, &expected(), &authenticator.cose_key).is_ok()
}

/// The response with `member` cut at every length.
fn cuts<'a>(response: &'a Value, member: &'a str) -> impl Iterator<Item = Value> + 'a {
    let bytes = from_base64url(&response["response"][member]);
    (0..bytes.len()).map(move |length| with(response, member, &bytes[..length]))
}

/// The response with every byte of `member` changed in several ways.
fn changes<'a>(response: &'a Value, member: &'a str) -> impl Iterator<Item = Value> + 'a {
    let bytes = from_base64url(&response["response"][member]);
    flips(&bytes).map(move |changed| with(response, member, &changed))
}

fn with(response: &Value, member: &str, bytes: &[u8]) -> Value {
    let mut response = response.clone();
    response["response"][member] = json!(base64url(bytes));
    response
}

fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
    let bytes = bytes.to_vec();
    (0..bytes.len()).flat_map(move |position| {
        let bytes = bytes.clone();
        [0x01, 0x10, 0x20, 0x80, 0xff].map(|mask| {
            let mut changed = bytes.clone();
            changed[position] ^= mask;
            changed
        })
    })
}

/// Xorshift: the same noise in every run.
fn next_byte(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    state.to_le_bytes()[0]
}
