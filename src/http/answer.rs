//! How an answer with a body is made: JSON, in the contract's spelling of its type.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

/// A JSON body.
///
/// # Panics
/// Never: the bodies of this crate have nothing that JSON cannot say.
pub fn json(response: HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    json_text(response, json_of(body))
}

/// Its text.
///
/// # Panics
/// Never, likewise.
pub fn json_of(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("a body of ours serialises")
}

/// A JSON body that is text already.
pub fn json_text(mut response: HttpResponseBuilder, text: impl Into<String>) -> HttpResponse {
    response
        .append_header((CONTENT_TYPE, HeaderValue::from_static(JSON)))
        .body(text.into())
}

/// For this client, this once: nothing on the way may keep it.
pub fn private(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response.append_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    response
}

/// The Public API's spelling of the type.
pub fn plain_json_type(headers: &mut HeaderMap) {
    if let Some(value) = headers.get_mut(CONTENT_TYPE)
        && *value == JSON
    {
        *value = HeaderValue::from_static("application/json");
    }
}

const JSON: &str = "application/json; charset=UTF-8";
