//! `GET` and `POST /sessions/validate`: whether a session is good, and what its token says (contract §2.8). Always 200.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::session::open;
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::rate::{Route, admit};
use crate::http::{Answer, time};
use crate::tenant::ids::Timestamp;
use crate::tenant::session::Session;
use crate::tenant::token::SessionClaims;
use crate::tenant::token::session::EmailClaim;

#[derive(Debug, Default, Deserialize)]
struct GivenBody {
    session_token: Option<String>,
}

#[derive(Serialize)]
struct ValidityBody {
    is_valid: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    session: Option<SessionBody>,
}

#[derive(Serialize)]
struct SessionBody {
    claims: ClaimsBody,
    expiration_time: String,
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_expires_at: Option<String>,
}

#[derive(Serialize)]
struct ClaimsBody {
    subject: String,
    issued_at: String,
    expiration: String,
    audience: Vec<String>,
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<EmailClaim>,
    session_id: Uuid,
}

/// The session that comes with the request. To ask is no use of it.
pub(super) fn sent(call: &Call, tenant: &Tenant<'_>) -> Answer {
    admit(call, tenant, Route::Read)?;
    let opened = open(call, tenant);
    Ok(validity(opened.map(|(session, claims)| {
        SessionBody::of(tenant, &session, claims)
    })))
}

/// The session of a token that a backend has been given. This is a use of it.
pub(super) fn given(call: &Call, tenant: &Tenant<'_>) -> Answer {
    admit(call, tenant, Route::Read)?;
    let body: GivenBody = call.body.bind()?;
    let token = body.session_token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Problem::bad_request(MISSING, ""))?;
    let opened = tenant.open_session(&token);
    Ok(validity(opened.map(|(session, claims)| {
        tenant.use_session(&session);
        SessionBody::of(tenant, &session, claims)
    })))
}

fn validity(session: Option<SessionBody>) -> HttpResponse {
    let body = ValidityBody {
        is_valid: session.is_some(),
        session,
    };
    json(private(HttpResponse::Ok()), &body)
}

impl SessionBody {
    fn of(tenant: &Tenant<'_>, session: &Session, claims: SessionClaims) -> Self {
        let idle_timeout = tenant.read().policy.settings.sessions.idle_timeout_seconds;
        let expiration = time::rfc3339(seconds(claims.exp));
        Self {
            expiration_time: expiration.clone(),
            user_id: claims.sub.clone(),
            idle_expires_at: session.idle_at(idle_timeout).map(time::rfc3339),
            claims: ClaimsBody {
                subject: claims.sub,
                issued_at: time::rfc3339(seconds(claims.iat)),
                expiration,
                audience: claims.aud,
                issuer: claims.iss,
                email: claims.email,
                session_id: claims.session_id,
            },
        }
    }
}

const fn seconds(count: u64) -> Timestamp {
    Timestamp(count.saturating_mul(1_000_000))
}

/// The contract's text, as it was measured.
const MISSING: &str = "code=400, message=session_token is a required field";
