//! `/tenants` (contract §5.1 to §5.3).

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::Admin;
use super::config::{ConfigBody, ConfigShown, check_neighbours, warnings};
use super::secrets::SecretBody;
use crate::http::Answer;
use crate::http::answer::{json, private};
use crate::http::body::object;
use crate::http::call::{Call, Tenant};
use crate::http::validation::Validation;
use crate::tenant::admin::{CreateTenant, RenameTenant, ReplaceSettings};
use crate::tenant::ids::TenantId;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantCreate)]
struct CreateBody {
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 255,
        example = "Shop"
    )]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "object")]
    #[schema(required, nullable = false)]
    config: Option<ConfigBody>,
    /// Whether a first API key comes with it.
    #[schema(example = true)]
    create_api_key: Option<bool>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantRename)]
struct RenameBody {
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 255,
        example = "Shop"
    )]
    display_name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantListed)]
struct Listed {
    id: Uuid,
    display_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantCreated)]
struct Created {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    api_key: Option<SecretBody>,
    /// What is legal in the settings and may surprise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
struct Shown {
    id: Uuid,
    display_name: String,
    config: ConfigShown,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// List tenants
#[utoipa::path(
    get,
    path = "/tenants",
    tag = "tenants",
    operation_id = "tenants_list",
    responses((status = 200, description = "The tenants", body = Vec<Listed>)),
)]
pub(super) async fn list(call: &Call, _: Admin) -> Answer {
    let tenants = call.shared.registry.list().await?;
    let listed: Vec<Listed> = tenants
        .into_iter()
        .map(|(id, profile)| Listed {
            id: id.0,
            display_name: profile.display_name.to_string(),
        })
        .collect();
    Ok(json(HttpResponse::Ok(), &listed))
}

/// Create a tenant
///
/// The API key is in this answer and in no other.
#[utoipa::path(
    post,
    path = "/tenants",
    tag = "tenants",
    operation_id = "tenant_create",
    request_body = CreateBody,
    responses((status = 201, description = "The tenant", body = Created)),
)]
pub(super) async fn create(call: &Call, _: Admin) -> Answer {
    let body: CreateBody = call.body.json(CREATE)?;
    let mut validation = Validation::default();
    let display_name = display_name(body.display_name, &mut validation);
    let settings = body.config.unwrap_or_default().settings(&mut validation);
    check_neighbours(&settings, call.base_domain(), &mut validation);
    validation.finish(CREATE)?;
    let warnings = warnings(&settings);
    let id = TenantId(call.shared.registry.source.env().uuid());
    let create = CreateTenant {
        display_name: display_name.into(),
        settings,
        api_key_name: body
            .create_api_key
            .unwrap_or_default()
            .then(|| "Initial API Key".into()),
    };
    let api_key = call
        .shared
        .registry
        .create(id, create, call.requester())
        .await?;
    log(id, &warnings);
    Ok(json(
        private(HttpResponse::Created()),
        &Created {
            id: id.0,
            api_key: api_key.map(SecretBody::from),
            warnings,
        },
    ))
}

/// Show a tenant
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}",
    tag = "tenants",
    operation_id = "tenant_show",
    params(("tenant_id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The tenant and its settings; of those that the contract does not know, the ones that differ from their default", body = Shown)),
)]
pub(super) fn show(tenant: &Tenant<'_>) -> HttpResponse {
    let (id, display_name, policy) = {
        let state = tenant.read();
        (
            state.id.0,
            state.display_name.to_string(),
            state.policy.clone(),
        )
    };
    json(
        HttpResponse::Ok(),
        &Shown {
            id,
            display_name,
            config: ConfigShown::of(&policy.settings),
            warnings: warnings(&policy.settings),
        },
    )
}

/// Rename a tenant
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}",
    tag = "tenants",
    operation_id = "tenant_rename",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = RenameBody,
    responses((status = 204, description = "Renamed")),
)]
pub(super) async fn rename(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let body: RenameBody = call.body.json(UPDATE)?;
    let mut validation = Validation::default();
    let display_name = display_name(body.display_name, &mut validation);
    validation.finish(UPDATE)?;
    let rename = RenameTenant {
        display_name: display_name.into(),
    };
    tenant.execute(rename).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn display_name(given: Option<String>, validation: &mut Validation) -> String {
    let display_name = validation.required("display_name", given);
    validation.at_most("display_name", &display_name, NAME_LENGTH_MAX);
    display_name
}

/// Replace the settings of a tenant
///
/// What is absent is its default again.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/config",
    tag = "tenants",
    operation_id = "tenant_configure",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = ConfigBody,
    responses((status = 204, description = "In force for all that begins from now on")),
)]
pub(super) async fn configure(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let body: ConfigBody = call.body.json(UPDATE_CONFIG)?;
    let mut validation = Validation::default();
    let settings = body.settings(&mut validation);
    check_neighbours(&settings, call.base_domain(), &mut validation);
    validation.finish(UPDATE_CONFIG)?;
    let warnings = warnings(&settings);
    tenant.execute(ReplaceSettings { settings }).await?;
    log(tenant.id, &warnings);
    // The settings are durable: where this fails, the next token tries again.
    if let Err(error) = tenant.renew_signing_keys().await {
        tracing::warn!(tenant = %tenant.id, %error, "no signing key of the wanted kind yet");
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Delete a tenant
///
/// With its users, credentials, keys and log.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}",
    tag = "tenants",
    operation_id = "tenant_delete",
    params(("tenant_id" = uuid::Uuid, Path)),
    responses((status = 204, description = "Gone")),
)]
pub(super) async fn delete(call: &Call, tenant: &Tenant<'_>) -> Answer {
    call.shared
        .registry
        .delete(tenant.id, call.requester())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn log(tenant: TenantId, warnings: &[String]) {
    for warning in warnings {
        tracing::warn!(tenant = %tenant, warning, "a tenant has a setting that may surprise");
    }
}

const CREATE: &str = "unable to create tenant";
const UPDATE: &str = "unable to update tenant";
const UPDATE_CONFIG: &str = "unable to update tenant config";
const NAME_LENGTH_MAX: usize = 255;
