//! What the traces hear of a request: when its answer is known, all of it at once.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;

use super::call::Call;
use super::error::Problem;
use super::route::{Route, method};
use crate::telemetry::reason::Reason;
use crate::telemetry::traces::{Caller, Part, Timed, Trace, Traces};

/// Hands the request over, if it is one of the sample.
#[cold]
pub fn tell(traces: &Traces, call: &Call, (status, problem): (StatusCode, Option<&Problem>)) {
    let route = Route::of(call);
    if route.is_monitoring() {
        return;
    }
    let caller = call.headers().get(TRACEPARENT);
    let caller = caller.and_then(|caller| Caller::parse(caller.as_bytes()));
    let is_trusted = call.shared.proxies.speak(&call.request);
    let Some(place) = traces.sample(caller, is_trusted) else {
        return;
    };
    let duration = call.timer.elapsed();
    let now = Duration::from_micros(call.shared.registry.source.env().now.0);
    traces.send(Trace {
        place,
        start: now.saturating_sub(duration),
        duration,
        method: method(call),
        route: route.name(),
        status: status.as_u16(),
        reason: problem
            .and_then(|problem| problem.reason)
            .map(Reason::as_str),
        tenant: route.tenant.map(|tenant| tenant.to_string()),
        request_id: call.id_text().to_owned(),
        parts: call.parts.take().map(|parts| *parts).unwrap_or_default(),
    });
}

impl Call {
    /// Does a part of the request, and takes its time where that is wanted.
    pub fn part<T>(&self, part: Part, work: impl FnOnce() -> T) -> T {
        if self.shared.traces.is_none() {
            return work();
        }
        let start = self.timer.elapsed();
        let done = work();
        self.timed(part, start);
        done
    }

    /// The same for work that waits.
    pub async fn part_of<T>(&self, part: Part, work: impl Future<Output = T>) -> T {
        if self.shared.traces.is_none() {
            return work.await;
        }
        let start = self.timer.elapsed();
        let done = work.await;
        self.timed(part, start);
        done
    }

    fn timed(&self, part: Part, start: Duration) {
        let end = self.timer.elapsed();
        let mut parts = self.parts.take().unwrap_or_default();
        parts.push(Timed { part, start, end });
        self.parts.set(Some(parts));
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
