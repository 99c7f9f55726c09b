//! The Passkey API: thin handlers, each extract, convert, execute, convert.

pub mod credentials;
mod jwks;
pub mod login;
pub mod registration;
pub mod texts;

use actix_web::HttpResponse;
use actix_web::http::Method;
use futures_util::FutureExt;
use serde::Serialize;

use super::Answer;
use super::answer::{json, json_text, private};
use super::call::Call;
use super::error::Problem;

/// The routes below a tenant. Any `OPTIONS` there is a preflight, before any key is asked for (contract §8.2).
pub async fn routes(call: &Call, tenant: &str, path: &[&str]) -> Answer {
    let tenant = call.tenant(tenant).await?;
    match (call.method(), path) {
        (&Method::POST, ["registration", "initialize"]) => {
            registration::initialize(call, tenant.keyed(call)?).await
        }
        (&Method::POST, ["registration", "finalize"]) => {
            registration::finalize(call, tenant).boxed_local().await
        }
        (&Method::POST, ["login", "initialize"]) => login::initialize(call, tenant).await,
        (&Method::POST, ["login", "finalize"]) => login::finalize(call, tenant).boxed_local().await,
        (&Method::GET | &Method::HEAD, ["credentials"]) => {
            credentials::list(call, &tenant.keyed(call)?)
        }
        (&Method::DELETE, ["credentials", id]) => {
            let tenant = tenant.keyed(call)?;
            credentials::remove(&tenant, id, None).boxed_local().await
        }
        (&Method::GET | &Method::HEAD, [".well-known", "jwks.json"]) => {
            jwks::jwks(&tenant).boxed_local().await
        }
        (&Method::OPTIONS, _) => Ok(HttpResponse::NoContent().finish()),
        (_, path) => Err(no_route(path)),
    }
}

fn no_route(path: &[&str]) -> Problem {
    match path {
        ["registration" | "login", "initialize" | "finalize"] => {
            Problem::method_not_allowed("POST")
        }
        ["credentials"] | [".well-known", "jwks.json"] => Problem::method_not_allowed("GET, HEAD"),
        ["credentials", _] => Problem::method_not_allowed("DELETE"),
        _ => Problem::not_found("Not Found"),
    }
}

/// Options, as the decision rendered them.
pub fn options(json: String) -> HttpResponse {
    json_text(private(HttpResponse::Ok()), json)
}

/// The answer of every finalize.
#[derive(Serialize)]
struct TokenBody<'a> {
    token: &'a str,
}

pub fn token(token: &str) -> HttpResponse {
    json(private(HttpResponse::Ok()), &TokenBody { token })
}
