//! `GET /{tenant_id}/.well-known/jwks.json` (contract §2.10).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, Header, IfNoneMatch};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::http::Answer;
use crate::http::answer::{json_of, json_text};
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::openapi::tokens::{IfNoneMatchParameter, JwkShown};
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
    params(("tenant_id" = uuid::Uuid, Path), IfNoneMatchParameter),
    responses(
        (
            status = 200,
            description = "The keys (RFC 7517), to be kept for ten minutes",
            body = KeySet,
            headers(("ETag" = String, description = "Of these keys")),
        ),
        (status = 304, description = "The keys are still those of `If-None-Match`"),
    ),
)]
pub(super) async fn jwks(call: &Call, tenant: &Tenant<'_>) -> Answer {
    key_set(call, tenant, KeyPurpose::Token).await
}

/// The keys of one purpose, and none of the other.
pub(crate) async fn key_set(call: &Call, tenant: &Tenant<'_>, purpose: KeyPurpose) -> Answer {
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
    Ok(kept(call, &KeySet { keys }))
}

/// For ten minutes, and then only as long as it is another.
fn kept(call: &Call, keys: &KeySet) -> HttpResponse {
    let text = json_of(keys);
    let digest = Sha256::digest(&text);
    let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(&digest[..16]));
    let is_known = is_known(call, &tag);
    let mut response = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    response.insert_header((CACHE_CONTROL, "max-age=600"));
    response.insert_header((ETAG, tag.to_string()));
    if is_known {
        return response.finish();
    }
    json_text(response, text)
}

/// Whether whoever asks has the keys still (RFC 9110 §13.1.2).
fn is_known(call: &Call, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(&call.request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|other| other.weak_eq(tag)),
        Err(_) => false,
    }
}
