//! Tokens of sessions: what they say, how they are checked, and that they never pass for tokens of a ceremony.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::Command;
use super::super::admin::ReplaceSettings;
use super::super::event::Event;
use super::super::ids::Timestamp;
use super::super::rejection::Rejection;
use super::super::session::{CreateSession, Session};
use super::super::settings::TokenAlgorithm;
use super::super::state::TenantState;
use super::super::token::commands::{
    AddFirstSigningKey, CreateSigningKey, DeleteSigningKey, RenewSigningKey, kind_to_renew,
};
use super::super::token::session::{Expected, kid_of, verify};
use super::super::token::{
    self, KeyKind, KeyPurpose, Operation, PrivateKey, Proof, SessionClaims, SigningKey,
};
use super::{credential_id, env, given, user_id};

/// One for each algorithm.
static KEYS: LazyLock<Vec<Arc<SigningKey>>> = LazyLock::new(|| {
    let kinds = [KeyKind::Rsa2048, KeyKind::P256, KeyKind::Ed25519];
    let keys = kinds.into_iter().zip(1..).map(|(kind, number)| SigningKey {
        kid: Uuid::from_u128(number),
        name: "Initial session key".into(),
        hint: "".into(),
        created_at: Timestamp(0),
        signs_from: Timestamp(0),
        token_lifetime_seconds_max: 43_200,
        private: Arc::new(PrivateKey::generate(kind).unwrap()),
    });
    keys.map(Arc::new).collect()
});

fn session(state: &TenantState) -> Arc<Session> {
    let create = CreateSession {
        user: user_id("ann"),
        name: None,
        display_name: None,
        email: Some("ann@example.org".into()),
        source_ip: "".into(),
        user_agent: "".into(),
    };
    create.decide(state, &env(1000)).unwrap().outcome
}

fn claims() -> SessionClaims {
    let state = given(Vec::new());
    SessionClaims::of(&state, &session(&state))
}

fn expected(second: u64) -> Expected {
    Expected {
        issuer: NOBODY.to_owned(),
        audience: "example.org".to_owned(),
        now: env(0)
            .now
            .plus_milliseconds(i64::try_from(second * 1000).unwrap()),
    }
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_token_says_what_the_contract_says() {
    let key = &KEYS[0];
    let token = key.sign(&claims()).unwrap();
    let header = json!({"alg": "RS256", "kid": key.kid, "typ": "JWT"});
    assert_eq!(part(&token, 0), header);
    let said = json!({
        "sub": "ann",
        "iat": 1000,
        "exp": 1000 + 43_200,
        "aud": ["example.org"],
        "iss": NOBODY,
        "session_id": claims().session_id,
        "email": {"address": "ann@example.org", "is_primary": true, "is_verified": true},
    });
    assert_eq!(part(&token, 1), said);
    let nameless = SessionClaims {
        email: None,
        ..claims()
    };
    let token = key.sign(&nameless).unwrap();
    assert_eq!(part(&token, 1).get("email"), None);
}

#[test]
fn a_token_is_good_from_its_issue_to_its_end_and_a_little_around() {
    for key in KEYS.iter() {
        let token = key.sign(&claims()).unwrap();
        assert_eq!(kid_of(&token), Some(key.kid));
        for (second, good) in [(969, false), (970, true), (44_229, true), (44_230, false)] {
            let verified = verify(key, &token, &expected(second));
            assert_eq!(verified.is_some(), good, "at {second}");
            assert!(!good || verified == Some(claims()));
        }
    }
}

#[test]
fn issuer_and_audience_are_the_tenants() {
    let key = &KEYS[2];
    let aud = |aud: &[&str]| aud.iter().map(|text| (*text).to_owned()).collect();
    for (claims, good) in [
        (
            SessionClaims {
                aud: aud(&["example.com"]),
                ..claims()
            },
            false,
        ),
        (
            SessionClaims {
                aud: aud(&[]),
                ..claims()
            },
            false,
        ),
        (
            SessionClaims {
                iss: String::new(),
                ..claims()
            },
            false,
        ),
        (
            SessionClaims {
                iss: "urn:uuid:00000000-0000-0000-0000-000000000001".into(),
                ..claims()
            },
            false,
        ),
        (claims(), true),
    ] {
        let token = key.sign(&claims).unwrap();
        assert_eq!(
            verify(key, &token, &expected(1000)).is_some(),
            good,
            "{claims:?}"
        );
    }
    for missing in ["aud", "iss", "sub", "exp", "iat", "session_id"] {
        let mut said = serde_json::to_value(claims()).unwrap();
        said.as_object_mut().unwrap().remove(missing);
        let token = key.sign(&said).unwrap();
        assert_eq!(verify(key, &token, &expected(1000)), None, "{missing}");
    }
}

#[test]
fn only_compact_tokens_with_a_key_id_are_read() {
    let key = &KEYS[2];
    let token = key.sign(&claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{} parts", parts.len());
    };
    let as_json = json!({"protected": header, "payload": payload, "signature": signature});
    let with = |header: Value| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{payload}.{signature}")
    };
    for other in [
        as_json.to_string(),
        with(json!({"alg": "EdDSA", "typ": "JWT"})),
        with(json!({"alg": "EdDSA", "kid": "1", "typ": "JWT"})),
        with(json!({"alg": "EdDSA", "kid": key.kid})),
        with(json!({"alg": "EdDSA", "kid": key.kid, "typ": "webhook"})),
        String::new(),
        "..".to_owned(),
    ] {
        assert_eq!(kid_of(&other), None, "{other}");
    }
    let none = with(json!({"alg": "none", "kid": key.kid, "typ": "JWT"}));
    for other in [
        none,
        format!("{token}."),
        format!("{header}.{payload}."),
        format!("{token}A"),
    ] {
        assert_eq!(verify(key, &other, &expected(1000)), None, "{other}");
    }
}

/// Public keys are no secrets: what is signed with one as if it were must not pass.
#[test]
fn the_key_and_not_the_token_says_how_it_is_checked() {
    for (key, other) in KEYS.iter().zip(KEYS.iter().cycle().skip(1)) {
        let jwk = serde_json::to_value(key.jwk().unwrap()).unwrap();
        let public = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap();
        let secret = URL_SAFE_NO_PAD.decode(public).unwrap();
        let header = Header {
            kid: Some(key.kid.to_string()),
            ..Header::new(Algorithm::HS256)
        };
        let forged = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&secret));
        assert_eq!(verify(key, &forged.unwrap(), &expected(1000)), None);
        let disguised = SigningKey {
            kid: key.kid,
            ..SigningKey::clone(other)
        };
        let token = disguised.sign(&claims()).unwrap();
        assert_eq!(verify(key, &token, &expected(1000)), None);
    }
}

/// Even where the same key, against all rules, stands in both sets.
#[test]
fn neither_kind_of_token_passes_for_the_other() {
    let [first, key, ..] = &KEYS[..] else {
        panic!("three keys");
    };
    let proof = Proof {
        transaction: None,
        user: user_id("ann"),
        credential: credential_id("one"),
        operation: Operation::Login,
        user_verified: true,
        backup_eligible: false,
    };
    let apart = given(vec![
        Event::SigningKeyCreated(Arc::clone(first)),
        Event::SessionKeyCreated(Arc::clone(key)),
    ]);
    let now = env(0).now.plus_milliseconds(1_000_000);
    assert!(apart.signing_keys.published_as(key.kid, now).is_none());
    assert!(apart.session_keys.published_as(first.kid, now).is_none());
    let of_session = key.sign(&claims()).unwrap();
    assert_eq!(token::verify(&apart, &of_session, now), None);

    let mixed = given(vec![Event::SigningKeyCreated(Arc::clone(key))]);
    let of_ceremony = key.sign(&proof.claims(&mixed, &env(1000))).unwrap();
    assert!(token::verify(&mixed, &of_ceremony, now).is_some());
    assert_eq!(verify(key, &of_ceremony, &expected(1000)), None);
    assert_eq!(token::verify(&mixed, &of_session, now), None);
}

fn private(kind: KeyKind) -> PrivateKey {
    PrivateKey::new(kind, Zeroizing::new(vec![1, 2, 3]))
}

/// A tenant with a first key for each purpose.
fn with_keys() -> TenantState {
    let mut state = given(Vec::new());
    for (purpose, second) in KeyPurpose::ALL.into_iter().zip(1..) {
        let private = private(KeyKind::Rsa2048);
        let added = AddFirstSigningKey { purpose, private }.decide(&state, &env(second));
        for event in added.unwrap().events {
            state.apply(event, second);
        }
    }
    state
}

fn names(state: &TenantState, purpose: KeyPurpose) -> Vec<&str> {
    state.keys(purpose).iter().map(|key| &*key.name).collect()
}

#[test]
fn each_purpose_has_a_first_key_of_its_own() {
    let state = with_keys();
    assert_eq!(names(&state, KeyPurpose::Token), ["Initial JWK Key"]);
    assert_eq!(names(&state, KeyPurpose::Session), ["Initial session key"]);
    let lifetimes = KeyPurpose::ALL.map(|purpose| {
        let newest = state.keys(purpose).newest();
        newest.unwrap().token_lifetime_seconds_max
    });
    assert_eq!(lifetimes, [300, 43_200]);
}

#[test]
fn both_keys_are_followed_at_once_and_each_goes_by_its_own_lifetime() {
    let mut state = with_keys();
    let create = CreateSigningKey {
        name: "next".into(),
        private: private(KeyKind::Rsa2048),
        session: Some(private(KeyKind::Rsa2048)),
        publish_ahead: Duration::from_mins(10),
    };
    let created = create.decide(&state, &env(100)).unwrap();
    for event in created.events {
        state.apply(event, 9);
    }
    assert_eq!(
        names(&state, KeyPurpose::Token),
        ["Initial JWK Key", "next"]
    );
    assert_eq!(
        names(&state, KeyPurpose::Session),
        ["Initial session key", "next (sessions)"]
    );
    let kids = KeyPurpose::ALL.map(|purpose| state.keys(purpose).newest().unwrap().kid);
    assert_ne!(kids[0], kids[1]);
    let shown = |purpose, second: u64| {
        let keys = state.keys(purpose);
        keys.published(Timestamp(second * 1_000_000)).count()
    };
    assert_eq!(
        [699, 999, 1000].map(|at| shown(KeyPurpose::Token, at)),
        [2, 2, 1]
    );
    assert_eq!(
        [1000, 43_899, 43_900].map(|at| shown(KeyPurpose::Session, at)),
        [2, 2, 1]
    );
    let first = state.session_keys.iter().next().unwrap().kid;
    let delete = |kid, second: u64| {
        let now = super::super::env::Env {
            now: Timestamp(second * 1_000_000),
            ..env(0)
        };
        DeleteSigningKey { kid }.decide(&state, &now)
    };
    assert_eq!(
        delete(first, 43_899).unwrap_err(),
        Rejection::SigningKeyNeeded
    );
    assert_eq!(
        delete(kids[1], 43_900).unwrap_err(),
        Rejection::SigningKeyInUse
    );
    let deleted = delete(first, 43_900).unwrap().events;
    assert!(matches!(deleted[..], [Event::SessionKeyDeleted(kid)] if kid == first));
}

#[test]
fn longer_sessions_and_another_algorithm_reach_the_keys_of_sessions() {
    let mut state = with_keys();
    let mut settings = state.policy.settings.clone();
    settings.sessions.lifetime_seconds = 86_400;
    settings.tokens.algorithm = TokenAlgorithm::EdDsa;
    let replaced = ReplaceSettings { settings }
        .decide(&state, &env(10))
        .unwrap();
    for event in replaced.events {
        state.apply(event, 9);
    }
    let lifetimes = KeyPurpose::ALL.map(|purpose| {
        let newest = state.keys(purpose).newest();
        newest.unwrap().token_lifetime_seconds_max
    });
    assert_eq!(lifetimes, [300, 86_400]);
    for purpose in KeyPurpose::ALL {
        assert_eq!(kind_to_renew(&state, purpose), Some(KeyKind::Ed25519));
        let renew = RenewSigningKey {
            purpose,
            private: private(KeyKind::Ed25519),
            publish_ahead: Duration::ZERO,
        };
        let renewed = renew.decide(&state, &env(20)).unwrap();
        for event in renewed.events {
            state.apply(event, 9);
        }
        assert_eq!(kind_to_renew(&state, purpose), None);
        assert_eq!(state.keys(purpose).len(), 2);
    }
}

const NOBODY: &str = "urn:uuid:00000000-0000-0000-0000-000000000000";
