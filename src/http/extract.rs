//! What a handler relies on stands in its signature: the tenant, the API key that was checked.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::ORIGIN;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::Either;

use super::Shared;
use super::error::Problem;
use crate::actor::handle::Lease;
use crate::tenant::ids::TenantId;
use crate::tenant::secret::is_api_key;

/// The tenant that the path names, for this request.
pub struct Tenant(Lease);

impl Deref for Tenant {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.0
    }
}

impl Tenant {
    /// Leaves the tenant's policy with the request: whoever frames the answer needs its CORS rules.
    pub fn of(request: &HttpRequest, lease: Lease) -> Self {
        if request.headers().contains_key(ORIGIN) {
            let policy = lease.read().policy.clone();
            request.extensions_mut().insert(policy);
        }
        Self(lease)
    }
}

impl FromRequest for Tenant {
    type Error = Problem;
    type Future = MaybeReady<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        tenant(request, Self::of)
    }
}

/// The tenant, asked for with one of its API keys.
pub struct Keyed(Tenant);

impl Deref for Keyed {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.0
    }
}

impl FromRequest for Keyed {
    type Error = Problem;
    type Future = MaybeReady<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let tenant = tenant(request, |request, lease| {
            let tenant = Tenant::of(request, lease);
            check_api_key(request, &tenant).map(|()| Self(tenant))
        });
        match tenant {
            Either::Left(now) => Either::Left(ready(now.into_inner().and_then(|keyed| keyed))),
            Either::Right(later) => Either::Right(Box::pin(async { later.await? })),
        }
    }
}

/// Almost always there at once: a tenant in memory is waited for by nobody.
pub type MaybeReady<T> =
    Either<Ready<Result<T, Problem>>, Pin<Box<dyn Future<Output = Result<T, Problem>>>>>;

/// The key is compared with every key of the tenant, and only with those.
pub fn check_api_key(request: &HttpRequest, tenant: &Tenant) -> Result<(), Problem> {
    match api_key(request) {
        Some(key) if is_api_key(&tenant.read().api_keys, key) => Ok(()),
        _ => Err(Problem::unauthorized(
            "The api key is invalid",
            "api keys needs to be an apiKey Header and 32 byte long",
        )),
    }
}

/// The key that was sent, if any.
pub fn api_key(request: &HttpRequest) -> Option<&str> {
    let key = request.headers().get("apiKey")?.to_str().ok()?.trim();
    (!key.is_empty()).then_some(key)
}

pub fn tenant_id(text: &str) -> Result<TenantId, Problem> {
    TenantId::parse(text).ok_or_else(|| Problem::bad_request("tenant_id must be a valid uuid4", ""))
}

fn tenant<T: 'static>(request: &HttpRequest, then: fn(&HttpRequest, Lease) -> T) -> MaybeReady<T> {
    let id = match tenant_id(request.match_info().get("tenant_id").unwrap_or_default()) {
        Ok(id) => id,
        Err(problem) => return Either::Left(ready(Err(problem))),
    };
    let shared = Shared::of(request);
    if let Some(lease) = shared.registry.lease_now(id) {
        let lease = lease.map_err(Problem::from);
        return Either::Left(ready(lease.map(|lease| then(request, lease))));
    }
    let request = request.clone();
    Either::Right(Box::pin(async move {
        let lease = shared.registry.lease(id).await?;
        Ok(then(&request, lease))
    }))
}
