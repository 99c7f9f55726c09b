//! Who is signed in, what is known of them, and until when (contract §2.8, §10.7).

use std::time::Duration;

use serde_json::json;

use super::tenant_with;
use crate::support::{TestServer, Visitor};

#[tokio::test]
async fn whoever_is_signed_in_is_told_who_they_are() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let body = json!({"user_id": "ann", "email": "ann@example.com", "name": "annie", "display_name": "Ann"});
    let ann = Visitor::vouched(&server, &tenant, body).await;
    let me = ann.get("/me").await.expect(200);
    assert_eq!((&me["id"], &me["user_id"]), (&json!("ann"), &json!("ann")));
    assert_eq!(me["emails"][0]["address"], "ann@example.com");
    assert_eq!(me["emails"][0]["is_primary"], true);
    assert_eq!(me["username"]["username"], "annie");
    assert_eq!(me["mfa_config"]["totp_enabled"], false);
    let forge = ann.register().await;
    let user = ann.get("/users/ann").await.expect(200);
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["webauthn_credentials"][0]["id"], forge.id());
    assert_eq!(user["passkeys"][0]["id"], forge.id());
    assert_eq!(user["emails"], me["emails"]);
    ann.get("/users/bob").await.expect(403);
    Visitor::stranger(&tenant)
        .get("/users/ann")
        .await
        .expect(401);
    let config = ann.get("/.well-known/config").await.expect(200);
    assert_eq!(config["password"]["enabled"], false);
    assert!(config.as_object().unwrap().contains_key("providers"));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let out = ann.post("/logout", &json!({})).await;
    out.expect(204);
    let deletion = "hanko=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict";
    assert_eq!(out.header("set-cookie"), Some(deletion));
    for path in ["/me", "/webauthn/credentials"] {
        ann.get(path).await.expect(401);
    }
    ann.post("/logout", &json!({})).await.expect(401);
    let said = ann.get("/sessions/validate").await.expect(200);
    assert_eq!(said, json!({"is_valid": false}));
}

#[tokio::test]
async fn a_session_is_validated_by_whoever_has_its_token() {
    let server = TestServer::start();
    let tenant = tenant_with(&server, json!({"idle_timeout_seconds": 3600})).await;
    let ann = Visitor::new(&server, &tenant).await;
    let stranger = Visitor::stranger(&tenant);
    let sent = ann.get("/sessions/validate").await.expect(200);
    assert_eq!(
        (&sent["is_valid"], &sent["user_id"]),
        (&json!(true), &json!(ann.user))
    );
    let claims = &sent["claims"];
    assert_eq!(claims["subject"], ann.user);
    assert_eq!(claims["audience"], json!(["localhost"]));
    assert_eq!(claims["issuer"], format!("urn:uuid:{}", tenant.id));
    assert_eq!(claims["expiration"], sent["expiration_time"]);
    assert_eq!(claims["email"]["is_primary"], true);
    // To ask is no use of the session; to have it validated is.
    let idle = |said: &serde_json::Value| said["idle_expires_at"].as_str().unwrap().to_owned();
    let again = ann.get("/sessions/validate").await.expect(200);
    assert_eq!(idle(&again), idle(&sent));
    let body = json!({"session_token": ann.token});
    let given = stranger.post("/sessions/validate", &body).await.expect(200);
    assert!(idle(&given) > idle(&sent), "{given}");
    for token in ["", "x", "x.y.z"] {
        let body = json!({"session_token": token});
        let said = stranger.post("/sessions/validate", &body).await;
        let status = if token.is_empty() { 400 } else { 200 };
        let said = said.expect(status);
        assert!(
            status == 400 || said == json!({"is_valid": false}),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_oldest_session_goes_beyond_the_limit() {
    let server = TestServer::start();
    let tenant = tenant_with(&server, json!({"limit": 2})).await;
    let ann = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let options = ann.begin_login(None).await;
        let answer = ann.finish_login(&forge.get(&options)).await;
        answer.expect(200);
        let cookie = answer.header("set-cookie").unwrap();
        let token = cookie
            .strip_prefix("hanko=")
            .unwrap()
            .split_once(';')
            .unwrap()
            .0;
        tokens.push(Visitor {
            token: token.to_owned(),
            ..ann.clone()
        });
    }
    ann.get("/me").await.expect(401);
    for visitor in tokens {
        visitor.get("/me").await.expect(200);
    }
}

#[tokio::test]
async fn an_idle_session_ends_with_its_cookie() {
    let server = TestServer::start();
    let tenant = tenant_with(&server, json!({"idle_timeout_seconds": 1})).await;
    let ann = Visitor::new(&server, &tenant).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let answer = ann.get("/me").await;
    assert_eq!(
        answer.expect(401),
        json!({"code": 401, "message": "Unauthorized"})
    );
    let deletion = answer.header("set-cookie").unwrap();
    assert!(deletion.starts_with("hanko=; ") && deletion.contains("Max-Age=0"));
}

#[tokio::test]
async fn the_keys_of_sessions_are_not_those_of_tokens() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let set = ann.get("/webauthn/.well-known/jwks.json").await;
    let keys = set.expect(200);
    assert_eq!(set.header("cache-control"), Some("max-age=600"));
    assert_eq!(set.header("content-type"), Some("application/json"));
    let others = tenant.jwks().await.expect(200);
    assert_ne!(keys["keys"][0]["kid"], others["keys"][0]["kid"]);
    // A token of the other API opens nothing here.
    let mut forge = ann.register().await;
    let options = tenant.begin_login_of(&ann.user).await;
    let body = tenant.finish_login(&forge.get(&options)).await.expect(200);
    let passkey = Visitor {
        token: body["token"].as_str().unwrap().to_owned(),
        ..ann.clone()
    };
    passkey.get("/me").await.expect(401);
}
