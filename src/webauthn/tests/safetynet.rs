//! android-safetynet, with a service of our own under Google's name: what is asked of its response, one thing broken at a time.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minicbor::Encoder;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey};
use serde_json::{Value, json};

use super::super::attestation::{AttestationPolicy, AttestationType};
use super::super::cose::Algorithm;
use super::super::error::{StatementError, VerificationError};
use super::super::registration::{self, RegistrationResponse};
use super::authenticator::{Authenticator, expected};
use super::certificates::root;
use super::sha256;
use crate::forge::base64url;

#[test]
fn a_response_of_the_service_certifies() {
    assert_eq!(Service::new().attest().unwrap(), AttestationType::Certified);
}

#[test]
fn the_response_is_for_this_ceremony() {
    let mut service = Service::new();
    service.payload["nonce"] = STANDARD.encode(sha256(b"another ceremony")).into();
    assert!(matches!(
        service.attest(),
        Err(StatementError::OtherCeremony)
    ));
}

#[test]
fn the_device_is_whole() {
    for answer in [json!(false), Value::Null] {
        let mut service = Service::new();
        if answer.is_null() {
            service.payload = json!({"nonce": service.payload["nonce"]});
        } else {
            service.payload["ctsProfileMatch"] = answer;
        }
        assert!(matches!(
            service.attest(),
            Err(StatementError::DeviceIntegrity)
        ));
    }
}

#[test]
fn only_the_service_answers() {
    let mut service = Service::new();
    service.host = "attest.android.com.example.org";
    assert!(matches!(service.attest(), Err(StatementError::ServiceName)));
}

#[test]
fn the_response_is_signed_as_it_says() {
    let mut service = Service::new();
    service.signature_spoiled = true;
    assert!(matches!(service.attest(), Err(StatementError::Signature)));
    for algorithm in ["none", "HS256", "ES256", ""] {
        let mut service = Service::new();
        service.algorithm = algorithm;
        assert!(matches!(service.attest(), Err(StatementError::Algorithm)));
    }
}

#[test]
fn what_is_no_response_is_refused() {
    for response in ["", ".", "..", "e30.e30.", "a.b.c", "e30.e30.e30.e30"] {
        let authenticator = Authenticator::new(Algorithm::Es256);
        let verdict = verify(&authenticator, "1", response.as_bytes());
        assert!(matches!(verdict, Err(StatementError::ServiceResponse)));
    }
    let authenticator = Authenticator::new(Algorithm::Es256);
    assert!(matches!(
        verify(&authenticator, "", b""),
        Err(StatementError::Version)
    ));
}

struct Service {
    authenticator: Authenticator,
    host: &'static str,
    algorithm: &'static str,
    payload: Value,
    signature_spoiled: bool,
}

impl Service {
    fn new() -> Self {
        let authenticator = Authenticator::new(Algorithm::Es256);
        let nonce = STANDARD.encode(sha256(&authenticator.message()));
        Self {
            authenticator,
            host: "attest.android.com",
            algorithm: "RS256",
            payload: json!({"nonce": nonce, "ctsProfileMatch": true, "timestampMs": 1}),
            signature_spoiled: false,
        }
    }

    fn attest(&self) -> Result<AttestationType, StatementError> {
        let params = CertificateParams::new(vec![self.host.to_owned()]).unwrap();
        let leaf = params.signed_by(&*KEY, &root("Root")).unwrap();
        let header = json!({"alg": self.algorithm, "x5c": [STANDARD.encode(leaf.der())]});
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&self.payload));
        let mut signature = KEY.sign(signed.as_bytes()).unwrap();
        signature[7] ^= u8::from(self.signature_spoiled);
        let response = format!("{signed}.{}", base64url(&signature));
        verify(&self.authenticator, "12685023", response.as_bytes())
    }
}

fn verify(
    authenticator: &Authenticator,
    version: &str,
    response: &[u8],
) -> Result<AttestationType, StatementError> {
    let mut statement = Vec::new();
    let mut encoder = Encoder::new(&mut statement);
    encoder.map(2).unwrap();
    encoder.str("ver").unwrap().str(version).unwrap();
    encoder.str("response").unwrap().bytes(response).unwrap();
    let response = authenticator.create_with("android-safetynet", &statement);
    let response = RegistrationResponse::parse(response.to_string().as_bytes()).unwrap();
    let policy = AttestationPolicy::FORMAT;
    match registration::verify(&response, &expected(), &Algorithm::ALL, &policy) {
        Ok(registered) => Ok(registered.attestation_type),
        Err(VerificationError::Attestation(refusal)) => Err(refusal),
        Err(refusal) => panic!("{refusal}"),
    }
}

/// Making RSA keys is slow.
static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
