//! Pages of others: what they may read, and what they must not do in the name of their visitors (contract §6.1, §10.8).

use serde_json::json;

use super::tenant_with;
use crate::support::{ORIGIN, TestServer, Visitor, config};

const FOREIGN: &str = "https://evil.example";
const READER: &str = "https://app.example.com";

#[tokio::test]
async fn a_preflight_allows_what_clients_send() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let stranger = Visitor::stranger(&tenant);
    let requested = "authorization,content-type,x-language";
    for (origin, is_allowed) in [(ORIGIN, true), (READER, true), (FOREIGN, false)] {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "PATCH"),
            ("Access-Control-Request-Headers", requested),
        ];
        let path = "/webauthn/credentials/x";
        let answer = stranger.send_as("OPTIONS", path, &headers, None).await;
        answer.expect(204);
        let allowed = |value| is_allowed.then_some(value);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            allowed(origin)
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            allowed("true")
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            allowed(requested)
        );
        assert_eq!(answer.header("access-control-max-age"), allowed("7200"));
        let methods = answer.header("access-control-allow-methods");
        assert_eq!(
            methods.is_some_and(|methods| methods.contains("PATCH")),
            is_allowed
        );
        assert!(
            answer
                .headers
                .get_all("vary")
                .iter()
                .any(|vary| vary == "Origin")
        );
    }
}

#[tokio::test]
async fn pages_may_read_the_lifetime_and_the_token_where_there_is_one() {
    let server = TestServer::start();
    for (sessions, has_token) in [
        (json!({}), false),
        (json!({"auth_token_header": true}), true),
    ] {
        let tenant = tenant_with(&server, sessions).await;
        let stranger = Visitor::stranger(&tenant);
        for (path, status) in [("/me", 401), ("/webauthn/login/initialize", 200)] {
            let method = if status == 200 { "POST" } else { "GET" };
            let answer = stranger
                .send_as(method, path, &[("Origin", ORIGIN)], None)
                .await;
            answer.expect(status);
            let exposed = answer.header("access-control-expose-headers").unwrap();
            assert!(exposed.contains("X-Session-Lifetime,X-Session-Retention"));
            assert_eq!(exposed.contains("X-Auth-Token"), has_token);
        }
    }
}

#[tokio::test]
async fn a_foreign_page_changes_nothing_with_the_cookie_of_a_visitor() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let cookie = format!("hanko={}", ann.token);
    let bearer = format!("Bearer {}", ann.token);
    let path = "/webauthn/registration/initialize";
    let own = format!("http://{}", server.public);
    for (origin, with_cookie) in [
        (Some(FOREIGN), 403),
        (Some("null"), 403),
        (Some("http://localhost:4498"), 403),
        (Some(ORIGIN), 200),
        (Some(READER), 200),
        (Some(&*own), 200),
        (None, 200),
    ] {
        let origin: Vec<_> = origin
            .map(|origin| ("Origin", origin))
            .into_iter()
            .collect();
        let of_cookie = [&origin[..], &[("Cookie", &*cookie)]].concat();
        let answer = ann.send_as("POST", path, &of_cookie, None).await;
        assert_eq!(answer.status, with_cookie, "{origin:?}: {answer:?}");
        let of_bearer = [&origin[..], &[("Authorization", &*bearer)]].concat();
        ann.send_as("POST", path, &of_bearer, None)
            .await
            .expect(200);
        // To read is no change; whether the page may see it the browser knows.
        ann.send_as("GET", "/me", &of_cookie, None)
            .await
            .expect(200);
    }
    let headers = [("Origin", FOREIGN), ("Cookie", &*cookie)];
    ann.send_as("POST", "/logout", &headers, None)
        .await
        .expect(403);
    ann.send_as("DELETE", "/webauthn/credentials/AA", &headers, None)
        .await
        .expect(403);
    ann.get("/me").await.expect(200);
}

#[tokio::test]
async fn a_form_changes_nothing_with_the_cookie_of_a_visitor() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let cookie = format!("hanko={}", ann.token);
    for (kind, body, status) in [
        ("text/plain", "{}", 415),
        ("text/plain", "", 415),
        ("application/x-www-form-urlencoded", "a=b", 415),
        ("application/json", "{}", 200),
        ("application/json", "", 200),
    ] {
        let headers = [("Cookie", &*cookie), ("Content-Type", kind)];
        let path = "/webauthn/registration/initialize";
        let answer = ann.send_as("POST", path, &headers, Some(body.into())).await;
        assert_eq!(answer.status, status, "{kind} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_foreign_page_signs_nobody_in() {
    let server = TestServer::start();
    let mut settings = config();
    settings["cors"]["allowed_origins"] = json!(["https://*.example.com"]);
    let tenant = server.tenant_with(settings).await;
    let ann = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    for (origin, status) in [
        (FOREIGN, 403),
        ("https://evilexample.com", 403),
        (ORIGIN, 200),
        (READER, 200),
    ] {
        let options = ann.begin_login(None).await;
        let body = forge.get(&options).to_string().into_bytes();
        // Of any media type: there is no cookie to misuse.
        let headers = [("Origin", origin), ("Content-Type", "text/plain")];
        let path = "/webauthn/login/finalize";
        let answer = ann.send_as("POST", path, &headers, Some(body)).await;
        assert_eq!(answer.status, status, "{origin}: {answer:?}");
        assert_eq!(answer.header("set-cookie").is_some(), status == 200);
    }
}
