//! The public keys of an issuer: a JWKS (RFC 7517 §5), of which only those keys are kept that can verify a signature here.

use std::fmt;

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::compact::algorithm;
use super::{Refused, Unverified};
use crate::webauthn::cose::{Algorithm, check_rsa_numbers};

/// Ready to verify.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Nobody wants to read numbers of keys.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeySetError {
    #[error("it is longer than {KEY_SET_BYTES_MAX} bytes")]
    TooLong,
    #[error("it is not a JWKS")]
    NotAKeySet,
    #[error("it has more than {KEYS_MAX} keys")]
    TooManyKeys,
    #[error("it has no public key of a kind and size that can verify here")]
    NoUsableKey,
}

struct Key {
    kid: Option<String>,
    /// The one that the JWK is for. Without it, all that the numbers are good for.
    only: Option<Algorithm>,
    numbers: Numbers,
}

enum Numbers {
    /// Six algorithms take them, and each has its own parsed form.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    One(Algorithm, ParsedPublicKey),
}

/// What of a JWK (RFC 7517 §4) matters.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    alg: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Map<String, Value>>,
}

impl KeySet {
    /// A key that cannot be used is left out: issuers publish keys for encryption too, and of kinds to come.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        if text.len() > KEY_SET_BYTES_MAX {
            return Err(KeySetError::TooLong);
        }
        let set: Jwks = serde_json::from_slice(text).map_err(|_| KeySetError::NotAKeySet)?;
        if set.keys.len() > KEYS_MAX {
            return Err(KeySetError::TooManyKeys);
        }
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::parse).collect();
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        Ok(Self { keys })
    }

    pub(super) fn verify(&self, token: &Unverified<'_>) -> Result<(), Refused> {
        let algorithm = token.header.algorithm()?;
        let kid = token.header.kid.as_deref();
        let mut named = self.keys.iter().filter(|key| key.is_named(kid)).peekable();
        named.peek().ok_or(Refused::UnknownKey)?;
        let fitting: Vec<&Key> = named.filter(|key| key.takes(algorithm)).collect();
        let most = if kid.is_some() { NAMESAKES_MAX } else { 1 };
        match fitting.len() {
            0 => Err(Refused::Algorithm),
            count if count > most => Err(Refused::AmbiguousKey),
            _ if fitting.iter().any(|key| key.has_signed(token, algorithm)) => Ok(()),
            // An issuer that names no keys may have another one by now.
            _ if kid.is_none() => Err(Refused::UnknownKey),
            _ => Err(Refused::Signature),
        }
    }
}

impl Key {
    fn parse(jwk: Map<String, Value>) -> Option<Self> {
        // Whoever publishes a private key, or a secret, is not believed on it.
        if ["d", "k"].iter().any(|secret| jwk.contains_key(*secret)) {
            return None;
        }
        let jwk: Jwk = serde_json::from_value(Value::Object(jwk)).ok()?;
        if !jwk.is_for_signatures() {
            return None;
        }
        let only = match &jwk.alg {
            Some(name) => Some(algorithm(name)?),
            None => None,
        };
        let numbers = Numbers::parse(&jwk)?;
        let key = Self {
            kid: jwk.kid,
            only: None,
            numbers,
        };
        let is_possible = only.is_none_or(|only| key.takes(only));
        is_possible.then_some(Self { only, ..key })
    }

    /// A token without a key id may be of any key.
    fn is_named(&self, kid: Option<&str>) -> bool {
        kid.is_none() || self.kid.as_deref() == kid
    }

    fn takes(&self, algorithm: Algorithm) -> bool {
        let can = match &self.numbers {
            Numbers::Rsa { .. } => rsa(algorithm).is_some(),
            Numbers::One(one, _) => *one == algorithm,
        };
        can && self.only.is_none_or(|only| only == algorithm)
    }

    fn has_signed(&self, token: &Unverified<'_>, algorithm: Algorithm) -> bool {
        let (message, signature) = (token.signed.as_bytes(), &token.signature);
        match &self.numbers {
            Numbers::Rsa { n, e } => rsa(algorithm).is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).is_ok()
            }),
            Numbers::One(_, key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

impl Jwk {
    fn is_for_signatures(&self) -> bool {
        let verifies = |operations: &Vec<String>| operations.iter().any(|one| one == "verify");
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(verifies)
    }
}

impl Numbers {
    fn parse(jwk: &Jwk) -> Option<Self> {
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (number(jwk.n.as_ref())?, number(jwk.e.as_ref())?);
                check_rsa_numbers(&n, &e).ok()?;
                Some(Self::Rsa { n, e })
            }
            ("EC", Some(curve)) => {
                let curve = CURVES.iter().find(|known| known.name == curve)?;
                let (x, y) = (number(jwk.x.as_ref())?, number(jwk.y.as_ref())?);
                let is_point = [&x, &y].iter().all(|one| one.len() == curve.bytes);
                let point = is_point.then(|| [&[UNCOMPRESSED][..], &x, &y].concat())?;
                let key = ParsedPublicKey::new(curve.verification, point).ok()?;
                Some(Self::One(curve.algorithm, key))
            }
            ("OKP", Some("Ed25519")) => {
                let x = number(jwk.x.as_ref()).filter(|x| x.len() == ED25519_BYTES)?;
                let key = ParsedPublicKey::new(&signature::ED25519, x).ok()?;
                Some(Self::One(Algorithm::EdDsa, key))
            }
            _ => None,
        }
    }
}

fn number(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::EdDsa => return None,
    })
}

/// A curve stands for one algorithm (RFC 7518 §3.4), and a signature is two numbers of fixed length.
struct Curve {
    name: &'static str,
    bytes: usize,
    algorithm: Algorithm,
    verification: &'static EcdsaVerificationAlgorithm,
}

static CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        bytes: 32,
        algorithm: Algorithm::Es256,
        verification: &signature::ECDSA_P256_SHA256_FIXED,
    },
    Curve {
        name: "P-384",
        bytes: 48,
        algorithm: Algorithm::Es384,
        verification: &signature::ECDSA_P384_SHA384_FIXED,
    },
    Curve {
        name: "P-521",
        bytes: 66,
        algorithm: Algorithm::Es512,
        verification: &signature::ECDSA_P521_SHA512_FIXED,
    },
];

/// How a point begins of which both numbers follow (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

const ED25519_BYTES: usize = 32;

/// Certificates of keys included.
pub const KEY_SET_BYTES_MAX: usize = 64 * 1024;

const KEYS_MAX: usize = 100;

/// How many keys of one id are tried.
const NAMESAKES_MAX: usize = 4;
