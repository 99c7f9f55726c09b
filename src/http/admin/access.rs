//! Who may use the admin API: whoever has the token; without one, whoever is on this machine.

use actix_http::{HttpMessage, Request};
use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use subtle::ConstantTimeEq;

use crate::http::call::Call;
use crate::http::error::Problem;
use crate::http::rate::{Failure, guessed_wrong};

#[derive(Clone)]
pub enum Access {
    Token(String),
    /// The listener is on loopback, and answers only to a loopback name: a page on the internet that resolves its own
    /// name to 127.0.0.1 is turned away.
    LoopbackOnly,
}

/// Whoever has this was let in.
#[derive(Debug, Clone, Copy)]
pub struct Admin(());

impl Access {
    /// The right token is let in however often others guessed wrong from the same address: nobody can lock the operator out.
    pub fn admit(&self, call: &Call) -> Result<Admin, Problem> {
        match self {
            Self::Token(token) if call.bearer().is_some_and(|given| is_same(given, token)) => {
                Ok(Admin(()))
            }
            Self::Token(_) => {
                let refused = Problem::unauthorized(
                    "Unauthorized",
                    "send the admin token as Authorization: Bearer",
                );
                Err(guessed_wrong(call, Failure::AdminToken, refused))
            }
            Self::LoopbackOnly if is_loopback_name(&call.request) => Ok(Admin(())),
            Self::LoopbackOnly => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "without an admin token this listener answers only to localhost, 127.0.0.1 and [::1]",
            )),
        }
    }
}

fn is_same(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

fn is_loopback_name(request: &Request) -> bool {
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
