//! What monitoring asks, without a token: alive, ready, metrics.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use uuid::Uuid;

use crate::http::Shared;
use crate::http::answer::json_text;
use crate::http::routes::{Method, resource};

pub fn health(config: &mut ServiceConfig) {
    config
        .service(resource("/health/alive", [(Method::Get, web::to(alive))]))
        .service(resource("/health/ready", [(Method::Get, web::to(ready))]));
}

async fn alive() -> HttpResponse {
    json_text(HttpResponse::Ok(), r#"{"alive":true}"#)
}

/// The truth: the store is asked, all the way through its writer and its reader.
async fn ready(shared: Data<Shared>) -> HttpResponse {
    match not_ready(&shared).await {
        None => json_text(HttpResponse::Ok(), r#"{"ready":true}"#),
        Some(reason) => json_text(
            HttpResponse::ServiceUnavailable(),
            format!(r#"{{"ready":false,"reason":"{reason}"}}"#),
        ),
    }
}

pub(super) async fn metrics(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(shared.registry.metrics.exposition())
}

/// Why the server should get no traffic now.
pub async fn not_ready(shared: &Shared) -> Option<&'static str> {
    if shared.registry.is_draining() {
        return Some("the server is stopping");
    }
    let nobody = shared.registry.store.load(Uuid::nil());
    match tokio::time::timeout(STORE_ANSWERS_WITHIN, nobody).await {
        Ok(Ok(_)) => None,
        Ok(Err(_)) => Some("the store has failed"),
        Err(_) => Some("the store does not answer"),
    }
}

const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
