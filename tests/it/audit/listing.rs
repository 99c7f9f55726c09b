//! Which entries a query shows, in which order, and to whom.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ask, entries, fail_to_log_in, keyed, register, told, with_audit};
use crate::support::{Tenant, TestServer, config};

const POLLS: usize = 6_000;
const TITLE: &str = "unable to list audit logs";

/// A tenant with a log that has something to filter: ann, bob and a refusal.
async fn eventful(server: &TestServer) -> Tenant {
    let tenant = server.tenant().await;
    let mut ann = register(&tenant, "ann").await;
    register(&tenant, "bob").await;
    fail_to_log_in(&tenant, &mut ann).await;
    tenant
}

#[tokio::test]
async fn types_may_be_repeated_and_separated_by_commas() {
    let server = TestServer::start();
    let tenant = eventful(&server).await;
    let (registered, failed) = (
        "webauthn_registration_final_succeeded",
        "webauthn_authentication_final_failed",
    );
    let of_both = [
        format!("{registered} ann"),
        format!("{registered} bob"),
        format!("{failed} ann"),
    ];
    for query in [
        format!("?type={registered}&type={failed}"),
        format!("?type={registered},{failed}"),
        format!("?type={registered}%2C%20{failed}&type={failed}"),
        format!("?TYPE={registered}&type=,{failed},&type="),
    ] {
        assert_eq!(told(&tenant, &query).await, of_both, "{query}");
    }
    let one = format!("?type={failed}");
    assert_eq!(told(&tenant, &one).await, of_both[2..]);
    let none = told(&tenant, "?type=mfa_registration_final_failed").await;
    assert_eq!(none, [""; 0]);
    assert!(told(&tenant, "?type=").await.len() >= 4);

    for query in ["?type=nonsense", "?type=tenant_created,nonsense"] {
        let refused = ask(&tenant, query).await;
        refused.refused_with(400, TITLE, "type nonsense is unknown");
    }
}

#[tokio::test]
async fn times_are_exclusive_and_users_and_addresses_are_parts() {
    let server = TestServer::start();
    let tenant = eventful(&server).await;
    let all = entries(&tenant, "").await;
    let at = |entry: &Value| entry["created_at"].as_str().unwrap().to_owned();
    let (first, last) = (at(&all[all.len() - 1]), at(&all[0]));
    let between = entries(&tenant, &format!("?start_time={first}&end_time={last}")).await;
    assert_eq!(between, all[1..all.len() - 1]);
    let finer = first.replace('Z', "999Z");
    let between = entries(&tenant, &format!("?start_time={finer}")).await;
    assert_eq!(between, all[..all.len() - 1]);
    let offset = first.replace('Z', "%2B00:00");
    let not_before = entries(&tenant, &format!("?end_time={offset}")).await;
    assert_eq!(not_before, [Value::Null; 0]);

    let users = |entries: &[Value]| {
        let user = |entry: &Value| entry["actor_user_id"].as_str().unwrap().to_owned();
        entries.iter().map(user).collect::<Vec<_>>()
    };
    let found = entries(&tenant, "?actor_user_id=nn").await;
    assert_eq!(users(&found), ["ann", "ann"]);
    let found = entries(&tenant, "?q=bo").await;
    assert_eq!(users(&found), ["bob"]);
    let found = entries(&tenant, "?q=bo&actor_user_id=ann").await;
    assert_eq!(found, [Value::Null; 0]);
    let of_host = entries(&tenant, "?meta_source_ip=127.0.0").await;
    let with_address = |entry: &&Value| entry["meta_source_ip"] == "127.0.0.1";
    let expected: Vec<_> = all.iter().filter(with_address).cloned().collect();
    assert_eq!(of_host, expected);
    assert_eq!(entries(&tenant, "?q=127.0.0.1").await, expected);
    let of_another = entries(&tenant, "?meta_source_ip=192.0.2").await;
    assert_eq!(of_another, [Value::Null; 0]);
}

#[tokio::test]
async fn what_is_no_time_or_number_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for (query, details) in [
        (
            "?start_time=yesterday",
            "start_time must be a time in RFC 3339, like 2026-01-31T12:00:00Z",
        ),
        (
            "?end_time=2026-01-31T12:00:00+02:00",
            "end_time must be a time in RFC 3339, like 2026-01-31T12:00:00Z",
        ),
        ("?page=x", "page must be a number"),
        ("?per_page=x", "per_page must be a number"),
    ] {
        let refused = ask(&tenant, query).await;
        refused.refused_with(400, TITLE, details);
        let path = format!("/tenants/{}/audit_logs{query}", tenant.id);
        let refused = server.admin().get(&path).await;
        refused.refused_with(400, TITLE, details);
    }
    let other = keyed(&tenant, "POST", "audit_logs", Some("{}")).await;
    other.expect(405);
    assert_eq!(other.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn pages_come_one_after_the_other() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let path = format!("/tenants/{}", tenant.id);
    for number in 0..25 {
        let named = json!({"display_name": format!("Name {number}")});
        server.admin().put(&path, &named).await.expect(204);
    }
    let all = ask(&tenant, "?per_page=1000").await;
    assert_eq!(all.header("x-total-count"), Some("26"));
    let all = all.expect(200).as_array().unwrap().clone();
    let first = ask(&tenant, "").await;
    assert_eq!(first.header("x-total-count"), Some("26"));
    let link = first.header("link").unwrap();
    let relations: Vec<_> = link
        .split(',')
        .map(|link| link.split("; ").last().unwrap())
        .collect();
    assert_eq!(relations, [r#"rel="last""#, r#"rel="next""#]);
    assert!(link.contains("/audit_logs?page=2&per_page=20>"), "{link}");
    assert_eq!(first.json().as_array().unwrap()[..], all[..20]);
    assert_eq!(entries(&tenant, "?page=2").await, all[20..]);
    assert_eq!(entries(&tenant, "?page=3&per_page=7").await, all[14..21]);
    let beyond = ask(&tenant, "?page=9223372036854775807&per_page=1000").await;
    assert_eq!(beyond.expect(200), json!([]));
    let renamed = ask(&tenant, "?per_page=-3&type=tenant_updated").await;
    assert_eq!(renamed.header("x-total-count"), Some("25"));
    assert_eq!(renamed.json().as_array().unwrap().len(), 20);
    let head = keyed(&tenant, "HEAD", "audit_logs", None).await;
    assert_eq!(head.header("x-total-count"), Some("26"));
}

#[tokio::test]
async fn only_so_many_are_shown_as_the_tenant_keeps() {
    let server = TestServer::start();
    let tenant = server
        .tenant_with(with_audit(json!({"entries_max": 3})))
        .await;
    for user in ["u1", "u2", "u3", "u4"] {
        register(&tenant, user).await;
    }
    let kind = "webauthn_registration_final_succeeded";
    let listed = ask(&tenant, "").await;
    assert_eq!(listed.header("x-total-count"), Some("3"));
    let expected = ["u2", "u3", "u4"].map(|user| format!("{kind} {user}"));
    assert_eq!(told(&tenant, "").await, expected);
    assert_eq!(entries(&tenant, "?actor_user_id=u1").await.len(), 0);
    assert_eq!(entries(&tenant, "?type=tenant_created").await.len(), 0);
}

/// What a start has removed does not come back when the tenant wants more.
#[tokio::test]
async fn what_is_too_many_is_removed_for_good() {
    let mut server = TestServer::with(&[("LOG__LEVEL", "debug")]);
    let audit = with_audit(json!({"entries_max": 2}));
    let tenant = server.tenant_with(audit).await;
    register(&tenant, "ann").await;
    register(&tenant, "bob").await;
    server.restart();
    let removed = "old entries of the audit log are removed";
    for _ in 0..POLLS {
        if server.log().contains(removed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let path = format!("/tenants/{}/config", tenant.id);
    server.admin().put(&path, &config()).await.expect(204);
    let told = told(&tenant.at(server.client()), "").await;
    assert_eq!(told.len(), 3, "{told:?}");
}

#[tokio::test]
async fn nobody_sees_the_log_of_another_tenant() {
    let server = TestServer::start();
    let (one, two) = (eventful(&server).await, server.tenant().await);
    assert_eq!(told(&two, "").await, ["tenant_created"]);
    let with_foreign_key = Tenant {
        key: two.key.clone(),
        ..one.clone()
    };
    ask(&with_foreign_key, "").await.expect(401);
    let unkeyed = one.client.get(&format!("/{}/audit_logs", one.id)).await;
    unkeyed.expect(401);
    for query in [String::new(), format!("?tenant_id={}", one.id)] {
        for entry in entries(&two, &query).await {
            assert_eq!(entry["tenant_id"], two.id.as_str());
        }
    }
    let path = format!("/tenants/{}/audit_logs?per_page=1000", one.id);
    let by_admin = server.admin().get(&path).await.expect(200);
    let by_key = entries(&one, "?per_page=1000").await;
    assert_eq!(*by_admin.as_array().unwrap(), by_key);
    let path = format!("/tenants/{}", one.id);
    server.admin().delete(&path).await.expect(204);
    ask(&one, "").await.expect(404);
}

#[tokio::test]
async fn what_would_be_sql_is_text() {
    let server = TestServer::start();
    let tenant = eventful(&server).await;
    let before = entries(&tenant, "").await;
    for text in [
        "%27%20OR%20%271%27=%271",
        "%27);DROP%20TABLE%20audit;--",
        "%25",
        "_",
        "a%25",
        "%00",
        "\\",
        "1%20UNION%20SELECT%20data%20FROM%20row",
        "%F0%9F%94%91",
        "%FF",
    ] {
        for name in ["actor_user_id", "meta_source_ip", "q"] {
            let found = entries(&tenant, &format!("?{name}={text}")).await;
            assert_eq!(found, [Value::Null; 0], "{name}={text}");
        }
        let refused = ask(&tenant, &format!("?type={text}")).await;
        refused.refused(400, TITLE);
        let refused = ask(&tenant, &format!("?start_time={text}")).await;
        refused.refused(400, TITLE);
        let both = format!("?type=tenant_created{text}");
        ask(&tenant, &both).await.refused(400, TITLE);
    }
    assert_eq!(entries(&tenant, "").await, before);
}

#[tokio::test]
async fn long_names_and_headers_break_nothing() {
    let server = TestServer::start();
    let audit = with_audit(json!({"initialize": true}));
    let tenant = server.tenant_with(audit).await;
    let user = "é".repeat(32);
    let agent = "browser ".repeat(100);
    let id = "i".repeat(300);
    let body = json!({"user_id": user, "username": "x"}).to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("apiKey", tenant.key.as_str()),
        ("User-Agent", agent.as_str()),
        ("X-Request-Id", id.as_str()),
        ("X-Forwarded-For", id.as_str()),
    ];
    let path = format!("/{}/registration/initialize", tenant.id);
    let begun = tenant
        .client
        .send("POST", &path, &headers, Some(body.into()));
    begun.await.expect(200);
    let told = entries(&tenant, "?type=webauthn_registration_init_succeeded").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["actor_user_id"], user);
    let kept = told[0]["meta_user_agent"].as_str().unwrap();
    assert!(kept.len() >= 255 && agent.starts_with(kept), "{kept}");
}
