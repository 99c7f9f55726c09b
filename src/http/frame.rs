//! What every request and every answer has in common, in one layer around all routes: a request id, the body read,
//! CORS and security headers, and no panic that reaches the client.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use futures_util::FutureExt;
use rand::RngExt;

use super::error::Problem;
use super::{Shared, body, cors};
use crate::tenant::policy::Policy;

/// The layer.
pub async fn frame<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let shared = Shared::of(request.request());
    let id = request_id(request.headers());
    let limits = &shared.limits;
    let read = body::read(&mut request.take_payload(), limits.body, limits.timeout).await;
    let mut response = match read {
        Ok(bytes) => {
            request.extensions_mut().insert(body::Read(bytes));
            guarded(request, next, &id).await?
        }
        Err(problem) => request
            .into_response(problem.answer())
            .map_into_right_body(),
    };
    finish(&shared, id, &mut response);
    Ok(response)
}

/// Carries the request out. A panic is answered, logged and survived.
async fn guarded<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    id: &HeaderValue,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let Ok(answer) = answer else {
        tracing::error!(request_id = ?id, "a request handler panicked");
        return Err(Panicked(id.clone()).into());
    };
    Ok(answer?.map_into_left_body())
}

/// The request went down with its handler, so this answer has only the id to go by.
#[derive(Debug)]
struct Panicked(HeaderValue);

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a request handler panicked")
    }
}

impl ResponseError for Panicked {
    fn error_response(&self) -> HttpResponse {
        let mut answer = Problem::internal().answer();
        answer.headers_mut().insert(X_REQUEST_ID, self.0.clone());
        answer
    }
}

fn finish<B>(shared: &Shared, id: HeaderValue, response: &mut ServiceResponse<B>) {
    let status = response.status().as_u16();
    shared.registry.metrics.http_response(status / 100);
    if status >= 400 {
        log(&id, response);
    }
    let cors = cors_headers(response.request());
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(cors) = cors {
        cors.write(headers);
    }
}

/// Failures are the operator's business, refused ceremonies may be, and all else that was refused is the client's.
fn log<B>(id: &HeaderValue, response: &ServiceResponse<B>) {
    let status = response.status().as_u16();
    let route = response.request().match_pattern().unwrap_or_default();
    let extensions = response.response().extensions();
    let problem = extensions.get::<Problem>();
    let title = problem.map(|problem| problem.title.trim_end());
    let reason = problem.and_then(|problem| problem.reason);
    if status >= 500 {
        tracing::warn!(request_id = ?id, status, route, title, reason, "a request failed");
    } else if reason.is_some() {
        tracing::info!(request_id = ?id, status, route, title, reason, "a request was refused");
    } else {
        tracing::debug!(request_id = ?id, status, route, title, "a request was refused");
    }
}

/// `None` without an origin, or where no tenant was found whose rules would say something.
fn cors_headers(request: &HttpRequest) -> Option<cors::Answer> {
    let origin = request.headers().get(ORIGIN)?;
    let extensions = request.extensions();
    let policy: &Arc<Policy> = extensions.get()?;
    let preflight = (request.method() == Method::OPTIONS).then(|| request.headers());
    Some(cors::Answer::to(origin, &policy.settings.cors, preflight))
}

/// Taken over from the client if it is sane: it goes into logs and headers.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers
        .get(X_REQUEST_ID)
        .filter(|value| is_sane(value.as_bytes()));
    given.cloned().unwrap_or_else(random_id)
}

fn is_sane(id: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.iter().all(word)
}

/// 32 letters, as the contract has it. Not secret, only distinct.
fn random_id() -> HeaderValue {
    let mut random = [0_u8; 32];
    rand::rng().fill(&mut random);
    let letters = random.map(|byte| LETTERS[usize::from(byte % 32)]);
    HeaderValue::from_bytes(&letters).expect("letters make a header")
}

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyzABCDEF";

const REQUEST_ID_LENGTH_MAX: usize = 128;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_CONTENT_TYPE_OPTIONS: HeaderName = HeaderName::from_static("x-content-type-options");
