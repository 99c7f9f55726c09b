//! `/tenants/{tenant_id}/secrets/jwk` (contract §5.4): the keys that sign the tenant's tokens. The contract has a `secret`
//! for each; here it has the old shape and opens nothing.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use futures_util::future::OptionFuture;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::secrets::{CreateBody, name_of, not_found, strict_uuid4};
use crate::actor::Refusal;
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::openapi::shapes::{SecretId, TokenAlgorithmWord};
use crate::http::{Answer, time};
use crate::tenant::ids::Timestamp;
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;
use crate::tenant::token::commands::{CreateSigningKey, DeleteSigningKey};
use crate::tenant::token::{KeyPurpose, KeyState, SigningKey};

/// The contract's members, what the key signs, and where it is in its life. The `id` is the `kid` of its tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
struct KeyBody {
    id: Uuid,
    name: String,
    /// It has the shape of a secret, and opens nothing.
    secret: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// What it signs: `token` or `session`.
    #[serde(rename = "use")]
    purpose: &'static str,
    #[schema(value_type = TokenAlgorithmWord)]
    algorithm: &'static str,
    /// `pending`, `active`, `retiring` or `retired`.
    state: &'static str,
    #[schema(format = DateTime)]
    signs_from: String,
    /// When its last token has expired, where another key has taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    retires_at: Option<String>,
}

pub(super) async fn routes(call: &Call, tenant: &Tenant<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::GET | &Method::HEAD, []) => list(tenant).await,
        (&Method::POST, []) => create(call, tenant).await,
        (&Method::DELETE, [id]) => delete(tenant, id).await,
        (_, []) => Err(Problem::method_not_allowed("GET, HEAD, POST")),
        (_, [_]) => Err(Problem::method_not_allowed("DELETE")),
        _ => Err(Problem::not_found("Not Found")),
    }
}

/// List signing keys
///
/// Never empty: to look is a use, and the first use makes the first.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "keys",
    operation_id = "signing_keys_list",
    params(("tenant_id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The keys that sign tokens, have signed them or are about to", body = Vec<KeyBody>)),
)]
pub(super) async fn list(tenant: &Tenant<'_>) -> Answer {
    let now = now(tenant);
    tenant.signing_key(now).await?;
    let bodies: Vec<KeyBody> = {
        let state = tenant.read();
        let bodies = |purpose| bodies(&state, purpose, now);
        KeyPurpose::ALL.into_iter().flat_map(bodies).collect()
    };
    Ok(json(HttpResponse::Ok(), &bodies))
}

fn bodies(state: &TenantState, purpose: KeyPurpose, now: Timestamp) -> Vec<KeyBody> {
    let keys = state.keys(purpose);
    let body = |(key, key_state): (&Arc<SigningKey>, KeyState)| {
        let retires_at = keys.retires_at(key.kid);
        let retires_at = retires_at.filter(|_| key_state == KeyState::Retiring);
        KeyBody {
            retires_at: retires_at.map(time::rfc3339),
            ..KeyBody::of(key, purpose, key_state)
        }
    };
    keys.states(now).map(body).collect()
}

/// Create a signing key
///
/// It is durable and published when this answers, and takes over a while later.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "keys",
    operation_id = "signing_key_create",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = CreateBody,
    responses((status = 201, description = "The key", body = KeyBody)),
)]
pub(super) async fn create(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let name = name_of(call)?;
    // It takes over from one that signs, so there must be one.
    tenant.signing_key(now(tenant)).await?;
    let has_sessions = !tenant.read().session_keys.is_empty();
    let session = has_sessions.then(|| tenant.private_key());
    let create = CreateSigningKey {
        name,
        private: tenant.private_key().await?,
        session: OptionFuture::from(session).await.transpose()?,
        publish_ahead: tenant.registry().publish_ahead,
    };
    let created = tenant.execute(create).await?;
    let key_state = if created.key.signs_from <= now(tenant) {
        KeyState::Active
    } else {
        KeyState::Pending
    };
    let body = KeyBody {
        secret: created.secret,
        ..KeyBody::of(&created.key, KeyPurpose::Token, key_state)
    };
    Ok(json(private(HttpResponse::Created()), &body))
}

/// Delete a signing key
///
/// Not while it signs, nor while tokens that it has signed are good.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/jwk/{secret_id}",
    tag = "keys",
    operation_id = "signing_key_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("secret_id" = inline(SecretId), Path)),
    responses((status = 204, description = "It is in the key set no more")),
)]
pub(super) async fn delete(tenant: &Tenant<'_>, text: &str) -> Answer {
    let kid = strict_uuid4(text)?;
    let deleted = tenant.execute(DeleteSigningKey { kid }).await;
    deleted.map_err(|refusal| {
        if refusal == Refusal::Rejected(Rejection::SecretNotFound) {
            return not_found(kid);
        }
        if refusal == Refusal::Rejected(Rejection::SigningKeyNeeded) {
            return needed(tenant, kid);
        }
        refusal.into()
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// With the time from which it is not.
fn needed(tenant: &Tenant<'_>, kid: Uuid) -> Problem {
    let problem = Problem::from(Rejection::SigningKeyNeeded);
    let retires_at = {
        let state = tenant.read();
        let mut sets = KeyPurpose::ALL
            .into_iter()
            .map(|purpose| state.keys(purpose));
        sets.find_map(|keys| keys.retires_at(kid))
    };
    let until = retires_at.map(time::rfc3339);
    let details = until.map(|until| {
        format!("tokens that this key has signed are good until {until}, remove it then").into()
    });
    Problem {
        details: details.or(problem.details),
        ..problem
    }
}

fn now(tenant: &Tenant<'_>) -> Timestamp {
    tenant.registry().source.env().now
}

impl KeyBody {
    /// All but the first characters of its secret are masked.
    fn of(key: &SigningKey, purpose: KeyPurpose, state: KeyState) -> Self {
        Self {
            id: key.kid,
            name: key.name.to_string(),
            secret: format!("{}****", key.hint),
            created_at: time::rfc3339(key.created_at),
            purpose: purpose.as_str(),
            algorithm: key.private.kind.algorithm(),
            state: state.as_str(),
            signs_from: time::rfc3339(key.signs_from),
            retires_at: None,
        }
    }
}
