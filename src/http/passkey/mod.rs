//! The Passkey API: thin handlers, each extract, convert, execute, convert.

pub mod credentials;
mod jwks;
pub mod login;
pub mod registration;
pub mod texts;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use serde::Serialize;

use super::answer::{json, json_text, private};
use super::routes::{Method, tenant_resource};

/// Every route below a tenant.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(tenant_resource(
            "/registration/initialize",
            [(Method::Post, web::to(registration::initialize))],
        ))
        .service(tenant_resource(
            "/registration/finalize",
            [(Method::Post, web::to(registration::finalize))],
        ))
        .service(tenant_resource(
            "/login/initialize",
            [(Method::Post, web::to(login::initialize))],
        ))
        .service(tenant_resource(
            "/login/finalize",
            [(Method::Post, web::to(login::finalize))],
        ))
        .service(tenant_resource(
            "/credentials",
            [(Method::Get, web::to(credentials::list))],
        ))
        .service(tenant_resource(
            "/credentials/{credential_id}",
            [(Method::Delete, web::to(credentials::delete))],
        ))
        .service(tenant_resource(
            "/.well-known/jwks.json",
            [(Method::Get, web::to(jwks::jwks))],
        ));
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
