//! An authenticator that can be told to misbehave, with real keys of all ten algorithms: for what passkey-rs cannot or
//! will not make.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use serde_json::{Value, json};

use super::{ORIGIN, RP_ID};

/// In the order of the contract.
pub(crate) const ALGORITHMS: [i64; 10] = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];

/// Of the authenticator data.
pub(crate) struct Flags;

impl Flags {
    pub(crate) const PRESENT: u8 = 0x01;
    pub(crate) const VERIFIED: u8 = 0x04;
    pub(crate) const BACKUP_ELIGIBLE: u8 = 0x08;
    pub(crate) const BACKED_UP: u8 = 0x10;
    const ATTESTED: u8 = 0x40;
}

pub(crate) struct Forge {
    pub(crate) origin: String,
    pub(crate) rp_id: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) aaguid: [u8; 16],
    pub(crate) user_handle: Option<Vec<u8>>,
    /// Instead of `webauthn.create` and `webauthn.get`.
    pub(crate) ceremony_type: Option<String>,
    /// JSON members that come before the others in the client data, commas included.
    pub(crate) client_data_prefix: String,
    algorithm: i64,
    signer: Signer,
}

pub(crate) enum Attestation<'a> {
    None,
    PackedSelf,
    /// A packed statement whose signature is over something else.
    PackedTampered,
    /// A packed statement in CBOR, made of what it has to sign.
    Certified(&'a dyn Fn(&[u8]) -> Vec<u8>),
    /// Any format with any statement in CBOR.
    Other {
        format: &'a str,
        statement: &'a [u8],
    },
}

impl Forge {
    /// Everything as it should be: present and verified, not backed up, an id of 32 bytes.
    pub(crate) fn new(algorithm: i64) -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            rp_id: RP_ID.to_owned(),
            flags: Flags::PRESENT | Flags::VERIFIED,
            counter: 1,
            credential_id: unique_id(),
            aaguid: [9; 16],
            user_handle: None,
            ceremony_type: None,
            client_data_prefix: String::new(),
            algorithm,
            signer: Signer::new(algorithm),
        }
    }

    /// The response to creation options. The user handle is kept for logins.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.create_with(options, &Attestation::None)
    }

    pub(crate) fn create_with(&mut self, options: &Value, attestation: &Attestation<'_>) -> Value {
        self.user_handle = Some(from_base64url(&options["publicKey"]["user"]["id"]));
        let client_data = self.client_data(options, "webauthn.create");
        let data = self.attested_data();
        let signed = |data: &[u8]| self.signer.sign(&[data, &sha256(&client_data)].concat());
        let packed = |signature: &[u8]| self.packed_statement(signature);
        let (format, statement) = match attestation {
            Attestation::None => ("none", EMPTY_MAP.to_vec()),
            Attestation::PackedSelf => ("packed", packed(&signed(&data))),
            Attestation::PackedTampered => ("packed", packed(&signed(b"something else"))),
            Attestation::Certified(attest) => {
                let message = [data.as_slice(), &sha256(&client_data)].concat();
                ("packed", attest(&message))
            }
            Attestation::Other { format, statement } => (*format, statement.to_vec()),
        };
        json!({
            "id": base64url(&self.credential_id),
            "rawId": base64url(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "attestationObject": base64url(&attestation_object(format, &statement, &data)),
                "transports": ["internal"],
            },
        })
    }

    /// The response to request options. The counter grows by one.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        self.counter = self.counter.wrapping_add(1);
        let client_data = self.client_data(options, "webauthn.get");
        let data = self.data(self.flags);
        let signature = self
            .signer
            .sign(&[data.as_slice(), &sha256(&client_data)].concat());
        json!({
            "id": base64url(&self.credential_id),
            "rawId": base64url(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "authenticatorData": base64url(&data),
                "signature": base64url(&signature),
                "userHandle": self.user_handle.as_deref().map(base64url),
            },
        })
    }

    pub(crate) fn id(&self) -> String {
        base64url(&self.credential_id)
    }

    fn client_data(&self, options: &Value, ceremony_type: &str) -> Vec<u8> {
        let client_data = json!({
            "type": self.ceremony_type.as_deref().unwrap_or(ceremony_type),
            "challenge": options["publicKey"]["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        let members = client_data.to_string();
        format!("{{{}{}", self.client_data_prefix, &members[1..]).into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let counter = self.counter.to_be_bytes();
        [sha256(self.rp_id.as_bytes()), vec![flags], counter.to_vec()].concat()
    }

    fn attested_data(&self) -> Vec<u8> {
        let length = u16::try_from(self.credential_id.len()).unwrap();
        [
            self.data(self.flags | Flags::ATTESTED),
            self.aaguid.to_vec(),
            length.to_be_bytes().to_vec(),
            self.credential_id.clone(),
            self.signer.cose_key(self.algorithm),
        ]
        .concat()
    }

    fn packed_statement(&self, signature: &[u8]) -> Vec<u8> {
        let mut statement = Vec::new();
        let mut encoder = Encoder::new(&mut statement);
        encoder.map(2).unwrap();
        encoder.str("alg").unwrap().i64(self.algorithm).unwrap();
        encoder.str("sig").unwrap().bytes(signature).unwrap();
        statement
    }
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64url(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

fn attestation_object(format: &str, statement: &[u8], data: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    let mut encoder = Encoder::new(&mut head);
    encoder.map(3).unwrap().str("fmt").unwrap();
    encoder.str(format).unwrap().str("attStmt").unwrap();
    let mut tail = Vec::new();
    let mut encoder = Encoder::new(&mut tail);
    encoder.str("authData").unwrap().bytes(data).unwrap();
    [head.as_slice(), statement, &tail].concat()
}

fn unique_id() -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    sha256(format!("credential {process} {number}").as_bytes())
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

enum Signer {
    Ecdsa(Box<EcdsaKeyPair>),
    Rsa(&'static dyn RsaEncoding),
    Ed25519(Box<Ed25519KeyPair>),
}

/// One for all: making RSA keys is slow, and a forged credential is told from others by its id.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap());

impl Signer {
    fn new(algorithm: i64) -> Self {
        match algorithm {
            -7 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            -35 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            -36 => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            -257 => Self::Rsa(&signature::RSA_PKCS1_SHA256),
            -258 => Self::Rsa(&signature::RSA_PKCS1_SHA384),
            -259 => Self::Rsa(&signature::RSA_PKCS1_SHA512),
            -37 => Self::Rsa(&signature::RSA_PSS_SHA256),
            -38 => Self::Rsa(&signature::RSA_PSS_SHA384),
            -39 => Self::Rsa(&signature::RSA_PSS_SHA512),
            -8 => Self::Ed25519(Box::new(Ed25519KeyPair::generate().unwrap())),
            other => panic!("no algorithm {other}"),
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

    fn cose_key(&self, algorithm: i64) -> Vec<u8> {
        match self {
            Self::Ecdsa(key) => {
                let (x, y) = {
                    let point = &key.public_key().as_ref()[1..];
                    point.split_at(point.len() / 2)
                };
                let curve = match x.len() {
                    32 => 1,
                    48 => 2,
                    _ => 3,
                };
                let parts = [(-2, x), (-3, y)];
                cose_key(algorithm, 2, Some(curve), &parts)
            }
            Self::Rsa(_) => {
                let public = RSA.public_key();
                let n = public.modulus().big_endian_without_leading_zero();
                cose_key(algorithm, 3, None, &[(-1, n), (-2, &[1, 0, 1])])
            }
            Self::Ed25519(key) => {
                cose_key(algorithm, 1, Some(6), &[(-2, key.public_key().as_ref())])
            }
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    Signer::Ecdsa(Box::new(EcdsaKeyPair::generate(algorithm).unwrap()))
}

fn cose_key(algorithm: i64, kty: i64, curve: Option<i64>, parts: &[(i64, &[u8])]) -> Vec<u8> {
    let mut key = Vec::new();
    let mut encoder = Encoder::new(&mut key);
    let members = 2 + curve.iter().count() + parts.len();
    encoder.map(u64::try_from(members).unwrap()).unwrap();
    encoder.i64(1).unwrap().i64(kty).unwrap();
    encoder.i64(3).unwrap().i64(algorithm).unwrap();
    if let Some(curve) = curve {
        encoder.i64(-1).unwrap().i64(curve).unwrap();
    }
    for (label, bytes) in parts {
        encoder.i64(*label).unwrap().bytes(bytes).unwrap();
    }
    key
}

const EMPTY_MAP: [u8; 1] = [0xa0];
