//! `GET /{tenant_id}/.well-known/jwks.json` (contract §2.10).

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Answer;
use crate::http::answer::json;
use crate::http::call::Tenant;
use crate::http::error::Problem;
use crate::http::openapi::tokens::JwkShown;
use crate::tenant::state::TenantState;
use crate::tenant::token::{Jwk, KeyPurpose};

#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
pub(crate) struct KeySet {
    #[schema(value_type = Vec<JwkShown>)]
    keys: Vec<Jwk>,
}

/// The keys that check the tenant's tokens
///
/// Never empty: to ask for the keys is a use, and the first use makes the first.
#[utoipa::path(
    get,
    path = "/{tenant_id}/.well-known/jwks.json",
    tag = "tokens",
    operation_id = "jwks",
    params(("tenant_id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The keys (RFC 7517), to be kept for ten minutes", body = KeySet)),
)]
pub(super) async fn jwks(tenant: &Tenant<'_>) -> Answer {
    key_set(tenant, KeyPurpose::Token).await
}

/// The keys of one purpose, and none of the other.
pub(crate) async fn key_set(tenant: &Tenant<'_>, purpose: KeyPurpose) -> Answer {
    let now = tenant.registry().source.env().now;
    let active = tenant.key(purpose, now).await?;
    let published = |state: &TenantState| state.keys(purpose).published(now).cloned().collect();
    let mut keys: Vec<_> = published(&tenant.read());
    if keys.is_empty() {
        // Made by the actor of a tenant that was read back on the way.
        keys.push(active);
    }
    let keys: Result<Vec<Jwk>, _> = keys.iter().map(|key| key.jwk()).collect();
    let keys = keys.map_err(|error| {
        tracing::error!(tenant = %tenant.id, %error, "a signing key cannot be published");
        Problem::internal()
    })?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "max-age=600"));
    Ok(json(response, &KeySet { keys }))
}
