//! The admin API: tenants and their secrets, and what monitoring asks.

mod access;
mod config;
mod monitor;
mod secrets;
mod tenants;

pub use access::{Access, bearer};
pub use monitor::{health, not_ready};

use actix_web::web::{self, ServiceConfig};

use super::error::Problem;
use super::routes::{Method, resource};
use access::Admin;

pub fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(
            "/metrics",
            [(Method::Get, web::to(monitor::metrics))],
        ))
        .service(resource(
            "/tenants",
            [
                (Method::Get, web::to(tenants::list)),
                (Method::Post, web::to(tenants::create)),
            ],
        ))
        .service(resource(
            "/tenants/{tenant_id}",
            [
                (Method::Get, web::to(tenants::show)),
                (Method::Put, web::to(tenants::rename)),
                (Method::Delete, web::to(tenants::delete)),
            ],
        ))
        .service(resource(
            "/tenants/{tenant_id}/config",
            [(Method::Put, web::to(tenants::configure))],
        ))
        .service(resource(
            "/tenants/{tenant_id}/secrets/api",
            [
                (Method::Get, web::to(secrets::list)),
                (Method::Post, web::to(secrets::create)),
            ],
        ))
        .service(resource(
            "/tenants/{tenant_id}/secrets/api/{secret_id}",
            [(Method::Delete, web::to(secrets::delete))],
        ));
}

/// Whoever may not use the admin API is not told what it has.
pub async fn unknown(_: Admin) -> Problem {
    Problem::not_found("Not Found")
}
