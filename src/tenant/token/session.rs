//! The token of a session: made from its record, worth nothing without it.

use jsonwebtoken::Validation;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::key::SigningKey;
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::session::Session;
use crate::tenant::state::TenantState;

/// The claims of the contract (§5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClaims {
    pub sub: String,
    pub iat: u64,
    pub exp: u64,
    pub aud: Vec<String>,
    pub iss: String,
    pub session_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailClaim>,
}

/// Whoever opened the session has vouched for the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailClaim {
    pub address: String,
    pub is_primary: bool,
    pub is_verified: bool,
}

impl SessionClaims {
    pub fn of(state: &TenantState, session: &Session) -> Self {
        let email = session.email.as_deref().map(|address| EmailClaim {
            address: address.to_owned(),
            is_primary: true,
            is_verified: true,
        });
        Self {
            sub: session.user.as_str().to_owned(),
            iat: session.created_at.seconds(),
            exp: session.expires_at.seconds(),
            aud: vec![state.policy.settings.relying_party.id.clone()],
            iss: issuer(state.id),
            session_id: session.id,
            email,
        }
    }
}

/// Whose the tokens are: the tenant's, under whatever host name it is asked.
pub fn issuer(tenant: TenantId) -> String {
    tenant.0.urn().to_string()
}

/// The key that a token says it was signed with, if it is one of those that are shown for sessions.
pub fn kid_of(token: &str) -> Option<Uuid> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let is_jwt = header.typ.as_deref() == Some("JWT");
    Uuid::try_parse(header.kid.as_deref().filter(|_| is_jwt)?).ok()
}

/// What a token must be besides signed.
#[derive(Debug)]
pub struct Expected {
    pub issuer: String,
    pub audience: String,
    pub now: Timestamp,
}

/// The claims of a token that is signed with this very key, in compact serialization and with the key's algorithm, and is
/// what it must be. The clocks of two nodes may differ a little; whether the session has ended is for its record to say.
pub fn verify(key: &SigningKey, token: &str, expected: &Expected) -> Option<SessionClaims> {
    let (algorithm, decoding_key) = key.jwk().ok()?.public.verifier().ok()?;
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation.set_audience(&[&expected.audience]);
    validation.set_issuer(&[&expected.issuer]);
    // The library would read the clock itself; time arrives as an argument here.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<SessionClaims>(token, &decoding_key, &validation);
    let claims = claims.ok()?.claims;
    let now = expected.now.seconds();
    let is_good = claims.exp.saturating_add(LEEWAY_SECONDS) > now
        && claims.iat <= now.saturating_add(LEEWAY_SECONDS);
    is_good.then_some(claims)
}

const LEEWAY_SECONDS: u64 = 30;
