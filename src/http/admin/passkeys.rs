//! What the passkey face has too, here without a key of the tenant: credentials and the audit log.

use crate::http::Answer;
use crate::http::audit::{self, AuditParameters, EntryBody};
use crate::http::call::{Call, Tenant};
use crate::http::openapi::shapes::Direction;
use crate::http::paging::PageParameters;
use crate::http::passkey::credentials::{self, CredentialBody};

/// List credentials
///
/// Those of a user, or of the whole tenant. With `user_id` and without paging parameters all of the user's come.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/credentials",
    tag = "credentials",
    operation_id = "credentials_list",
    params(("tenant_id" = uuid::Uuid, Path), ("user_id" = Option<String>, Query, description = "Whose, by the relying party's name for them"), ("order" = inline(Option<Direction>), Query, description = "By time of registration"), PageParameters),
    responses((status = 200, description = "The credentials", body = Vec<CredentialBody>)),
)]
pub(super) fn list(call: &Call, tenant: &Tenant<'_>) -> Answer {
    credentials::list(call, tenant)
}

/// Show a credential
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/credentials/{credential_id}",
    tag = "credentials",
    operation_id = "credential_show",
    params(("tenant_id" = uuid::Uuid, Path), ("credential_id" = String, Path, description = "As the lists show it: base64url without padding")),
    responses((status = 200, description = "The credential", body = CredentialBody)),
)]
pub(super) fn show(tenant: &Tenant<'_>, id: &str) -> Answer {
    credentials::show(tenant, id)
}

/// Delete a credential
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/credentials/{credential_id}",
    tag = "credentials",
    operation_id = "credential_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("credential_id" = String, Path, description = "As the lists show it: base64url without padding")),
    responses((status = 204, description = "Deleted; it signs in no more")),
)]
pub(super) async fn delete(tenant: &Tenant<'_>, id: &str) -> Answer {
    credentials::remove(tenant, id, None).await
}

/// List what happened
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/audit_logs",
    tag = "audit log",
    operation_id = "audit_logs_list",
    params(("tenant_id" = uuid::Uuid, Path), AuditParameters, PageParameters),
    responses((status = 200, description = "The entries", body = Vec<EntryBody>)),
)]
pub(super) async fn audit_logs(call: &Call, tenant: &Tenant<'_>) -> Answer {
    audit::list(call, tenant).await
}
