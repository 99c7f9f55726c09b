//! Whether a chain of certificates ends in a trusted root (WebAuthn L3 §7.1 step 24, RFC 5280 §6 without policies and name constraints).
//!
//! The leaf's dates are not judged. The statement signs a fresh challenge, so what stands there answers now; security keys outlive the
//! certificate of their batch and cannot get another. Nor are a root's: to trust it is the operator's decision, which no date takes back.
//! What stands between must be valid now. Revocation is not looked up: nothing here does I/O.

use std::borrow::Cow;

use super::certificate::{self, Certificate, CertificateError};
use super::der::{self, DerError, Tag};
use super::error::TrustError;
use super::{signature, time};

/// `chain` begins with the leaf, each certificate issued by the next; the root itself may be left out.
pub(super) fn check(
    chain: &[Cow<'_, [u8]>],
    roots: &[Vec<u8>],
    now_unix_seconds: u64,
) -> Result<(), TrustError> {
    let roots = roots.iter().map(|root| Certificate::parse(root));
    // Settings take only what can be read.
    let roots: Vec<Certificate<'_>> = roots.filter_map(Result::ok).collect();
    let mut certificate = parse_first(chain)?;
    for (below, next) in chain.iter().skip(1).map(Some).chain([None]).enumerate() {
        check_critical_extensions(&certificate)?;
        if is_anchored(&certificate, &roots, below)? {
            return Ok(());
        }
        let issuer = Certificate::parse(next.ok_or(TrustError::NoRoot)?)?;
        check_issued(&certificate, &issuer)?;
        check_may_issue(&issuer, below)?;
        check_valid(&issuer, now_unix_seconds)?;
        certificate = issuer;
    }
    Err(TrustError::NoRoot)
}

/// Whether settings may name this as a root.
pub fn is_certificate(der: &[u8]) -> bool {
    Certificate::parse(der).is_ok()
}

fn parse_first<'b>(chain: &'b [Cow<'_, [u8]>]) -> Result<Certificate<'b>, TrustError> {
    let leaf = chain.first().ok_or(TrustError::NotCertified)?;
    Ok(Certificate::parse(leaf)?)
}

/// It is a root (a certificate of a batch may be named as one), or a root issued it.
fn is_anchored(
    certificate: &Certificate<'_>,
    roots: &[Certificate<'_>],
    below: usize,
) -> Result<bool, TrustError> {
    let mut refused = Ok(false);
    for root in roots {
        if root.encoded == certificate.encoded {
            return Ok(true);
        }
        // The same authority may be named twice, in a certificate of each generation.
        if is_issued(certificate, root) {
            match check_may_issue(root, below) {
                Ok(()) => return Ok(true),
                Err(refusal) => refused = Err(refusal),
            }
        }
    }
    refused
}

fn check_issued(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> Result<(), TrustError> {
    if !is_issued(certificate, issuer) {
        return Err(TrustError::NotIssued);
    }
    Ok(())
}

fn is_issued(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> bool {
    certificate.issuer == issuer.subject
        && certificate.scheme.is_some_and(|scheme| {
            let signature = certificate.signature;
            signature::verify(&issuer.key, scheme, certificate.signed, signature)
        })
}

/// RFC 5280 §6.1.4 (k) to (n). `below`: how many authorities stand between this one and the leaf.
fn check_may_issue(issuer: &Certificate<'_>, below: usize) -> Result<(), TrustError> {
    let authority = issuer.authority().map_err(CertificateError::from)?;
    let authority = authority.ok_or(TrustError::NotAuthority)?;
    let limit = authority.path_length_max.map(usize::try_from);
    let is_too_long = limit.is_some_and(|limit| limit.is_ok_and(|limit| below > limit));
    if is_too_long || !may_sign_certificates(issuer).map_err(CertificateError::from)? {
        return Err(TrustError::NotAuthority);
    }
    Ok(())
}

fn may_sign_certificates(issuer: &Certificate<'_>) -> Result<bool, DerError> {
    let Some(usage) = issuer.extension(certificate::KEY_USAGE) else {
        return Ok(true);
    };
    let bits = der::whole(usage.value, Tag::BIT_STRING)?;
    // Behind the number of unused bits; keyCertSign is bit 5, counted from the left.
    Ok(bits.get(1).is_some_and(|byte| byte & 0b0000_0100 != 0))
}

/// RFC 5280 §4.2: what is critical and not understood makes a certificate unusable.
fn check_critical_extensions(certificate: &Certificate<'_>) -> Result<(), TrustError> {
    let mut critical = certificate.extensions.iter().filter(|e| e.critical);
    if critical.any(|extension| !UNDERSTOOD.contains(&extension.id)) {
        return Err(TrustError::CriticalExtension);
    }
    Ok(())
}

fn check_valid(certificate: &Certificate<'_>, now_unix_seconds: u64) -> Result<(), TrustError> {
    let mut validity = certificate.validity;
    let mut time = || time::unix_seconds(validity.element()?);
    let not_before = time().map_err(CertificateError::from)?;
    let not_after = time().map_err(CertificateError::from)?;
    if !(not_before..=not_after).contains(&now_unix_seconds) {
        return Err(TrustError::Validity);
    }
    Ok(())
}

/// Nobody here requires a policy and any will do, so that policies need no more than to be known (RFC 5280 §6.1.1 (c), (e)): TPMs
/// of Windows have them critical.
const UNDERSTOOD: &[&[u8]] = &[
    certificate::BASIC_CONSTRAINTS,
    certificate::KEY_USAGE,
    certificate::EXTENDED_KEY_USAGE,
    certificate::ALTERNATIVE_NAME,
    certificate::CERTIFICATE_POLICIES,
];
