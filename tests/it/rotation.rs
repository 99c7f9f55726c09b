//! Signing keys as their owner sees them: made, shown, taking over from each other under load, and going when nobody
//! needs them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use jsonwebtoken::decode_header;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Forge, Tenant, TestServer, config};
use crate::tokens::verify_with;

/// The admin's side of a tenant.
struct Keys {
    admin: Client,
    path: String,
}

impl Keys {
    fn of(server: &TestServer, tenant: &Tenant) -> Self {
        Self {
            admin: server.admin(),
            path: format!("/tenants/{}/secrets/jwk", tenant.id),
        }
    }

    async fn create(&self, name: &str) -> Answer {
        self.admin.post(&self.path, &json!({"name": name})).await
    }

    async fn list(&self) -> Vec<Value> {
        let listed = self.admin.get(&self.path).await.expect(200);
        listed.as_array().unwrap().clone()
    }

    async fn delete(&self, key: &Value) -> Answer {
        let id = key["id"].as_str().unwrap();
        self.admin.delete(&format!("{}/{id}", self.path)).await
    }

    async fn states(&self) -> Vec<String> {
        let listed = self.list().await;
        let states = listed.iter().map(|key| key["state"].as_str().unwrap());
        states.map(str::to_owned).collect()
    }

    async fn until_states(&self, expected: &[&str]) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let states = self.states().await;
            if states == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{states:?}, not {expected:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn config_with(tokens: Value) -> Value {
    let mut config = config();
    config["tokens"] = tokens;
    config
}

async fn registered(tenant: &Tenant, user: &str) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration(user).await);
    tenant.finish_registration(&created).await.expect(200);
    forge
}

async fn login(tenant: &Tenant, forge: &mut Forge) -> String {
    let got = forge.get(&tenant.begin_login().await);
    let answer = tenant.finish_login(&got).await.expect(200);
    answer["token"].as_str().unwrap().to_owned()
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

fn kids(keys: &Value) -> Vec<&str> {
    let keys = keys["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect()
}

async fn verified(tenant: &Tenant, token: &str) {
    let keys = tenant.jwks().await.expect(200);
    assert!(verify_with(&keys, token).is_some(), "{keys}");
}

/// Signs in again and again until all is done. Every token must be good by the key set as it is afterwards, and by the
/// one that was fetched before, as long as that is no older than a new key is shown ahead.
async fn sign_in_meanwhile(
    tenant: &Tenant,
    user: &str,
    ahead: Duration,
    done: &AtomicBool,
) -> HashSet<String> {
    let mut forge = registered(tenant, user).await;
    let mut signed_by = HashSet::new();
    let mut cached = (Instant::now(), tenant.jwks().await.expect(200));
    while !done.load(Ordering::Acquire) {
        if cached.0.elapsed() > ahead / 2 {
            cached = (Instant::now(), tenant.jwks().await.expect(200));
        }
        let token = login(tenant, &mut forge).await;
        let is_fresh = cached.0.elapsed() < ahead * 3 / 4;
        assert!(!is_fresh || verify_with(&cached.1, &token).is_some());
        verified(tenant, &token).await;
        signed_by.insert(kid(&token));
    }
    // However slow this machine is: once more with the last key.
    let token = login(tenant, &mut forge).await;
    verified(tenant, &token).await;
    signed_by.insert(kid(&token));
    signed_by
}

async fn rotate_under_load(publish_ahead: &str, ahead: Duration) {
    let server = TestServer::with(&[("TOKENS__PUBLISH_AHEAD", publish_ahead)]);
    let tenant = server.tenant().await;
    let keys = Keys::of(&server, &tenant);
    tenant.jwks().await.expect(200);
    let done = AtomicBool::new(false);
    let users = ["ann", "bob", "cleo", "dan"];
    let users = users.map(|user| sign_in_meanwhile(&tenant, user, ahead, &done));
    let rotation = async {
        let mut expected = vec!["active"];
        for name in ["second", "third", "fourth"] {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let made = keys.create(name).await.expect(201);
            let shown = tenant.jwks().await.expect(200);
            assert!(kids(&shown).contains(&made["id"].as_str().unwrap()));
            expected.insert(0, "retiring");
            keys.until_states(&expected).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        done.store(true, Ordering::Release);
        keys.list().await
    };
    let (signed_by, made) = join(join_all(users), rotation).await;
    let signed_by: HashSet<String> = signed_by.into_iter().flatten().collect();
    let made = made
        .iter()
        .map(|key| key["id"].as_str().unwrap().to_owned());
    assert_eq!(signed_by, made.collect());
}

#[tokio::test]
async fn a_rotation_costs_no_request_and_no_token() {
    rotate_under_load("2s", Duration::from_secs(2)).await;
}

#[tokio::test]
async fn nor_does_one_at_once() {
    rotate_under_load("0s", Duration::ZERO).await;
}

#[tokio::test]
async fn a_new_key_is_shown_before_it_signs_and_may_be_taken_back() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let keys = Keys::of(&server, &tenant);
    let mut forge = registered(&tenant, "ann").await;
    let first = kid(&login(&tenant, &mut forge).await);
    let made = keys.create("next").await.expect(201);
    assert_eq!(made["state"], "pending");
    assert_eq!(keys.states().await, ["active", "pending"]);
    let shown = tenant.jwks().await.expect(200);
    assert_eq!(kids(&shown), [&first, made["id"].as_str().unwrap()]);
    assert_eq!(kid(&login(&tenant, &mut forge).await), first);

    keys.delete(&made).await.expect(204);
    let shown = tenant.jwks().await.expect(200);
    assert_eq!(kids(&shown), [&first]);
    keys.delete(&made).await.refused(404, &not_found(&made));
}

#[tokio::test]
async fn the_key_that_signs_cannot_be_deleted() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let keys = Keys::of(&server, &tenant);
    let first = keys.list().await.remove(0);
    let refused = keys.delete(&first).await;
    refused.refused(409, "unable to remove key");
    assert_eq!(refused.json()["reason"], "signing_key_in_use");
    assert_eq!(keys.states().await, ["active"]);
}

#[tokio::test]
async fn an_old_key_may_go_when_its_last_token_has_expired() {
    let lifetime = Duration::from_secs(4);
    let server = TestServer::with(&[("TOKENS__PUBLISH_AHEAD", "0s")]);
    let tokens = json!({"lifetime_seconds": lifetime.as_secs()});
    let tenant = server.tenant_with(config_with(tokens)).await;
    let keys = Keys::of(&server, &tenant);
    let old = keys.list().await.remove(0);
    let rotated = Instant::now();
    let new = keys.create("next").await.expect(201);
    assert_eq!(new["state"], "active");
    let refused = keys.delete(&old).await;
    if rotated.elapsed() < lifetime {
        refused.refused(409, "unable to remove key");
        assert_eq!(refused.json()["reason"], "signing_key_needed");
        let retires_at = keys.list().await[0]["retires_at"].clone();
        let details = refused.json()["details"].to_string();
        if let Some(retires_at) = retires_at.as_str() {
            assert!(details.contains(retires_at), "{details}");
        }
    }
    keys.until_states(&["retired", "active"]).await;
    assert!(rotated.elapsed() >= lifetime);
    let shown = tenant.jwks().await.expect(200);
    assert_eq!(kids(&shown), [new["id"].as_str().unwrap()]);
    keys.delete(&old).await.expect(204);
    assert_eq!(keys.list().await.len(), 1);
    registered(&tenant, "ann").await;
}

#[tokio::test]
async fn keys_are_where_they_were_after_a_restart() {
    let mut server = TestServer::with(&[("TOKENS__PUBLISH_AHEAD", "0s")]);
    let tenant = server.tenant().await;
    let keys = Keys::of(&server, &tenant);
    keys.create("second").await.expect(201);
    server.set("TOKENS__PUBLISH_AHEAD", "10m");
    server.kill_and_restart();
    Keys::of(&server, &tenant).create("third").await.expect(201);
    let (tenant, keys) = (tenant.at(server.client()), Keys::of(&server, &tenant));
    assert_eq!(keys.states().await, ["retiring", "active", "pending"]);
    let before = (keys.list().await, tenant.jwks().await.expect(200));

    server.kill_and_restart();
    let (tenant, keys) = (tenant.at(server.client()), Keys::of(&server, &tenant));
    let after = (keys.list().await, tenant.jwks().await.expect(200));
    assert_eq!(after, before);
    let token = login(&tenant, &mut registered(&tenant, "ann").await).await;
    assert_eq!(after.0[1]["id"], kid(&token));
}

#[tokio::test]
async fn each_algorithm_signs_what_the_key_set_verifies() {
    let server = TestServer::start();
    for (tokens, algorithm, kty) in [
        (json!({}), "RS256", "RSA"),
        (json!({"rsa_bits": 3072}), "RS256", "RSA"),
        (json!({"rsa_bits": 4096}), "RS256", "RSA"),
        (json!({"algorithm": "ES256"}), "ES256", "EC"),
        (json!({"algorithm": "EdDSA"}), "EdDSA", "OKP"),
    ] {
        let tenant = server.tenant_with(config_with(tokens.clone())).await;
        let token = login(&tenant, &mut registered(&tenant, "ann").await).await;
        let header = decode_header(&token).unwrap();
        assert_eq!(serde_json::to_value(header.alg).unwrap(), algorithm);
        let shown = tenant.jwks().await.expect(200);
        let key = &shown["keys"][0];
        assert_eq!((&key["alg"], &key["kty"]), (&json!(algorithm), &json!(kty)));
        if let Some(bits) = tokens["rsa_bits"].as_u64() {
            let modulus = crate::support::from_base64url(&key["n"]);
            assert_eq!(u64::try_from(modulus.len() * 8).unwrap(), bits);
        }
        verified(&tenant, &token).await;
    }
}

#[tokio::test]
async fn another_algorithm_comes_with_a_key_that_takes_over_in_time() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let old = kid(&login(&tenant, &mut forge).await);
    let path = format!("/tenants/{}/config", tenant.id);
    let change = |algorithm| config_with(json!({"algorithm": algorithm}));
    let changed = server.admin().put(&path, &change("ES256")).await;
    changed.expect(204);
    let keys = Keys::of(&server, &tenant);
    assert_eq!(keys.states().await, ["active", "pending"]);
    assert_eq!(keys.list().await[1]["algorithm"], "ES256");
    assert_eq!(kid(&login(&tenant, &mut forge).await), old);

    server.set("TOKENS__PUBLISH_AHEAD", "0s");
    server.restart();
    let tenant = tenant.at(server.client());
    let changed = server.admin().put(&path, &change("EdDSA")).await;
    changed.expect(204);
    let token = login(&tenant, &mut forge).await;
    assert_eq!(
        serde_json::to_value(decode_header(&token).unwrap().alg).unwrap(),
        "EdDSA"
    );
    verified(&tenant, &token).await;
    // The one that was to take over never signs; it stays for those who know it.
    assert_eq!(
        Keys::of(&server, &tenant).states().await,
        ["retiring", "retiring", "active"]
    );
}

/// The settings are durable before the key is made, and a large one takes its time.
#[tokio::test]
async fn a_key_that_a_crash_has_prevented_is_made_beside_the_next_token() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let (admin, path) = (server.admin(), format!("/tenants/{}", tenant.id));
    let (asking, config_path) = (admin.clone(), format!("{path}/config"));
    let asked = tokio::spawn(async move {
        let body = config_with(json!({"rsa_bits": 4096})).to_string();
        let headers = [("Content-Type", "application/json")];
        drop(
            asking
                .try_send("PUT", &config_path, &headers, Some(body.into()))
                .await,
        );
    });
    while admin.get(&path).await.expect(200)["config"]["tokens"]["rsa_bits"] != 4096 {}
    server.kill_and_restart();
    asked.await.unwrap();
    let (tenant, keys) = (tenant.at(server.client()), Keys::of(&server, &tenant));
    login(&tenant, &mut forge).await;
    keys.until_states(&["active", "pending"]).await;
    let shown = tenant.jwks().await.expect(200);
    let modulus = crate::support::from_base64url(&shown["keys"][1]["n"]);
    assert_eq!(modulus.len() * 8, 4096);
}

#[tokio::test]
async fn many_tenants_get_their_first_keys_at_once() {
    let server = TestServer::start();
    let tenants = join_all((0..12).map(|_| server.tenant())).await;
    let asked = tenants
        .iter()
        .flat_map(|tenant| [tenant.jwks(), tenant.jwks()]);
    let mut known = HashSet::new();
    for pair in join_all(asked).await.chunks(2) {
        let (one, other) = (pair[0].expect(200), pair[1].expect(200));
        assert_eq!(one, other);
        assert_eq!(kids(&one).len(), 1);
        assert!(known.insert(kids(&one)[0].to_owned()));
    }
}

#[tokio::test]
async fn a_key_has_the_old_shape_and_its_secret_opens_nothing() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let keys = Keys::of(&server, &tenant);
    let first = keys.list().await.remove(0);
    assert_eq!(first["name"], "Initial JWK Key");
    let made = keys.create("next").await;
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let made = made.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 88);
    assert!(secret.ends_with("=="));
    let listed = keys.list().await;
    assert_eq!(listed[1]["secret"], format!("{}****", &secret[..4]));
    for member in ["id", "name", "created_at"] {
        assert_eq!(listed[1][member], made[member]);
    }
    let stranger = Tenant {
        key: secret.to_owned(),
        ..tenant.clone()
    };
    let begun = stranger.post("registration/initialize", &json!({})).await;
    begun.refused(401, "The api key is invalid");
}

#[tokio::test]
async fn names_and_ids_of_the_two_kinds_of_keys() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let keys = Keys::of(&server, &tenant);
    let api_keys = Keys {
        admin: server.admin(),
        path: format!("/tenants/{}/secrets/api", tenant.id),
    };
    for taken in ["Initial API Key", "Initial JWK Key"] {
        keys.create(taken)
            .await
            .refused(409, "unable to create key");
        api_keys
            .create(taken)
            .await
            .refused(409, "unable to create key");
    }
    let blank = keys.create("").await;
    blank.refused_with(400, "unable to create key", "name is a required field");
    let (jwk, api_key) = (keys.list().await.remove(0), api_keys.list().await.remove(0));
    keys.delete(&api_key)
        .await
        .refused(404, &not_found(&api_key));
    api_keys.delete(&jwk).await.refused(404, &not_found(&jwk));
    let nonsense = keys.delete(&json!({"id": "x"})).await;
    nonsense.refused_with(
        400,
        "unable to remove key",
        "SecretId must be a valid uuid4",
    );
    let patched = server.admin().put(&keys.path, &json!({})).await;
    patched.refused(405, "Method Not Allowed");
}

fn not_found(key: &Value) -> String {
    format!("secret with ID '{}' not found", key["id"].as_str().unwrap())
}

const DEADLINE: Duration = Duration::from_mins(1);
