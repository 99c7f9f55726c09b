//! Tokens of issuers that a tenant trusts, in place of a session: what they may do, which are refused, and what becomes of
//! them while an issuer changes its keys or is down.

mod fetched;
mod refused;
#[path = "../../src/tenant/tests/issuer/signer.rs"]
mod signer;

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::support::{Forge, Tenant, TestServer, Visitor, config};
use signer::Signer;

const ISSUER: &str = "https://id.example";

/// What a good token says.
fn claims() -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap().as_secs();
    json!({
        "iss": ISSUER,
        "aud": ["other", "shop"],
        "sub": "ann",
        "iat": now,
        "exp": now + 600,
        "preferred_username": "annie",
        "email": {"address": "ann@example.org", "is_verified": true},
    })
}

/// A setting, with keys as `member` says.
fn trusted(member: &str, keys: Value) -> Value {
    let claims = json!({"name": "preferred_username", "email": "email"});
    let mut issuer = json!({"issuer": ISSUER, "audience": "shop", "claims": claims});
    issuer[member] = keys;
    issuer
}

fn key_set(signers: &[&Signer]) -> Value {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({"keys": keys})
}

async fn trusting(server: &TestServer, issuers: &[Value]) -> Tenant {
    let mut settings = config();
    settings["sessions"] = json!({"issuers": issuers});
    server.tenant_with(settings).await
}

/// Whoever has that token.
fn bearer(tenant: &Tenant, token: &str) -> Visitor {
    Visitor {
        token: token.to_owned(),
        user: "ann".to_owned(),
        ..Visitor::stranger(tenant)
    }
}

#[tokio::test]
async fn a_token_registers_and_keeps_passkeys() {
    let server = TestServer::start();
    let signers = [Signer::rsa("r"), Signer::p256("e"), Signer::ed25519("o")];
    let [one, two, three] = &signers;
    let keys = key_set(&[one, two, three]);
    let tenant = trusting(&server, &[trusted("jwks", keys)]).await;
    for signer in &signers {
        let ann = bearer(&tenant, &signer.token(&claims()));
        let me = ann.get("/me").await.expect(200);
        assert_eq!((&me["id"], &me["user_id"]), (&json!("ann"), &json!("ann")));
        assert_eq!(me["username"]["username"], "annie");
        assert_eq!(me["emails"][0]["address"], "ann@example.org");
        let user = ann.begin_registration().await["publicKey"]["user"].take();
        assert_eq!(user["name"], "ann@example.org");

        let mut forge = ann.register().await;
        let listed = ann.get("/webauthn/credentials").await.expect(200);
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["id"], forge.id());
        let path = format!("/webauthn/credentials/{}", forge.id());
        ann.patch(&path, &json!({"name": "Phone"}))
            .await
            .expect(200);
        let listed = ann.get("/webauthn/credentials").await.expect(200);
        assert_eq!(listed[0]["name"], "Phone");
        let shown = ann.get("/users/ann").await.expect(200);
        assert_eq!(shown["webauthn_credentials"][0]["id"], forge.id());
        ann.get("/users/bob").await.expect(403);

        // What the passkey opens is a session of this server.
        let stranger = Visitor::stranger(&tenant);
        let options = stranger.begin_login(Some("ann")).await;
        let signed_in = stranger.finish_login(&forge.get(&options)).await;
        assert_eq!(signed_in.expect(200)["user_id"], "ann");
        assert!(signed_in.header("set-cookie").is_some());
        ann.delete(&path).await.expect(204);
        let listed = ann.get("/webauthn/credentials").await.expect(200);
        assert_eq!(listed, json!([]));
    }
}

/// Some issuers write UUIDs in upper case. Whoever vouches means one user, whom the relying party may have called so already.
#[tokio::test]
async fn a_uuid_is_one_user_in_either_case() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let tenant = trusting(&server, &[trusted("jwks", key_set(&[&signer]))]).await;
    let of = |sub: &str| {
        let mut claims = claims();
        claims["sub"] = sub.into();
        bearer(&tenant, &signer.token(&claims))
    };
    let lower = "5f0f9a2e-33bd-4c1c-8d8e-0c5a4b7de9f1";
    let ann = of(&lower.to_uppercase());
    let options = ann.begin_registration().await;
    assert_eq!(options["publicKey"]["user"]["id"], "Xw-aLjO9TByNjgxaS33p8Q");
    let forge = ann.register().await;
    for user in [lower.to_owned(), lower.to_uppercase()] {
        let body = json!({"user_id": user});
        let vouched = Visitor::vouched(&server, &tenant, body).await;
        for asking in [&ann, &vouched, &of(&user)] {
            let shown = asking.get(&format!("/users/{user}")).await.expect(200);
            assert_eq!(shown["id"], lower);
            assert_eq!(shown["webauthn_credentials"][0]["id"], forge.id());
        }
    }
    let known = "A2C1B7C4-7D0B-4E43-9C3C-4B6E0D3E2F10";
    let mut theirs = Forge::new(-7);
    let created = theirs.create(&tenant.begin_registration(known).await);
    tenant.finish_registration(&created).await.expect(200);
    let me = of(known).get("/me").await.expect(200);
    assert_eq!(me["id"], known);
    assert_eq!(me["passkeys"][0]["id"], theirs.id());
}

#[tokio::test]
async fn a_user_of_an_issuer_keeps_to_what_is_theirs() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let tenant = trusting(&server, &[trusted("jwks", key_set(&[&signer]))]).await;
    let bob = Visitor::vouched(&server, &tenant, json!({"user_id": "bob"})).await;
    let ann = bearer(&tenant, &signer.token(&claims()));
    let forge = bob.register().await;
    let path = format!("/webauthn/credentials/{}", forge.id());
    ann.patch(&path, &json!({"name": "mine"})).await.expect(404);
    ann.delete(&path).await.expect(404);
    let begun = bob.begin_registration().await;
    let created = Forge::new(-7).create(&begun);
    ann.finish_registration(&created).await.expect(400);
    let listed = bob.get("/webauthn/credentials").await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

/// Else the session of the passkey would call it verified.
#[tokio::test]
async fn an_address_that_the_issuer_has_not_verified_is_not_told_on() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let tenant = trusting(&server, &[trusted("jwks", key_set(&[&signer]))]).await;
    let mut said = claims();
    said["email"]["is_verified"] = false.into();
    let ann = bearer(&tenant, &signer.token(&said));
    assert_eq!(ann.get("/me").await.expect(200)["emails"], Value::Null);
    let mut forge = ann.register().await;
    let options = ann.begin_login(None).await;
    let signed_in = ann.finish_login(&forge.get(&options)).await;
    let cookie = signed_in.header("set-cookie").unwrap();
    let (pair, _) = cookie.split_once(';').unwrap();
    let headers = [("Cookie", pair)];
    let answer = ann.send_as("GET", "/sessions/validate", &headers, None);
    let valid = answer.await.expect(200);
    assert_eq!(valid["is_valid"], true);
    assert_eq!(valid["claims"]["email"], Value::Null);
}

#[tokio::test]
async fn a_token_is_no_session() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let tenant = trusting(&server, &[trusted("jwks", key_set(&[&signer]))]).await;
    let ann = bearer(&tenant, &signer.token(&claims()));
    ann.get("/me").await.expect(200);
    let none = json!({"is_valid": false});
    let sent = ann.get("/sessions/validate").await.expect(200);
    assert_eq!(sent, none);
    let body = json!({"session_token": ann.token});
    let given = ann.post("/sessions/validate", &body).await.expect(200);
    assert_eq!(given, none);
    let path = format!("/tenants/{}/sessions?user_id=ann", tenant.id);
    assert_eq!(server.admin().get(&path).await.expect(200), json!([]));
    // There is nothing to end, and nothing is ended.
    for _ in 0..2 {
        ann.post("/logout", &json!({})).await.expect(204);
        ann.get("/me").await.expect(200);
    }
}

#[tokio::test]
async fn a_token_never_comes_by_cookie() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let tenant = trusting(&server, &[trusted("jwks", key_set(&[&signer]))]).await;
    let bob = Visitor::vouched(&server, &tenant, json!({"user_id": "bob"})).await;
    let token = signer.token(&claims());
    let (of_ann, of_bob) = (format!("hanko={token}"), format!("hanko={}", bob.token));
    let bearer = format!("Bearer {token}");
    let with_ann = ("Authorization", &*bearer);
    let both = format!("{of_ann}; {of_bob}");
    for (headers, user) in [
        (vec![("Cookie", &*of_ann)], None),
        (vec![with_ann], Some("ann")),
        (vec![with_ann, ("Cookie", &*of_bob)], Some("ann")),
        (
            vec![("Authorization", "Bearer x"), ("Cookie", &*of_bob)],
            Some("bob"),
        ),
        (
            vec![("Authorization", "Bearer x"), ("Cookie", &*of_ann)],
            None,
        ),
        (vec![("Cookie", &*both)], Some("bob")),
    ] {
        let answer = bob.send_as("GET", "/me", &headers, None).await;
        let status = if user.is_some() { 200 } else { 401 };
        let said = answer.expect(status);
        assert_eq!(said["id"].as_str(), user, "{headers:?}");
    }
}
