//! What a token says, once that is good: when it holds, and of whom it speaks.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Issuer, KeySet, Refused, Subject, Unverified};
use crate::tenant::ids::{Timestamp, UserId};
use crate::tenant::settings::Claims;

/// What a token would prove, were it signed by its issuer.
pub struct Claimed<'t> {
    token: Unverified<'t>,
    subject: Subject,
}

impl Issuer {
    /// All but the signature, so that no key is fetched for a token that is refused anyway.
    pub fn claimed<'t>(
        &self,
        token: Unverified<'t>,
        now: Timestamp,
    ) -> Result<Claimed<'t>, Refused> {
        token.issuer_among(std::slice::from_ref(self))?;
        check_time(&token.claims, now.seconds())?;
        // A security event (RFC 8417), such as a logout token, tells of a user and does not speak for them.
        if token.claims.contains_key("events") {
            return Err(Refused::Kind);
        }
        let subject = subject(&token.claims, &self.claims)?;
        Ok(Claimed { token, subject })
    }
}

impl Claimed<'_> {
    /// The subject, where one of the keys has signed the token.
    pub fn proven(&self, keys: &KeySet) -> Result<Subject, Refused> {
        keys.verify(&self.token)?;
        Ok(self.subject.clone())
    }
}

fn check_time(claims: &Map<String, Value>, now: u64) -> Result<(), Refused> {
    let exp = claims.get("exp").and_then(seconds);
    if exp.ok_or(Refused::Expired)?.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(Refused::Expired);
    }
    for name in ["nbf", "iat"] {
        let Some(claim) = claims.get(name) else {
            continue;
        };
        if seconds(claim).ok_or(Refused::NotYet)? > now + LEEWAY_SECONDS {
            return Err(Refused::NotYet);
        }
    }
    Ok(())
}

/// A `NumericDate` may have a fraction (RFC 7519 §2).
fn seconds(claim: &Value) -> Option<u64> {
    let fraction = || Duration::try_from_secs_f64(claim.as_f64()?).ok();
    claim
        .as_u64()
        .or_else(|| fraction().map(|time| time.as_secs()))
}

fn subject(claims: &Map<String, Value>, names: &Claims) -> Result<Subject, Refused> {
    let user = claims.get(&names.user_id).and_then(Value::as_str);
    let claim = |name: &Option<String>| claims.get(name.as_ref()?);
    Ok(Subject {
        user: user.and_then(UserId::parse).ok_or(Refused::User)?,
        name: claim(&names.name).and_then(text),
        display_name: claim(&names.display_name).and_then(text),
        email: claim(&names.email)
            .filter(|claim| !is_unverified(claim, claims))
            .and_then(address),
    })
}

/// Hanko has an object where others have a text.
fn address(claim: &Value) -> Option<Box<str>> {
    text(claim.get("address").unwrap_or(claim))
}

/// Sessions tell of an address as one that is verified. That it is not stands beside it in an ID token of OIDC (Core 1.0
/// §5.1), within it in Hanko's.
fn is_unverified(claim: &Value, claims: &Map<String, Value>) -> bool {
    let said = [claims.get("email_verified"), claim.get("is_verified")];
    let denies = |said: &Value| said == false || said == "false";
    said.into_iter().flatten().any(denies)
}

/// What is only shown is left out where it is nothing to show.
fn text(claim: &Value) -> Option<Box<str>> {
    let text = claim.as_str()?;
    let is_fit = !text.is_empty() && text.chars().count() <= TEXT_LENGTH_MAX;
    is_fit.then(|| text.into())
}

/// Between this clock and the issuer's.
const LEEWAY_SECONDS: u64 = 30;

const TEXT_LENGTH_MAX: usize = 255;
