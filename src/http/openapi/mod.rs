//! The description of all APIs (`OpenAPI` 3.1), made from the handlers: each says beside its code what it takes and answers,
//! and what all have in common is added here. Nothing is decided here.

pub(super) mod ceremonies;
mod common;
pub(super) mod pages;
pub(super) mod shapes;
pub(super) mod tokens;

use actix_web::HttpResponse;
use utoipa::OpenApi;

use super::admin::{monitor, passkeys, secrets, sessions, signing_keys, tenants, users};
use super::answer::json_text;
use super::call::Call;
use super::error::{Envelope, Problem};
use super::passkey::{audit_logs, credentials, jwks, login, mfa, registration, transaction};
use super::{Answer, admin, only_get};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "keywright: the Passkey API and the Public API",
        description = "Passkeys for many relying parties. With the Passkey API your backend vouches for a user with the tenant's API key, the browser \
            talks to the authenticator, and each finished ceremony answers a short-lived token that your backend checks with the tenant's JWKS. \
            With the Public API (the tags that begin with `public`) pages call by themselves, and whoever signs in has a session.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        registration::initialize,
        registration::finalize,
        login::initialize,
        login::finalize,
        mfa::register,
        mfa::registered,
        mfa::log_in,
        mfa::logged_in,
        transaction::initialize,
        transaction::finalize,
        transaction::list,
        credentials::list,
        credentials::show,
        credentials::rename,
        credentials::delete,
        jwks::jwks,
        audit_logs::list,
        monitor::alive,
        monitor::ready,
        description,
    ),
    components(schemas(Envelope))
)]
struct PasskeyApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "keywright: the admin API",
        description = "Tenants with their settings, keys, users and credentials. This listener is for operators: keep it where only they are.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        tenants::list,
        tenants::create,
        tenants::show,
        tenants::rename,
        tenants::configure,
        tenants::delete,
        secrets::list,
        secrets::create,
        secrets::delete,
        signing_keys::list,
        signing_keys::create,
        signing_keys::delete,
        users::list,
        users::show,
        users::delete,
        passkeys::list,
        passkeys::show,
        passkeys::delete,
        passkeys::audit_logs,
        sessions::create,
        sessions::list,
        sessions::delete_all,
        sessions::show,
        sessions::delete,
        monitor::alive,
        monitor::ready,
        monitor::metrics,
        description,
    ),
    components(schemas(Envelope))
)]
struct AdminApi;

/// `GET /openapi.json` on the public listener.
pub(super) fn passkey(call: &Call) -> Answer {
    only_get(call)?;
    let api = common::keyed(PasskeyApi::openapi());
    description(&api.merge_from(pages::api(call)))
}

/// The same on the admin listener.
pub(super) fn admin(call: &Call) -> Answer {
    only_get(call)?;
    let mut api = AdminApi::openapi();
    let schemas = &mut api.components.get_or_insert_default().schemas;
    if let Some(issuer) = schemas.remove("Issuer") {
        let issuer = shapes::either(issuer, "jwks", "jwks_url");
        schemas.insert("Issuer".to_owned(), issuer.into());
    }
    description(&match call.shared.admin {
        admin::Access::Token(_) => common::guarded(api),
        admin::Access::LoopbackOnly => common::local(api),
    })
}

/// This description
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "server",
    operation_id = "description",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
    security(()),
)]
fn description(api: &utoipa::openapi::OpenApi) -> Answer {
    let text = api.to_json().map_err(|error| {
        tracing::error!(%error, "the description of the API does not serialise");
        Problem::internal()
    })?;
    Ok(json_text(HttpResponse::Ok(), text))
}
