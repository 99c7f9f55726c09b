//! What is scraped: names, types and labels, since dashboards and alerts depend on them; and that it is counted right.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::{Forge, Tenant, TestServer};

const NAMES: &str = include_str!("metrics.txt");

/// A registration of a user, and a login.
async fn ceremonies(tenant: &Tenant) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    tenant.finish_login(&got).await.expect(401);
    forge
}

async fn scrape(server: &TestServer) -> String {
    server.admin().get("/metrics").await.text
}

#[track_caller]
fn contains(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "{line}\n{text}");
}

/// With `SNAPSHOT=write` in the environment the list is written anew.
#[tokio::test]
async fn the_names_are_those_of_the_list() {
    let server = TestServer::start();
    ceremonies(&server.tenant().await).await;
    let families = families(&scrape(&server).await);
    let lines: Vec<_> = families.into_iter().collect();
    let lines = lines.join("\n") + "\n";
    if std::env::var("SNAPSHOT").is_ok_and(|mode| mode == "write") {
        std::fs::write("tests/it/metrics.txt", &lines).unwrap();
    } else {
        assert_eq!(lines, NAMES, "\n{lines}");
    }
}

#[tokio::test]
async fn ceremonies_are_counted_by_tenant_and_reason() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    ceremonies(&tenant).await;
    tenant.client.post("/nobody", &json!({})).await;
    let text = scrape(&server).await;
    let id = &tenant.id;
    for (ceremony, step, outcome, reason, count) in [
        ("registration", "initialize", "succeeded", "", 1),
        ("registration", "finalize", "succeeded", "", 1),
        ("login", "initialize", "succeeded", "", 1),
        ("login", "finalize", "succeeded", "", 1),
        ("login", "finalize", "refused", "challenge_unknown", 1),
        ("mfa_login", "finalize", "succeeded", "", 0),
    ] {
        contains(
            &text,
            &format!(
                r#"keywright_ceremonies_total{{tenant="{id}",ceremony="{ceremony}",step="{step}",outcome="{outcome}",reason="{reason}"}} {count}"#
            ),
        );
    }
    let refused = text.lines().filter(|line| line.contains("\"refused\""));
    assert_eq!(refused.count(), 1, "{text}");
    for line in [
        r#"keywright_ceremony_duration_seconds_count{ceremony="login",step="finalize"} 2"#,
        r#"keywright_mailbox_delay_seconds_count{actor="ceremonies"} 3"#,
        r#"keywright_tokens_signed_total{algorithm="RS256"} 2"#,
        r#"keywright_challenges_pending{access="keyed"} 0"#,
        "keywright_credentials_hydrated 1",
        "keywright_users_hydrated 1",
        "keywright_tenants_hydrated 1",
        "keywright_permits_in_use 0",
    ] {
        contains(&text, line);
    }
}

#[tokio::test]
async fn challenges_that_are_out_are_counted_by_who_may_begin() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    tenant.begin_registration("ann").await;
    for _ in 0..2 {
        tenant.begin_login().await;
    }
    let text = scrape(&server).await;
    contains(&text, r#"keywright_challenges_pending{access="keyed"} 1"#);
    contains(&text, r#"keywright_challenges_pending{access="unkeyed"} 2"#);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    ceremonies(&tenant).await;
    let id = &tenant.id;
    let credential = format!("/{id}/credentials/one-of-ann");
    tenant.client.get(&credential).await.expect(401);
    tenant.client.get("/a/b/c").await;
    let text = scrape(&server).await;
    for (route, method, status, count) in [
        ("/{tenant_id}/registration/initialize", "POST", 200, 1),
        ("/{tenant_id}/login/finalize", "POST", 200, 1),
        ("/{tenant_id}/login/finalize", "POST", 401, 1),
        ("/{tenant_id}/credentials/{credential_id}", "GET", 401, 1),
        ("/tenants", "POST", 201, 1),
    ] {
        contains(
            &text,
            &format!(
                r#"keywright_http_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}"#
            ),
        );
    }
    let unknown = text
        .lines()
        .filter(|line| line.contains(r#"route="unknown""#));
    assert_eq!(unknown.count(), 1, "{text}");
    assert!(!text.contains("one-of-ann"), "{text}");
    let requests = text
        .lines()
        .filter(|line| line.starts_with("keywright_http"));
    assert!(!requests.collect::<String>().contains(id), "{text}");
}

/// The descriptions name the routes, and the metrics name them alike.
#[tokio::test]
async fn what_is_described_is_counted_as_described() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut described = Vec::new();
    for client in [server.client(), server.admin()] {
        let api = client.get("/openapi.json").await.expect(200);
        for path in api["paths"].as_object().unwrap().keys() {
            client
                .send("TRACE", &asked(path, &tenant.id), &[], None)
                .await;
            described.push(path.clone());
        }
    }
    assert!(described.len() > 30, "{described:?}");
    let text = scrape(&server).await;
    for path in described {
        let route = format!(r#"{{route="{path}",method="TRACE","#);
        assert!(text.contains(&route), "{route}\n{text}");
    }
}

/// The Public API is described as it is on a tenant's own host; the address of this server names none.
fn asked(path: &str, tenant: &str) -> String {
    let has_tenant = ["/{", "/tenants", "/health", "/metrics", "/openapi.json"];
    if has_tenant.iter().any(|start| path.starts_with(start)) {
        path.replace("{tenant_id}", tenant)
    } else if path == "/.well-known/jwks.json" {
        format!("/{tenant}/webauthn{path}")
    } else {
        format!("/{tenant}{path}")
    }
}

/// How many ceremonies each label has.
fn by_tenant(text: &str) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("keywright_ceremonies_total{tenant=\"") {
            let (tenant, rest) = rest.split_once('"').unwrap();
            let (_, count) = rest.rsplit_once(' ').unwrap();
            *counts.entry(tenant.to_owned()).or_insert(0.0) += count.parse::<f64>().unwrap();
        }
    }
    counts
}

#[tokio::test]
async fn only_so_many_tenants_have_a_label_and_a_deleted_one_keeps_its_counts() {
    let server = TestServer::with(&[("METRICS__TENANT_LABELS", "2")]);
    let mut ids = Vec::new();
    for number in 1..=4 {
        let tenant = server.tenant().await;
        for _ in 0..number {
            tenant.begin_login().await;
        }
        ids.push(tenant.id);
    }
    let deleted = format!("/tenants/{}", ids[0]);
    server.admin().delete(&deleted).await.expect(204);
    let counts = by_tenant(&scrape(&server).await);
    let expected = [(&ids[0][..], 1.0), (&ids[1][..], 2.0), ("other", 7.0)];
    let expected = expected.map(|(tenant, count)| (tenant.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
}

#[tokio::test]
async fn they_can_have_a_listener_of_their_own() {
    let server = TestServer::with(&[
        ("METRICS__ADDRESS", "127.0.0.1:0"),
        ("SERVER__ADMIN_TOKEN", "only those who have it may"),
    ]);
    let log = server.log();
    let ready = log.lines().find(|line| line.contains("keywright is ready"));
    let ready: serde_json::Value = serde_json::from_str(ready.unwrap()).unwrap();
    let client = crate::support::Client::new(ready["metrics"].as_str().unwrap());
    let text = client.get("/metrics").await.text;
    assert!(text.contains("keywright_build_info"), "{text}");
    client.get("/health/ready").await.expect(200);
    client.get("/tenants").await.expect(404);
    client.post("/metrics", &json!({})).await.expect(405);
}

#[tokio::test]
async fn snapshots_and_the_disk_are_told_of() {
    let server = TestServer::with(&[("SNAPSHOTS__EVERY", "1s")]);
    let name = "keywright_snapshot_last_success_timestamp_seconds";
    server.until_metric(name, |at| at > 1e9).await;
    for name in [
        "keywright_snapshot_last_bytes",
        "keywright_snapshot_interval_seconds",
        "keywright_store_database_bytes",
        "keywright_store_disk_bytes",
        "keywright_store_disk_free_bytes",
    ] {
        assert!(server.metric(name).await >= 1.0, "{name}");
    }
    contains(
        &scrape(&server).await,
        "keywright_build_info{version=\"0.1.0\"} 1",
    );
}

/// `name type {label,label}`, without values and without the parts of histograms.
fn families(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let types: BTreeMap<&str, &str> = types.filter_map(|line| line.split_once(' ')).collect();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| family(line, &types)).collect()
}

fn family(line: &str, types: &BTreeMap<&str, &str>) -> String {
    let (series, _) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let parts = ["_bucket", "_sum", "_count"];
    let whole = parts.iter().find_map(|part| name.strip_suffix(part));
    let name = whole
        .filter(|name| types.contains_key(name))
        .unwrap_or(name);
    let labels: Vec<&str> = labels
        .trim_end_matches('}')
        .split("\",")
        .filter_map(|label| label.split_once('=').map(|(name, _)| name))
        .filter(|label| *label != "le")
        .collect();
    format!("{name} {} {{{}}}", types[name], labels.join(","))
}
