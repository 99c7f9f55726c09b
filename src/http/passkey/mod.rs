//! The Passkey API: thin handlers, each extract, convert, execute, convert.

pub(super) mod audit_logs;
pub mod credentials;
pub(super) mod jwks;
pub mod login;
pub mod mfa;
pub mod registration;
pub mod texts;
pub mod transaction;

use actix_web::HttpResponse;
use actix_web::http::Method;
use futures_util::FutureExt;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use super::answer::{json, json_text, private};
use super::call::{Call, Keyed, Tenant};
use super::ceremony::Finish;
use super::error::Problem;
use super::rate::{Route, admit};
use super::templates;
use crate::telemetry::request::Template;
use crate::tenant::challenge::{Api, Factor};

/// The routes below a tenant. Any `OPTIONS` there is a preflight, before any key is asked for (contract §8.2).
pub async fn routes(call: &Call, tenant: &str, path: &[&str]) -> Answer {
    let tenant = match call.tenant(tenant).await {
        Ok(tenant) => tenant,
        Err(problem) => {
            call.template.set(templates::passkey(path));
            return Err(problem);
        }
    };
    match (call.method(), path) {
        (&Method::POST, ["registration", "initialize"]) => {
            call.template.set(Template::RegistrationInitialize);
            registration::initialize(call, tenant.keyed(call)?, Factor::Passkey).await
        }
        (&Method::POST, ["login", "initialize"]) => {
            call.template.set(Template::LoginInitialize);
            login::initialize(call, tenant).await
        }
        (&Method::OPTIONS, _) => {
            call.template.set(templates::passkey(path));
            Ok(HttpResponse::NoContent().finish())
        }
        _ => rarer(call, tenant, path).boxed_local().await,
    }
}

/// The routes that are not the hot path; see [`super::frame`] on boxes.
async fn rarer(call: &Call, tenant: Tenant<'_>, path: &[&str]) -> Answer {
    call.template.set(templates::passkey(path));
    match (call.method(), path) {
        (&Method::POST, ["registration", "finalize"]) => {
            admit(call, &tenant, Route::Finalize)?;
            registration::finalize(call, &tenant, Factor::Passkey).await
        }
        (&Method::POST, ["login", "finalize"]) => {
            admit(call, &tenant, Route::Finalize)?;
            login::finalize(call, &tenant, Factor::Passkey).await
        }
        (_, ["mfa", path @ ..]) => mfa(call, tenant.keyed(call)?, path).await,
        (&Method::GET | &Method::HEAD, [".well-known", "jwks.json"]) => {
            admit(call, &tenant, Route::Read)?;
            jwks::jwks(call, &tenant).await
        }
        (_, ["credentials", ..]) => credentials(call, &tenant.keyed(call)?, path).await,
        (_, ["transaction", ..]) => transaction(call, tenant.keyed(call)?, path).await,
        (&Method::GET | &Method::HEAD, ["audit_logs"]) => {
            audit_logs::list(call, &tenant.keyed(call)?).await
        }
        _ => Err(no_route(path)),
    }
}

async fn mfa(call: &Call, tenant: Keyed<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::POST, ["registration", "initialize"]) => mfa::register(call, tenant).await,
        (&Method::POST, ["registration", "finalize"]) => mfa::registered(call, tenant).await,
        (&Method::POST, ["login", "initialize"]) => mfa::log_in(call, tenant).await,
        (&Method::POST, ["login", "finalize"]) => mfa::logged_in(call, tenant).await,
        (_, ["registration" | "login", _]) => Err(no_route(path)),
        _ => Err(Problem::not_found("Not Found")),
    }
}

async fn transaction(call: &Call, tenant: Keyed<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::POST, [_, "initialize"]) => transaction::initialize(call, &tenant).await,
        (&Method::POST, [_, "finalize"]) => transaction::finalize(call, &tenant).await,
        (&Method::GET | &Method::HEAD, [_, user]) => transaction::list(call, &tenant, user),
        _ => Err(no_route(path)),
    }
}

async fn credentials(call: &Call, tenant: &Keyed<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::GET | &Method::HEAD, [_]) => credentials::list(call, tenant),
        (&Method::GET | &Method::HEAD, [_, id]) => credentials::show(tenant, id),
        (&Method::PATCH, [_, id]) => credentials::rename(call, tenant, id).await,
        (&Method::DELETE, [_, id]) => credentials::delete(tenant, id).await,
        _ => Err(no_route(path)),
    }
}

fn no_route(path: &[&str]) -> Problem {
    match path {
        ["registration" | "login", "initialize" | "finalize"] => {
            Problem::method_not_allowed("POST")
        }
        ["transaction", "initialize" | "finalize"] => {
            Problem::method_not_allowed("GET, HEAD, POST")
        }
        ["credentials" | "audit_logs"] | [".well-known", "jwks.json"] | ["transaction", _] => {
            Problem::method_not_allowed("GET, HEAD")
        }
        ["credentials", _] => Problem::method_not_allowed("GET, HEAD, PATCH, DELETE"),
        _ => Problem::no_route(),
    }
}

fn finish(call: &Call, factor: Factor) -> Finish<'_> {
    Finish {
        api: Api::Passkey,
        factor,
        body: &call.body.bytes,
    }
}

/// Options, as the decision rendered them.
pub fn options(json: String) -> HttpResponse {
    json_text(private(HttpResponse::Ok()), json)
}

/// The answer of every finalize.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenBody<'a> {
    /// A JWT, to be checked with the tenant's JWKS. Good for five minutes unless the tenant's settings say otherwise.
    token: &'a str,
}

pub fn token(token: &str) -> HttpResponse {
    json(private(HttpResponse::Ok()), &TokenBody { token })
}
