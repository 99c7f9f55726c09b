//! `GET` and `POST /sessions/validate`: whether a session is good, and what its token says (contract §2.8). Always 200.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::session::open;
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::openapi::tokens::EmailShown;
use crate::http::rate::{Route, admit};
use crate::http::{Answer, time};
use crate::tenant::ids::Timestamp;
use crate::tenant::session::Session;
use crate::tenant::token::SessionClaims;
use crate::tenant::token::session::EmailClaim;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = SessionToken)]
struct GivenBody {
    #[schema(required, nullable = false, min_length = 1)]
    session_token: Option<String>,
}

/// Of what is no session, only that it is none.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Validity)]
struct ValidityBody {
    is_valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    claims: Option<ClaimsBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    expiration_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    idle_expires_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ValidClaims)]
struct ClaimsBody {
    subject: String,
    #[schema(format = DateTime)]
    issued_at: String,
    #[schema(format = DateTime)]
    expiration: String,
    audience: Vec<String>,
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<EmailShown>)]
    email: Option<EmailClaim>,
    session_id: Uuid,
}

/// Whether the request has a session
///
/// To ask is no use of it. A token of an issuer that the tenant trusts is none.
#[utoipa::path(
    get,
    path = "/sessions/validate",
    tag = "public: sessions",
    operation_id = "public_session_sent",
    responses((status = 200, description = "The session, if there is one", body = ValidityBody)),
    security((), ("cookie" = []), ("bearer" = [])),
)]
pub(super) fn sent(call: &Call, tenant: &Tenant<'_>) -> Answer {
    admit(call, tenant, Route::Read)?;
    let opened = open(call, tenant);
    Ok(validity(opened.map(|(session, claims)| {
        ValidityBody::of(tenant, &session, claims)
    })))
}

/// Whether a token is a session
///
/// For a backend that has been given the token. This is a use of the session.
#[utoipa::path(
    post,
    path = "/sessions/validate",
    tag = "public: sessions",
    operation_id = "public_session_given",
    request_body = GivenBody,
    responses((status = 200, description = "The session, if it is one", body = ValidityBody)),
)]
pub(super) fn given(call: &Call, tenant: &Tenant<'_>) -> Answer {
    admit(call, tenant, Route::Read)?;
    let body: GivenBody = call.body.bind()?;
    let token = body.session_token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Problem::bad_request(MISSING, ""))?;
    let opened = tenant.open_session(&token);
    Ok(validity(opened.map(|(session, claims)| {
        tenant.use_session(&session);
        ValidityBody::of(tenant, &session, claims)
    })))
}

fn validity(session: Option<ValidityBody>) -> HttpResponse {
    json(private(HttpResponse::Ok()), &session.unwrap_or_default())
}

impl ValidityBody {
    fn of(tenant: &Tenant<'_>, session: &Session, claims: SessionClaims) -> Self {
        let idle_timeout = tenant.read().policy.settings.sessions.idle_timeout_seconds;
        let expiration = time::rfc3339(seconds(claims.exp));
        Self {
            is_valid: true,
            expiration_time: Some(expiration.clone()),
            user_id: Some(claims.sub.clone()),
            idle_expires_at: session.idle_at(idle_timeout).map(time::rfc3339),
            claims: Some(ClaimsBody {
                subject: claims.sub,
                issued_at: time::rfc3339(seconds(claims.iat)),
                expiration,
                audience: claims.aud,
                issuer: claims.iss,
                email: claims.email,
                session_id: claims.session_id,
            }),
        }
    }
}

const fn seconds(count: u64) -> Timestamp {
    Timestamp(count.saturating_mul(1_000_000))
}

/// The contract's text, as it was measured.
const MISSING: &str = "code=400, message=session_token is a required field";
