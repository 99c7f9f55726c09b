//! Tokens that stand for nobody: all are refused in the same words, whatever is wrong with them.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::signer::{Signer, encode, sealed};
use super::{bearer, claims, key_set, trusted, trusting};
use crate::support::{Spoil, Tenant, TestServer};

/// Also where something would be changed.
async fn refused(tenant: &Tenant, token: &str, what: &str) {
    let visitor = bearer(tenant, token);
    let expected = json!({"code": 401, "message": "Unauthorized"});
    let read = visitor.get("/me").await;
    assert_eq!(read.status, 401, "{what}: {read:?}");
    let path = "/webauthn/registration/initialize";
    let begun = visitor.post(path, &json!({})).await;
    for answer in [read, begun] {
        assert_eq!(answer.expect(401), expected, "{what}");
        assert_eq!(answer.header("www-authenticate"), None);
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn what_a_token_says_must_be_right() {
    let server = TestServer::start();
    let signer = Signer::rsa("one");
    let tenant = trusting(&server, &[trusted("jwks", key_set(&[&signer]))]).await;
    let spoils: [(&str, Spoil<Value>); 11] = [
        ("expired", |claims| {
            claims["exp"] = (claims["iat"].as_u64().unwrap() - 60).into();
        }),
        ("without an end", |claims| {
            claims["exp"] = Value::Null;
        }),
        ("not yet valid", |claims| {
            claims["nbf"] = claims["exp"].clone();
        }),
        ("of tomorrow", |claims| {
            claims["iat"] = claims["exp"].clone();
        }),
        ("of another audience", |claims| {
            claims["aud"] = "shops".into();
        }),
        ("of no audience", |claims| {
            claims["aud"] = json!([]);
        }),
        ("of another issuer", |claims| {
            claims["iss"] = "https://id.example/".into();
        }),
        ("of no issuer", |claims| {
            claims["iss"] = Value::Null;
        }),
        ("of nobody", |claims| {
            claims["sub"] = "".into();
        }),
        ("of a number", |claims| {
            claims["sub"] = 7.into();
        }),
        ("a logout token", |claims| {
            claims["events"] = json!({});
        }),
    ];
    for (what, spoil) in spoils {
        let mut claims = claims();
        spoil(&mut claims);
        refused(&tenant, &signer.token(&claims), what).await;
    }
    let ann = bearer(&tenant, &signer.token(&claims()));
    ann.get("/me").await.expect(200);
}

#[tokio::test]
async fn only_a_signature_of_the_issuer_counts() {
    let server = TestServer::start();
    let (rsa, curve) = (Signer::rsa("r"), Signer::p256("e"));
    let keys = key_set(&[&rsa, &curve]);
    let tenant = trusting(&server, &[trusted("jwks", keys)]).await;
    for signer in [&rsa, &curve] {
        let mut header = signer.header();
        let (good, claims) = (signer.token(&claims()), claims());
        bearer(&tenant, &good).get("/me").await.expect(200);
        let (unsigned, _) = good.rsplit_once('.').unwrap();
        refused(&tenant, unsigned, "two parts").await;
        refused(&tenant, &format!("{unsigned}."), "no signature").await;
        refused(&tenant, &format!("{good}A"), "a longer signature").await;
        for algorithm in ["none", "None", ""] {
            header["alg"] = algorithm.into();
            let token = sealed(&header, &claims, |_| Vec::new());
            refused(&tenant, &token, algorithm).await;
            refused(&tenant, &signer.token_as(&header, &claims), algorithm).await;
        }
        header["alg"] = "HS256".into();
        for secret in [
            signer.public_bytes(),
            signer.jwk().to_string().into(),
            Vec::new(),
        ] {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let sign = |message: &[u8]| hmac::sign(&secret, message).as_ref().to_vec();
            refused(&tenant, &sealed(&header, &claims, sign), "a public secret").await;
        }
    }
}

#[tokio::test]
async fn a_key_is_taken_for_no_other() {
    let server = TestServer::start();
    let (rsa, curve) = (Signer::rsa("r"), Signer::p256("e"));
    let keys = key_set(&[&rsa, &curve]);
    let tenant = trusting(&server, &[trusted("jwks", keys)]).await;
    let foreign = Signer::p256("e");
    refused(&tenant, &foreign.token(&claims()), "another's key").await;
    let unknown = Signer::ed25519("unknown");
    refused(&tenant, &unknown.token(&claims()), "an unknown key").await;
    for (what, signer, algorithm, kid) in [
        ("the other kid", &rsa, "RS256", "e"),
        ("the other algorithm", &rsa, "ES256", "r"),
        ("both of the other", &rsa, "ES256", "e"),
        ("the kid of RSA", &curve, "ES256", "r"),
        ("a kid of nobody", &curve, "ES256", "x"),
    ] {
        let header = json!({"alg": algorithm, "kid": kid});
        refused(&tenant, &signer.token_as(&header, &claims()), what).await;
    }
    // Keys that a token brings along.
    for member in ["jwk", "jku", "x5u", "x5c"] {
        let mut header = foreign.header();
        header[member] = match member {
            "jwk" => foreign.jwk(),
            "x5c" => json!([encode("x")]),
            _ => json!("http://127.0.0.1:1/jwks.json"),
        };
        refused(&tenant, &foreign.token_as(&header, &claims()), member).await;
    }
}

#[tokio::test]
async fn a_tenant_trusts_none_but_its_own_issuers() {
    let server = TestServer::start();
    let (mine, other) = (Signer::p256("one"), Signer::p256("one"));
    let here = trusting(&server, &[trusted("jwks", key_set(&[&mine]))]).await;
    let there = trusting(&server, &[trusted("jwks", key_set(&[&other]))]).await;
    let nobody = server.tenant().await;
    let mut elsewhere = trusted("jwks", key_set(&[&mine]));
    elsewhere["audience"] = "bank".into();
    let elsewhere = trusting(&server, &[elsewhere]).await;
    let token = mine.token(&claims());
    bearer(&here, &token).get("/me").await.expect(200);
    refused(&there, &token, "the same name, another's keys").await;
    refused(&elsewhere, &token, "the same keys, another audience").await;
    refused(&nobody, &token, "no issuer").await;
}
