//! Second factors: the ceremonies of passkeys with the tenant's MFA settings, each with the API key (contract §2.8).

use super::TokenBody;
use super::login;
use super::registration;
use crate::http::Answer;
use crate::http::call::{Call, Keyed};
use crate::http::error::Envelope;
use crate::http::openapi::ceremonies::{
    AuthenticationCredential, CreationOptions, RegistrationCredential, RequestOptions,
};
use crate::tenant::challenge::Factor;

/// Begin the registration of a second factor
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/registration/initialize",
    tag = "second factors",
    operation_id = "mfa_registration_initialize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = registration::InitializeBody,
    responses((status = 200, description = "The options", body = CreationOptions)),
    security(("apiKey" = [])),
)]
pub(super) async fn register(call: &Call, tenant: Keyed<'_>) -> Answer {
    registration::initialize(call, tenant, Factor::Mfa).await
}

/// Finish the registration of a second factor
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/registration/finalize",
    tag = "second factors",
    operation_id = "mfa_registration_finalize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = RegistrationCredential,
    responses(
        (status = 200, description = "The credential is durable; it never signs in by itself", body = TokenBody),
        (status = 422, description = "The tenant requires user verification and the authenticator did none", body = Envelope),
    ),
    security(("apiKey" = [])),
)]
pub(super) async fn registered(call: &Call, tenant: Keyed<'_>) -> Answer {
    registration::finalize(call, &tenant, Factor::Mfa).await
}

/// Begin the use of a second factor
///
/// A second factor is always somebody's. The user's passkeys are offered too.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/login/initialize",
    tag = "second factors",
    operation_id = "mfa_login_initialize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = login::MfaInitializeBody,
    responses((status = 200, description = "The options", body = RequestOptions)),
    security(("apiKey" = [])),
)]
pub(super) async fn log_in(call: &Call, tenant: Keyed<'_>) -> Answer {
    login::initialize_mfa(call, tenant).await
}

/// Finish the use of a second factor
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/login/finalize",
    tag = "second factors",
    operation_id = "mfa_login_finalize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = AuthenticationCredential,
    responses(
        (status = 200, description = "The token says who used what", body = TokenBody),
        (status = 401, description = "The API key or the authenticator's response is not accepted", body = Envelope),
    ),
    security(("apiKey" = [])),
)]
pub(super) async fn logged_in(call: &Call, tenant: Keyed<'_>) -> Answer {
    login::finalize(call, &tenant, Factor::Mfa).await
}
