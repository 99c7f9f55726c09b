//! Request bodies: read in full before anything is decided, up to a limit.
//!
//! A refusal that leaves a body unread makes the server close the connection, which costs more than reading it.

use std::pin::pin;
use std::time::Duration;

use actix_http::{HttpMessage, Payload, Request};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use actix_web::web::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::Limits;
use super::error::Problem;
use super::turn::soon;
use crate::webauthn::Object;

/// What a handler gets of the body.
#[derive(Default)]
pub struct Body {
    pub bytes: Bytes,
    media_type: MediaType,
}

/// What `Content-Type` says, as far as the contract tells types apart.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum MediaType {
    Json,
    /// XML and forms are taken and bind nothing.
    Form,
    #[default]
    Other,
}

impl Body {
    /// Reads the whole body. One that is too long is read on for a while and dropped, so that its sender is there to hear why.
    pub(super) async fn read(
        request: &Request,
        payload: &mut Payload,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let mut reading = pin!(collect(payload, limits.body));
        let bytes = match soon(reading.as_mut()).await {
            Some(read) => read?,
            None if is_websocket(request) => return Err(no_websocket()),
            None => in_time(reading, limits.timeout).boxed_local().await?,
        };
        Ok(Self {
            bytes,
            media_type: media_type(request),
        })
    }

    /// The JSON object, `T::default()` where there is no body or `null`. Errors carry the endpoint's `title`.
    pub fn json<T: DeserializeOwned + Default>(&self, title: &'static str) -> Result<T, Problem> {
        if self.bytes.is_empty() || self.media_type == MediaType::Form {
            return Ok(T::default());
        }
        if self.media_type == MediaType::Other {
            return Err(Problem::bad_request(title, "Unsupported Media Type"));
        }
        let text = std::str::from_utf8(&self.bytes)
            .map_err(|error| Problem::bad_request(title, error.to_string()))?;
        let value: Option<Object<T>> = serde_json::from_str(text)
            .map_err(|error| Problem::bad_request(title, error.to_string()))?;
        Ok(value.map(|Object(value)| value).unwrap_or_default())
    }

    /// The same for the Public API, where no other media type will do and no text says more than its status (contract §1).
    pub fn bind<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.bytes.is_empty() {
            return Ok(T::default());
        }
        if self.media_type != MediaType::Json {
            return Err(unsupported_media_type());
        }
        let value: Option<Object<T>> = serde_json::from_slice(&self.bytes)
            .map_err(|error| Problem::bad_request("Bad Request", error.to_string()))?;
        Ok(value.map(|Object(value)| value).unwrap_or_default())
    }

    /// Whether it is JSON, or neither there nor announced.
    pub fn is_json_or_nothing(&self, request: &Request) -> bool {
        let is_nothing = self.bytes.is_empty() && !request.headers().contains_key(CONTENT_TYPE);
        is_nothing || self.media_type == MediaType::Json
    }
}

/// For a member that is an object: serde's derive would read it from an array too.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let object: Option<Object<T>> = Option::deserialize(deserializer)?;
    Ok(object.map(|Object(value)| value))
}

/// Likewise, for a list of them.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects: Option<Vec<Object<T>>> = Option::deserialize(deserializer)?;
    Ok(objects.map(|all| all.into_iter().map(|Object(value)| value).collect()))
}

/// For whole numbers, `60000.0` among them: JSON knows one kind of number.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number: Option<serde_json::Number> = Deserialize::deserialize(deserializer)?;
    let whole = |number: &serde_json::Number| number.as_i64().or_else(|| whole(number.as_f64()?));
    number
        .map(|number| {
            whole(&number).ok_or_else(|| {
                D::Error::custom(format!("invalid value: {number}, expected a whole number"))
            })
        })
        .transpose()
}

fn whole(number: f64) -> Option<i64> {
    format!("{number}").parse().ok()
}

async fn in_time(
    work: impl Future<Output = Result<Bytes, Problem>>,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(timeout, work).await;
    read.unwrap_or_else(|_| Err(too_slow()))
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::bad_request("Bad Request", "the body does not arrive as announced")
        })?;
        length = length.saturating_add(chunk.len());
        if length > limit {
            (first, rest) = (Bytes::new(), BytesMut::new());
            if length > limit.saturating_add(DISCARDED_MAX) {
                break;
            }
        } else if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(if rest.is_empty() { &first } else { &[] });
            rest.extend_from_slice(&chunk);
        }
    }
    if length > limit {
        return Err(too_long(limit));
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

/// What follows the head of one is no body and has no end, unless it says a length.
fn is_websocket(request: &Request) -> bool {
    let has = |name| request.headers().contains_key(name);
    has(UPGRADE) && !has(CONTENT_LENGTH) && !has(TRANSFER_ENCODING)
}

fn no_websocket() -> Problem {
    Problem::bad_request("Bad Request", "there is no websocket here")
}

pub fn unsupported_media_type() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Unsupported Media Type",
        "send application/json",
    )
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "Request Timeout",
        "the body took too long to arrive",
    )
}

fn too_long(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "Request Entity Too Large",
        format!("the body may have at most {limit} bytes"),
    )
}

fn media_type(request: &Request) -> MediaType {
    let header = request.headers().get(CONTENT_TYPE);
    let text = header.map_or(&[][..], HeaderValue::as_bytes);
    let starts = |prefix: &str| {
        text.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    if starts("application/json") {
        MediaType::Json
    } else if FORMS.iter().any(|form| starts(form)) {
        MediaType::Form
    } else {
        MediaType::Other
    }
}

const FORMS: [&str; 4] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/xml",
    "text/xml",
];

const DISCARDED_MAX: usize = 32 * 1024 * 1024;
