//! Sessions as the owner of the server opens, sees and ends them, and the keys that sign their tokens.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::decode_header;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Forge, Tenant, TestServer, config};

struct Sessions {
    admin: Client,
    tenant: String,
}

impl Sessions {
    fn of(server: &TestServer, tenant: &Tenant) -> Self {
        Self {
            admin: server.admin(),
            tenant: format!("/tenants/{}", tenant.id),
        }
    }

    async fn open(&self, body: &Value) -> Answer {
        let path = format!("{}/sessions", self.tenant);
        self.admin.post(&path, body).await
    }

    /// The id and the token of a new one.
    async fn opened(&self, user: &str) -> (String, String) {
        let opened = self.open(&json!({"user_id": user})).await.expect(201);
        let text = |name: &str| opened[name].as_str().unwrap().to_owned();
        (text("id"), text("session_token"))
    }

    async fn ids(&self, user: &str) -> Vec<String> {
        let path = format!("{}/sessions?user_id={user}", self.tenant);
        let listed = self.admin.get(&path).await.expect(200);
        let listed = listed.as_array().unwrap().iter();
        listed
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn end(&self, which: &str) -> Answer {
        let path = format!("{}/sessions{which}", self.tenant);
        self.admin.delete(&path).await
    }

    /// What is told of each key for this use.
    async fn keys(&self, usage: &str, member: &str) -> Vec<String> {
        let path = format!("{}/secrets/jwk", self.tenant);
        let listed = self.admin.get(&path).await.expect(200);
        let listed = listed.as_array().unwrap().iter();
        listed
            .filter(|key| key["use"] == usage)
            .map(|key| key[member].as_str().unwrap().to_owned())
            .collect()
    }
}

fn with_sessions(sessions: Value) -> Value {
    let mut config = config();
    config["sessions"] = sessions;
    config
}

fn claims(token: &str) -> Value {
    let text = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[tokio::test]
async fn a_session_is_opened_for_somebody_who_is_not_known_yet() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let sessions = Sessions::of(&server, &tenant);
    let body = json!({
        "user_id": "B7E45C9A-5B9B-4C8B-9D26-6D0C4D1D5B1E",
        "email": "ann@example.org",
        "name": "ann",
        "display_name": null,
        "user_agent": "curl",
        "ip_address": "192.0.2.1",
    });
    let opened = sessions.open(&body).await;
    assert_eq!(opened.headers["cache-control"], "no-store");
    let opened = opened.expect(201);
    let token = opened["session_token"].as_str().unwrap();
    let claims = claims(token);
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 43_200);
    assert_eq!(claims["sub"], "b7e45c9a-5b9b-4c8b-9d26-6d0c4d1d5b1e");
    assert_eq!(claims["iss"], format!("urn:uuid:{}", tenant.id));
    assert_eq!(claims["aud"], json!([crate::support::RP_ID]));
    assert_eq!(claims["session_id"], opened["id"]);
    let email = json!({"address": "ann@example.org", "is_primary": true, "is_verified": true});
    assert_eq!(claims["email"], email);

    let path = format!(
        "{}/sessions/{}",
        sessions.tenant,
        opened["id"].as_str().unwrap()
    );
    let shown = sessions.admin.get(&path).await.expect(200);
    assert_eq!(shown["user_id"], claims["sub"]);
    assert_eq!(shown["user_agent"], "curl");
    assert_eq!(shown["last_used"], shown["created_at"]);
    assert_eq!(
        (shown.get("session_token"), shown.get("display_name")),
        (None, None)
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_session_is_said_at_once() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let sessions = Sessions::of(&server, &tenant);
    let title = "unable to create session";
    let missing = sessions.open(&json!({"email": "ann"})).await;
    let details = "user_id is a required field and email must be a valid email address";
    missing.refused_with(400, title, details);
    let long = json!({"user_id": "x".repeat(65), "user_agent": "x".repeat(513)});
    let details =
        "user_id cannot have more than 64 bytes and user_agent cannot have more than 512 entries";
    sessions.open(&long).await.refused_with(400, title, details);
    let unknown = json!({"user_id": "ann", "role": "admin"});
    sessions.open(&unknown).await.refused(400, title);
    let path = format!("{}/sessions", sessions.tenant);
    let unnamed = sessions.admin.get(&path).await;
    unnamed.refused(400, "user_id is a required query parameter");
    let put = sessions.admin.put(&path, &json!({})).await;
    put.refused(405, "Method Not Allowed");
    let no_id = sessions.admin.get(&format!("{path}/x")).await;
    no_id.refused(400, "invalid session_id");
}

#[tokio::test]
async fn the_oldest_session_makes_room_and_all_survive_restarts() {
    let mut server = TestServer::start();
    let tenant = server.tenant_with(with_sessions(json!({"limit": 2}))).await;
    let sessions = Sessions::of(&server, &tenant);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(sessions.opened("ann").await.0);
    }
    let bobs = sessions.opened("bob").await.0;
    assert_eq!(sessions.ids("ann").await, ids[1..]);
    server.kill_and_restart();
    let sessions = Sessions::of(&server, &tenant);
    assert_eq!(sessions.ids("ann").await, ids[1..]);
    sessions.end(&format!("/{}", ids[1])).await.expect(204);
    let again = sessions.end(&format!("/{}", ids[1])).await;
    again.refused(404, "session not found");
    server.restart();
    let sessions = Sessions::of(&server, &tenant);
    assert_eq!(sessions.ids("ann").await, ids[2..]);
    assert_eq!(sessions.ids("bob").await, [bobs]);
    sessions.end("?user_id=ann").await.expect(204);
    assert_eq!(sessions.ids("ann").await, [""; 0]);
}

#[tokio::test]
async fn a_deleted_user_is_signed_out() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let sessions = Sessions::of(&server, &tenant);
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    sessions.opened("ann").await;
    let bobs = sessions.opened("bob").await.0;
    let users = format!("{}/users", sessions.tenant);
    let listed = sessions.admin.get(&users).await.expect(200);
    let ann = format!("{users}/{}", listed[0]["id"].as_str().unwrap());
    sessions.admin.delete(&ann).await.expect(204);
    assert_eq!(sessions.ids("ann").await, [""; 0]);
    assert_eq!(sessions.ids("bob").await, [bobs.as_str()]);

    sessions.end(&format!("/{bobs}")).await.expect(204);
    let log = format!("{}/audit_logs", sessions.tenant);
    let log = sessions.admin.get(&log).await.expect(200);
    let types: Vec<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .filter(|kind| kind.starts_with("session_"))
        .collect();
    assert_eq!(
        types,
        ["session_deleted", "session_created", "session_created"]
    );
}

#[tokio::test]
async fn sessions_have_keys_of_their_own_that_are_followed_with_the_others() {
    let mut server = TestServer::with(&[("TOKENS__PUBLISH_AHEAD", "0s")]);
    let tenant = server.tenant().await;
    let sessions = Sessions::of(&server, &tenant);
    assert_eq!(sessions.keys("token", "state").await, ["active"]);
    assert_eq!(sessions.keys("session", "state").await, [""; 0]);
    let (_, token) = sessions.opened("ann").await;
    assert_eq!(
        sessions.keys("session", "name").await,
        ["Initial session key"]
    );
    let kid = |token: &str| decode_header(token).unwrap().kid.unwrap();
    assert_eq!(sessions.keys("session", "id").await, [kid(&token)]);

    let path = format!("{}/secrets/jwk", sessions.tenant);
    let next = json!({"name": "next"});
    let made = sessions.admin.post(&path, &next).await.expect(201);
    assert_eq!(
        (&made["use"], &made["state"]),
        (&json!("token"), &json!("active"))
    );
    for usage in ["token", "session"] {
        assert_eq!(sessions.keys(usage, "state").await, ["retiring", "active"]);
    }
    assert_eq!(sessions.keys("session", "name").await[1], "next (sessions)");
    let (_, newer) = sessions.opened("ann").await;
    let kids = sessions.keys("session", "id").await;
    assert_eq!(kids, [kid(&token), kid(&newer)]);
    let shown = tenant.jwks().await.expect(200);
    let shown: HashSet<&str> = shown["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect();
    assert_eq!(shown.len(), 2);
    assert!(kids.iter().all(|kid| !shown.contains(kid.as_str())));

    for kid in &kids {
        let refused = sessions.admin.delete(&format!("{path}/{kid}")).await;
        refused.refused(409, "unable to remove key");
    }
    server.kill_and_restart();
    let sessions = Sessions::of(&server, &tenant);
    assert_eq!(sessions.keys("session", "id").await, kids);
    assert_eq!(kid(&sessions.opened("ann").await.1), kids[1]);
}
