//! What monitoring asks, without a token: alive, ready, metrics.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, ServiceConfig};
use uuid::Uuid;

use crate::http::routes::{Method, resource};
use crate::http::{JSON, Shared};

pub fn health(config: &mut ServiceConfig) {
    config
        .service(resource("/health/alive", [(Method::Get, web::to(alive))]))
        .service(resource("/health/ready", [(Method::Get, web::to(ready))]));
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, JSON))
        .body(r#"{"alive":true}"#)
}

/// The truth: the store is asked, all the way through its writer and its reader.
async fn ready(shared: Data<Shared>) -> HttpResponse {
    match not_ready(&shared).await {
        None => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, JSON))
            .body(r#"{"ready":true}"#),
        Some(reason) => HttpResponse::ServiceUnavailable()
            .insert_header((CONTENT_TYPE, JSON))
            .body(format!(r#"{{"ready":false,"reason":"{reason}"}}"#)),
    }
}

pub(super) async fn metrics(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
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
