//! The Public API. Its routes are not there yet: whatever a tenant is asked for is not found.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::Answer;
use super::call::Call;
use super::error::Problem;
use crate::tenant::ids::TenantId;

pub async fn routes(call: &Call, tenant: TenantId, _path: &[&str]) -> Answer {
    call.tenant_of(tenant).await?;
    match *call.method() {
        Method::OPTIONS => Ok(HttpResponse::NoContent().finish()),
        _ => Err(Problem::no_route()),
    }
}
