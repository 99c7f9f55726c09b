//! What monitoring asks, without a token: alive, ready, metrics.

use actix_web::HttpResponse;

use utoipa::ToSchema;

use crate::http::answer::json_text;
use crate::http::call::Call;
use crate::http::error::Problem;
use crate::http::{Answer, Shared, only_get};

/// `/health/alive` and `/health/ready`, on both listeners.
pub async fn health(call: &Call, what: &str) -> Answer {
    only_get(call)?;
    match what {
        "alive" => Ok(alive()),
        "ready" => Ok(ready(&call.shared).await),
        _ => Err(Problem::not_found("Not Found")),
    }
}

/// As the description shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never constructed")]
pub(in crate::http) struct Alive {
    alive: bool,
}

/// As the description shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never constructed")]
pub(in crate::http) struct Ready {
    ready: bool,
    /// Where it is not.
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// Is the server there
#[utoipa::path(
    get,
    path = "/health/alive",
    tag = "server",
    operation_id = "alive",
    responses((status = 200, description = "It is", body = Alive)),
    security(()),
)]
pub(in crate::http) fn alive() -> HttpResponse {
    json_text(HttpResponse::Ok(), r#"{"alive":true}"#)
}

/// Is the server of use
///
/// The truth: the store is asked, all the way through its writer and its reader.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "server",
    operation_id = "ready",
    responses((status = 200, description = "It is", body = Ready), (status = 503, description = "Not now", body = Ready)),
    security(()),
)]
pub(in crate::http) async fn ready(shared: &Shared) -> HttpResponse {
    match shared.registry.trouble().await {
        None => json_text(HttpResponse::Ok(), r#"{"ready":true}"#),
        Some(reason) => json_text(
            HttpResponse::ServiceUnavailable(),
            format!(r#"{{"ready":false,"reason":"{reason}"}}"#),
        ),
    }
}

/// What the server counts and measures
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    operation_id = "metrics",
    responses((status = 200, description = "For Prometheus", body = String, content_type = "text/plain")),
    security(()),
)]
pub fn metrics(call: &Call) -> Answer {
    only_get(call)?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(call.shared.registry.metrics.exposition()))
}
