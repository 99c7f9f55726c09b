//! Odd paths and methods: which rule answers them, in the order tenant, key, route.

use serde_json::json;

use crate::support::{Answer, Forge, ORIGIN, Tenant, TestServer};

const NOBODY: &str = "0e1b9a4c-3a67-4b0e-9d5c-6d6a3b1f7f10";

async fn keyed(tenant: &Tenant, method: &str, path: &str) -> Answer {
    let headers = [("apiKey", tenant.key.as_str())];
    tenant.client.send(method, path, &headers, None).await
}

#[tokio::test]
async fn first_the_tenant_then_the_key_then_the_route() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let client = server.client();
    let id = &tenant.id;
    for (method, path, status) in [
        ("PUT", format!("/{id}/credentials/x"), 401),
        ("POST", format!("/{id}/credentials"), 401),
        ("GET", format!("/{id}/credentials/x/y"), 401),
        ("PUT", format!("/{id}/mfa/nothing"), 401),
        ("PUT", format!("/{NOBODY}/credentials/x"), 404),
        ("PUT", "/abc/credentials/x".into(), 400),
        ("OPTIONS", format!("/{NOBODY}/login/initialize"), 404),
        ("OPTIONS", "/abc/login/initialize".into(), 400),
        ("OPTIONS", format!("/{id}/credentials"), 204),
        ("OPTIONS", format!("/{id}"), 204),
        ("OPTIONS", "/".into(), 405),
        ("GET", format!("/{id}/"), 404),
        ("GET", format!("/{id}/login"), 404),
        ("POST", format!("/{id}/login/initialize/"), 404),
        ("POST", format!("/{id}/login/initialize/x/y/z/a/b/c/d"), 404),
        ("POST", format!("/{id}//login/initialize"), 404),
        ("POST", format!("//{id}/login/initialize"), 400),
        ("POST", format!("/{id}/Login/Initialize"), 404),
        ("POST", format!("/{id}/%6Cogin/initialize"), 200),
        ("GET", "/health".into(), 400),
        ("GET", "/health/other".into(), 404),
    ] {
        let answer = client.send(method, &path, &[], None).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    // What has no counterpart among second factors is not there, by no method.
    for (method, path, status) in [
        ("GET", "mfa/credentials", 404),
        ("POST", "mfa/transaction/initialize", 404),
        ("POST", "mfa/audit_logs", 404),
        ("GET", "mfa/login/initialize", 405),
    ] {
        let answer = keyed(&tenant, method, &format!("/{id}/{path}")).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let below = |path: &str| format!("/{}/{path}", tenant.id);
    for path in [
        "/".to_owned(),
        "/health/alive".to_owned(),
        below(".well-known/jwks.json"),
        below("credentials"),
        below("credentials/abc"),
        below("nothing"),
    ] {
        let get = keyed(&tenant, "GET", &path).await;
        let head = keyed(&tenant, "HEAD", &path).await;
        assert_eq!(
            (head.status, head.text.as_str()),
            (get.status, ""),
            "{path}"
        );
        for name in ["content-type", "content-length", "cache-control", "link"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    let path = below("login/initialize");
    assert_eq!(keyed(&tenant, "HEAD", &path).await.status, 405);
}

#[tokio::test]
async fn what_stands_in_a_path_is_decoded_once() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let id = forge.id();
    let escaped = id
        .bytes()
        .fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
    let path = |id: &str| format!("/{}/credentials/{id}", tenant.id);
    let found = keyed(&tenant, "GET", &path(&escaped)).await.expect(200);
    assert_eq!(found["id"], id);
    for (text, shown) in [
        ("a%2Fb", "a/b"),
        ("%2e%2e%2f", "../"),
        ("%3Cb%3E", "<b>"),
        ("%C3%A9", "é"),
        ("%252F", "%2F"),
        // What stands for nothing stays as it is.
        ("%", "%"),
        ("%zz", "%zz"),
        ("%2", "%2"),
        ("%ff", "%ff"),
        ("%C3", "%C3"),
        ("%00", "\u{0}"),
        ("+", "+"),
    ] {
        let answer = keyed(&tenant, "GET", &path(text)).await;
        let title = format!("credential with id '{shown}' not found");
        answer.refused(404, &title);
    }
    for tenant in ["%", "%ff", "%2F", "%00"] {
        let answer = server.client().get(&format!("/{tenant}/x")).await;
        answer.refused(400, "tenant_id must be a valid uuid4");
    }
    let dashes = tenant.id.replace('-', "%2D");
    let path = format!("/{dashes}/.well-known/jwks.json");
    server.client().get(&path).await.expect(200);
}

#[tokio::test]
async fn a_query_changes_no_route_and_no_body() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for query in ["?", "?pretty", "?a=%zz&b=%ff", "?user_id=ann", "?/../x"] {
        let path = format!("login/initialize{query}");
        tenant.post_unkeyed(&path, &json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn what_says_nothing_else_is_not_kept_by_anybody() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let below = |path: &str| format!("/{}/{path}", tenant.id);
    for (method, path, expected) in [
        ("GET", below("credentials"), Some("no-store")),
        ("GET", below("nothing"), Some("no-store")),
        ("GET", "/health/alive".into(), Some("no-store")),
        ("GET", below(".well-known/jwks.json"), Some("max-age=600")),
        ("POST", below("login/initialize"), Some("no-store")),
    ] {
        let answer = keyed(&tenant, method, &path).await;
        assert_eq!(answer.header("cache-control"), expected, "{path}");
    }
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    let answer = tenant.finish_registration(&created).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_page_cannot_be_framed() {
    let server = TestServer::start();
    let page = server.client().get("/").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_refusal_before_any_route_carries_the_cors_headers_too() {
    let server = TestServer::with(&[("LIMITS__BODY", "1 KiB")]);
    let tenant = server.tenant().await;
    tenant.begin_login().await;
    let headers = [("Origin", ORIGIN), ("Content-Type", "application/json")];
    let ask = async |id: &str| {
        let path = format!("/{id}/login/initialize");
        let body = vec![b' '; 4096];
        tenant
            .client
            .send("POST", &path, &headers, Some(body))
            .await
    };
    let answer = ask(&tenant.id).await;
    answer.refused(413, "Request Entity Too Large");
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some(ORIGIN));
    for stranger in [NOBODY, "abc"] {
        let answer = ask(stranger).await;
        answer.refused(413, "Request Entity Too Large");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let name = "keywright_bodies_refused_total{cause=\"too_long\"}";
    assert!(server.metric(name).await > 2.5);
}
