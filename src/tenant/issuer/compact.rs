//! A signed token as it travels (RFC 7515 §7.1, RFC 7519 §7.2): three parts, of which nothing is believed yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Issuer, Refused};
use crate::webauthn::cose::Algorithm;

/// A token whose form is right.
pub struct Unverified<'t> {
    pub(super) header: Header,
    pub(super) claims: Map<String, Value>,
    pub(super) signed: &'t str,
    pub(super) signature: Vec<u8>,
}

/// What of the header matters. A key in it, or where to find one (`jwk`, `jku`, `x5c`, `x5u`), is never looked at.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    typ: Option<String>,
    cty: Option<Value>,
    crit: Option<Value>,
    b64: Option<Value>,
}

impl<'t> Unverified<'t> {
    pub fn parse(token: &'t str) -> Result<Self, Refused> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(Refused::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Refused::Malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(malformed)?;
        header.check()?;
        Ok(Self {
            header,
            claims: serde_json::from_slice(&decode(claims)?).map_err(malformed)?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// Whose it says it is, and for whom. What it says is true only once a key of that issuer verifies it.
    pub fn issuer_among<'i>(&self, issuers: &'i [Issuer]) -> Result<&'i Issuer, Refused> {
        let name = self.claims.get("iss").and_then(Value::as_str);
        let mut named = issuers
            .iter()
            .filter(|issuer| name == Some(&*issuer.issuer))
            .peekable();
        named.peek().ok_or(Refused::Issuer)?;
        named
            .find(|issuer| self.is_for(&issuer.audience))
            .ok_or(Refused::Audience)
    }

    /// `aud` is a text or a list of them (RFC 7519 §4.1.3).
    fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(audience)),
            Some(_) | None => false,
        }
    }
}

impl Header {
    fn check(&self) -> Result<(), Refused> {
        // RFC 7515 §4.1.11: what is critical must be understood. RFC 7797: without b64 the payload is no base64url.
        if self.crit.is_some()
            || self
                .b64
                .as_ref()
                .is_some_and(|b64| *b64 != Value::Bool(true))
        {
            return Err(Refused::Header);
        }
        // RFC 7519 §5.2: a content type says that there is a token within the token.
        if self.cty.is_some() || !self.typ.as_deref().is_none_or(is_kind) {
            return Err(Refused::Kind);
        }
        Ok(())
    }

    /// As the signature algorithms are called in JOSE; `none` and those with a shared secret are no algorithms here.
    pub(super) fn algorithm(&self) -> Result<Algorithm, Refused> {
        algorithm(&self.alg).ok_or(Refused::Algorithm)
    }
}

pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::Rs256,
        "RS384" => Algorithm::Rs384,
        "RS512" => Algorithm::Rs512,
        "PS256" => Algorithm::Ps256,
        "PS384" => Algorithm::Ps384,
        "PS512" => Algorithm::Ps512,
        "ES256" => Algorithm::Es256,
        "ES384" => Algorithm::Es384,
        "ES512" => Algorithm::Es512,
        // RFC 8037, and fully specified in RFC 9864.
        "EdDSA" | "Ed25519" => Algorithm::EdDsa,
        _ => return None,
    })
}

/// ID tokens and access tokens. Issuers sign other kinds with the same keys, for the same audience (RFC 8725 §3.11).
fn is_kind(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("application/").unwrap_or(&name);
    matches!(name, "jwt" | "at+jwt")
}

fn decode(part: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)
}

fn malformed(_: serde_json::Error) -> Refused {
    Refused::Malformed
}

/// As long as a header of a request may be.
const TOKEN_LENGTH_MAX: usize = 8 * 1024;
