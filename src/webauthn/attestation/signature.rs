//! Which algorithm verifies a signature, where key and algorithm are named apart: in certificates, and in the statements they sign.
//!
//! SHA-1 is never accepted between certificates. In a statement it is, with RSA: the TPMs that Windows serves sign so, over a structure
//! that they make themselves.

use aws_lc_rs::signature::{self, VerificationAlgorithm};

use super::certificate::SubjectKey;
use crate::webauthn::cose::Algorithm;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    P256,
    P384,
    P521,
    Rsa,
    Ed25519,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A signature algorithm without the kind of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Ecdsa(Hash),
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Ed25519,
}

impl KeyKind {
    /// By the algorithm of a `SubjectPublicKeyInfo` (RFC 3279 §2.3, RFC 8410).
    pub(super) fn of_certificate(algorithm: &[u8], curve: Option<&[u8]>) -> Option<Self> {
        match (algorithm, curve) {
            (ELLIPTIC_CURVE, Some(P256)) => Some(Self::P256),
            (ELLIPTIC_CURVE, Some(P384)) => Some(Self::P384),
            (ELLIPTIC_CURVE, Some(P521)) => Some(Self::P521),
            (RSA, None) => Some(Self::Rsa),
            (ED25519, None) => Some(Self::Ed25519),
            _ => None,
        }
    }
}

impl Scheme {
    /// By the `alg` of a statement.
    pub(super) fn of_statement(cose_number: i64) -> Option<Self> {
        if cose_number == COSE_RS1 {
            return Some(Self::RsaPkcs1(Hash::Sha1));
        }
        Some(match Algorithm::from_cose_number(cose_number)? {
            Algorithm::Es256 => Self::Ecdsa(Hash::Sha256),
            Algorithm::Es384 => Self::Ecdsa(Hash::Sha384),
            Algorithm::Es512 => Self::Ecdsa(Hash::Sha512),
            Algorithm::Rs256 => Self::RsaPkcs1(Hash::Sha256),
            Algorithm::Rs384 => Self::RsaPkcs1(Hash::Sha384),
            Algorithm::Rs512 => Self::RsaPkcs1(Hash::Sha512),
            Algorithm::Ps256 => Self::RsaPss(Hash::Sha256),
            Algorithm::Ps384 => Self::RsaPss(Hash::Sha384),
            Algorithm::Ps512 => Self::RsaPss(Hash::Sha512),
            Algorithm::EdDsa => Self::Ed25519,
        })
    }

    /// By the `signatureAlgorithm` of a certificate (RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3.2, RFC 8410).
    pub(super) fn of_certificate(algorithm: &[u8]) -> Option<Self> {
        let (family, last) = algorithm.split_at_checked(algorithm.len().saturating_sub(1))?;
        match (family, last) {
            (ECDSA_WITH_SHA2, [2]) => Some(Self::Ecdsa(Hash::Sha256)),
            (ECDSA_WITH_SHA2, [3]) => Some(Self::Ecdsa(Hash::Sha384)),
            (ECDSA_WITH_SHA2, [4]) => Some(Self::Ecdsa(Hash::Sha512)),
            (PKCS_1, [11]) => Some(Self::RsaPkcs1(Hash::Sha256)),
            (PKCS_1, [12]) => Some(Self::RsaPkcs1(Hash::Sha384)),
            (PKCS_1, [13]) => Some(Self::RsaPkcs1(Hash::Sha512)),
            _ => (algorithm == ED25519).then_some(Self::Ed25519),
        }
    }

    /// What the scheme hashes with; Ed25519 hashes inside.
    pub(super) const fn hash(self) -> Option<Hash> {
        match self {
            Self::Ecdsa(hash) | Self::RsaPkcs1(hash) | Self::RsaPss(hash) => Some(hash),
            Self::Ed25519 => None,
        }
    }
}

impl Hash {
    pub(super) fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &aws_lc_rs::digest::SHA256,
            Self::Sha384 => &aws_lc_rs::digest::SHA384,
            Self::Sha512 => &aws_lc_rs::digest::SHA512,
        };
        aws_lc_rs::digest::digest(algorithm, message)
            .as_ref()
            .to_vec()
    }
}

/// Whether the algorithm is one for keys of this kind. What is not does not verify.
pub(super) fn fits(key: &SubjectKey<'_>, scheme: Scheme) -> bool {
    key.kind
        .is_some_and(|kind| verification(kind, scheme).is_some())
}

pub(super) fn verify(
    key: &SubjectKey<'_>,
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some(algorithm) = key.kind.and_then(|kind| verification(kind, scheme)) else {
        return false;
    };
    algorithm.verify_sig(key.bytes, message, signature).is_ok()
}

fn verification(kind: KeyKind, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
    match (kind, scheme) {
        (KeyKind::Rsa, Scheme::RsaPkcs1(hash)) => Some(rsa_pkcs1(hash)),
        (KeyKind::Rsa, Scheme::RsaPss(hash)) => rsa_pss(hash),
        (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, Scheme::Ecdsa(hash)) => ecdsa(kind, hash),
        (KeyKind::Ed25519, Scheme::Ed25519) => Some(&signature::ED25519),
        _ => None,
    }
}

fn rsa_pkcs1(hash: Hash) -> &'static dyn VerificationAlgorithm {
    match hash {
        Hash::Sha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
    }
}

fn rsa_pss(hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    match hash {
        Hash::Sha1 => None,
        Hash::Sha256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Hash::Sha384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Hash::Sha512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
    }
}

fn ecdsa(kind: KeyKind, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    match (kind, hash) {
        (KeyKind::P256, Hash::Sha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
        (KeyKind::P256, Hash::Sha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
        (KeyKind::P256, Hash::Sha512) => Some(&signature::ECDSA_P256_SHA512_ASN1),
        (KeyKind::P384, Hash::Sha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
        (KeyKind::P384, Hash::Sha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
        (KeyKind::P384, Hash::Sha512) => Some(&signature::ECDSA_P384_SHA512_ASN1),
        (KeyKind::P521, Hash::Sha256) => Some(&signature::ECDSA_P521_SHA256_ASN1),
        (KeyKind::P521, Hash::Sha384) => Some(&signature::ECDSA_P521_SHA384_ASN1),
        (KeyKind::P521, Hash::Sha512) => Some(&signature::ECDSA_P521_SHA512_ASN1),
        _ => None,
    }
}

const ELLIPTIC_CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ECDSA_WITH_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
const PKCS_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// RSASSA-PKCS1-v1_5 with SHA-1: not offered for credentials, only ever met in TPM statements.
const COSE_RS1: i64 = -65535;
