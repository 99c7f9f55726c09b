//! Tokens: signed with a key of each kind, and checked with that key and nothing that the token says.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::event::Event;
use super::super::ids::Timestamp;
use super::super::state::TenantState;
use super::super::token::{KeyKind, Operation, PrivateKey, Proof, SigningKey, verify};
use super::{credential_id, env, given, user_id};

/// One of each kind, made once: the large ones take a while.
static KEYS: LazyLock<Vec<Arc<SigningKey>>> = LazyLock::new(|| {
    let made = KeyKind::ALL.map(|kind| Arc::new(PrivateKey::generate(kind).unwrap()));
    let keys = made
        .into_iter()
        .zip(1..)
        .map(|(private, number)| SigningKey {
            kid: Uuid::from_u128(number),
            name: "Initial JWK Key".into(),
            hint: "".into(),
            created_at: Timestamp(0),
            signs_from: Timestamp(0),
            token_lifetime_seconds_max: 300,
            private,
        });
    keys.map(Arc::new).collect()
});

fn tenant_with(key: &Arc<SigningKey>) -> TenantState {
    given(vec![Event::SigningKeyCreated(Arc::clone(key))])
}

fn token(state: &TenantState, key: &SigningKey) -> String {
    let proof = Proof {
        transaction: None,
        user: user_id("ann"),
        credential: credential_id("one"),
        operation: Operation::Login,
        user_verified: true,
        backup_eligible: false,
    };
    key.sign(&proof.claims(state, &env(1000))).unwrap()
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_key_of_each_kind_signs_what_it_verifies() {
    let algorithms = ["RS256", "RS256", "RS256", "ES256", "EdDSA"];
    for (key, algorithm) in KEYS.iter().zip(algorithms) {
        let state = tenant_with(key);
        let token = token(&state, key);
        let header = json!({"alg": algorithm, "kid": key.kid, "typ": "JWT"});
        assert_eq!(part(&token, 0), header);
        let claims = verify(&state, &token, Timestamp(1_299_000_000)).unwrap();
        assert_eq!((claims.sub.as_str(), claims.exp), ("ann", 1300));
        assert_eq!(verify(&state, &token, Timestamp(1_300_000_000)), None);
        let spoilt = token.replacen('.', ".e30", 1);
        assert_eq!(verify(&state, &spoilt, Timestamp(1_000_000_000)), None);
    }
}

/// Public keys are no secrets: what is signed with one as if it were must not pass.
#[test]
fn the_key_and_not_the_token_says_how_it_is_checked() {
    let now = Timestamp(1_000_000_000);
    for key in KEYS.iter() {
        let state = tenant_with(key);
        let good = verify(&state, &token(&state, key), now).unwrap();
        let jwk = serde_json::to_value(key.jwk().unwrap()).unwrap();
        let public = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap();
        for secret in [
            public.as_bytes(),
            &URL_SAFE_NO_PAD.decode(public).unwrap(),
            jwk.to_string().as_bytes(),
        ] {
            let header = Header {
                kid: Some(key.kid.to_string()),
                ..Header::new(Algorithm::HS256)
            };
            let forged = jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(secret));
            assert_eq!(verify(&state, &forged.unwrap(), now), None);
        }
    }
}

/// Another key's signature under this key's id, and an id that is not among the keys.
#[test]
fn a_token_of_another_key_is_refused() {
    let now = Timestamp(1_000_000_000);
    for (key, other) in KEYS.iter().zip(KEYS.iter().cycle().skip(1)) {
        let state = tenant_with(key);
        let disguised = SigningKey {
            kid: key.kid,
            ..SigningKey::clone(other)
        };
        assert_eq!(verify(&state, &token(&state, &disguised), now), None);
        assert_eq!(verify(&state, &token(&state, other), now), None);
    }
}

#[test]
fn a_public_key_has_the_members_of_its_type() {
    let jwks = KEYS
        .iter()
        .map(|key| serde_json::to_value(key.jwk().unwrap()));
    let jwks: Vec<Value> = jwks.map(Result::unwrap).collect();
    let members = |jwk: &Value| {
        let mut members: Vec<String> = jwk.as_object().unwrap().keys().cloned().collect();
        members.sort_unstable();
        members
    };
    let bytes = |jwk: &Value, member: &str| {
        let text = jwk[member].as_str().unwrap();
        URL_SAFE_NO_PAD.decode(text).unwrap().len()
    };
    for (jwk, modulus) in jwks.iter().zip([256, 384, 512]) {
        assert_eq!(members(jwk), ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!((&jwk["alg"], &jwk["kty"]), (&json!("RS256"), &json!("RSA")));
        assert_eq!(bytes(jwk, "n"), modulus);
    }
    let (p256, ed25519) = (&jwks[3], &jwks[4]);
    assert_eq!(members(p256), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(
        (&p256["kty"], &p256["crv"]),
        (&json!("EC"), &json!("P-256"))
    );
    assert_eq!([bytes(p256, "x"), bytes(p256, "y")], [32, 32]);
    assert_eq!(members(ed25519), ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(
        (&ed25519["kty"], &ed25519["crv"]),
        (&json!("OKP"), &json!("Ed25519"))
    );
    assert_eq!(bytes(ed25519, "x"), 32);
}

#[test]
fn a_private_key_is_not_shown() {
    for key in KEYS.iter() {
        let shown = format!("{key:?}");
        let byte = format!("{}, {}", key.private.pkcs8()[30], key.private.pkcs8()[31]);
        assert!(!shown.contains(&byte), "{shown}");
    }
}
