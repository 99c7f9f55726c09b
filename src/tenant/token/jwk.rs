//! The public halves of the signing keys, and tokens checked with them.

use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Serialize;
use uuid::Uuid;

use super::Claims;
use super::key::{Pair, SigningError, SigningKey};
use crate::tenant::ids::Timestamp;
use crate::tenant::state::TenantState;

/// A public key as the JWKS shows it (RFC 7517).
#[derive(Debug, Clone, Serialize)]
pub struct Jwk {
    pub alg: &'static str,
    pub kid: Uuid,
    #[serde(rename = "use")]
    pub usage: &'static str,
    #[serde(flatten)]
    pub public: Public,
}

/// What the type of a key has (RFC 7518 §6, RFC 8037 §2).
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kty")]
pub enum Public {
    #[serde(rename = "RSA")]
    Rsa { e: String, n: String },
    #[serde(rename = "EC")]
    P256 {
        crv: &'static str,
        x: String,
        y: String,
    },
    #[serde(rename = "OKP")]
    Ed25519 { crv: &'static str, x: String },
}

impl SigningKey {
    pub fn jwk(&self) -> Result<Jwk, SigningError> {
        Ok(Jwk {
            alg: self.private.kind.algorithm(),
            kid: self.kid,
            usage: "sig",
            public: self.private.pair()?.public(),
        })
    }
}

impl Pair {
    fn public(&self) -> Public {
        match self {
            Self::Rsa(pair) => {
                let public = pair.public_key();
                let exponent = public.exponent().big_endian_without_leading_zero();
                let modulus = public.modulus().big_endian_without_leading_zero();
                Public::Rsa {
                    e: URL_SAFE_NO_PAD.encode(exponent),
                    n: URL_SAFE_NO_PAD.encode(modulus),
                }
            }
            Self::P256(pair) => {
                // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(P256_COORDINATE_BYTES);
                Public::P256 {
                    crv: "P-256",
                    x: URL_SAFE_NO_PAD.encode(x),
                    y: URL_SAFE_NO_PAD.encode(y),
                }
            }
            Self::Ed25519(pair) => Public::Ed25519 {
                crv: "Ed25519",
                x: URL_SAFE_NO_PAD.encode(pair.public_key()),
            },
        }
    }
}

impl Public {
    pub(super) fn verifier(&self) -> jsonwebtoken::errors::Result<(Algorithm, DecodingKey)> {
        Ok(match self {
            Self::Rsa { e, n } => (Algorithm::RS256, DecodingKey::from_rsa_components(n, e)?),
            Self::P256 { x, y, .. } => (Algorithm::ES256, DecodingKey::from_ec_components(x, y)?),
            Self::Ed25519 { x, .. } => (Algorithm::EdDSA, DecodingKey::from_ed_components(x)?),
        })
    }
}

/// The claims of a token that is one of the tenant's, for the tenant's RP id, and still good. The algorithm is the
/// key's, never the token's.
pub fn verify(state: &TenantState, token: &str, now: Timestamp) -> Option<Claims> {
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let key = state
        .signing_keys
        .published_as(Uuid::try_parse(&kid).ok()?, now)?;
    let (algorithm, decoding_key) = key.jwk().ok()?.public.verifier().ok()?;
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[&state.policy.settings.relying_party.id]);
    // The library would read the clock itself; time arrives as an argument here.
    validation.validate_exp = false;
    let claims: Claims = jsonwebtoken::decode(token, &decoding_key, &validation)
        .ok()?
        .claims;
    (claims.exp > now.seconds()).then_some(claims)
}

const P256_COORDINATE_BYTES: usize = 32;
