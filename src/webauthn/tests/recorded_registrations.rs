//! 167 registrations recorded from real and test authenticators, with the verdicts of three independent verifiers.
//!
//! Where one of the three accepts, keywright accepts, statement verified, or a rule below says why not. Where all refuse, keywright refuses, unless
//! their reasons are about trust and time, which are judged only where roots are given.

use serde_json::Value;

use super::super::Expected;
use super::super::attestation::{AttestationPolicy, Verify};
use super::super::cose::{Algorithm, KeyError};
use super::super::error::{
    AuthenticatorDataError, ResponseError, StatementError, VerificationError,
};
use super::super::options::UserVerification;
use super::super::origin::Origins;
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::from_base64url;
use super::{sha256, vectors};

#[test]
fn what_one_verifier_accepts_is_accepted_or_refused_by_a_rule() {
    for (index, record) in records() {
        let verdict = verdict(&record);
        let rule = RULES.iter().find(|(refused, _)| refused.contains(&index));
        match (rule, verdict) {
            (Some((_, rule)), Err(refusal)) => assert!(rule(&refusal), "{index}: {refusal:?}"),
            (Some(_), Ok(_)) => panic!("{index} is accepted, against its rule"),
            (None, Err(refusal)) => assert!(!one_accepts(&record), "{index}: {refusal:?}"),
            (None, Ok(registered)) => assert!(registered.attestation_type.is_verified(), "{index}"),
        }
    }
}

#[test]
fn what_every_verifier_refuses_is_refused_but_for_trust_and_time() {
    let accepted: Vec<usize> = records()
        .filter(|(_, record)| !one_accepts(record) && verdict(record).is_ok())
        .map(|(index, _)| index)
        .collect();
    if records().next().is_some() {
        assert_eq!(accepted, NOT_TRUSTED_OR_TOO_OLD);
    }
}

#[test]
fn recorded_registrations_without_a_chain_to_the_root_are_not_trusted() {
    let mut untrusted = 0;
    for (index, record) in records() {
        let policy = AttestationPolicy {
            verify: Verify::Trusted {
                roots: &[],
                now_unix_seconds: 0,
            },
            ..AttestationPolicy::FORMAT
        };
        match verdict_by(&record, &policy) {
            Ok(_) => panic!("{index} is trusted"),
            Err(Refusal::Verification(VerificationError::AttestationUntrusted(_))) => {
                untrusted += 1;
            }
            Err(Refusal::Verification(_) | Refusal::Response(_)) => {}
        }
    }
    assert!(untrusted == 0 || untrusted > 100, "{untrusted}");
}

#[test]
fn what_is_wrong_in_the_data_itself_is_refused() {
    let all: Vec<Value> = records().map(|(_, record)| record).collect();
    if all.is_empty() {
        return;
    }
    for index in WRONG_IN_THEMSELVES {
        assert!(!one_accepts(&all[*index]), "{index}");
        assert!(verdict(&all[*index]).is_err(), "{index}");
    }
}

type Rule = fn(&Refusal) -> bool;

#[derive(Debug)]
enum Refusal {
    Response(ResponseError),
    Verification(VerificationError),
}

fn records() -> impl Iterator<Item = (usize, Value)> {
    let file = vectors("recorded-registrations.json").unwrap_or_default();
    let records = file.as_array().cloned().unwrap_or_default();
    assert!(file.is_null() || records.len() == 167);
    records.into_iter().enumerate()
}

fn one_accepts(record: &Value) -> bool {
    ["py_webauthn", "simplewebauthn", "go_webauthn"]
        .into_iter()
        .any(|verifier| record[verifier] == "OK")
}

/// Cross-origin ceremonies are allowed: two of the three verifiers do not look.
fn verdict(record: &Value) -> Result<Registration, Refusal> {
    verdict_by(record, &AttestationPolicy::FORMAT)
}

fn verdict_by(record: &Value, policy: &AttestationPolicy<'_>) -> Result<Registration, Refusal> {
    let body = record["credential"].to_string();
    let response = RegistrationResponse::parse(body.as_bytes()).map_err(Refusal::Response)?;
    let origin = record["origin"].as_str().unwrap().to_owned();
    let rp_id = record["rp_id"].as_str().unwrap_or_default();
    let expected = Expected {
        challenge: &from_base64url(&record["challenge"]),
        rp_id_hash: &sha256(rp_id.as_bytes()),
        origins: &Origins::new(&[origin], &[], true),
        user_verification: UserVerification::Preferred,
    };
    registration::verify(&response, &expected, &Algorithm::ALL, policy)
        .map_err(Refusal::Verification)
}

/// WebAuthn L3 §7.1 step 20: ML-DSA is not among the algorithms offered.
fn algorithm_is_not_offered(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Verification(VerificationError::PublicKey(KeyError::UnsupportedAlgorithm))
    )
}

/// RFC 8949 and 9053: these keys of an old browser announce one entry fewer than they have, and write kty and crv as text.
fn cose_key_is_broken(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Response(ResponseError::AuthenticatorData(
            AuthenticatorDataError::TrailingBytes
        ))
    )
}

/// WebAuthn L3 §8.2 and §8.3: the certificate was issued for another AAGUID. One of the three does not look.
fn certificate_is_of_another_model(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Verification(VerificationError::Attestation(StatementError::Aaguid))
    )
}

const RULES: &[(&[usize], Rule)] = &[
    (&[41, 42, 43, 98, 99, 100], algorithm_is_not_offered),
    (&[126, 139, 165], cose_key_is_broken),
    (&[66, 155], certificate_is_of_another_model),
];

/// RS1, which nobody should offer; answers for another RP id; self attestations with a bad signature; CBOR of indefinite length; a credential
/// id that is too long; a broken key.
const WRONG_IN_THEMSELVES: &[usize] = &[
    22, 69, 60, 72, 115, 116, 122, 163, 74, 75, 120, 82, 83, 84, 85, 161, 164,
];

/// Chains that end nowhere or in test roots (Android, Apple), expired keys of TPMs, and two responses of `SafetyNet` that are older than a minute.
const NOT_TRUSTED_OR_TOO_OLD: &[usize] = &[0, 1, 2, 15, 23, 54, 61, 68, 113, 125, 143];
