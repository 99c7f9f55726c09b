//! A tenant's signing keys: what kinds there are, how one is made, and how it signs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::tenant::ids::Timestamp;
use crate::tenant::settings::{RsaBits, Settings, TokenAlgorithm};

/// What a key is, and so which algorithm it signs with. The numbers are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum KeyKind {
    #[n(0)]
    Rsa2048,
    #[n(1)]
    Rsa3072,
    #[n(2)]
    Rsa4096,
    #[n(3)]
    P256,
    #[n(4)]
    Ed25519,
}

impl KeyKind {
    pub const ALL: [Self; 5] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::Ed25519,
    ];

    /// The kind that a tenant's next key has.
    pub const fn wanted(settings: &Settings) -> Self {
        match (settings.tokens.algorithm, settings.tokens.rsa_bits) {
            (TokenAlgorithm::Rs256, RsaBits::Bits2048) => Self::Rsa2048,
            (TokenAlgorithm::Rs256, RsaBits::Bits3072) => Self::Rsa3072,
            (TokenAlgorithm::Rs256, RsaBits::Bits4096) => Self::Rsa4096,
            (TokenAlgorithm::Es256, _) => Self::P256,
            (TokenAlgorithm::EdDsa, _) => Self::Ed25519,
        }
    }

    /// The `alg` of a token and of a JWK (RFC 7518 §3.1, RFC 8037 §3.1).
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => "RS256",
            Self::P256 => "ES256",
            Self::Ed25519 => "EdDSA",
        }
    }
}

/// What a key signs. Each purpose has a set of keys of its own, so that no token passes for one of the other kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Tokens that tell of a ceremony of the Passkey API.
    Token,
    /// Tokens of the Public API's sessions.
    Session,
}

impl KeyPurpose {
    pub const ALL: [Self; 2] = [Self::Token, Self::Session];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
        }
    }

    /// How long that lives which a key signs now.
    pub const fn lifetime_seconds(self, settings: &Settings) -> u32 {
        match self {
            Self::Token => settings.rules.token_lifetime_seconds,
            Self::Session => settings.sessions.lifetime_seconds,
        }
    }
}

#[derive(Debug, Error)]
pub enum SigningError {
    #[error("the signing key does not parse")]
    Key,
    #[error("signing failed")]
    Sign,
    #[error("the claims do not serialise")]
    Claims(#[from] serde_json::Error),
}

/// A key of some tenant, and what its rotation goes by.
#[derive(Debug, Clone)]
pub struct SigningKey {
    pub kid: Uuid,
    pub name: Box<str>,
    /// The first characters of the `secret` that the contract has for a key, where they are known. It opens nothing.
    pub hint: Box<str>,
    pub created_at: Timestamp,
    /// Published before, so that whoever keeps the key set for a while knows the key when it signs.
    pub signs_from: Timestamp,
    /// The longest that a token lives which this key has signed, or may have.
    pub token_lifetime_seconds_max: u32,
    pub private: Arc<PrivateKey>,
}

impl SigningKey {
    /// A JWS in compact serialization (RFC 7515 §7.1).
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, SigningError> {
        let pair = self.private.pair()?;
        let mut token = URL_SAFE_NO_PAD.encode(format!(
            r#"{{"alg":"{}","kid":"{}","typ":"JWT"}}"#,
            self.private.kind.algorithm(),
            self.kid
        ));
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = pair.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }
}

/// A private key in PKCS#8. It is parsed at its first use: most tenants that are read back never sign.
pub struct PrivateKey {
    pub kind: KeyKind,
    pkcs8: Zeroizing<Vec<u8>>,
    pair: OnceLock<Pair>,
}

/// The key as the library has it. It knows what it is: nothing that a token says chooses how it is used.
pub(super) enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.kind)
    }
}

impl PrivateKey {
    pub const fn new(kind: KeyKind, pkcs8: Zeroizing<Vec<u8>>) -> Self {
        Self {
            kind,
            pkcs8,
            pair: OnceLock::new(),
        }
    }

    /// Makes one. An RSA key takes from tens of milliseconds to seconds, and every key the system's randomness, so it is
    /// called on a thread of its own and never in a decision.
    pub fn generate(kind: KeyKind) -> Result<Self, SigningError> {
        let pkcs8 = match kind {
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048)?,
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072)?,
            KeyKind::Rsa4096 => rsa(KeySize::Rsa4096)?,
            KeyKind::P256 => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
                    .map(|document| document.as_ref().to_vec())
                    .map_err(|_| SigningError::Key)?
            }
            KeyKind::Ed25519 => Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map(|document| document.as_ref().to_vec())
                .map_err(|_| SigningError::Key)?,
        };
        Ok(Self::new(kind, Zeroizing::new(pkcs8)))
    }

    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    pub(super) fn pair(&self) -> Result<&Pair, SigningError> {
        if let Some(pair) = self.pair.get() {
            return Ok(pair);
        }
        let pair = Pair::parse(self.kind, &self.pkcs8)?;
        Ok(self.pair.get_or_init(|| pair))
    }
}

impl Pair {
    fn parse(kind: KeyKind, pkcs8: &[u8]) -> Result<Self, SigningError> {
        let pair = match kind {
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
                RsaKeyPair::from_pkcs8(pkcs8).map(Self::Rsa)
            }
            KeyKind::P256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self::P256)
            }
            KeyKind::Ed25519 => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::Ed25519),
        };
        pair.map_err(|_| SigningError::Key)
    }

    /// The signature as JWS has it: for ES256 two numbers of fixed length (RFC 7518 §3.4).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .map_err(|_| SigningError::Sign)?;
                Ok(signature)
            }
            Self::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::Sign),
            Self::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::Sign),
        }
    }
}

fn rsa(size: KeySize) -> Result<Vec<u8>, SigningError> {
    let pair = RsaKeyPair::generate(size).map_err(|_| SigningError::Key)?;
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)
        .map_err(|_| SigningError::Key)?;
    Ok(der.as_ref().to_vec())
}
