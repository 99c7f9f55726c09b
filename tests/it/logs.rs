//! The log: which requests have a line, what stands in it, and that neither a flood nor a slow reader gets in the way.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{Forge, TestServer};

#[tokio::test]
async fn a_line_says_which_request_whose_for_what_and_how_it_went() {
    let server = TestServer::with(&[("LOG__LEVEL", "debug")]);
    let tenant = server.tenant().await;
    tenant.begin_registration("ann").await;
    let line = server.until_logged(is_for(INITIALIZE)).await;
    assert_eq!(line["tenant"], tenant.id);
    assert_eq!(line["method"], "POST");
    assert_eq!(line["status"], 200);
    assert_eq!(line["level"], "DEBUG");
    assert_eq!(line["message"], "a request was answered");
    let micros = line["duration_us"].as_u64().unwrap();
    assert!((1..60_000_000).contains(&micros), "{line}");
    assert!(line["reason"].is_null() && line["title"].is_null());
}

#[tokio::test]
async fn a_request_id_is_in_the_answer_and_in_the_line() {
    let server = TestServer::with(&[("LOG__LEVEL", "debug")]);
    let given = [("X-Request-Id", "the-id")];
    let answer = server.client().send("GET", "/docs", &given, None).await;
    assert_eq!(answer.header("x-request-id"), Some("the-id"));
    let line = server
        .until_logged(|line| line["request_id"] == "the-id")
        .await;
    assert_eq!(line["route"], "/docs");
    assert!(line["tenant"].is_null());
}

#[tokio::test]
async fn a_refused_ceremony_has_its_reason_where_nothing_else_is_said() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    server.client().get("/no/such/path").await.expect(400);
    let refused = tenant.finish_registration(&created).await;
    refused.expect(400);
    let line = server.until_logged(is_for(FINALIZE)).await;
    assert_eq!(line["reason"], "challenge_unknown");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["status"], 400);
    assert_eq!(line["tenant"], tenant.id);
    assert_eq!(line["request_id"].as_str(), refused.header("x-request-id"));
    assert_eq!(server.request_lines().len(), 1, "{}", server.log());
}

#[tokio::test]
async fn an_access_log_has_all_but_what_monitoring_asks() {
    let server = TestServer::with(&[("LOG__REQUESTS", "true")]);
    let tenant = server.tenant().await;
    assert_eq!(server.admin().get("/metrics").await.status, 200);
    server.client().get("/health/alive").await.expect(200);
    server.client().get("/no/such/path").await.expect(400);
    tenant.begin_registration("ann").await;
    server.until_logged(is_for(INITIALIZE)).await;
    let said: Vec<_> = server.request_lines().iter().map(short).collect();
    let expected = [
        "INFO POST /tenants 201",
        "INFO GET null 400",
        "INFO POST /{tenant_id}/registration/initialize 200",
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_flood_of_refusals_has_so_many_lines_a_minute() {
    let mut server = TestServer::with(&[("LOG__LINES_PER_MINUTE", "5")]);
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    for _ in 0..30 {
        tenant.finish_registration(&created).await.expect(400);
    }
    assert!(server.stop().success());
    server.until_said("stopped").await;
    // The test may see the end of one minute and the beginning of the next.
    let lines = server.request_lines().len();
    assert!(lines == 5 || lines == 10, "{}", server.log());
    let log = server.log();
    let told = log.matches("more lines of a kind").count();
    assert_eq!(told, lines / 5, "{}", server.log());
}

#[tokio::test]
async fn nobody_waits_for_a_slow_reader_and_what_was_lost_is_told() {
    let server = TestServer::with(&[("LOG__LEVEL", "debug"), ("SERVER__WORKERS", "1")]);
    {
        let _nobody_reads = server.hold_log();
        ask(&server.public, 15_000);
    }
    let tenant = server.tenant().await;
    tenant.begin_registration("ann").await;
    server.until_logged(is_for(INITIALIZE)).await;
    let log = server.log();
    let lost = log.lines().filter_map(lost).sum::<u64>();
    let kept = server
        .request_lines()
        .iter()
        .filter(|line| line["route"] == "/docs")
        .count();
    assert_eq!(u64::try_from(kept).unwrap() + lost, 15_000, "{lost}");
    assert!(lost > 0);
}

/// That many requests on one connection.
fn ask(address: &str, count: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = "HEAD /docs HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for _ in 0..count {
        stream.write_all(request.as_bytes()).unwrap();
        let head = answers.by_ref().map(Result::unwrap);
        let head: Vec<_> = head.take_while(|line| !line.is_empty()).collect();
        assert_eq!(head[0], "HTTP/1.1 200 OK");
    }
}

fn lost(line: &str) -> Option<u64> {
    let event: Value = serde_json::from_str(line).ok()?;
    let is_lost = event["message"]
        .as_str()?
        .starts_with("lines of the log were lost");
    event["count"].as_u64().filter(|_| is_lost)
}

fn is_for(route: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["route"] == route
}

fn short(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or("null").to_owned();
    let (level, method, route) = (text("level"), text("method"), text("route"));
    format!("{level} {method} {route} {}", line["status"])
}

const INITIALIZE: &str = "/{tenant_id}/registration/initialize";
const FINALIZE: &str = "/{tenant_id}/registration/finalize";
