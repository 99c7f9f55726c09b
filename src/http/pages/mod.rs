//! Pages for people: is it running, and what does it feel like.

mod docs;
mod status;
mod try_page;

pub use docs::docs;
pub use status::status;
pub use try_page::try_page;

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};

fn page(content_type: &'static str, policy: &'static str, body: impl Into<String>) -> HttpResponse {
    asset_headers(HttpResponse::Ok(), content_type)
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .body(body.into())
}

fn asset(content_type: &'static str, body: &'static str) -> HttpResponse {
    asset_headers(HttpResponse::Ok(), content_type).body(body)
}

/// Asked for anew each time: a page and its script come from the same binary or not at all.
fn asset_headers(
    mut response: actix_web::HttpResponseBuilder,
    content_type: &'static str,
) -> actix_web::HttpResponseBuilder {
    response
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CACHE_CONTROL, "no-cache"));
    response
}

const HTML: &str = "text/html; charset=UTF-8";
const CSS: &str = "text/css; charset=UTF-8";
const SCRIPT: &str = "text/javascript; charset=UTF-8";
