//! A software authenticator that always behaves, and vouches for nothing (attestation format `none`), as most passkeys do.
//! Its counter stays 0, as that of a passkey that lives on several devices: logins of one credential do not wait for each
//! other here.

use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use rand::RngExt;

/// What a page gives its authenticator.
pub(super) struct Asked<'a> {
    pub(super) challenge: &'a str,
    pub(super) rp_id: &'a str,
    pub(super) origin: &'a str,
}

/// A credential and the private key of it.
pub(super) struct Authenticator {
    credential_id: [u8; 32],
    signer: Signer,
}

enum Signer {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
    Rs256(Arc<RsaKeyPair>),
}

impl Authenticator {
    /// The response to creation options.
    pub(super) fn create(&self, asked: &Asked<'_>) -> String {
        let client_data = client_data("webauthn.create", asked);
        let mut data = authenticator_data(asked.rp_id, PRESENT_AND_VERIFIED | ATTESTED);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&[0, 32]);
        data.extend_from_slice(&self.credential_id);
        data.extend_from_slice(&self.signer.cose_key());
        let object = cbor(|object| {
            object.map(3)?.str("fmt")?.str("none")?;
            object.str("attStmt")?.map(0)?;
            object.str("authData")?.bytes(&data)?.ok()
        });
        self.response(&format!(
            r#""clientDataJSON":"{}","attestationObject":"{}","transports":["internal"]"#,
            base64url(client_data.as_bytes()),
            base64url(&object),
        ))
    }

    /// The response to request options.
    pub(super) fn get(&self, asked: &Asked<'_>, user_handle: &[u8]) -> String {
        let client_data = client_data("webauthn.get", asked);
        let data = authenticator_data(asked.rp_id, PRESENT_AND_VERIFIED);
        let hash = digest(&SHA256, client_data.as_bytes());
        let signature = self.signer.sign(&[&data, hash.as_ref()].concat());
        self.response(&format!(
            r#""clientDataJSON":"{}","authenticatorData":"{}","signature":"{}","userHandle":"{}""#,
            base64url(client_data.as_bytes()),
            base64url(&data),
            base64url(&signature),
            base64url(user_handle),
        ))
    }

    fn response(&self, members: &str) -> String {
        let id = base64url(&self.credential_id);
        format!(
            r#"{{"id":"{id}","rawId":"{id}","type":"public-key","clientExtensionResults":{{}},"response":{{{members}}}}}"#
        )
    }
}

impl Signer {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => {
                let signature = key.sign(&random, message).expect(SIGNATURES);
                signature.as_ref().to_vec()
            }
            Self::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.expect(SIGNATURES);
                signature
            }
        }
    }

    fn cose_key(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                cose_key(&[(1, 2), (3, -7), (-1, 1)], &[(-2, x), (-3, y)])
            }
            Self::EdDsa(key) => {
                let x = key.public_key().as_ref();
                cose_key(&[(1, 1), (3, -8), (-1, 6)], &[(-2, x)])
            }
            Self::Rs256(key) => {
                let modulus = key.public_key().modulus();
                let n = modulus.big_endian_without_leading_zero();
                cose_key(&[(1, 3), (3, -257)], &[(-1, n), (-2, &[1, 0, 1])])
            }
        }
    }
}

/// How many authenticators of each algorithm, in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shares {
    es256: u64,
    eddsa: u64,
    rs256: u64,
}

impl FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut shares = Self {
            es256: 0,
            eddsa: 0,
            rs256: 0,
        };
        for part in text.split(',') {
            let (name, share) = part.split_once('=').unwrap_or((part, "1"));
            let share: u32 = share
                .trim()
                .parse()
                .map_err(|_| format!("the share {share:?} is not a number"))?;
            let all = match name.trim().to_ascii_lowercase().as_str() {
                "es256" => &mut shares.es256,
                "eddsa" => &mut shares.eddsa,
                "rs256" => &mut shares.rs256,
                _ => return Err(format!("{name:?} is none of ES256, EdDSA, RS256")),
            };
            *all = share.into();
        }
        if shares.all() == 0 {
            return Err("no algorithm has a share".to_owned());
        }
        Ok(shares)
    }
}

impl Shares {
    const fn all(self) -> u64 {
        self.es256 + self.eddsa + self.rs256
    }
}

/// Makes authenticators.
#[derive(Clone)]
pub(super) struct Maker {
    shares: Shares,
    /// One for all: making RSA keys is slow, and credentials are told apart by their ids.
    rsa: Option<Arc<RsaKeyPair>>,
}

impl Maker {
    pub(super) fn new(shares: Shares) -> Self {
        let rsa = || Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).expect(KEYS));
        Self {
            shares,
            rsa: (shares.rs256 > 0).then(rsa),
        }
    }

    /// The one of this number: of any run of as many as the shares add up to, each algorithm has its own.
    pub(super) fn authenticator(&self, number: u64) -> Authenticator {
        let place = number % self.shares.all();
        let signer = match &self.rsa {
            Some(rsa) if place < self.shares.rs256 => Signer::Rs256(Arc::clone(rsa)),
            _ if place < self.shares.rs256 + self.shares.eddsa => {
                Signer::EdDsa(Box::new(Ed25519KeyPair::generate().expect(KEYS)))
            }
            _ => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
                Signer::Es256(Box::new(key.expect(KEYS)))
            }
        };
        let mut credential_id = [0; 32];
        rand::rng().fill(&mut credential_id);
        Authenticator {
            credential_id,
            signer,
        }
    }
}

fn client_data(ceremony: &str, asked: &Asked<'_>) -> String {
    let (challenge, origin) = (asked.challenge, asked.origin);
    format!(
        r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
    )
}

fn authenticator_data(rp_id: &str, flags: u8) -> Vec<u8> {
    let hash = digest(&SHA256, rp_id.as_bytes());
    [hash.as_ref(), &[flags], &[0; 4]].concat()
}

fn cose_key(numbers: &[(i8, i16)], texts: &[(i8, &[u8])]) -> Vec<u8> {
    let members = numbers.len() + texts.len();
    cbor(|key| {
        key.map(u64::try_from(members).unwrap_or_default())?;
        for (label, number) in numbers {
            key.i8(*label)?.i16(*number)?;
        }
        for (label, bytes) in texts {
            key.i8(*label)?.bytes(bytes)?;
        }
        key.ok()
    })
}

type Encoded = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn cbor(encode: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Encoded) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut Encoder::new(&mut bytes)).expect("writing to memory does not fail");
    bytes
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

const PRESENT_AND_VERIFIED: u8 = 0b0000_0101;
const ATTESTED: u8 = 0b0100_0000;
const KEYS: &str = "this machine can make keys";
const SIGNATURES: &str = "a fresh key can sign";
