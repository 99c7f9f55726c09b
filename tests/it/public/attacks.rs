//! What somebody may try who has a cookie, a page or a body to send, and no right to what they want (contract §7.2, §9).

use serde_json::{Value, json};

use super::tenant_with;
use crate::support::{Forge, TestServer, Visitor, raw};

#[tokio::test]
async fn cookies_of_others_spoil_nothing() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let bob = Visitor::new(&server, &tenant).await;
    let elsewhere = Visitor::new(&server, &server.tenant().await).await;
    let (of_ann, of_bob) = (&ann.token, &bob.token);
    for (cookies, user) in [
        (format!("hanko={of_ann}"), Some(&ann.user)),
        (format!("name=\u{e9}; hanko={of_ann}"), Some(&ann.user)),
        (format!("hanko=\u{e9}; hanko={of_ann}"), Some(&ann.user)),
        (format!("a;;=;b=c;hanko=\"{of_ann}\";"), Some(&ann.user)),
        (
            format!("hanko=; hanko=x.y.z; hanko={of_ann}"),
            Some(&ann.user),
        ),
        (
            format!("hanko={}; hanko={of_ann}", elsewhere.token),
            Some(&ann.user),
        ),
        // The first that verifies.
        (format!("hanko={of_bob}; hanko={of_ann}"), Some(&bob.user)),
        (
            format!("{}hanko={of_ann}", "hanko=x; ".repeat(19)),
            Some(&ann.user),
        ),
        (format!("{}hanko={of_ann}", "hanko=x; ".repeat(20)), None),
        (format!("Hanko={of_ann}; xhanko={of_ann}"), None),
        (format!("x=\"; hanko2={of_ann}"), None),
        (format!("hanko={}", elsewhere.token), None),
    ] {
        let headers = [("Cookie", &*cookies)];
        let answer = ann.send_as("GET", "/me", &headers, None).await;
        let status = if user.is_some() { 200 } else { 401 };
        let said = answer.expect(status);
        assert_eq!(said["id"].as_str(), user.map(String::as_str), "{cookies}");
    }
}

/// A proxy says by which scheme it was asked; without one nobody knows.
#[tokio::test]
async fn a_page_that_came_in_the_clear_is_not_of_a_host_that_has_tls() {
    let server = TestServer::with(&[("LIMITS__TRUSTED_PROXIES", "127.0.0.0/8")]);
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let cookie = format!("hanko={}", ann.token);
    for (page, asked, status) in [
        ("https", Some("https"), 200),
        ("http", Some("https"), 403),
        ("http", Some("http"), 200),
        ("http", None, 200),
        ("https", None, 200),
    ] {
        let origin = format!("{page}://{}", server.public);
        let mut headers = vec![("Origin", &*origin), ("Cookie", &*cookie)];
        headers.extend(asked.map(|scheme| ("X-Forwarded-Proto", scheme)));
        let path = "/webauthn/registration/initialize";
        let answer = ann.send_as("POST", path, &headers, None).await;
        assert_eq!(answer.status, status, "{page} {asked:?}: {answer:?}");
    }
}

/// Whoever has put a session into somebody's browser has it still, and not the one that opens there.
#[tokio::test]
async fn a_login_opens_a_session_of_its_own() {
    let server = TestServer::start();
    let tenant = tenant_with(&server, json!({"auth_token_header": true})).await;
    let ann = Visitor::new(&server, &tenant).await;
    let mallory = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    let mut tokens = vec![ann.token.clone(), mallory.token.clone()];
    for planted in [&mallory.token, &ann.token] {
        let options = ann.begin_login(None).await;
        let body = forge.get(&options).to_string().into_bytes();
        let cookie = format!("hanko={planted}");
        let headers = [("Cookie", &*cookie), ("Content-Type", "application/json")];
        let path = "/webauthn/login/finalize";
        let answer = ann.send_as("POST", path, &headers, Some(body)).await;
        assert_eq!(answer.expect(200)["user_id"], ann.user);
        let token = answer.header("x-auth-token").unwrap().to_owned();
        assert!(!tokens.contains(&token));
        tokens.push(token);
    }
    let said = mallory.get("/me").await.expect(200);
    assert_eq!(said["id"], mallory.user);
}

#[tokio::test]
async fn hostile_bodies_are_refused_in_the_same_words() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let forge = ann.register().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let nested = format!("{{\"user_id\":{deep}}}");
    let long = format!("{{\"user_id\":1{}}}", "0".repeat(5000));
    let credential = format!("/webauthn/credentials/{}", forge.id());
    let bearer = format!("Bearer {}", ann.token);
    let headers = [
        ("Authorization", &*bearer),
        ("Content-Type", "application/json"),
    ];
    for (method, path) in [
        ("POST", "/webauthn/login/initialize"),
        ("POST", "/webauthn/login/finalize"),
        ("POST", "/webauthn/registration/finalize"),
        ("POST", "/sessions/validate"),
        ("PATCH", &credential),
    ] {
        for body in [
            &b"{"[..],
            b"[]",
            b"7",
            b"\"x\"",
            b"{}{}",
            b"\xef\xbb\xbf{}",
            b"{\"user_id\":\"\xff\",\"name\":\"\xff\",\"session_token\":\"\xff\"}",
            br#"{"user_id":"\ud800","name":"\ud800","session_token":"\ud800"}"#,
            br#"{"user_id":{},"name":{},"session_token":{}}"#,
            br#"{"user_id":["x"],"name":["x"],"session_token":["x"]}"#,
            br#"{"user_id":"x","user_id":"y","name":"x","name":"y","session_token":"x","session_token":"y"}"#,
            deep.as_bytes(),
            nested.as_bytes(),
            long.as_bytes(),
        ] {
            let is_ignored = path == credential && (body == nested.as_bytes() || body == long.as_bytes());
            let answer = ann.send_as(method, path, &headers, Some(body.to_vec())).await;
            let text = String::from_utf8_lossy(&body[..body.len().min(60)]);
            let refused = answer.status == 400 || (is_ignored && answer.status == 200);
            assert!(refused, "{method} {path} {text}: {answer:?}");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    ann.get("/me").await.expect(200);
}

/// One may ask for ever and learns nothing from the answers but that there is one.
#[tokio::test]
async fn decoys_have_all_the_headers_of_passkeys() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    ann.register().await;
    let stranger = Visitor::stranger(&tenant);
    let mut shapes = Vec::new();
    for user in [&*ann.user, "7b0d7d0e-6a53-4c3f-9f6a-0a7a1d6f3c11", "nobody"] {
        let body = json!({"user_id": user});
        let answer = stranger.post("/webauthn/login/initialize", &body).await;
        let said = answer.expect(200);
        let mut options = said["publicKey"].clone();
        options["challenge"] = Value::Null;
        options["allowCredentials"] = Value::Null;
        let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        shapes.push((options, headers));
        // A login that nobody began for this user.
        let mut forge = Forge::new(-7);
        forge.user_handle = Some(user.as_bytes().to_vec());
        let got = forge.get(&said);
        let refused = stranger.finish_login(&got).await;
        let expected = json!({"code": 401, "message": "failed to validate assertion"});
        assert_eq!(refused.expect(401), expected, "{user}");
        let again = stranger.finish_login(&got).await.expect(401);
        assert_ne!(again, expected, "a challenge serves once");
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
}

/// Also where no route is, and for methods that nobody knows.
#[tokio::test]
async fn what_no_route_answers_is_told_in_the_words_of_this_api() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for (line, status) in [
        ("BREW /{}/me", 405),
        ("TRACE /{}/webauthn/credentials", 405),
        ("GET /{}/webauthn", 404),
        ("GET /{}/webauthn/", 404),
        ("GET /{}/webauthn//credentials", 404),
        ("GET /{}/webauthn/credentials/", 405),
        ("DELETE /{}/webauthn/credentials/%2e%2e", 401),
        ("GET /{}/me/", 404),
        ("GET /{}/users", 404),
        ("GET /{}/users/a/b", 404),
        ("GET /{}/users/%00", 401),
        ("GET /{}/%6de", 401),
        ("GET /{}/sessions", 404),
        ("PUT /{}/sessions/validate", 405),
        ("POST /{}/.well-known/config", 405),
    ] {
        let line = line.replace("{}", &tenant.id);
        let head = "Host: localhost\r\nContent-Length: 0\r\nConnection: close";
        let request = format!("{line} HTTP/1.1\r\n{head}\r\n\r\n");
        let answer = raw(&server.public, request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let first = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&first), "{line}: {head}");
        let said: Value = serde_json::from_str(body).unwrap();
        assert_eq!(said["code"], status, "{line}: {said}");
        assert!(said["message"].is_string(), "{line}: {said}");
    }
}
