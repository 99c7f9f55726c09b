//! Traces as OTLP has them: protocol buffers, of which these few messages need so little that it is written here. A test
//! reads it with OpenTelemetry's own types.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::request::Method;
use super::traces::{Timed, Trace};

/// An `ExportTraceServiceRequest`.
pub fn export(traces: &[Trace]) -> Vec<u8> {
    let mut request = Message::default();
    request.message(1, |spans_of_resource| {
        spans_of_resource.message(1, |resource| {
            text(resource, 1, "service.name", "keywright");
            text(resource, 1, "service.version", env!("CARGO_PKG_VERSION"));
        });
        spans_of_resource.message(2, |spans_of_scope| {
            spans_of_scope.message(1, |scope| scope.bytes(1, b"keywright"));
            for trace in traces {
                spans_of_scope.message(2, |span| request_span(span, trace));
                for (number, timed) in (1..).zip(&trace.parts.0) {
                    spans_of_scope.message(2, |span| part_span(span, trace, (number, timed)));
                }
            }
        });
    });
    request.0
}

fn request_span(span: &mut Message, trace: &Trace) {
    span.bytes(1, &trace.place.trace.to_be_bytes());
    span.bytes(2, &trace.place.span.to_be_bytes());
    if let Some(parent) = trace.place.parent {
        span.bytes(4, &parent.to_be_bytes());
    }
    span.bytes(5, name(trace).as_bytes());
    span.number(6, KIND_SERVER);
    span.times(trace.start, trace.start + trace.duration);
    request_attributes(span, trace);
    if let Some(caller) = trace.place.link {
        span.message(13, |link| {
            link.bytes(1, &caller.trace.to_be_bytes());
            link.bytes(2, &caller.span.to_be_bytes());
        });
    }
    if trace.status >= 500 {
        span.message(15, |status| status.number(3, STATUS_ERROR));
    }
    span.fixed32(16, SAMPLED);
}

/// By the semantic conventions for HTTP, which have a method that they do not know be `HTTP` here.
fn name(trace: &Trace) -> String {
    let is_known = trace.method != Method::Other;
    let method = if is_known {
        trace.method.as_str()
    } else {
        "HTTP"
    };
    let route = trace.route.map(|route| format!(" {route}"));
    method.to_owned() + &route.unwrap_or_default()
}

/// By the semantic conventions for HTTP servers. Not `url.path`, which they want too: there may be a user's id in it.
fn request_attributes(span: &mut Message, trace: &Trace) {
    text(span, 9, "http.request.method", trace.method.as_str());
    text(span, 9, "url.scheme", "http");
    let status = u64::from(trace.status);
    attribute(span, 9, "http.response.status_code", |value| {
        value.number(3, status);
    });
    text(span, 9, "keywright.request_id", &trace.request_id);
    let failure = (status >= 500).then(|| status.to_string());
    for (name, value) in [
        ("http.route", trace.route),
        ("error.type", failure.as_deref()),
        ("keywright.tenant", trace.tenant.as_deref()),
        ("keywright.reason", trace.reason),
    ] {
        if let Some(value) = value {
            text(span, 9, name, value);
        }
    }
}

fn part_span(span: &mut Message, trace: &Trace, (number, timed): (u64, &Timed)) {
    span.bytes(1, &trace.place.trace.to_be_bytes());
    // Different from each other and from the request's: no collector needs more randomness than that has.
    span.bytes(2, &trace.place.span.wrapping_add(number).to_be_bytes());
    span.bytes(4, &trace.place.span.to_be_bytes());
    span.bytes(5, timed.part.name().as_bytes());
    span.number(6, KIND_INTERNAL);
    span.times(trace.start + timed.start, trace.start + timed.end);
    span.fixed32(16, SAMPLED);
}

fn text(message: &mut Message, field: u64, name: &str, value: &str) {
    attribute(message, field, name, |any| any.bytes(1, value.as_bytes()));
}

/// A `KeyValue`.
fn attribute(message: &mut Message, field: u64, name: &str, value: impl FnOnce(&mut Message)) {
    message.message(field, |attribute| {
        attribute.bytes(1, name.as_bytes());
        attribute.message(2, value);
    });
}

/// A message of protocol buffers, as far as it is written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: u64, number: u64) {
        self.varint(field << 3);
        self.varint(number);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }

    fn fixed32(&mut self, field: u64, number: u32) {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn fixed64(&mut self, field: u64, number: u64) {
        self.varint(field << 3 | 1);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Of a span.
    fn times(&mut self, start: Duration, end: Duration) {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.fixed64(7, nanoseconds(start));
        self.fixed64(8, nanoseconds(end));
    }

    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0
                .push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }
}

const KIND_INTERNAL: u64 = 1;
const KIND_SERVER: u64 = 2;
const STATUS_ERROR: u64 = 2;

/// The flags of W3C Trace Context: what is exported was sampled.
const SAMPLED: u32 = 1;
