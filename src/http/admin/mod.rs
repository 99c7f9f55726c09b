//! The admin API: tenants and their secrets, and what monitoring asks.

mod access;
mod config;
mod declared;
pub(super) mod monitor;
pub(super) mod passkeys;
pub(super) mod secrets;
pub(super) mod sessions;
pub(super) mod signing_keys;
pub(super) mod tenants;
pub(super) mod users;

pub use access::{Access, Admin};
pub use declared::{Declared, declared};
pub use monitor::{health, metrics};

use actix_web::http::Method;

use super::Answer;
use super::call::{Call, Tenant};
use super::error::Problem;

/// The routes of whoever may use the admin API; whoever may not is not even told which there are.
pub async fn routes(call: &Call, admin: Admin, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::GET | &Method::HEAD, ["tenants"]) => tenants::list(call, admin).await,
        (&Method::POST, ["tenants"]) => tenants::create(call, admin).await,
        (_, ["tenants", tenant, below @ ..]) => {
            let tenant = call.tenant(tenant).await?;
            match (call.method(), below) {
                (&Method::GET | &Method::HEAD, []) => Ok(tenants::show(&tenant)),
                (&Method::PUT, []) => tenants::rename(call, &tenant).await,
                (&Method::DELETE, []) => tenants::delete(call, &tenant).await,
                (&Method::PUT, ["config"]) => tenants::configure(call, &tenant).await,
                (&Method::GET | &Method::HEAD, ["secrets", "api"]) => Ok(secrets::list(&tenant)),
                (&Method::POST, ["secrets", "api"]) => secrets::create(call, &tenant).await,
                (&Method::DELETE, ["secrets", "api", id]) => secrets::delete(&tenant, id).await,
                (_, ["users", ..]) => people(call, &tenant, path).await,
                (_, ["credentials", ..]) => credentials(call, &tenant, path).await,
                (_, ["secrets", "jwk", below @ ..]) => {
                    signing_keys::routes(call, &tenant, below).await
                }
                (_, ["sessions", below @ ..]) => sessions::routes(call, &tenant, below).await,
                (&Method::GET | &Method::HEAD, ["audit_logs"]) => {
                    passkeys::audit_logs(call, &tenant).await
                }
                _ => Err(no_route(path)),
            }
        }
        _ => Err(no_route(path)),
    }
}

async fn people(call: &Call, tenant: &Tenant<'_>, path: &[&str]) -> Answer {
    match (call.method(), &path[2..]) {
        (&Method::GET | &Method::HEAD, [_]) => users::list(call, tenant),
        (&Method::GET | &Method::HEAD, [_, id]) => users::show(tenant, id),
        (&Method::DELETE, [_, id]) => users::delete(tenant, id).await,
        _ => Err(no_route(path)),
    }
}

async fn credentials(call: &Call, tenant: &Tenant<'_>, path: &[&str]) -> Answer {
    match (call.method(), &path[2..]) {
        (&Method::GET | &Method::HEAD, [_]) => passkeys::list(call, tenant),
        (&Method::GET | &Method::HEAD, [_, id]) => passkeys::show(tenant, id),
        (&Method::DELETE, [_, id]) => passkeys::delete(tenant, id).await,
        _ => Err(no_route(path)),
    }
}

fn no_route(path: &[&str]) -> Problem {
    match path {
        ["tenants"] | ["tenants", _, "secrets", "api"] => {
            Problem::method_not_allowed("GET, HEAD, POST")
        }
        ["tenants", _] => Problem::method_not_allowed("GET, HEAD, PUT, DELETE"),
        ["tenants", _, "config"] => Problem::method_not_allowed("PUT"),
        ["tenants", _, "users" | "credentials" | "audit_logs"] => {
            Problem::method_not_allowed("GET, HEAD")
        }
        ["tenants", _, "users" | "credentials", _] => {
            Problem::method_not_allowed("GET, HEAD, DELETE")
        }
        ["tenants", _, "secrets", "api", _] => Problem::method_not_allowed("DELETE"),
        _ => Problem::not_found("Not Found"),
    }
}
