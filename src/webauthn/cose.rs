//! COSE keys: the public key of a credential, and the signatures it verifies (WebAuthn L3 §5.8.5 and §6.5.1, RFC 9053, RFC 8230).
//!
//! A key is checked when it is parsed, so that a bad one is found at registration. Curve points are never accepted compressed.

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};
use minicbor::decode::{self, Decode, Decoder};
use minicbor::encode::{self, Encode, Encoder, Write};
use thiserror::Error;

use super::cbor::{CborError, Key, Map};

/// The signature algorithms that keywright verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    EdDsa,
}

impl Algorithm {
    /// All of them, in the order in which the contract offers them.
    pub const ALL: [Self; 10] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// The `COSEAlgorithmIdentifier`.
    pub fn cose_number(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::Rs256 => -257,
            Self::Rs384 => -258,
            Self::Rs512 => -259,
            Self::Ps256 => -37,
            Self::Ps384 => -38,
            Self::Ps512 => -39,
            Self::EdDsa => -8,
        }
    }

    pub fn from_cose_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.cose_number() == number)
    }
}

/// Stored as its number in the COSE registry.
impl<C> Encode<C> for Algorithm {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.i64(self.cose_number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Algorithm {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let known = Self::from_cose_number(d.i64()?);
        known.ok_or_else(|| decode::Error::message("not a known algorithm"))
    }
}

#[derive(Debug, Error)]
pub enum KeyError {
    #[error("not a COSE key")]
    Cbor(#[source] CborError),
    #[error("the algorithm is not supported")]
    UnsupportedAlgorithm,
    #[error("Ed448 is not supported")]
    Ed448,
    #[error("the key type does not belong to the algorithm")]
    KeyType,
    #[error("the curve does not belong to the algorithm")]
    Curve,
    #[error("not a point on the curve")]
    Point,
    #[error("the RSA modulus is even, or not of 2048 to 8192 bits")]
    RsaModulus,
    #[error("the RSA exponent is even, smaller than 3 or longer than 32 bits")]
    RsaExponent,
}

/// A key that is ready to verify.
pub struct PublicKey {
    pub algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl PublicKey {
    pub fn parse(cose_key: &[u8]) -> Result<Self, KeyError> {
        let map = Map::parse(cose_key).map_err(KeyError::Cbor)?;
        let algorithm = read_algorithm(&map)?;
        let key = match algorithm {
            Algorithm::Es256 => elliptic_curve_key(&map, &P256),
            Algorithm::Es384 => elliptic_curve_key(&map, &P384),
            Algorithm::Es512 => elliptic_curve_key(&map, &P521),
            Algorithm::Rs256 => rsa_key(&map, &signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => rsa_key(&map, &signature::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => rsa_key(&map, &signature::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::Ps256 => rsa_key(&map, &signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::Ps384 => rsa_key(&map, &signature::RSA_PSS_2048_8192_SHA384),
            Algorithm::Ps512 => rsa_key(&map, &signature::RSA_PSS_2048_8192_SHA512),
            Algorithm::EdDsa => ed25519_key(&map),
        }?;
        Ok(Self { algorithm, key })
    }

    /// ECDSA signatures are ASN.1 DER (WebAuthn L3 §6.5.5), the others plain bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

/// The numbers of a key, for who compares them with those of another encoding. Only of keys that [`PublicKey::parse`] took.
pub(super) enum KeyParts<'b> {
    Ec2 { crv: i64, x: &'b [u8], y: &'b [u8] },
    Rsa { n: &'b [u8], e: &'b [u8] },
    Okp { x: &'b [u8] },
}

impl<'b> KeyParts<'b> {
    pub(super) fn of(cose_key: &'b [u8]) -> Result<Self, CborError> {
        let map = Map::parse(cose_key)?;
        Ok(match map.integer(KTY)? {
            KTY_EC2 => Self::Ec2 {
                crv: map.integer(CRV)?,
                x: map.bytes(X)?,
                y: map.bytes(Y)?,
            },
            KTY_RSA => Self::Rsa {
                n: map.bytes(RSA_N)?,
                e: map.bytes(RSA_E)?,
            },
            _ => Self::Okp { x: map.bytes(X)? },
        })
    }
}

struct Curve {
    cose_number: i64,
    coordinate_bytes: usize,
    verification: &'static EcdsaVerificationAlgorithm,
}

fn read_algorithm(map: &Map<'_>) -> Result<Algorithm, KeyError> {
    let number = map.integer(ALG).map_err(KeyError::Cbor)?;
    if number == ALG_ED448 {
        return Err(KeyError::Ed448);
    }
    Algorithm::from_cose_number(number).ok_or(KeyError::UnsupportedAlgorithm)
}

fn elliptic_curve_key(map: &Map<'_>, curve: &Curve) -> Result<ParsedPublicKey, KeyError> {
    check_key_type(map, KTY_EC2)?;
    if map.integer(CRV).map_err(KeyError::Cbor)? != curve.cose_number {
        return Err(KeyError::Curve);
    }
    let x = map.bytes(X).map_err(KeyError::Cbor)?;
    let y = map.bytes(Y).map_err(KeyError::Cbor)?;
    if x.len() != curve.coordinate_bytes || y.len() != curve.coordinate_bytes {
        return Err(KeyError::Point);
    }
    let uncompressed = [&[0x04], x, y].concat();
    ParsedPublicKey::new(curve.verification, uncompressed).map_err(|_| KeyError::Point)
}

fn ed25519_key(map: &Map<'_>) -> Result<ParsedPublicKey, KeyError> {
    check_key_type(map, KTY_OKP)?;
    match map.integer(CRV).map_err(KeyError::Cbor)? {
        CRV_ED25519 => {}
        CRV_ED448 => return Err(KeyError::Ed448),
        _ => return Err(KeyError::Curve),
    }
    let x = map.bytes(X).map_err(KeyError::Cbor)?;
    if x.len() != ED25519_BYTES {
        return Err(KeyError::Point);
    }
    ParsedPublicKey::new(&signature::ED25519, x).map_err(|_| KeyError::Point)
}

fn rsa_key(
    map: &Map<'_>,
    verification: &'static RsaParameters,
) -> Result<ParsedPublicKey, KeyError> {
    check_key_type(map, KTY_RSA)?;
    let n = map.bytes(RSA_N).map_err(KeyError::Cbor)?;
    let e = map.bytes(RSA_E).map_err(KeyError::Cbor)?;
    check_rsa_numbers(n, e)?;
    RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(verification)
        .map_err(|_| KeyError::RsaModulus)
}

/// Of a key in any encoding that has its numbers in as few bytes as possible.
pub(crate) fn check_rsa_numbers(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    if !is_odd(n) || !(256..=1024).contains(&n.len()) || n.len() == 256 && leading_zeros(n) > 0 {
        return Err(KeyError::RsaModulus);
    }
    if !is_odd(e) || e == [1] || e.len() > 4 || leading_zeros(e) >= 8 {
        return Err(KeyError::RsaExponent);
    }
    Ok(())
}

fn check_key_type(map: &Map<'_>, expected: i64) -> Result<(), KeyError> {
    if map.integer(KTY).map_err(KeyError::Cbor)? != expected {
        return Err(KeyError::KeyType);
    }
    Ok(())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte % 2 == 1)
}

/// Of the first byte. RFC 8230 wants numbers in as few bytes as possible, so the first one is not 0.
fn leading_zeros(number: &[u8]) -> u32 {
    number.first().map_or(8, |byte| byte.leading_zeros())
}

static P256: Curve = Curve {
    cose_number: 1,
    coordinate_bytes: 32,
    verification: &signature::ECDSA_P256_SHA256_ASN1,
};

static P384: Curve = Curve {
    cose_number: 2,
    coordinate_bytes: 48,
    verification: &signature::ECDSA_P384_SHA384_ASN1,
};

static P521: Curve = Curve {
    cose_number: 3,
    coordinate_bytes: 66,
    verification: &signature::ECDSA_P521_SHA512_ASN1,
};

const ED25519_BYTES: usize = 32;

const KTY: Key<'static> = Key::Integer(1);
const ALG: Key<'static> = Key::Integer(3);
const CRV: Key<'static> = Key::Integer(-1);
const X: Key<'static> = Key::Integer(-2);
const Y: Key<'static> = Key::Integer(-3);
const RSA_N: Key<'static> = Key::Integer(-1);
const RSA_E: Key<'static> = Key::Integer(-2);

const KTY_OKP: i64 = 1;
const KTY_EC2: i64 = 2;
const KTY_RSA: i64 = 3;
const CRV_ED25519: i64 = 6;
const CRV_ED448: i64 = 7;
/// The fully specified number of RFC 9864.
const ALG_ED448: i64 = -53;
