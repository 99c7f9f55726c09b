//! The line that the log has of a request: at most one, when the answer is known. It says which request, whose, for what and
//! how it went, and nothing that the client wrote but a request id of harmless letters.
//!
//! | what became of it | level |
//! |---|---|
//! | it failed | error; warn where the server is merely full, or about to stop |
//! | refused for a reason that has a code: a ceremony, or a command of the admin API | info |
//! | refused otherwise, which is the client's business, or for its rate, of which the limit tells | debug; info with `log.requests` |
//! | answered | debug; info with `log.requests`, but for what monitoring asks |
//!
//! Each kind has so many lines a minute, unless all requests are wanted, by `log.requests` or by the level.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use tracing::Level;
use tracing::field::display;
use tracing::level_filters::LevelFilter;

use super::Shared;
use super::call::Call;
use super::error::Problem;
use super::route::{Route, method};
use crate::telemetry::reason::Reason;

/// Whether anybody wants to know of what was answered. This is all that a request pays where nobody does.
#[inline]
pub fn wants_all(shared: &Shared) -> bool {
    shared.logs_all || LevelFilter::current() >= LevelFilter::DEBUG
}

/// Writes the line of a request that came to this answer, or that met this problem.
#[cold]
pub fn tell(call: &Call, status: StatusCode, problem: Option<&Problem>) {
    let logs_all = call.shared.logs_all;
    let level = match problem {
        Some(problem) => level_of(problem, logs_all),
        None if logs_all && !Route::of(call).is_monitoring() => Level::INFO,
        None => Level::DEBUG,
    };
    if level <= LevelFilter::current() {
        write(call, level, (status.as_u16(), problem));
    }
}

fn level_of(problem: &Problem, logs_all: bool) -> Level {
    let is_told = problem.reason.is_some() && problem.status != StatusCode::TOO_MANY_REQUESTS;
    match problem.status {
        StatusCode::INTERNAL_SERVER_ERROR => Level::ERROR,
        status if status.is_server_error() => Level::WARN,
        _ if is_told || logs_all => Level::INFO,
        _ => Level::DEBUG,
    }
}

/// A macro because a line's level is part of its type.
fn write(call: &Call, level: Level, (status, problem): (u16, Option<&Problem>)) {
    let route = Route::of(call);
    let tenant = route.tenant.map(display);
    macro_rules! line {
        ($level:expr, $message:literal) => {
            tracing::event!(
                $level,
                request_id = call.id_text(),
                tenant,
                method = method(call).as_str(),
                route = route.name(),
                status,
                duration_us = u64::try_from(call.timer.elapsed().as_micros()).unwrap_or(u64::MAX),
                title = problem.and_then(title),
                reason = problem
                    .and_then(|problem| problem.reason)
                    .map(Reason::as_str),
                $message
            )
        };
    }
    match (problem, level) {
        (Some(_), Level::ERROR) => line!(Level::ERROR, "a request failed"),
        (Some(_), Level::WARN) => line!(Level::WARN, "a request failed"),
        (Some(_), Level::INFO) => line!(Level::INFO, "a request was refused"),
        (Some(_), _) => line!(Level::DEBUG, "a request was refused"),
        (None, Level::INFO) => line!(Level::INFO, "a request was answered"),
        (None, _) => line!(Level::DEBUG, "a request was answered"),
    }
}

/// A title that is made up for the occasion may repeat what the client wrote.
fn title(problem: &Problem) -> Option<&str> {
    match problem.title {
        Cow::Borrowed(title) => Some(title.trim_end()),
        Cow::Owned(_) => None,
    }
}
