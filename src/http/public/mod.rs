//! The Public API: the same ceremonies as on the Passkey API, asked for by the page itself, with a session instead of an API key.
//! Thin handlers, each extract, convert, execute, convert.

pub(super) mod config;
mod cookie;
pub(super) mod credentials;
pub(super) mod jwks;
pub(super) mod login;
mod origin;
pub(super) mod profile;
pub(super) mod registration;
pub(super) mod session;
mod texts;
pub(super) mod validate;

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use super::answer::{json, private};
use super::call::{Call, Tenant};
use super::ceremony::Finish;
use super::credential::id_text;
use super::error::Problem;
use super::rate::{Route, admit};
use super::templates;
use crate::tenant::challenge::{Api, Factor};
use crate::tenant::ids::{CredentialId, TenantId, UserId};
use crate::tenant::settings::Sessions;

/// The routes of a tenant, as they are on its own host. Any `OPTIONS` is a preflight.
pub async fn routes(call: &Call, tenant: TenantId, path: &[&str]) -> Answer {
    call.template.set(templates::public(path));
    let tenant = call.tenant_of(tenant).await?;
    match (call.method(), path) {
        (&Method::OPTIONS, _) => Ok(HttpResponse::NoContent().finish()),
        (_, ["webauthn", path @ ..]) => webauthn(call, &tenant, path).await,
        (&Method::GET | &Method::HEAD, ["me"]) => profile::me(call, &tenant).await,
        (&Method::GET | &Method::HEAD, ["users", id]) => profile::user(call, &tenant, id).await,
        (&Method::POST, ["logout"]) => session::log_out(call, &tenant).await,
        (&Method::GET | &Method::HEAD, ["sessions", "validate"]) => validate::sent(call, &tenant),
        (&Method::POST, ["sessions", "validate"]) => validate::given(call, &tenant),
        (&Method::GET | &Method::HEAD, [".well-known", "config"]) => {
            admit(call, &tenant, Route::Read)?;
            Ok(config::config())
        }
        (&Method::GET | &Method::HEAD, [".well-known", "jwks.json"]) => {
            admit(call, &tenant, Route::Read)?;
            jwks::jwks(call, &tenant).await
        }
        _ => Err(no_route(path)),
    }
}

async fn webauthn(call: &Call, tenant: &Tenant<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::POST, ["registration", "initialize"]) => {
            registration::initialize(call, tenant).await
        }
        (&Method::POST, ["registration", "finalize"]) => registration::finalize(call, tenant).await,
        (&Method::POST, ["login", "initialize"]) => login::initialize(call, tenant).await,
        (&Method::POST, ["login", "finalize"]) => login::finalize(call, tenant).await,
        (&Method::GET | &Method::HEAD, ["credentials"]) => credentials::list(call, tenant).await,
        (&Method::PATCH, ["credentials", id]) => credentials::rename(call, tenant, id).await,
        (&Method::DELETE, ["credentials", id]) => credentials::delete(call, tenant, id).await,
        _ => Err(no_ceremony(path)),
    }
}

fn no_route(path: &[&str]) -> Problem {
    match path {
        ["logout"] => Problem::method_not_allowed("POST"),
        ["me"] | ["users", _] | [".well-known", "config" | "jwks.json"] => {
            Problem::method_not_allowed("GET, HEAD")
        }
        ["sessions", "validate"] => Problem::method_not_allowed("GET, HEAD, POST"),
        _ => Problem::no_route(),
    }
}

/// The same below `webauthn`.
fn no_ceremony(path: &[&str]) -> Problem {
    match path {
        ["registration" | "login", "initialize" | "finalize"] => {
            Problem::method_not_allowed("POST")
        }
        ["credentials"] => Problem::method_not_allowed("GET, HEAD"),
        ["credentials", _] => Problem::method_not_allowed("PATCH, DELETE"),
        _ => Problem::no_route(),
    }
}

/// The answer of every finalize.
#[derive(Serialize, ToSchema)]
#[schema(as = Finished)]
struct FinishedBody<'a> {
    credential_id: String,
    user_id: &'a str,
}

fn finished(credential: &CredentialId, user: &UserId) -> HttpResponse {
    let body = FinishedBody {
        credential_id: id_text(credential),
        user_id: user.as_str(),
    };
    json(private(HttpResponse::Ok()), &body)
}

/// Only passkeys: a second factor neither signs in nor is registered here.
fn finish(call: &Call) -> Finish<'_> {
    Finish {
        api: Api::Public,
        factor: Factor::Passkey,
        body: &call.body.bytes,
    }
}

/// The headers of an answer that pages may read (contract §6.1).
pub fn exposed(sessions: &Sessions) -> &'static str {
    if sessions.auth_token_header {
        EXPOSED_WITH_TOKEN
    } else {
        EXPOSED_WITH_TOKEN.trim_end_matches(",X-Auth-Token")
    }
}

const EXPOSED_WITH_TOKEN: &str = "Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset,X-Session-Lifetime,X-Session-Retention,X-Auth-Token";
