//! Who may use the admin API: whoever has the token; without one, whoever is on this machine.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HOST};
use actix_web::{FromRequest, HttpRequest};
use subtle::ConstantTimeEq;

use crate::http::Shared;
use crate::http::error::Problem;

pub enum Access {
    Token(String),
    /// The listener is on loopback, and answers only to a loopback name: a page on the internet that resolves its own
    /// name to 127.0.0.1 is turned away.
    LoopbackOnly,
}

/// Whoever has this was let in.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let shared = Shared::of(request);
        ready(shared.admin.check(request).map(|()| Self))
    }
}

impl Access {
    fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        match self {
            Self::Token(token) if bearer(request).is_some_and(|given| is_same(given, token)) => {
                Ok(())
            }
            Self::Token(_) => Err(Problem::unauthorized(
                "Unauthorized",
                "send the admin token as Authorization: Bearer",
            )),
            Self::LoopbackOnly if is_loopback_name(request) => Ok(()),
            Self::LoopbackOnly => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "without an admin token this listener answers only to localhost, 127.0.0.1 and [::1]",
            )),
        }
    }
}

pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_same(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

fn is_loopback_name(request: &HttpRequest) -> bool {
    let mut hosts = request.headers().get_all(HOST);
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host.to_str().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}
