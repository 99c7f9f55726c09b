//! What monitoring asks, without a token: alive, ready, metrics.

use std::time::Duration;

use actix_web::HttpResponse;
use uuid::Uuid;

use crate::http::answer::json_text;
use crate::http::call::Call;
use crate::http::error::Problem;
use crate::http::{Answer, Shared, only_get};
use crate::store::LoadError;

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
    match not_ready(shared).await {
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

/// Why the server should get no traffic now.
pub async fn not_ready(shared: &Shared) -> Option<&'static str> {
    if shared.registry.is_draining() {
        return Some("the server is stopping");
    }
    let nobody = shared.registry.store.load(Uuid::nil());
    match tokio::time::timeout(STORE_ANSWERS_WITHIN, nobody).await {
        // Busy is not ill.
        Ok(Ok(_) | Err(LoadError::Busy)) => None,
        Ok(Err(LoadError::Fatal | LoadError::Damaged(_))) => Some("the store has failed"),
        Err(_) => Some("the store does not answer"),
    }
}

const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
