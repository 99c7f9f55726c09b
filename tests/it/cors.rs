//! Which origins may read a tenant's answers (contract §8.2).

use serde_json::{Value, json};

use crate::support::{Answer, ORIGIN, Tenant, TestServer, config};

async fn post_from(tenant: &Tenant, origin: &str) -> Answer {
    let path = format!("/{}/login/initialize", tenant.id);
    let headers = [("Origin", origin)];
    tenant.client.send("POST", &path, &headers, None).await
}

async fn preflight_from(tenant: &Tenant, origin: &str, path: &str) -> Answer {
    let path = format!("/{}/{path}", tenant.id);
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "apikey,content-type"),
    ];
    tenant.client.send("OPTIONS", &path, &headers, None).await
}

fn with_origins(origins: &Value, unsafe_wildcard: bool) -> Value {
    let mut config = config();
    config["cors"] = json!({"allowed_origins": origins, "allow_unsafe_wildcard": unsafe_wildcard});
    config
}

#[tokio::test]
async fn an_allowed_origin_is_told_so() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for origin in [
        ORIGIN,
        "https://a.example.com",
        "https://a.b.example.com",
        "https://a.example.com:8443",
    ] {
        let answer = post_from(&tenant, origin).await;
        answer.expect(200);
        let allowed = answer.header("access-control-allow-origin");
        if origin.ends_with("8443") {
            assert_eq!(allowed, None);
            continue;
        }
        assert_eq!(allowed, Some(origin));
        let credentials = answer.header("access-control-allow-credentials");
        assert_eq!(credentials, Some("true"));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn a_foreign_origin_is_answered_without_headers() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for origin in [
        "http://localhost:4498",
        "https://example.com",
        "http://a.example.com",
        "https://a.example.com.evil.example",
        "HTTP://LOCALHOST:4499",
        "http://localhost:4499/",
        "null",
    ] {
        let answer = post_from(&tenant, origin).await;
        answer.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("vary"), Some("Origin"));
        let answer = preflight_from(&tenant, origin, "login/initialize").await;
        answer.expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
}

#[tokio::test]
async fn every_path_of_a_tenant_answers_a_preflight() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for path in [
        "registration/initialize",
        "registration/finalize",
        "login/initialize",
        "login/finalize",
        "transaction/initialize",
        "transaction/finalize",
        "transaction/ann",
        "credentials",
        "credentials/abc",
        ".well-known/jwks.json",
        "something/else",
    ] {
        let answer = preflight_from(&tenant, ORIGIN, path).await;
        answer.expect(204);
        for (name, value) in [
            ("access-control-allow-origin", ORIGIN),
            ("access-control-allow-credentials", "true"),
            (
                "access-control-allow-methods",
                "GET,HEAD,PUT,PATCH,POST,DELETE",
            ),
            ("access-control-allow-headers", "apikey,content-type"),
            ("access-control-max-age", "7200"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn errors_carry_the_headers_too() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let headers = [("Origin", ORIGIN)];
    for (method, path, status) in [
        ("POST", "registration/initialize", 401),
        ("POST", "registration/finalize", 400),
        ("GET", "something/else", 404),
        ("PUT", "login/initialize", 405),
    ] {
        let path = format!("/{}/{path}", tenant.id);
        let answer = tenant.client.send(method, &path, &headers, None).await;
        answer.expect(status);
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some(ORIGIN), "{path}");
    }
    // No tenant, no rules.
    let nobody = format!("/{}/login/initialize", uuid::Uuid::new_v4());
    let answer = tenant.client.send("POST", &nobody, &headers, None).await;
    answer.refused(404, "tenant not found");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_star_is_literal_unless_it_is_unsafe() {
    let server = TestServer::start();
    let safe = server.tenant_with(with_origins(&json!(["*"]), false)).await;
    let answer = post_from(&safe, "https://any.where").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let unsafe_one = server.tenant_with(with_origins(&json!(["*"]), true)).await;
    let answer = post_from(&unsafe_one, "https://any.where").await;
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://any.where"));
}

#[tokio::test]
async fn patterns_match_whole_origins() {
    let server = TestServer::start();
    let patterns = json!(["https://pr-*.example.com", "https://?.example.org"]);
    let tenant = server.tenant_with(with_origins(&patterns, false)).await;
    let long = format!("https://pr-{}.example.com", "x".repeat(300));
    for (origin, is_allowed) in [
        ("https://pr-12.example.com", true),
        ("https://a.example.org", true),
        ("https://ab.example.org", false),
        ("https://pr-12.example.com.evil.example", false),
        (long.as_str(), false),
    ] {
        let answer = post_from(&tenant, origin).await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed.is_some(), is_allowed, "{origin}");
    }
}

#[tokio::test]
async fn without_an_origin_nothing_is_said() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let answer = tenant.jwks().await;
    answer.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("vary"), Some("Origin"));
}

#[tokio::test]
async fn the_admin_listener_has_no_cors() {
    let server = TestServer::start();
    let headers = [("Origin", "https://evil.example")];
    let answer = server.admin().send("GET", "/tenants", &headers, None).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
