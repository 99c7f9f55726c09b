//! Private keys of all ten algorithms, and their public halves as authenticators write them.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};

use super::cbor;

/// One for all: making RSA keys is slow, and credentials are told apart by their ids.
pub static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect(KEYS));

pub struct Key {
    algorithm: i64,
    private: Private,
}

enum Private {
    Ecdsa(Box<EcdsaKeyPair>),
    Rsa(&'static dyn RsaEncoding),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Key {
    /// A new one, by the number that the algorithm has in COSE.
    pub fn generate(algorithm: i64) -> Self {
        let private = match algorithm {
            -7 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            -35 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            -36 => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            -257 => Private::Rsa(&signature::RSA_PKCS1_SHA256),
            -258 => Private::Rsa(&signature::RSA_PKCS1_SHA384),
            -259 => Private::Rsa(&signature::RSA_PKCS1_SHA512),
            -37 => Private::Rsa(&signature::RSA_PSS_SHA256),
            -38 => Private::Rsa(&signature::RSA_PSS_SHA384),
            -39 => Private::Rsa(&signature::RSA_PSS_SHA512),
            -8 => Private::Ed25519(Box::new(Ed25519KeyPair::generate().expect(KEYS))),
            other => panic!("no authenticator has keys of algorithm {other}"),
        };
        Self { algorithm, private }
    }

    /// The one of ES256 that somebody else made, in PKCS #8.
    pub fn es256(pkcs8: &[u8]) -> Self {
        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).expect("a key on P-256");
        Self {
            algorithm: -7,
            private: Private::Ecdsa(Box::new(pair)),
        }
    }

    pub const fn algorithm(&self) -> i64 {
        self.algorithm
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).expect(SIGNATURES);
                signature.as_ref().to_vec()
            }
            Private::Rsa(encoding) => {
                let mut signature = vec![0; RSA.public_modulus_len()];
                let signed = RSA.sign(*encoding, &random, message, &mut signature);
                signed.expect(SIGNATURES);
                signature
            }
            Private::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The public half.
    pub fn cose(&self) -> Vec<u8> {
        match &self.private {
            Private::Ecdsa(pair) => {
                let coordinates = &pair.public_key().as_ref()[1..];
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                let curve = match x.len() {
                    32 => 1,
                    48 => 2,
                    _ => 3,
                };
                ec2_key(self.algorithm, curve, x, y)
            }
            Private::Rsa(_) => {
                let modulus = RSA.public_key().modulus();
                let n = modulus.big_endian_without_leading_zero();
                rsa_key(self.algorithm, n, &[1, 0, 1])
            }
            Private::Ed25519(pair) => okp_key(self.algorithm, 6, pair.public_key().as_ref()),
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Private {
    Private::Ecdsa(Box::new(EcdsaKeyPair::generate(algorithm).expect(KEYS)))
}

pub fn ec2_key(alg: i64, curve: i64, x: &[u8], y: &[u8]) -> Vec<u8> {
    cose_key(&[(1, 2), (3, alg), (-1, curve)], &[(-2, x), (-3, y)])
}

pub fn okp_key(alg: i64, curve: i64, x: &[u8]) -> Vec<u8> {
    cose_key(&[(1, 1), (3, alg), (-1, curve)], &[(-2, x)])
}

pub fn rsa_key(alg: i64, n: &[u8], e: &[u8]) -> Vec<u8> {
    cose_key(&[(1, 3), (3, alg)], &[(-1, n), (-2, e)])
}

fn cose_key(numbers: &[(i64, i64)], texts: &[(i64, &[u8])]) -> Vec<u8> {
    let members = numbers.len() + texts.len();
    cbor(|key| {
        key.map(u64::try_from(members).unwrap_or_default())?;
        for (label, number) in numbers {
            key.i64(*label)?.i64(*number)?;
        }
        for (label, bytes) in texts {
            key.i64(*label)?.bytes(bytes)?;
        }
        key.ok()
    })
}

const KEYS: &str = "this machine can make keys";
const SIGNATURES: &str = "a fresh key can sign";
