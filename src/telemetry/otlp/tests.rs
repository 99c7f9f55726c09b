//! What is written here, read with OpenTelemetry's own types.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

use super::export;
use crate::telemetry::request::Method;
use crate::telemetry::traces::{Caller, Part, Parts, Place, Timed, Trace};

fn failed() -> Trace {
    Trace {
        place: Place {
            trace: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
            span: 0x00ff_ffff_ffff_ffff,
            parent: Some(1),
            link: None,
        },
        start: Duration::new(1_795_000_000, 123_456_789),
        duration: Duration::from_nanos(1_001),
        method: Method::Get,
        route: None,
        status: 503,
        reason: None,
        tenant: None,
        request_id: "r".repeat(128),
        parts: Parts::default(),
    }
}

fn read(traces: &[Trace]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(&*export(traces)).unwrap();
    let [resource] = &request.resource_spans[..] else {
        panic!("{request:?}");
    };
    resource.scope_spans[0].spans.clone()
}

#[test]
fn a_failure_of_the_server_is_an_error() {
    let spans = read(&[failed()]);
    let span = &spans[0];
    assert_eq!(span.status.as_ref().unwrap().code(), StatusCode::Error);
    let names: Vec<_> = span.attributes.iter().map(|one| &*one.key).collect();
    let expected = [
        "http.request.method",
        "url.scheme",
        "http.response.status_code",
        "keywright.request_id",
        "error.type",
    ];
    assert_eq!(names, expected);
    assert_eq!(span.name, "GET");
    assert_eq!(span.flags, 1);
}

#[test]
fn a_span_has_the_name_that_the_conventions_give_it() {
    let named = |method, route| {
        let trace = Trace {
            method,
            route,
            ..failed()
        };
        read(&[trace]).remove(0).name
    };
    assert_eq!(named(Method::Get, Some("/me")), "GET /me");
    assert_eq!(named(Method::Other, Some("/me")), "HTTP /me");
    assert_eq!(named(Method::Other, None), "HTTP");
}

#[test]
fn numbers_come_over_whole() {
    let span = read(&[failed()]).remove(0);
    assert_eq!(span.trace_id, failed().place.trace.to_be_bytes());
    assert_eq!(span.span_id, 0x00ff_ffff_ffff_ffff_u64.to_be_bytes());
    assert_eq!(span.parent_span_id, [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(span.start_time_unix_nano, 1_795_000_000_123_456_789);
    assert_eq!(span.end_time_unix_nano, 1_795_000_000_123_457_790);
}

#[test]
fn a_stranger_is_linked_to() {
    let mut linked = failed();
    linked.place.link = Some(Caller {
        trace: 2,
        span: 3,
        is_sampled: true,
    });
    let [span, other] = &read(&[linked, failed()])[..] else {
        panic!("two spans");
    };
    assert_eq!(span.links.len(), 1);
    assert_eq!(span.links[0].trace_id, 2_u128.to_be_bytes());
    assert_eq!(span.links[0].span_id, 3_u64.to_be_bytes());
    assert!(other.links.is_empty());
}

#[test]
fn parts_follow_their_request_with_ids_of_their_own() {
    let timed = Timed {
        part: Part::Verify,
        start: Duration::from_nanos(1),
        end: Duration::from_nanos(2),
    };
    let parts = Parts(vec![timed; 2]);
    let spans = read(&[Trace { parts, ..failed() }, failed()]);
    let ids: Vec<_> = spans.iter().map(|span| span.span_id[7]).collect();
    assert_eq!(ids, [0xff, 0, 1, 0xff]);
    assert_eq!(spans[1].parent_span_id, spans[0].span_id);
    assert_eq!(spans[1].end_time_unix_nano, 1_795_000_000_123_456_791);
}
