//! The outside: two listeners, thin handlers. What happens in a ceremony or to a tenant is decided further in.

pub mod admin;
pub mod answer;
pub mod audit;
pub mod body;
pub mod buckets;
pub mod call;
pub mod ceremony;
pub mod cors;
pub mod credential;
pub mod error;
pub mod forwarded;
pub mod frame;
pub mod issuers;
pub mod log;
mod openapi;
pub mod pages;
pub mod paging;
pub mod passkey;
pub mod public;
pub mod rate;
pub mod route;
mod templates;
pub mod tenancy;
pub mod time;
pub mod traces;
mod turn;
pub mod validation;

use std::sync::Arc;
use std::time::Duration;

use actix_http::Request;
use actix_web::HttpResponse;
use actix_web::http::Method;
use futures_util::FutureExt;

use crate::actor::registry::Registry;
use crate::telemetry::request::Template;
use crate::telemetry::traces::Traces;
use crate::tenant::authenticator::AuthenticatorNames;
use crate::tenant::ids::TenantId;
use call::Call;
use error::Problem;
use forwarded::Proxies;
use issuers::KeySets;
use rate::{RateLimits, Route};
use route::Table;
use tenancy::{Place, Tenancy};

/// What a handler comes to.
pub type Answer = Result<HttpResponse, Problem>;

/// What the handlers of a listener share.
#[derive(Clone)]
pub struct Shared {
    /// Of the listener.
    pub table: Table,
    pub registry: Arc<Registry>,
    pub limits: Limits,
    /// Whether each request has a line in the log, if it was merely answered too.
    pub logs_all: bool,
    /// `None`: there are none.
    pub traces: Option<Arc<Traces>>,
    /// `None`: nobody is limited.
    pub rates: Option<Arc<RateLimits>>,
    pub proxies: Proxies,
    pub tenancy: Tenancy,
    /// The tenant of the try page, where that is served.
    pub demo: Option<TenantId>,
    /// Who may use the admin API.
    pub admin: admin::Access,
    /// What authenticators are called.
    pub authenticators: Arc<AuthenticatorNames>,
    /// The keys of the issuers that tenants trust.
    pub issuers: Arc<KeySets>,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub body: usize,
    /// For the head of a request, and again for its body.
    pub timeout: Duration,
}

/// The public listener, on one of its workers.
pub fn serve_public(
    on: (Arc<Shared>, usize),
    request: Request,
) -> impl Future<Output = HttpResponse> {
    frame::answer(on, request, public_routes)
}

/// The admin listener.
pub fn serve_admin(shared: Arc<Shared>, request: Request) -> impl Future<Output = HttpResponse> {
    frame::answer((shared, 0), request, admin_routes)
}

/// The listener for those who scrape and look, and for nobody else.
pub fn serve_metrics(shared: Arc<Shared>, request: Request) -> impl Future<Output = HttpResponse> {
    frame::answer((shared, 0), request, metrics_routes)
}

/// What is not asked for all the time is boxed: the future of every request has room for the largest of its branches, and
/// is moved about.
async fn public_routes(call: &Call) -> Answer {
    match (&*call.path(), call.shared.demo) {
        (["" | "status.css"], _) => {
            call.template.set(Template::Status);
            rate::admit_stranger(call, Route::Read)?;
            pages::status(call).boxed_local().await
        }
        (["openapi.json"], _) => {
            call.template.set(Template::OpenApi);
            openapi::passkey(call)
        }
        (["docs" | "docs.css" | "docs.js"], _) => {
            call.template.set(Template::Docs);
            pages::docs(call)
        }
        (path @ ["health", what], _) => {
            count_page(call, path);
            admin::health(call, what).boxed_local().await
        }
        (["try", rest @ ..], Some(demo)) => {
            call.template.set(Template::Try);
            pages::try_page(call, demo, rest).boxed_local().await
        }
        (path, _) => match call.shared.tenancy.place(call, path)? {
            Place::Passkey(tenant, rest) => passkey::routes(call, tenant, rest).await,
            Place::Public(tenant, rest) => public::routes(call, tenant, rest).boxed_local().await,
        },
    }
}

async fn admin_routes(call: &Call) -> Answer {
    let path = call.path();
    let page = templates::page(&path);
    call.template
        .set(page.unwrap_or_else(|| templates::admin(&path)));
    match &*path {
        ["" | "status.css"] => pages::status(call).await,
        ["health", rest] => admin::health(call, rest).await,
        ["metrics"] => admin::metrics(call),
        ["openapi.json"] => openapi::admin(call),
        ["docs" | "docs.css" | "docs.js"] => pages::docs(call),
        rest => admin::routes(call, call.shared.admin.admit(call)?, rest).await,
    }
}

async fn metrics_routes(call: &Call) -> Answer {
    let path = call.path();
    count_page(call, &path);
    match &*path {
        ["health", what] => admin::health(call, what).await,
        ["metrics"] => admin::metrics(call),
        _ => Err(Problem::not_found("Not Found")),
    }
}

fn count_page(call: &Call, path: &[&str]) {
    let page = templates::page(path);
    call.template.set(page.unwrap_or(Template::Unknown));
}

/// `Ok` for a GET, and for a HEAD, whose answer leaves without its body.
fn only_get(call: &Call) -> Result<(), Problem> {
    match *call.method() {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Problem::method_not_allowed("GET, HEAD")),
    }
}
