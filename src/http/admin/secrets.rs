//! `/tenants/{tenant_id}/secrets/api` (contract §5.4). A key is shown in the answer that creates it and nowhere else.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::{Uuid, Variant, Version};

use crate::actor::Refusal;
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::openapi::shapes::SecretId;
use crate::http::validation::Validation;
use crate::http::{Answer, time};
use crate::tenant::rejection::Rejection;
use crate::tenant::secret::{ApiKey, CreateApiKey, DeleteApiKey, NewApiKey};

/// A secret on the wire; in lists all but its first characters is masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub(super) struct SecretBody {
    id: Uuid,
    name: String,
    /// Only in the answer that creates it; elsewhere its first characters.
    secret: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<NewApiKey> for SecretBody {
    fn from(key: NewApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name.to_string(),
            created_at: time::rfc3339(key.created_at),
            secret: key.secret,
        }
    }
}

impl From<&ApiKey> for SecretBody {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name.to_string(),
            created_at: time::rfc3339(key.created_at),
            secret: format!("{}****", key.hint),
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretCreate)]
pub(super) struct CreateBody {
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 255,
        example = "Backend"
    )]
    name: Option<String>,
}

/// List API keys
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/secrets/api",
    tag = "keys",
    operation_id = "api_keys_list",
    params(("tenant_id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The keys, all but their first characters masked", body = Vec<SecretBody>)),
)]
pub(super) fn list(tenant: &Tenant<'_>) -> HttpResponse {
    let bodies: Vec<SecretBody> = tenant
        .read()
        .api_keys
        .iter()
        .map(SecretBody::from)
        .collect();
    json(HttpResponse::Ok(), &bodies)
}

/// Create an API key
///
/// It is in this answer and in no other.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/api",
    tag = "keys",
    operation_id = "api_key_create",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = CreateBody,
    responses((status = 201, description = "The key", body = SecretBody)),
)]
pub(super) async fn create(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let name = name_of(call)?;
    let created = tenant.execute(CreateApiKey { name }).await?;
    Ok(json(
        private(HttpResponse::Created()),
        &SecretBody::from(created),
    ))
}

/// Delete an API key
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/api/{secret_id}",
    tag = "keys",
    operation_id = "api_key_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("secret_id" = inline(SecretId), Path)),
    responses((status = 204, description = "It opens nothing any more")),
)]
pub(super) async fn delete(tenant: &Tenant<'_>, text: &str) -> Answer {
    let id = strict_uuid4(text)?;
    let deleted = tenant.execute(DeleteApiKey { id }).await;
    deleted.map_err(|refusal| {
        if refusal == Refusal::Rejected(Rejection::SecretNotFound) {
            return not_found(id);
        }
        refusal.into()
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a key of either kind is to be called.
pub(super) fn name_of(call: &Call) -> Result<Box<str>, Problem> {
    let body: CreateBody = call.body.json(CREATE)?;
    let mut validation = Validation::default();
    let name = validation.required("name", body.name);
    validation.at_most("name", &name, NAME_LENGTH_MAX);
    validation.finish(CREATE)?;
    Ok(name.into())
}

pub(super) fn not_found(id: Uuid) -> Problem {
    Problem::not_found(format!("secret with ID '{id}' not found"))
}

pub(super) fn strict_uuid4(text: &str) -> Result<Uuid, Problem> {
    parse_uuid4(text).ok_or_else(|| {
        Problem::bad_request("unable to remove key", "SecretId must be a valid uuid4")
    })
}

/// Lower case, hyphenated, version 4: as the contract's `uuid4` rule has it.
fn parse_uuid4(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    let is_random =
        id.get_version() == Some(Version::Random) && id.get_variant() == Variant::RFC4122;
    (is_random && id.hyphenated().to_string() == text).then_some(id)
}

const CREATE: &str = "unable to create key";
const NAME_LENGTH_MAX: usize = 255;
