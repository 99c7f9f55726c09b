//! Traces: a collector on this machine reads them with OpenTelemetry's own types.

use std::time::Instant;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::support::{Collector, Forge, Tenant, TestServer, attribute, hex};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn traced(collector: &Collector, settings: &[(&str, &str)]) -> TestServer {
    let mut all = vec![("TRACES__ENDPOINT", collector.endpoint.as_str())];
    all.extend_from_slice(settings);
    TestServer::with(&all)
}

/// A login that begins at somebody who traces.
async fn begin_login(tenant: &Tenant, traceparent: &str) {
    let path = format!("/{}/login/initialize", tenant.id);
    let headers = [("traceparent", traceparent)];
    let answer = tenant.client.send("POST", &path, &headers, None).await;
    answer.expect(200);
}

fn names(spans: &[&Span]) -> Vec<String> {
    spans.iter().map(|span| span.name.clone()).collect()
}

#[tokio::test]
async fn a_login_is_a_span_and_its_parts_are_its_children() {
    let collector = Collector::start();
    let server = traced(&collector, &[]);
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let got = forge.get(&tenant.begin_login().await);
    let answer = tenant.finish_login(&got).await;
    answer.expect(200);

    let name = "POST /{tenant_id}/login/finalize";
    let login = collector.until_span(|span| span.name == name).await;
    assert_eq!(login.kind(), SpanKind::Server);
    assert!(login.parent_span_id.is_empty() && login.status.is_none());
    let request_id = answer.header("x-request-id");
    for (name, value) in [
        ("http.request.method", Some("POST")),
        ("http.route", Some("/{tenant_id}/login/finalize")),
        ("http.response.status_code", Some("200")),
        ("url.scheme", Some("http")),
        ("keywright.tenant", Some(&*tenant.id)),
        ("keywright.request_id", request_id),
        ("keywright.reason", None),
        ("error.type", None),
        ("url.path", None),
    ] {
        assert_eq!(attribute(&login, name).as_deref(), value, "{name}");
    }
    let spans = collector.spans();
    let children = spans
        .iter()
        .filter(|span| span.parent_span_id == login.span_id);
    let children: Vec<_> = children.collect();
    assert_eq!(
        names(&children),
        ["take challenge", "verify", "commit", "sign"]
    );
    let mut before = login.start_time_unix_nano;
    for child in children {
        assert_eq!(child.trace_id, login.trace_id);
        assert_eq!(child.kind(), SpanKind::Internal);
        assert!(before <= child.start_time_unix_nano, "{child:?}");
        assert!(child.start_time_unix_nano <= child.end_time_unix_nano);
        before = child.end_time_unix_nano;
    }
    assert!(before <= login.end_time_unix_nano);
    let ids: std::collections::BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    assert_eq!(ids.len(), spans.len());
}

#[tokio::test]
async fn a_collector_hears_who_speaks() {
    let collector = Collector::start();
    let server = traced(&collector, &[]);
    server.tenant().await;
    collector
        .until_span(|span| span.name == "POST /tenants")
        .await;
    let head = &collector.heads()[0];
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\r\n"));
    let requests = collector.requests();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    let names: Vec<_> = resource.attributes.iter().map(|one| &*one.key).collect();
    assert_eq!(names, ["service.name", "service.version"]);
}

#[tokio::test]
async fn a_trace_goes_on_where_somebody_else_began_it() {
    let collector = Collector::start();
    let settings = [
        ("TRACES__SAMPLE_RATIO", "0"),
        ("LIMITS__TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let server = traced(&collector, &settings);
    let tenant = server.tenant().await;
    begin_login(
        &tenant,
        &format!("00-{}-{SPAN}-00", TRACE.replace('0', "1")),
    )
    .await;
    begin_login(&tenant, "what is this").await;
    begin_login(&tenant, &format!("00-{TRACE}-{SPAN}-01")).await;
    let span = collector.until_span(|_| true).await;
    assert_eq!(span.name, "POST /{tenant_id}/login/initialize");
    assert_eq!(hex(&span.trace_id), TRACE);
    assert_eq!(hex(&span.parent_span_id), SPAN);
    assert_ne!(hex(&span.span_id), SPAN);
    assert_eq!(collector.spans().len(), 1);
}

#[tokio::test]
async fn a_stranger_decides_nothing_and_is_linked_to() {
    let collector = Collector::start();
    let server = traced(&collector, &[]);
    let tenant = server.tenant().await;
    begin_login(&tenant, &format!("00-{TRACE}-{SPAN}-00")).await;
    let span = collector.until_span(|span| !span.links.is_empty()).await;
    assert_eq!(span.name, "POST /{tenant_id}/login/initialize");
    assert_ne!(hex(&span.trace_id), TRACE);
    assert!(span.parent_span_id.is_empty());
    let link = &span.links[0];
    assert_eq!(
        (hex(&link.trace_id), hex(&link.span_id)),
        (TRACE.to_owned(), SPAN.to_owned())
    );
}

#[tokio::test]
async fn what_was_refused_has_its_reason() {
    let collector = Collector::start();
    let server = traced(&collector, &[]);
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    tenant.finish_registration(&created).await.expect(400);
    let status = |span: &Span| attribute(span, "http.response.status_code");
    let refused = collector
        .until_span(|span| status(span).as_deref() == Some("400"))
        .await;
    assert_eq!(
        attribute(&refused, "keywright.reason").as_deref(),
        Some("challenge_unknown")
    );
    // Whose fault it was is not the server's.
    assert!(refused.status.is_none());
}

#[tokio::test]
async fn what_monitoring_asks_and_what_nobody_knows_is_not_told_by_its_path() {
    let collector = Collector::start();
    let server = traced(&collector, &[]);
    server.admin().get("/health/ready").await.expect(200);
    server.client().get("/somebody@example.com/no/route").await;
    let span = collector.until_span(|_| true).await;
    assert_eq!(span.name, "GET");
    assert_eq!(attribute(&span, "http.route"), None);
    assert!(!collector.text().contains("somebody"));
}

#[tokio::test]
async fn what_waits_is_exported_before_the_server_is_gone() {
    let collector = Collector::start();
    let mut server = traced(&collector, &[]);
    let tenant = server.tenant().await;
    tenant.begin_registration("ann").await;
    assert!(server.stop().success());
    let spans = collector.spans();
    let spans: Vec<_> = spans
        .iter()
        .filter(|span| span.name.contains("registration"))
        .collect();
    assert_eq!(spans.len(), 1);
}

#[tokio::test]
async fn a_collector_that_is_not_there_disturbs_nobody() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", nowhere.local_addr().unwrap());
    // Nobody accepts: a connection that hangs.
    let mut server = TestServer::with(&[("TRACES__ENDPOINT", &endpoint), ("TRACES__QUEUE", "8")]);
    let tenant = server.tenant().await;
    for user in 0..100 {
        tenant.begin_registration(&user.to_string()).await;
    }
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed().as_secs() < 60);
}

#[tokio::test]
async fn a_collector_that_refuses_is_told_of_once() {
    let collector = Collector::answering("503 Service Unavailable");
    let mut server = traced(&collector, &[]);
    let tenant = server.tenant().await;
    for _ in 0..2 {
        let before = collector.heads().len();
        tenant.begin_registration("ann").await;
        while collector.heads().len() == before {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    assert!(server.stop().success());
    server.until_said("stopped").await;
    let told = server.log().matches("traces are lost").count();
    assert_eq!(told, 1, "{}", server.log());
}

#[tokio::test]
async fn more_than_the_queue_holds_is_dropped_and_told() {
    let collector = Collector::start();
    let mut server = traced(&collector, &[("TRACES__QUEUE", "4")]);
    let tenant = server.tenant().await;
    let all = (0..200).map(|_| tenant.begin_login());
    futures_util::future::join_all(all).await;
    assert!(server.stop().success());
    server.until_said("stopped").await;
    assert!(collector.spans().len() < 200);
    for request in collector.requests() {
        assert!(request.resource_spans[0].scope_spans[0].spans.len() <= 4);
    }
    let log = server.log();
    assert!(log.contains("than traces.queue holds"), "{log}");
}

#[test]
fn a_bad_endpoint_stops_the_start_and_says_what_would_be_right() {
    for (key, value, expected) in [
        (
            "TRACES__ENDPOINT",
            "localhost:4317",
            "like http://127.0.0.1:4318",
        ),
        ("TRACES__ENDPOINT", "http://me:secret@here", "without user"),
        ("TRACES__SAMPLE_RATIO", "1.5", "from 0 to 1"),
        ("TRACES__QUEUE", "0", "at least 1"),
    ] {
        let (code, said) = TestServer::refusing(&[(key, value)]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}
