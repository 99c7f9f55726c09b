//! The outside: two listeners, thin handlers. What happens in a ceremony or to a tenant is decided further in.

pub mod admin;
pub mod answer;
pub mod body;
pub mod ceremony;
pub mod cors;
pub mod error;
pub mod extract;
pub mod frame;
pub mod pages;
pub mod paging;
pub mod passkey;
pub mod routes;
pub mod time;
pub mod validation;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::actor::registry::Registry;
use crate::tenant::ids::TenantId;
use error::Problem;
use extract::Tenant;

/// What the handlers of a listener share.
pub struct Shared {
    pub registry: Arc<Registry>,
    pub limits: Limits,
    /// The tenant of the try page, where that is served.
    pub demo: Option<TenantId>,
    /// Who may use the admin API.
    pub admin: admin::Access,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub body: usize,
    /// For the head of a request, and again for its body.
    pub timeout: Duration,
}

impl Shared {
    /// The application's own.
    ///
    /// # Panics
    /// Never: every application of this crate is given one.
    pub fn of(request: &HttpRequest) -> Data<Self> {
        Data::clone(request.app_data().expect("every application has it"))
    }
}

/// The HTTP worker that a handler runs on.
#[derive(Debug, Clone, Copy)]
pub struct Worker(pub usize);

/// The routes of the public listener. The first that matches answers.
pub fn public(config: &mut ServiceConfig, shared: &Shared) {
    config.configure(pages::status).configure(admin::health);
    if shared.demo.is_some() {
        config.configure(pages::try_page);
    }
    config
        .service(
            web::scope("/{tenant_id}")
                .configure(passkey::configure)
                .default_service(web::to(unknown_below_tenant)),
        )
        .default_service(web::to(unknown));
}

/// The routes of the admin listener.
pub fn admin(config: &mut ServiceConfig) {
    config
        .configure(pages::status)
        .configure(admin::health)
        .configure(admin::configure)
        .default_service(web::to(admin::unknown));
}

async fn unknown_below_tenant(request: HttpRequest, _: Tenant) -> HttpResponse {
    routes::preflight(&request).unwrap_or_else(|| Problem::not_found("Not Found").answer())
}

/// One segment names a tenant, with nothing below it.
async fn unknown(request: HttpRequest) -> Problem {
    let path = request.path().trim_matches('/');
    if path.is_empty() && request.method() != Method::GET {
        return Problem::method_not_allowed("GET, HEAD");
    }
    match extract::tenant_id(path) {
        Ok(_) => Problem::not_found("Not Found"),
        Err(problem) => problem,
    }
}
