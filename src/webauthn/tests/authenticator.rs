//! An authenticator and client for tests, with real keys of all ten algorithms. It can be told to misbehave.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use serde_json::{Value, json};

use super::super::Expected;
use super::super::client_data::Origins;
use super::super::cose::Algorithm;
use super::super::options::UserVerification;
use super::sha256;

pub(super) const AAGUID: [u8; 16] = [9; 16];
pub(super) const CHALLENGE: [u8; 32] = [7; 32];
pub(super) static RP_ID_HASH: LazyLock<[u8; 32]> = LazyLock::new(|| sha256(b"example.org"));
static ORIGINS: LazyLock<Origins> =
    LazyLock::new(|| Origins::new(&["https://example.org".to_owned()], &[], false));

pub(super) fn expected() -> Expected<'static> {
    Expected {
        challenge: &CHALLENGE,
        rp_id_hash: &RP_ID_HASH,
        origins: &ORIGINS,
        user_verification: UserVerification::Required,
    }
}

pub(super) struct Authenticator {
    pub(super) credential_id: Vec<u8>,
    /// Without AT, which is set where it belongs.
    pub(super) flags: u8,
    pub(super) counter: u32,
    pub(super) rp_id_hash: [u8; 32],
    pub(super) cose_key: Vec<u8>,
    /// Members of the client data, `type` excepted.
    pub(super) client_data: Value,
    signer: Signer,
}

impl Authenticator {
    /// Present and verified, not backed up.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let signer = Signer::new(algorithm);
        Self {
            credential_id: b"a credential id!".to_vec(),
            flags: 0b0000_0101,
            counter: 3,
            rp_id_hash: *RP_ID_HASH,
            cose_key: signer.cose_key(algorithm),
            client_data: json!({
                "challenge": base64url(&CHALLENGE),
                "origin": "https://example.org",
                "crossOrigin": false,
            }),
            signer,
        }
    }

    /// With this key on P-256, in PKCS #8: for certificates of the credential's own key.
    pub(super) fn with_key(pkcs8: &[u8]) -> Self {
        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let mut authenticator = Self::new(Algorithm::Es256);
        authenticator.signer = Signer::Ecdsa(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).unwrap());
        authenticator.cose_key = authenticator.signer.cose_key(Algorithm::Es256);
        authenticator
    }

    pub(super) fn create(&self) -> Value {
        let mut statement = Vec::new();
        Encoder::new(&mut statement).map(0).unwrap();
        self.create_with("none", &statement)
    }

    /// Self attestation: `alg` as claimed, `sig` by the credential's key.
    pub(super) fn create_self_attested(&self, alg: i64) -> Value {
        let mut statement = Vec::new();
        let mut encoder = Encoder::new(&mut statement);
        encoder.map(2).unwrap();
        encoder.str("alg").unwrap().i64(alg).unwrap();
        let signature = self.sign(&self.message());
        encoder.str("sig").unwrap().bytes(&signature).unwrap();
        self.create_with("packed", &statement)
    }

    /// What attestation statements sign.
    pub(super) fn message(&self) -> Vec<u8> {
        [self.attested_data(), self.client_data_hash().to_vec()].concat()
    }

    pub(super) fn client_data_hash(&self) -> [u8; 32] {
        sha256(&self.client_data_json("webauthn.create"))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer.sign(message)
    }

    pub(super) fn create_with(&self, format: &str, statement: &[u8]) -> Value {
        let object = attestation_object(format, statement, &self.attested_data());
        json!({
            "id": base64url(&self.credential_id),
            "rawId": base64url(&self.credential_id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&self.client_data_json("webauthn.create")),
                "attestationObject": base64url(&object),
            },
        })
    }

    pub(super) fn get(&self) -> Value {
        let client_data = self.client_data_json("webauthn.get");
        let data = self.plain_data(self.flags);
        let signature = self
            .signer
            .sign(&[data.as_slice(), &sha256(&client_data)].concat());
        json!({
            "id": base64url(&self.credential_id),
            "rawId": base64url(&self.credential_id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "authenticatorData": base64url(&data),
                "signature": base64url(&signature),
                "userHandle": null,
            },
        })
    }

    pub(super) fn attested_data(&self) -> Vec<u8> {
        let mut data = self.plain_data(self.flags | 0b0100_0000);
        data.extend_from_slice(&AAGUID);
        let length = u16::try_from(self.credential_id.len()).unwrap();
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&self.credential_id);
        data.extend_from_slice(&self.cose_key);
        data
    }

    fn plain_data(&self, flags: u8) -> Vec<u8> {
        let counter = self.counter.to_be_bytes();
        [self.rp_id_hash.as_slice(), &[flags], &counter].concat()
    }

    fn client_data_json(&self, ceremony_type: &str) -> Vec<u8> {
        let mut client_data = self.client_data.clone();
        if client_data.get("type").is_none() {
            client_data["type"] = ceremony_type.into();
        }
        client_data.to_string().into_bytes()
    }
}

pub(super) fn attestation_object(format: &str, statement: &[u8], data: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    let mut encoder = Encoder::new(&mut head);
    encoder.map(3).unwrap().str("fmt").unwrap();
    encoder.str(format).unwrap().str("attStmt").unwrap();
    let mut tail = Vec::new();
    let mut encoder = Encoder::new(&mut tail);
    encoder.str("authData").unwrap().bytes(data).unwrap();
    [head.as_slice(), statement, &tail].concat()
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn from_base64url(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

/// One key for the whole run: making RSA keys is slow.
pub(super) static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap());

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
            Algorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(encoding) => {
                let mut signature = vec![0; RSA.public_modulus_len()];
                RSA.sign(*encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    fn cose_key(&self, algorithm: Algorithm) -> Vec<u8> {
        let alg = algorithm.cose_number();
        match self {
            Self::Ecdsa(key) => {
                let coordinates = &key.public_key().as_ref()[1..];
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                let curve = match x.len() {
                    32 => 1,
                    48 => 2,
                    _ => 3,
                };
                ec2_key(alg, curve, x, y)
            }
            Self::Rsa(_) => {
                let public = RSA.public_key();
                let n = public.modulus().big_endian_without_leading_zero().to_vec();
                rsa_key(alg, &n, &[1, 0, 1])
            }
            Self::Ed25519(key) => okp_key(alg, 6, key.public_key().as_ref()),
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    Signer::Ecdsa(EcdsaKeyPair::generate(algorithm).unwrap())
}

pub(super) fn ec2_key(alg: i64, curve: i64, x: &[u8], y: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let mut encoder = Encoder::new(&mut key);
    encoder.map(5).unwrap().i64(1).unwrap().i64(2).unwrap();
    encoder.i64(3).unwrap().i64(alg).unwrap();
    encoder.i64(-1).unwrap().i64(curve).unwrap();
    encoder.i64(-2).unwrap().bytes(x).unwrap();
    encoder.i64(-3).unwrap().bytes(y).unwrap();
    key
}

pub(super) fn okp_key(alg: i64, curve: i64, x: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let mut encoder = Encoder::new(&mut key);
    encoder.map(4).unwrap().i64(1).unwrap().i64(1).unwrap();
    encoder.i64(3).unwrap().i64(alg).unwrap();
    encoder.i64(-1).unwrap().i64(curve).unwrap();
    encoder.i64(-2).unwrap().bytes(x).unwrap();
    key
}

pub(super) fn rsa_key(alg: i64, n: &[u8], e: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let mut encoder = Encoder::new(&mut key);
    encoder.map(4).unwrap().i64(1).unwrap().i64(3).unwrap();
    encoder.i64(3).unwrap().i64(alg).unwrap();
    encoder.i64(-1).unwrap().bytes(n).unwrap();
    encoder.i64(-2).unwrap().bytes(e).unwrap();
    key
}
