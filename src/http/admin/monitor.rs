//! What monitoring asks, without a token: alive, ready, metrics.

use actix_web::HttpResponse;

use crate::http::answer::json_text;
use crate::http::call::Call;
use crate::http::error::Problem;
use crate::http::{Answer, Shared, only_get};

/// `/health/alive` and `/health/ready`, on both listeners.
pub async fn health(call: &Call, what: &str) -> Answer {
    only_get(call)?;
    match what {
        "alive" => Ok(json_text(HttpResponse::Ok(), r#"{"alive":true}"#)),
        "ready" => Ok(ready(&call.shared).await),
        _ => Err(Problem::not_found("Not Found")),
    }
}

/// The truth: the store is asked, all the way through its writer and its reader.
async fn ready(shared: &Shared) -> HttpResponse {
    match shared.registry.trouble().await {
        None => json_text(HttpResponse::Ok(), r#"{"ready":true}"#),
        Some(reason) => json_text(
            HttpResponse::ServiceUnavailable(),
            format!(r#"{{"ready":false,"reason":"{reason}"}}"#),
        ),
    }
}

pub fn metrics(call: &Call) -> Answer {
    only_get(call)?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(call.shared.registry.metrics.exposition()))
}
