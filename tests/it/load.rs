//! `keywright load` against a running server: what it says it sent is what the server counted, and nothing of it stays.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{TestServer, config};

const PROFILES: [&str; 7] = [
    "initialize",
    "initialize-login",
    "register",
    "login",
    "mixed",
    "flood",
    "ramp",
];

/// Small and short: the tests share their machine.
fn load(server: &TestServer) -> Command {
    let mut command = keywright();
    command
        .args(["--url", &format!("http://{}", server.public)])
        .args(["--connections", "4", "--threads", "2", "--tenants", "3"])
        .args(["--users", "2", "--duration", "400ms", "--warmup", "100ms"]);
    command
}

/// Strangers may ask as fast as they can.
fn unlimited() -> TestServer {
    TestServer::with(&[("LIMITS__RATE_LIMITS", "false")])
}

fn keywright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
    command.env_clear().stdin(Stdio::null()).arg("load");
    command
}

/// With tenants of its own.
fn own(server: &TestServer, more: &[&str]) -> Output {
    let admin = format!("http://{}", server.admin);
    let mut command = load(server);
    let command = command.args(["--admin-url", &admin, "--json"]);
    command.args(more).output().unwrap()
}

#[track_caller]
fn report(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// The exit code, and what it says instead of a report.
#[track_caller]
fn refused(output: &Output) -> (i32, String) {
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output.status.code().unwrap(), said)
}

type Counts = BTreeMap<[String; 3], u64>;

/// By ceremony, step and outcome; what never happened is not there.
fn sent(report: &Value) -> Counts {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = report["ceremonies"].as_array().unwrap().iter();
    let counts = lines.map(|line| {
        let names = ["ceremony", "step", "outcome"].map(|name| text(&line[name]));
        (names, line["count"].as_u64().unwrap())
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

async fn counted(server: &TestServer) -> Counts {
    let text = server.admin().get("/metrics").await.text;
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("keywright_ceremonies_total{"));
    let mut counts = Counts::new();
    for line in lines {
        let (labels, count) = line.split_once("} ").unwrap();
        let label = |name: &str| {
            let labels = labels.split(',').find_map(|label| label.strip_prefix(name));
            labels.unwrap().trim_matches(['=', '"']).to_owned()
        };
        let names = ["ceremony", "step", "outcome"].map(label);
        // Whatever else it is told apart by.
        *counts.entry(names).or_default() += count.parse::<u64>().unwrap();
    }
    counts.retain(|_, count| *count > 0);
    counts
}

async fn tenants(server: &TestServer) -> Value {
    server.admin().get("/tenants").await.expect(200)
}

#[tokio::test]
async fn what_it_says_it_sent_is_what_the_server_counted() {
    for profile in PROFILES {
        for rate in [None, Some("200")] {
            let server = unlimited();
            let mut arguments = vec!["--profile", profile, "--fail-if", "errors>0"];
            arguments.extend(["--algorithms", "ES256=2,EdDSA=1,RS256=1"]);
            arguments.extend(rate.iter().flat_map(|rate| ["--rate", *rate]));
            let report = report(&own(&server, &arguments), 0);
            assert_eq!(sent(&report), counted(&server).await, "{profile} {report}");
            assert_eq!(report["errors"], 0, "{profile} {report}");
            assert!(report["requests"].as_u64().unwrap() > 0, "{report}");
            assert!(report["latency_us"]["p99"].as_f64().unwrap() > 0.0);
            assert_eq!(tenants(&server).await, json!([]), "{profile}");
        }
    }
}

#[tokio::test]
async fn refusals_are_told_by_status_and_reason_and_counted_alike() {
    let server = TestServer::with(&[
        ("LIMITS__RATE_PER_ADDRESS", "50"),
        ("LIMITS__RATE_PER_ADDRESS_BURST", "5"),
    ]);
    let report = report(&own(&server, &["--profile", "flood"]), 0);
    assert_eq!(sent(&report), counted(&server).await, "{report}");
    let fault = &report["faults"][0];
    assert_eq!(fault["step"], "login/initialize");
    assert_eq!(fault["status"], 429);
    assert_eq!(fault["reason"], "rate_limited", "{report}");
    assert_eq!(fault["count"], report["errors"]);
}

#[tokio::test]
async fn an_open_loop_sends_what_is_due_and_tells_what_it_could_not() {
    let server = TestServer::start();
    let report = report(&own(&server, &["--profile", "flood", "--rate", "100"]), 0);
    let begun = report["requests"].as_u64().unwrap() + report["unsent"].as_u64().unwrap();
    assert!((39..=41).contains(&begun), "{report}");
    assert_eq!(report["loop"], "open");
}

#[tokio::test]
async fn latency_counts_from_the_time_an_operation_was_due() {
    // A server with one slow answer at a time: 20 ms each, where one every 10 ms is due.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || slow(&listener));
    let mut command = keywright();
    command
        .args(["--url", &format!("http://{address}"), "--tenant", "t"])
        .args(["--key", "k", "--json", "--warmup", "0s"])
        .args(["--profile", "flood", "--rate", "100", "--connections", "1"])
        .args(["--duration", "1s"]);
    let report = report(&command.output().unwrap(), 0);
    // By the end half a second's worth waits. Counted from when they were sent, all would be 20 ms.
    assert!(
        report["latency_us"]["max"].as_f64().unwrap() > 300_000.0,
        "{report}"
    );
    assert!(report["unsent"].as_u64().unwrap() > 20, "{report}");
}

/// Answers whatever comes on one connection, each after 20 ms.
fn slow(listener: &TcpListener) {
    use std::io::Read;
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|came| came > 0) {
        std::thread::sleep(Duration::from_millis(20));
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

/// A server of the same API that is none of ours, and writes its answers in chunks.
#[test]
fn any_server_of_the_passkey_api_will_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || foreign(stream.unwrap(), &seen));
        }
    });
    let mut command = keywright();
    command
        .args(["--url", &format!("http://{address}"), "--tenant", "t"])
        .args(["--key", "k", "--json", "--profile", "mixed", "--users", "2"])
        .args(["--connections", "2", "--duration", "300ms"]);
    let report = report(&command.output().unwrap(), 0);
    assert_eq!(report["errors"], 0, "{report}");
    let asked: Vec<String> = asked.lock().unwrap().iter().cloned().collect();
    let contract = [
        "GET /t/credentials",
        "POST /t/login/finalize",
        "POST /t/login/initialize",
        "POST /t/registration/finalize",
        "POST /t/registration/initialize",
    ];
    assert_eq!(asked, contract);
}

/// One connection of it.
fn foreign(mut stream: TcpStream, asked: &Mutex<BTreeSet<String>>) {
    use std::io::Read;
    let mut request = [0; 8192];
    while let Ok(came @ 1..) = stream.read(&mut request) {
        let text = String::from_utf8_lossy(&request[..came]);
        let line: Vec<&str> = text.split([' ', '?']).take(2).collect();
        asked.lock().unwrap().insert(line.join(" "));
        let body = match line[1].trim_start_matches("/t/") {
            "registration/initialize" => {
                r#"{"publicKey":{"rp":{"name":"R","id":"r.example"},"challenge":"AAAA"}}"#
            }
            "login/initialize" => r#"{"publicKey":{"challenge":"AAAA","rpId":"r.example"}}"#,
            "credentials" => "[]",
            _ => r#"{"token":"t"}"#,
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\n\r\n0\r\n\r\n",
            body.len() + 1
        );
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn a_threshold_sets_the_exit_code_and_the_report_comes_all_the_same() {
    let server = unlimited();
    let missed = own(
        &server,
        &[
            "--profile",
            "flood",
            "--fail-if",
            "p50>1us",
            "--fail-if",
            "errors>50%",
        ],
    );
    let said = String::from_utf8(missed.stderr.clone()).unwrap();
    assert!(
        said.contains("p50>1us") && !said.contains("errors"),
        "{said}"
    );
    let report = report(&missed, 1);
    let beyond: Vec<&Value> = report["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|judged| &judged["is_beyond"])
        .collect();
    assert_eq!(beyond, [true, false]);
    assert_eq!(tenants(&server).await, json!([]));
}

#[tokio::test]
async fn the_processor_time_of_a_server_is_told_in_the_report() {
    let server = unlimited();
    let pid = server.pid().to_string();
    let told = report(
        &own(&server, &["--profile", "flood", "--server-pid", &pid]),
        0,
    );
    let seconds = told["server_cpu_seconds"].as_f64().unwrap();
    // Half a second at most, of two workers.
    assert!(seconds > 0.0 && seconds < 5.0, "{told}");
    let nobody = own(
        &server,
        &["--profile", "flood", "--server-pid", "4000000000"],
    );
    let (code, said) = refused(&nobody);
    assert_eq!(code, 2);
    assert!(said.contains("--server-pid 4000000000"), "{said}");
    assert_eq!(tenants(&server).await, json!([]));
}

#[tokio::test]
async fn people_read_a_table() {
    let server = TestServer::start();
    let admin = format!("http://{}", server.admin);
    let mut command = load(&server);
    command.args(["--admin-url", &admin, "--profile", "ramp"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    for word in [
        "STAGE",
        "4 connections",
        "login/finalize",
        "P99.9",
        "This generator:",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(output.stderr.is_empty(), "no progress where nobody looks");
}

#[tokio::test]
async fn a_tenant_that_was_given_stays_with_what_registered() {
    let server = TestServer::start();
    let tenant = server.tenant_with(config()).await;
    let mut command = load(&server);
    command.args(["--tenant", &tenant.id, "--key", &tenant.key]);
    command.args(["--origin", crate::support::ORIGIN, "--profile", "login"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("2 users of this load stay"), "{said}");
    assert_eq!(tenants(&server).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_load_that_fails_leaves_no_tenant() {
    let server = TestServer::start();
    // The origin of our tenants is fixed; a public address that is another server fails every request.
    let admin = format!("http://{}", server.admin);
    let mut command = keywright();
    command.args(["--url", &admin, "--admin-url", &admin]);
    let output = command.args(["--tenants", "3"]).output().unwrap();
    let (code, said) = refused(&output);
    assert_eq!(code, 1);
    assert!(
        said.contains("registration/initialize answers 404"),
        "{said}"
    );
    assert_eq!(tenants(&server).await, json!([]));
}

#[tokio::test]
async fn ctrl_c_ends_it_in_order() {
    let server = TestServer::start();
    for signal in ["-INT", "-TERM"] {
        let admin = format!("http://{}", server.admin);
        let mut command = keywright();
        command.args(["--url", &format!("http://{}", server.public)]);
        command.args(["--admin-url", &admin, "--json", "--warmup", "100ms"]);
        command.args(["--profile", "flood", "--duration", "1h"]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until_flooded(&server).await;
        let killed = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let report = report(&output, 1);
        assert_eq!(report["is_interrupted"], true);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("interrupted"), "{said}");
        assert_eq!(tenants(&server).await, json!([]));
    }
}

/// Past its warm-up.
async fn until_flooded(server: &TestServer) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut flooded = Vec::new();
    while flooded.len() < 30 {
        let all: u64 = counted(server).await.values().sum();
        if flooded.last() != Some(&all) {
            flooded.push(all);
        }
        assert!(Instant::now() < deadline, "it never began");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn bad_usage_is_told_before_anything_is_sent() {
    let here = ["--url", "http://127.0.0.1:9"];
    let given = ["--tenant", "t", "--key", "k"];
    for (arguments, word) in [
        (vec![], "--tenant"),
        (vec!["--tenant", "t"], "--key"),
        (
            vec![
                "--tenant",
                "t",
                "--key",
                "k",
                "--admin-url",
                "http://127.0.0.1:9",
            ],
            "--admin-url",
        ),
        (
            [&given[..], &["--tenant", "u"]].concat(),
            "2 times --tenant",
        ),
        (
            [&given[..], &["--url", "https://a.example"]].concat(),
            "plain HTTP",
        ),
        ([&given[..], &["--url", "a.example"]].concat(), "--url"),
        (
            [&given[..], &here, &["--profile", "surge"]].concat(),
            "surge",
        ),
        (
            [&given[..], &here, &["--fail-if", "p99=1ms"]].concat(),
            "p99=1ms",
        ),
        (
            [&given[..], &here, &["--algorithms", "ES384"]].concat(),
            "ES384",
        ),
        ([&given[..], &here, &["--rate", "0"]].concat(), "a rate is"),
        (
            [&given[..], &here, &["--connections", "0"]].concat(),
            "--connections",
        ),
        (vec!["--admin-url", "nowhere"], "--admin-url"),
    ] {
        let output = keywright().args(&arguments).output().unwrap();
        let (code, said) = refused(&output);
        assert_eq!(code, 2, "{arguments:?} {said}");
        assert!(said.contains(word), "{arguments:?} {said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_a_failure() {
    let given = [
        "--tenant",
        "t",
        "--key",
        "-k",
        "--url",
        "http://127.0.0.1:9",
    ];
    let short = ["--duration", "50ms", "--warmup", "0s", "--profile", "flood"];
    let mut command = keywright();
    let output = command.args(given).args(short).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("connection refused"), "{said}");
}
