//! The tokens and the keys that they are checked with, through the JWKS as a relying party does it.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::support::{Answer, Forge, RP_ID, Tenant, TestServer};

/// The claims, if the token is good for this relying party by its keys now.
async fn verified(tenant: &Tenant, answer: &Answer) -> Value {
    let body = answer.expect(200);
    let token = body["token"].as_str().unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!(header.alg, Algorithm::RS256);
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    verify_with(&tenant.jwks().await.expect(200), token).unwrap()
}

/// As a relying party checks a token: the key set says by which algorithm. `None` where the set does not have the key.
pub(crate) fn verify_with(keys: &Value, token: &str) -> Option<Value> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).unwrap();
    let key = keys.find(&decode_header(token).unwrap().kid.unwrap())?;
    let algorithm = key.common.key_algorithm.unwrap().to_string();
    let mut validation = Validation::new(algorithm.parse().unwrap());
    validation.set_audience(&[RP_ID]);
    let decoded = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation);
    Some(decoded.unwrap().claims)
}

#[tokio::test]
async fn a_token_says_who_signed_in_with_what() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    let registration = verified(&tenant, &tenant.finish_registration(&created).await).await;
    let got = forge.get(&tenant.begin_login().await);
    let login = verified(&tenant, &tenant.finish_login(&got).await).await;

    for (claims, operation) in [(&registration, "registration"), (&login, "login")] {
        assert_eq!(claims["aud"], json!([RP_ID]));
        assert_eq!(claims["cred"], forge.id());
        assert_eq!(claims["sub"], "ann");
        assert_eq!(claims["op"], operation);
        let (iat, exp) = (
            claims["iat"].as_u64().unwrap(),
            claims["exp"].as_u64().unwrap(),
        );
        assert_eq!(exp - iat, 300);
        for absent in ["nbf", "trans"] {
            assert!(claims.get(absent).is_none(), "{claims}");
        }
    }
    assert_ne!(registration["jti"], login["jti"]);
}

#[tokio::test]
async fn the_lifetime_of_a_token_is_the_tenants() {
    let server = TestServer::start();
    let mut config = crate::support::config();
    config["tokens"] = json!({"lifetime_seconds": 60});
    let tenant = server.tenant_with(config).await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    let claims = verified(&tenant, &tenant.finish_registration(&created).await).await;
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        60
    );
}

#[tokio::test]
async fn the_key_set_is_never_empty_and_stays() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let answer = tenant.jwks().await;
    let keys = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("max-age=600"));
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["alg"], &key["kty"], &key["use"]),
        (&json!("RS256"), &json!("RSA"), &json!("sig"))
    );
    let mut members: Vec<&str> = key
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);

    server.kill_and_restart();
    let after = tenant.at(server.client()).jwks().await.expect(200);
    assert_eq!(after, keys);
}

#[tokio::test]
async fn whoever_has_the_keys_is_told_so() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for path in [".well-known/jwks.json", "webauthn/.well-known/jwks.json"] {
        let path = format!("/{}/{path}", tenant.id);
        let ask = async |known: &str| {
            let headers = [("If-None-Match", known)];
            tenant.client.send("GET", &path, &headers, None).await
        };
        let first = tenant.client.get(&path).await;
        let tag = first.header("etag").unwrap().to_owned();
        for known in [&tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
            let same = ask(known).await;
            assert_eq!((same.status, &*same.text), (304, ""), "{known}");
            assert_eq!(same.header("etag"), Some(&*tag));
            assert_eq!(same.header("cache-control"), Some("max-age=600"));
            assert_eq!(same.header("content-type"), None);
        }
        for unknown in ["\"x\"", "x", "", tag.trim_matches('"')] {
            let keys = ask(unknown).await.expect(200);
            assert_eq!(keys, first.json(), "{unknown}");
        }
        let keys = format!("/tenants/{}/secrets/jwk", tenant.id);
        let named = json!({"name": path});
        server.admin().post(&keys, &named).await.expect(201);
        let newer = ask(&tag).await;
        assert_ne!(newer.expect(200), first.json());
        assert_ne!(newer.header("etag"), Some(&*tag));
    }
}

#[tokio::test]
async fn the_first_key_is_made_once_however_many_ask() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let answers = futures_util::future::join_all((0..12).map(|_| tenant.jwks())).await;
    for answer in &answers {
        let keys = answer.expect(200);
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
        assert_eq!(keys, answers[0].json());
    }
}

#[tokio::test]
async fn every_tenant_has_keys_of_its_own() {
    let server = TestServer::start();
    let (one, other) = (server.tenant().await, server.tenant().await);
    assert_ne!(
        one.jwks().await.expect(200)["keys"][0]["kid"],
        other.jwks().await.expect(200)["keys"][0]["kid"]
    );
}
