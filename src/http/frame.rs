//! What every request and every answer has in common: a request id, the body read, CORS and security headers, and no
//! panic that reaches the client. Between, the routes: one table a face, each a `match` on path and method.
//!
//! actix-web's own router, scopes and middleware do the same in boxes within boxes, at a third of all that an initialize
//! may cost; so `HttpServer` is given one service, and no `App`.

use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_http::{HttpMessage, Payload, Request};
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use futures_util::FutureExt;
use rand::RngExt;

use super::answer::plain_json_type;
use super::body::Body;
use super::call::Call;
use super::error::{Face, Problem};
use super::route::method;
use super::{Answer, Shared, cors, log, public, traces, turn};
use crate::telemetry::request::Status;
use crate::telemetry::worker::BodyRefused;

/// Answers a request of a listener whose table is `route`.
pub async fn answer(
    (shared, worker): (Arc<Shared>, usize),
    mut request: Request,
    route: impl AsyncFn(&Call) -> Answer,
) -> HttpResponse {
    let mut payload = request.take_payload();
    turn::second_look(&payload).await;
    let id = request_id(request.headers());
    let (body, refused) = match read(&request, &mut payload, &shared).await {
        Ok(body) => (body, None),
        Err(problem) => (Body::default(), Some(problem)),
    };
    let call = Call::new(request, body, shared, worker, id);
    let Some(problem) = refused else {
        let answer = AssertUnwindSafe(pin!(route(&call))).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| Err(panicked(&call)));
        let response = finish(call, answer);
        turn::after_the_others().await;
        return response;
    };
    call.find_policy();
    count(&call, &problem);
    let response = finish(call, Err(problem));
    response.map_body(|_, answer| {
        BoxBody::new(Unread {
            answer,
            _rest: payload,
        })
    })
}

async fn read(request: &Request, payload: &mut Payload, shared: &Shared) -> Result<Body, Problem> {
    // What follows a CONNECT is no body and has no end.
    if request.method() == Method::CONNECT {
        return Err(Problem::method_not_allowed(
            "GET, HEAD, POST, PUT, PATCH, DELETE",
        ));
    }
    Body::read(request, payload, &shared.limits).await
}

fn count(call: &Call, problem: &Problem) {
    let cause = match problem.status {
        StatusCode::PAYLOAD_TOO_LARGE => BodyRefused::TooLong,
        StatusCode::REQUEST_TIMEOUT => BodyRefused::TooSlow,
        _ => return,
    };
    call.metrics().body_refused(cause);
}

/// An answer to a request whose body was not read to its end. While somebody holds the rest, actix closes the connection
/// behind the answer; else it would wait for the rest, and for ever.
struct Unread {
    answer: BoxBody,
    _rest: Payload,
}

impl MessageBody for Unread {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(context)
    }
}

/// A handler that panics takes its own request down and nothing else.
fn panicked(call: &Call) -> Problem {
    tracing::error!(request_id = call.id_text(), "a request handler panicked");
    Problem::internal()
}

fn finish(call: Call, answer: Answer) -> HttpResponse {
    let asked = call.face.get();
    let spoken = answer
        .as_ref()
        .map_or_else(|problem| problem.face.unwrap_or(asked), |_| asked);
    tell(&call, &answer);
    let mut response = answer.unwrap_or_else(|problem| problem.answer(spoken));
    let status = Status::of(response.status().as_u16());
    call.metrics()
        .request(call.template.get(), method(&call), status);
    let headers = response.headers_mut();
    if matches!(*call.method(), Method::GET | Method::HEAD) && !headers.contains_key(CACHE_CONTROL)
    {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if spoken != Face::Passkey {
        plain_json_type(headers);
    }
    if let Some(cors) = cors_headers(&call) {
        cors.write(headers);
    }
    // Nobody else writes these two, and appending costs less than looking for what would be replaced.
    headers.append(X_REQUEST_ID, call.id);
    headers.append(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
    response
}

/// The log and the traces, where anybody wants to know.
fn tell(call: &Call, answer: &Answer) {
    let (status, problem) = match answer {
        Ok(response) => (response.status(), None),
        Err(problem) => (problem.status, Some(problem)),
    };
    if problem.is_some() || log::wants_all(&call.shared) {
        log::tell(call, status, problem);
    }
    if let Some(traces) = &call.shared.traces {
        traces::tell(traces, call, (status, problem));
    }
}

/// `None` without an origin, or where no tenant was found whose rules would say something.
fn cors_headers(call: &Call) -> Option<cors::Answer> {
    let settings = &call.policy()?.settings;
    let requested = call.headers();
    let origin = requested.get(ORIGIN)?;
    let preflight = (call.method() == Method::OPTIONS).then_some(requested);
    let answer = cors::Answer::to(origin, &settings.cors, preflight);
    Some(match call.face.get() {
        Face::Public => answer.exposing(public::exposed(&settings.sessions)),
        Face::Passkey | Face::Both => answer,
    })
}

/// Taken over from the client if it is sane: it goes into logs and headers.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(X_REQUEST_ID);
    let given = given.filter(|value| is_sane(value.as_bytes()));
    given.cloned().unwrap_or_else(random_id)
}

fn is_sane(id: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.iter().all(word)
}

/// 32 letters, as the contract has it. Not secret, only distinct.
fn random_id() -> HeaderValue {
    let random: [u8; 16] = rand::rng().random();
    let mut letters = [0; 32];
    for (pair, byte) in letters.chunks_exact_mut(2).zip(random) {
        pair[0] = b'a' + (byte & 0xf);
        pair[1] = b'a' + (byte >> 4);
    }
    HeaderValue::from_bytes(&letters).expect("letters make a header")
}

const REQUEST_ID_LENGTH_MAX: usize = 128;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
