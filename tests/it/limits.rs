//! The limits of config/default.toml: what happens at each, and that nobody can shut another out by reaching one.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Forge, ORIGIN, Tenant, TestServer};

const UNKNOWN: &str = "received challenge does not match with any stored one";

#[tokio::test]
async fn over_a_tenants_cap_its_oldest_challenge_goes_and_nobody_is_refused() {
    let server = TestServer::with(&[("LIMITS__CHALLENGES_PER_TENANT", "100")]);
    let tenant = server.tenant().await;
    let oldest = tenant.begin_registration("ann").await;
    let mut newest = oldest.clone();
    for _ in 0..1000 {
        newest = tenant.begin_registration("ann").await;
    }
    let created = Forge::new(-7).create(&oldest);
    tenant
        .finish_registration(&created)
        .await
        .refused(400, UNKNOWN);
    let created = Forge::new(-7).create(&newest);
    tenant.finish_registration(&created).await.expect(200);

    let evicted = server.metric("keywright_challenges_evicted_total").await;
    assert!((900.0..=951.0).contains(&evicted), "{evicted}");
}

#[tokio::test]
async fn a_flood_of_public_logins_does_not_push_out_what_a_backend_began() {
    let settings = [
        ("LIMITS__CHALLENGES_PER_TENANT", "50"),
        ("LIMITS__CHALLENGES", "50"),
    ];
    let server = TestServer::with(&settings);
    let tenant = server.tenant().await;
    let keyed = tenant.begin_registration("ann").await;
    for _ in 0..500 {
        tenant.begin_login().await;
    }
    let created = Forge::new(-7).create(&keyed);
    tenant.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn over_the_cap_in_all_the_tenant_that_holds_most_pays() {
    let settings = [
        ("LIMITS__CHALLENGES_PER_TENANT", "100"),
        ("LIMITS__CHALLENGES", "100"),
        ("SERVER__WORKERS", "1"),
    ];
    let server = TestServer::with(&settings);
    let (modest, greedy) = (server.tenant().await, server.tenant().await);
    let mut few = Vec::new();
    for number in 0..5 {
        few.push(modest.begin_registration(&format!("user {number}")).await);
    }
    let first = greedy.begin_registration("ann").await;
    let mut last = first.clone();
    for _ in 0..500 {
        last = greedy.begin_registration("ann").await;
    }
    for options in few {
        let created = Forge::new(-7).create(&options);
        modest.finish_registration(&created).await.expect(200);
    }
    let created = Forge::new(-7).create(&first);
    greedy
        .finish_registration(&created)
        .await
        .refused(400, UNKNOWN);
    let created = Forge::new(-7).create(&last);
    greedy.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn the_cap_in_all_holds_however_many_begin_at_once() {
    for (tenants, at_once) in [(2, 10), (30, 3)] {
        let settings = [
            ("LIMITS__CHALLENGES_PER_TENANT", "40"),
            ("LIMITS__CHALLENGES", "40"),
            ("SERVER__WORKERS", "1"),
        ];
        let server = TestServer::with(&settings);
        let tenants = join_all((0..tenants).map(|_| server.tenant())).await;
        for _ in 0..30 {
            let begun = tenants
                .iter()
                .flat_map(|tenant| (0..at_once).map(|_| tenant.begin_registration("ann")));
            join_all(begun).await;
        }
        assert!(comes_down_to(&server, 40.0).await);
    }
}

/// Whoever has most is told by a message, and may still have it to come.
async fn comes_down_to(server: &TestServer, most: f64) -> bool {
    for _ in 0..100 {
        let pending = r#"keywright_challenges_pending{access="keyed"}"#;
        if server.metric(pending).await <= most {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

async fn finish_from_a_page(tenant: &Tenant, response: &Value) -> Answer {
    let path = format!("/{}/registration/finalize", tenant.id);
    let body = Some(response.to_string().into_bytes());
    let headers = [("Content-Type", "application/json"), ("Origin", ORIGIN)];
    tenant.client.send("POST", &path, &headers, body).await
}

#[tokio::test]
async fn too_many_requests_at_once_are_told_to_come_back() {
    let server = TestServer::with(&[("LIMITS__REQUESTS", "1")]);
    let tenant = server.tenant().await;
    tenant.jwks().await.expect(200);
    for round in 0..50 {
        let mut responses = Vec::new();
        for number in 0..16 {
            let user = format!("user {round} {number}");
            responses.push(Forge::new(-7).create(&tenant.begin_registration(&user).await));
        }
        let finishing = responses
            .iter()
            .map(|response| finish_from_a_page(&tenant, response));
        let answers = join_all(finishing).await;
        let refused = answers.iter().find(|answer| answer.status == 503);
        for answer in &answers {
            assert!([200, 503].contains(&answer.status), "{answer:?}");
        }
        if let Some(refused) = refused {
            refused.refused(503, "Service Unavailable");
            assert!(refused.header("retry-after").is_some());
            assert_eq!(
                refused.header("access-control-allow-origin"),
                Some(ORIGIN),
                "a page has to be able to read when to come back"
            );
            // It passes.
            tenant.begin_registration("ann").await;
            return;
        }
    }
    panic!("50 rounds of 16 requests at once, and never more than one was under way");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let settings = [("LIMITS__BODY", "1 KiB"), ("LIMITS__ADMIN_BODY", "2 KiB")];
    let server = TestServer::with(&settings);
    let tenant = server.tenant().await;
    for (name_length, status) in [(100, 200), (1000, 413)] {
        let body = json!({"user_id": "ann", "username": "ann", "x": "x".repeat(name_length)});
        let answer = tenant.post("registration/initialize", &body).await;
        answer.expect(status);
    }
    let body = json!({"display_name": "x".repeat(3000)});
    let answer = server.admin().post("/tenants", &body).await;
    answer.refused(413, "Request Entity Too Large");
}

#[tokio::test]
async fn a_user_has_at_most_as_many_credentials_as_the_tenant_says() {
    let server = TestServer::start();
    let mut config = crate::support::config();
    config["limits"] = json!({"credentials_per_user": 2});
    let tenant = server.tenant_with(config).await;
    let third = tenant.begin_registration("ann").await;
    for _ in 0..2 {
        let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
        tenant.finish_registration(&created).await.expect(200);
    }
    let created = Forge::new(-7).create(&third);
    tenant.finish_registration(&created).await.expect(409);
    let body = json!({"user_id": "ann", "username": "ann"});
    let answer = tenant.post("registration/initialize", &body).await;
    answer.expect(409);
    tenant.begin_registration("bob").await;
}

#[tokio::test]
async fn a_tenant_nobody_asks_for_is_let_go_and_comes_back() {
    let server = TestServer::with(&[("LIMITS__TENANT_IDLE", "50ms")]);
    let tenant = server.tenant().await;
    let pending = tenant.begin_registration("ann").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&pending);
    tenant.finish_registration(&created).await.expect(200);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let got = forge.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(200);
    }
    let name = "keywright_tenants_hydrated";
    server.until_metric(name, |count| count < 0.5).await;
}

#[tokio::test]
async fn a_bad_setting_stops_the_start_and_is_named() {
    for (key, value, said) in [
        ("LIMITS__REQUESTS", "0", "limits.requests"),
        ("LIMITS__BODY", "much", "limits.body"),
        ("SERVER__WORKERS", "257", "server.workers"),
        ("LIMITS__RATE_PER_TENANT", "0", "limits.rate_per_tenant"),
        ("LIMITS__RATE_TRACKED", "99999999", "limits.rate_tracked"),
        ("SERVER__REQUEST_TIMEOUT", "soon", "server.request_timeout"),
        ("SERVER__ADMIN_ADDRESS", "0.0.0.0:0", "server.admin_token"),
        ("SECRETS__KEYS", "too short", "secrets.keys"),
        ("LOG__LEVEL", "loud", "log.level"),
        ("SERVER__COLOUR", "red", "colour"),
        ("NOTHING__AT_ALL", "x", "nothing"),
        ("LIMITS__CHALLENGES", "10", "limits.challenges_per_tenant"),
    ] {
        let (code, text) = TestServer::refusing(&[(key, value)]);
        assert_eq!(code, Some(2), "{key}: {text}");
        assert!(text.contains(said), "{key}: {text}");
        if key != "SECRETS__KEYS" && said.contains('.') && key != "LIMITS__CHALLENGES" {
            assert!(text.contains(value) || value == "0", "{key}: {text}");
        }
    }
}
