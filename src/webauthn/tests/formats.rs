//! fido-u2f, apple and android-key: what each asks of its one certificate, one thing broken at a time.

use minicbor::Encoder;
use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P384_SHA384};
use uuid::Uuid;

use super::super::attestation::{AttestationPolicy, AttestationType};
use super::super::cose::Algorithm;
use super::super::error::{StatementError, VerificationError};
use super::super::registration::{self, RegistrationResponse};
use super::authenticator::{AAGUID, Authenticator, expected};
use super::certificates::{Attester, key, packed_leaf, root, statement};
use super::sha256;

#[test]
fn u2f_signs_its_own_message() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let sign = |message: &[u8]| statement(None, &attester.sign(message), &attester.chain(&[]));
    let message = u2f_message(&authenticator);
    let verdict = verify(&authenticator, "fido-u2f", &sign(&message));
    assert_eq!(verdict.unwrap(), AttestationType::Certified);
    for position in [0, 1, 33, 65, 66, message.len() - 1] {
        let mut changed = message.clone();
        changed[position] ^= 1;
        let refusal = verify(&authenticator, "fido-u2f", &sign(&changed));
        assert!(
            matches!(refusal, Err(StatementError::Signature)),
            "{position}"
        );
    }
}

#[test]
fn u2f_has_one_certificate() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let signature = attester.sign(&u2f_message(&authenticator));
    let certificate = attester.certificate.as_slice();
    for chain in [&[][..], &[certificate; 2]] {
        let refusal = verify(
            &authenticator,
            "fido-u2f",
            &statement(None, &signature, chain),
        );
        assert!(matches!(refusal, Err(StatementError::CertificateCount)));
    }
}

#[test]
fn u2f_cannot_claim_a_model() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let signature = attester.sign(&u2f_message(&authenticator));
    let statement = statement(None, &signature, &attester.chain(&[]));
    for (allowed, is_taken) in [(Uuid::from_bytes(AAGUID), false), (Uuid::nil(), true)] {
        let policy = AttestationPolicy {
            aaguids_allowed: &[allowed],
            ..AttestationPolicy::FORMAT
        };
        let response = authenticator
            .create_with("fido-u2f", &statement)
            .to_string();
        let response = RegistrationResponse::parse(response.as_bytes()).unwrap();
        let verdict = registration::verify(&response, &expected(), &Algorithm::ALL, &policy);
        assert_eq!(verdict.is_ok(), is_taken);
    }
}

#[test]
fn u2f_knows_only_p256() {
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let ed25519 = Authenticator::new(Algorithm::EdDsa);
    let made = statement(None, &attester.sign(b""), &attester.chain(&[]));
    let refusal = verify(&ed25519, "fido-u2f", &made);
    assert!(matches!(refusal, Err(StatementError::Algorithm)));
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let certificate = packed_leaf().signed_by(&p384, &root("Root")).unwrap();
    let made = statement(None, &attester.sign(b""), &[certificate.der()]);
    let refusal = verify(&Authenticator::new(Algorithm::Es256), "fido-u2f", &made);
    assert!(matches!(refusal, Err(StatementError::Algorithm)));
}

#[test]
fn apple_certifies_the_key_and_the_ceremony() {
    let key = key();
    let authenticator = Authenticator::with_key(&key.serialize_der());
    let nonce = sha256(&authenticator.message());
    let verdict = apple(&authenticator, &key, &nonce);
    assert_eq!(verdict.unwrap(), AttestationType::Anonymous);
    let other = apple(&authenticator, &key, &sha256(b"another ceremony"));
    assert!(matches!(other, Err(StatementError::OtherCeremony)));
    let other = apple(&authenticator, &super::certificates::key(), &nonce);
    assert!(matches!(other, Err(StatementError::OtherKey)));
    let without = Attester::with_key(&packed_leaf(), &root("Root"), &key);
    let refusal = verify(&authenticator, "apple", &x5c(&without.certificate));
    assert!(matches!(refusal, Err(StatementError::Certificate(_))));
}

#[test]
fn android_certifies_a_key_of_its_keystore() {
    let hash = Android::new().authenticator.client_data_hash();
    for (software, hardware) in [
        (&[][..], [PURPOSE_SIGN, ORIGIN_GENERATED].concat()),
        (PURPOSE_SIGN, ORIGIN_GENERATED.to_vec()),
        (&[], Vec::new()),
        (&[], [PURPOSE_SIGN, OTHER_ENTRY, ORIGIN_GENERATED].concat()),
    ] {
        let verdict = Android::new().attest(&hash, software, &hardware);
        assert_eq!(verdict.unwrap(), AttestationType::Certified);
    }
}

#[test]
fn android_keys_of_other_kinds_are_refused() {
    let hash = Android::new().authenticator.client_data_hash();
    for (list, is_open) in [
        (ALL_APPLICATIONS, true),
        (PURPOSE_SIGN_AND_VERIFY, false),
        (PURPOSE_ENCRYPT, false),
        (ORIGIN_IMPORTED, false),
    ] {
        for in_hardware in [false, true] {
            let (software, hardware): (&[u8], &[u8]) = if in_hardware {
                (&[], list)
            } else {
                (list, &[])
            };
            match Android::new().attest(&hash, software, hardware) {
                Err(StatementError::AllApplications) => assert!(is_open),
                Err(StatementError::KeyUse) => assert!(!is_open),
                other => panic!("{list:?} {other:?}"),
            }
        }
    }
}

#[test]
fn android_certifies_this_ceremony_and_this_key() {
    let other = Android::new().attest(&sha256(b"another ceremony"), PURPOSE_SIGN, &[]);
    assert!(matches!(other, Err(StatementError::OtherCeremony)));
    let mut other_key = Android::new();
    other_key.key = key();
    let hash = other_key.authenticator.client_data_hash();
    let other = other_key.attest(&hash, PURPOSE_SIGN, &[]);
    assert!(matches!(other, Err(StatementError::OtherKey)));
}

fn u2f_message(authenticator: &Authenticator) -> Vec<u8> {
    let key = &authenticator.cose_key;
    let (x, y) = (&key[key.len() - 67..key.len() - 35], &key[key.len() - 32..]);
    [
        &[0],
        authenticator.rp_id_hash.as_slice(),
        &authenticator.client_data_hash(),
        &authenticator.credential_id,
        &[4],
        x,
        y,
    ]
    .concat()
}

fn apple(
    authenticator: &Authenticator,
    key: &KeyPair,
    nonce: &[u8; 32],
) -> Result<AttestationType, StatementError> {
    let value = [&[0x30, 36, 0xa1, 34, 0x04, 32], nonce.as_slice()].concat();
    let leaf = leaf_with(&[1, 2, 840, 113_635, 100, 8, 2], value);
    let attester = Attester::with_key(&leaf, &root("Root"), key);
    verify(authenticator, "apple", &x5c(&attester.certificate))
}

struct Android {
    key: KeyPair,
    authenticator: Authenticator,
}

impl Android {
    fn new() -> Self {
        let key = key();
        let authenticator = Authenticator::with_key(&key.serialize_der());
        Self { key, authenticator }
    }

    fn attest(
        &self,
        challenge: &[u8; 32],
        software: &[u8],
        hardware: &[u8],
    ) -> Result<AttestationType, StatementError> {
        let list = |content: &[u8]| [&[0x30, byte(content.len())], content].concat();
        let description = [
            &[2, 1, 3, 10, 1, 1, 2, 1, 4, 10, 1, 1, 4, 32],
            challenge.as_slice(),
            &[4, 0],
            &list(software),
            &list(hardware),
        ];
        let value = list(&description.concat());
        let leaf = leaf_with(&[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17], value);
        let attester = Attester::with_key(&leaf, &root("Root"), &self.key);
        let statement = attester.packed(&self.authenticator.message(), &[]);
        verify(&self.authenticator, "android-key", &statement)
    }
}

fn leaf_with(id: &[u64], value: Vec<u8>) -> CertificateParams {
    let mut leaf = packed_leaf();
    leaf.custom_extensions = vec![CustomExtension::from_oid_content(id, value)];
    leaf
}

fn x5c(certificate: &[u8]) -> Vec<u8> {
    let mut statement = Vec::new();
    let mut encoder = Encoder::new(&mut statement);
    encoder.map(1).unwrap().str("x5c").unwrap();
    encoder.array(1).unwrap().bytes(certificate).unwrap();
    statement
}

fn verify(
    authenticator: &Authenticator,
    format: &str,
    statement: &[u8],
) -> Result<AttestationType, StatementError> {
    let response = authenticator.create_with(format, statement).to_string();
    let response = RegistrationResponse::parse(response.as_bytes()).unwrap();
    let policy = AttestationPolicy::FORMAT;
    match registration::verify(&response, &expected(), &Algorithm::ALL, &policy) {
        Ok(registered) => Ok(registered.attestation_type),
        Err(VerificationError::Attestation(refusal)) => Err(refusal),
        Err(refusal) => panic!("{refusal}"),
    }
}

fn byte(length: usize) -> u8 {
    u8::try_from(length)
        .ok()
        .filter(|byte| *byte < 128)
        .unwrap()
}

/// Entries of Android's `AuthorizationList`: `[1]` SET OF INTEGER, `[702]` INTEGER, `[600]` NULL, `[503]` NULL.
const PURPOSE_SIGN: &[u8] = &[0xa1, 5, 0x31, 3, 2, 1, 2];
const PURPOSE_SIGN_AND_VERIFY: &[u8] = &[0xa1, 8, 0x31, 6, 2, 1, 2, 2, 1, 3];
const PURPOSE_ENCRYPT: &[u8] = &[0xa1, 5, 0x31, 3, 2, 1, 0];
const ORIGIN_GENERATED: &[u8] = &[0xbf, 0x85, 0x3e, 3, 2, 1, 0];
const ORIGIN_IMPORTED: &[u8] = &[0xbf, 0x85, 0x3e, 3, 2, 1, 2];
const ALL_APPLICATIONS: &[u8] = &[0xbf, 0x84, 0x58, 2, 5, 0];
const OTHER_ENTRY: &[u8] = &[0xbf, 0x83, 0x77, 2, 5, 0];
