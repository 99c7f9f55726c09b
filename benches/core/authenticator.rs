//! An authenticator with real keys of all ten algorithms. It always behaves; the tests have one that does not.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keywright::webauthn::cose::Algorithm;
use minicbor::Encoder;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::fixture::{ORIGIN, RP_ID};

pub(crate) struct Authenticator {
    pub(crate) cose_key: Vec<u8>,
    algorithm: Algorithm,
    signer: Signer,
}

impl Authenticator {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let signer = Signer::new(algorithm);
        Self {
            cose_key: signer.cose_key(algorithm.cose_number()),
            algorithm,
            signer,
        }
    }

    /// The JSON of a registration that vouches for nothing, as most passkeys make them.
    pub(crate) fn register(&self, challenge: &[u8]) -> String {
        let statement = cbor(|statement| drop(statement.map(0)));
        let client_data = client_data("webauthn.create", challenge);
        self.registration(&client_data, "none", &statement)
    }

    /// The JSON of a registration with self attestation.
    pub(crate) fn register_self_attested(&self, challenge: &[u8]) -> String {
        let client_data = client_data("webauthn.create", challenge);
        let signature = self.sign(&self.attested_data(), &client_data);
        let statement = cbor(|statement| {
            let alg = statement
                .map(2)
                .and_then(|map| map.str("alg")?.i64(self.algorithm.cose_number()));
            drop(alg.and_then(|map| map.str("sig")?.bytes(&signature)));
        });
        self.registration(&client_data, "packed", &statement)
    }

    /// The JSON of an assertion.
    pub(crate) fn log_in(&self, challenge: &[u8]) -> String {
        let client_data = client_data("webauthn.get", challenge);
        let data = authenticator_data(PRESENT_AND_VERIFIED);
        let signature = self.sign(&data, &client_data);
        json!({
            "id": base64url(CREDENTIAL_ID),
            "rawId": base64url(CREDENTIAL_ID),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "authenticatorData": base64url(&data),
                "signature": base64url(&signature),
                "userHandle": base64url(b"a user"),
            },
        })
        .to_string()
    }

    fn registration(&self, client_data: &[u8], format: &str, statement: &[u8]) -> String {
        let head = cbor(|head| {
            drop(
                head.map(3)
                    .and_then(|map| map.str("fmt")?.str(format)?.str("attStmt")),
            );
        });
        let data = self.attested_data();
        let tail = cbor(|tail| drop(tail.str("authData").and_then(|map| map.bytes(&data))));
        let object = [head.as_slice(), statement, &tail].concat();
        json!({
            "id": base64url(CREDENTIAL_ID),
            "rawId": base64url(CREDENTIAL_ID),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(client_data),
                "attestationObject": base64url(&object),
                "transports": ["hybrid", "internal"],
            },
        })
        .to_string()
    }

    fn attested_data(&self) -> Vec<u8> {
        let mut data = authenticator_data(PRESENT_AND_VERIFIED | ATTESTED);
        data.extend_from_slice(&[9; 16]);
        data.extend_from_slice(&[0, 32]);
        data.extend_from_slice(CREDENTIAL_ID);
        data.extend_from_slice(&self.cose_key);
        data
    }

    fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        self.signer
            .sign(&[data, &Sha256::digest(client_data)].concat())
    }
}

fn client_data(ceremony_type: &str, challenge: &[u8]) -> Vec<u8> {
    let challenge = base64url(challenge);
    format!(
        r#"{{"type":"{ceremony_type}","challenge":"{challenge}","origin":"{ORIGIN}","crossOrigin":false}}"#
    )
    .into_bytes()
}

fn authenticator_data(flags: u8) -> Vec<u8> {
    [&*Sha256::digest(RP_ID), &[flags], &[0; 4]].concat()
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encoding to memory does not fail, so no result is looked at.
fn cbor(encode: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut Encoder::new(&mut bytes));
    bytes
}

enum Signer {
    Ecdsa(EcdsaKeyPair),
    Rsa(&'static dyn RsaEncoding),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Es256 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            Algorithm::Es384 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            Algorithm::Es512 => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            Algorithm::Rs256 => Self::Rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::Rs384 => Self::Rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::Rs512 => Self::Rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::Ps256 => Self::Rsa(&signature::RSA_PSS_SHA256),
            Algorithm::Ps384 => Self::Rsa(&signature::RSA_PSS_SHA384),
            Algorithm::Ps512 => Self::Rsa(&signature::RSA_PSS_SHA512),
            Algorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::generate().expect(KEYS)),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(key) => {
                let signature = key.sign(&random, message).expect(SIGNATURES);
                signature.as_ref().to_vec()
            }
            Self::Rsa(encoding) => {
                let mut signature = vec![0; RSA.public_modulus_len()];
                RSA.sign(*encoding, &random, message, &mut signature)
                    .expect(SIGNATURES);
                signature
            }
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    fn cose_key(&self, alg: i64) -> Vec<u8> {
        match self {
            Self::Ecdsa(key) => {
                let coordinates = &key.public_key().as_ref()[1..];
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                let curve = match x.len() {
                    32 => 1,
                    48 => 2,
                    _ => 3,
                };
                key_of(2, alg, curve, &[x, y])
            }
            Self::Rsa(_) => rsa_key(alg),
            Self::Ed25519(key) => key_of(1, alg, 6, &[key.public_key().as_ref()]),
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    Signer::Ecdsa(EcdsaKeyPair::generate(algorithm).expect(KEYS))
}

/// A key on a curve: coordinates are members -2 and, if there is a second, -3.
fn key_of(kty: i64, alg: i64, curve: i64, coordinates: &[&[u8]]) -> Vec<u8> {
    let members = if coordinates.len() == 2 { 5 } else { 4 };
    cbor(|key| {
        drop(key.map(members));
        for (label, value) in [(1, kty), (3, alg), (-1, curve)] {
            drop(key.i64(label).and_then(|key| key.i64(value)));
        }
        for (label, value) in [-2, -3].into_iter().zip(coordinates) {
            drop(key.i64(label).and_then(|key| key.bytes(value)));
        }
    })
}

fn rsa_key(alg: i64) -> Vec<u8> {
    let public = RSA.public_key();
    let modulus = public.modulus().big_endian_without_leading_zero();
    cbor(|key| {
        drop(key.map(4));
        for (label, value) in [(1, 3), (3, alg)] {
            drop(key.i64(label).and_then(|key| key.i64(value)));
        }
        drop(key.i64(-1).and_then(|key| key.bytes(modulus)));
        drop(key.i64(-2).and_then(|key| key.bytes(&[1, 0, 1])));
    })
}

/// One for all six algorithms: making RSA keys is slow.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect(KEYS));

const CREDENTIAL_ID: &[u8; 32] = b"a credential id of thirty-two by";
const PRESENT_AND_VERIFIED: u8 = 0b0000_0101;
const ATTESTED: u8 = 0b0100_0000;
const KEYS: &str = "this machine can make keys";
const SIGNATURES: &str = "a fresh key can sign";
