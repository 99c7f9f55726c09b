//! `GET /{tenant_id}/audit_logs` (contract §7).

use crate::http::Answer;
use crate::http::audit::{self, AuditParameters, EntryBody};
use crate::http::call::{Call, Keyed};
use crate::http::paging::PageParameters;

/// List what happened
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/{tenant_id}/audit_logs",
    tag = "audit log",
    operation_id = "audit_logs_list",
    params(("tenant_id" = uuid::Uuid, Path), AuditParameters, PageParameters),
    responses((status = 200, description = "The entries", body = Vec<EntryBody>)),
    security(("apiKey" = [])),
)]
pub(super) async fn list(call: &Call, tenant: &Keyed<'_>) -> Answer {
    audit::list(call, tenant).await
}
