//! Signing keys: which signs when, which are shown, which may go. Times are seconds, tokens live 300 of them.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::admin::ReplaceSettings;
use super::super::audit::Kind;
use super::super::event::Event;
use super::super::ids::Timestamp;
use super::super::rejection::Rejection;
use super::super::secret::CreateApiKey;
use super::super::settings::{RsaBits, Settings, TokenAlgorithm};
use super::super::state::TenantState;
use super::super::token::commands::{
    AddFirstSigningKey, CreateSigningKey, DeleteSigningKey, RenewSigningKey, SIGNING_KEYS_MAX,
    kind_to_renew,
};
use super::super::token::{KeyKind, KeyPurpose, KeyState, PrivateKey, SigningKey};
use super::super::{Command, Decision};
use super::{env, given};
use KeyState::{Active, Pending, Retired, Retiring};

/// One that is never asked to sign.
fn private(kind: KeyKind) -> PrivateKey {
    PrivateKey::new(kind, Zeroizing::new(vec![1, 2, 3]))
}

fn key(number: u128, [created, signs_from]: [u64; 2]) -> Event {
    Event::SigningKeyCreated(Arc::new(SigningKey {
        kid: Uuid::from_u128(number),
        name: format!("key {number}").into(),
        hint: "abcd".into(),
        created_at: Timestamp(created * SECOND),
        signs_from: Timestamp(signs_from * SECOND),
        token_lifetime_seconds_max: 300,
        private: Arc::new(private(KeyKind::Rsa2048)),
    }))
}

fn states(state: &TenantState, now: Timestamp) -> Vec<KeyState> {
    let states = state.signing_keys.states(now);
    states.map(|(_, state)| state).collect()
}

/// A microsecond before, and at that very second.
fn around(state: &TenantState, second: u64) -> [Vec<KeyState>; 2] {
    let at = second * SECOND;
    [at - 1, at].map(|at| states(state, Timestamp(at)))
}

fn create(name: &str, publish_ahead: u64) -> CreateSigningKey {
    CreateSigningKey {
        name: name.into(),
        private: private(KeyKind::Rsa2048),
        session: None,
        publish_ahead: Duration::from_secs(publish_ahead),
    }
}

fn apply<T>(state: &mut TenantState, decision: Decision<T>) -> T {
    for event in decision.events {
        state.apply(event, 1);
    }
    decision.outcome
}

fn delete(state: &TenantState, number: u128, second: u64) -> Option<Rejection> {
    let kid = Uuid::from_u128(number);
    let decided = DeleteSigningKey { kid }.decide(state, &env(second));
    decided.err()
}

fn settings(state: &TenantState, change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = state.policy.settings.clone();
    change(&mut settings);
    settings
}

#[test]
fn a_key_takes_over_at_its_time_and_the_last_stays_until_its_tokens_have_expired() {
    let state = given(vec![key(1, [1000, 1000]), key(2, [2000, 2600])]);
    assert_eq!(states(&state, Timestamp(2000 * SECOND)), [Active, Pending]);
    assert_eq!(
        around(&state, 2600),
        [[Active, Pending], [Retiring, Active]]
    );
    assert_eq!(
        around(&state, 2900),
        [[Retiring, Active], [Retired, Active]]
    );
}

#[test]
fn the_key_set_shows_all_but_retired_keys() {
    let state = given(vec![key(1, [1000, 1000]), key(2, [2000, 2600])]);
    let shown = |second: u64| {
        state
            .signing_keys
            .published(Timestamp(second * SECOND))
            .count()
    };
    assert_eq!([1000, 2000, 2600, 2899, 2900].map(shown), [2, 2, 2, 2, 1]);
    let second = state
        .signing_keys
        .published_as(Uuid::from_u128(2), Timestamp(0));
    assert!(second.is_some());
    let late = Timestamp(2900 * SECOND);
    assert!(
        state
            .signing_keys
            .published_as(Uuid::from_u128(1), late)
            .is_none()
    );
}

#[test]
fn each_of_several_keys_has_its_turn() {
    let events = vec![key(1, [0, 0]), key(2, [10, 610]), key(3, [20, 620])];
    let state = given(events);
    assert_eq!(around(&state, 610)[1], [Retiring, Active, Pending]);
    assert_eq!(around(&state, 620)[1], [Retiring, Retiring, Active]);
    assert_eq!(around(&state, 910)[1], [Retired, Retiring, Active]);
    assert_eq!(around(&state, 920)[1], [Retired, Retired, Active]);
}

/// The server was started with a shorter `publish_ahead` in between.
#[test]
fn a_key_that_was_overtaken_never_signs() {
    let state = given(vec![key(1, [0, 0]), key(2, [10, 610]), key(3, [20, 20])]);
    assert_eq!(around(&state, 20)[1], [Retiring, Retiring, Active]);
    assert_eq!(around(&state, 610)[1], [Retired, Retiring, Active]);
    assert_eq!(
        around(&state, 910),
        [[Retired, Retiring, Active], [Retired, Retired, Active]]
    );
}

#[test]
fn somebody_signs_even_where_the_clock_was_set_back() {
    let state = given(vec![key(1, [1000, 1000]), key(2, [2000, 2000])]);
    assert_eq!(states(&state, Timestamp(0)), [Active, Pending]);
    let made = create("three", 0).decide(&state, &env(5)).unwrap();
    assert!(made.outcome.key.created_at > Timestamp(2000 * SECOND));
    assert_eq!(made.outcome.key.signs_from, Timestamp(5 * SECOND));
}

#[test]
fn whoever_comes_second_gets_the_first_key() {
    let add = || AddFirstSigningKey {
        purpose: KeyPurpose::Token,
        private: private(KeyKind::Ed25519),
    };
    let mut state = given(Vec::new());
    let first = add().decide(&state, &env(1)).unwrap();
    assert_eq!(first.note.as_ref().unwrap().kind, Kind::SigningKeyCreated);
    let first = apply(&mut state, first);
    assert_eq!(&*first.name, "Initial JWK Key");
    assert_eq!(states(&state, Timestamp(SECOND)), [Active]);
    let second = add().decide(&state, &env(2)).unwrap();
    assert!(second.events.is_empty());
    assert_eq!(second.outcome.kid, first.kid);
}

#[test]
fn a_new_key_is_shown_before_it_signs() {
    let mut state = given(vec![key(1, [0, 0])]);
    let made = create("next", 600).decide(&state, &env(100)).unwrap();
    let shown = apply(&mut state, made);
    assert_eq!(shown.secret.len(), 88);
    assert!(shown.secret.starts_with(&*shown.key.hint) && shown.key.hint.len() == 4);
    assert!(!format!("{shown:?}").contains(&*shown.secret));
    assert_eq!(around(&state, 700), [[Active, Pending], [Retiring, Active]]);

    let made = create("at once", 0).decide(&state, &env(701)).unwrap();
    apply(&mut state, made);
    assert_eq!(around(&state, 701)[1], [Retiring, Retiring, Active]);
}

#[test]
fn only_a_key_that_nobody_needs_may_go() {
    let state = given(vec![key(1, [0, 0]), key(2, [100, 700])]);
    let in_use = Some(Rejection::SigningKeyInUse);
    assert_eq!(delete(&state, 1, 100), in_use);
    assert_eq!(delete(&state, 2, 639), None);
    // A deletion takes its time, and the key must not sign meanwhile.
    assert_eq!(delete(&state, 2, 640), in_use);
    assert_eq!(delete(&state, 2, 700), in_use);
    let needed = Some(Rejection::SigningKeyNeeded);
    assert_eq!(delete(&state, 1, 700), needed);
    assert_eq!(delete(&state, 1, 999), needed);
    assert_eq!(delete(&state, 1, 1000), None);
    assert_eq!(delete(&state, 3, 1000), Some(Rejection::SecretNotFound));
}

#[test]
fn a_deleted_key_is_gone() {
    let mut state = given(vec![key(1, [0, 0]), key(2, [100, 100])]);
    let kid = Uuid::from_u128(1);
    let deleted = DeleteSigningKey { kid }.decide(&state, &env(500)).unwrap();
    assert_eq!(deleted.note.as_ref().unwrap().kind, Kind::SecretDeleted);
    apply(&mut state, deleted);
    assert_eq!(states(&state, Timestamp(500 * SECOND)), [Active]);
    assert_eq!(delete(&state, 1, 500), Some(Rejection::SecretNotFound));
}

#[test]
fn tokens_that_live_longer_keep_their_keys_longer_and_none_ever_shorter() {
    let mut state = given(vec![key(1, [0, 0]), key(2, [10, 10]), key(3, [900, 1000])]);
    let lifetime = |state: &TenantState, seconds| ReplaceSettings {
        settings: settings(state, |settings| {
            settings.rules.token_lifetime_seconds = seconds;
        }),
    };
    let longer = lifetime(&state, 500).decide(&state, &env(950)).unwrap();
    // The first is retired by then and signs no more.
    assert_eq!(longer.events.len(), 3);
    apply(&mut state, longer);
    assert_eq!(
        around(&state, 1500),
        [[Retired, Retiring, Active], [Retired, Retired, Active]]
    );
    let shorter = lifetime(&state, 60).decide(&state, &env(1001)).unwrap();
    assert_eq!(shorter.events.len(), 1);
    apply(&mut state, shorter);
    assert_eq!(around(&state, 1500)[0], [Retired, Retiring, Active]);
    assert_eq!(
        state.signing_keys.retires_at(Uuid::from_u128(2)),
        Some(Timestamp(1500 * SECOND))
    );
}

#[test]
fn names_are_shared_by_keys_of_both_kinds() {
    let taken = |error: Option<Rejection>| assert_eq!(error, Some(Rejection::KeyNameTaken));
    let api_key = |name: &str| CreateApiKey { name: name.into() };
    let mut state = given(Vec::new());
    // The first signing key is not made yet, and has its name already.
    taken(api_key("Initial JWK Key").decide(&state, &env(1)).err());
    let made = api_key("one").decide(&state, &env(1)).unwrap();
    apply(&mut state, made);
    state.apply(key(1, [0, 0]), 1);
    taken(create("one", 0).decide(&state, &env(2)).err());
    taken(create("key 1", 0).decide(&state, &env(2)).err());
    taken(api_key("key 1").decide(&state, &env(2)).err());
    assert!(create("two", 0).decide(&state, &env(2)).is_ok());
}

#[test]
fn keys_are_bounded() {
    let events = (0..SIGNING_KEYS_MAX).map(|number| key(u128::try_from(number).unwrap(), [0, 0]));
    let state = given(events.collect());
    let refused = create("one more", 0).decide(&state, &env(1)).err();
    assert_eq!(refused, Some(Rejection::TooManySigningKeys));
}

#[test]
fn another_algorithm_gets_a_key_of_its_own_once() {
    let mut state = given(vec![key(1, [0, 0])]);
    assert_eq!(kind_to_renew(&state, KeyPurpose::Token), None);
    let renew = |kind| RenewSigningKey {
        purpose: KeyPurpose::Token,
        private: private(kind),
        publish_ahead: Duration::from_mins(10),
    };
    let early = renew(KeyKind::P256).decide(&state, &env(1)).unwrap();
    assert!(early.events.is_empty());

    let settings = settings(&state, |settings| {
        settings.tokens.algorithm = TokenAlgorithm::Es256;
    });
    let changed = ReplaceSettings { settings }.decide(&state, &env(2));
    apply(&mut state, changed.unwrap());
    assert_eq!(
        kind_to_renew(&state, KeyPurpose::Token),
        Some(KeyKind::P256)
    );
    let overtaken = renew(KeyKind::Ed25519).decide(&state, &env(3)).unwrap();
    assert!(overtaken.events.is_empty());
    let renewed = renew(KeyKind::P256).decide(&state, &env(3)).unwrap();
    apply(&mut state, renewed);
    assert_eq!(states(&state, Timestamp(3 * SECOND)), [Active, Pending]);
    assert_eq!(kind_to_renew(&state, KeyPurpose::Token), None);
    let again = renew(KeyKind::P256).decide(&state, &env(4)).unwrap();
    assert!(again.events.is_empty());
}

#[test]
fn the_settings_say_which_key_is_wanted() {
    let state = given(Vec::new());
    let wanted = |algorithm, bits| {
        let settings = settings(&state, |settings| {
            settings.tokens.algorithm = algorithm;
            settings.tokens.rsa_bits = bits;
        });
        KeyKind::wanted(&settings)
    };
    let (rsa, bits) = (TokenAlgorithm::Rs256, RsaBits::Bits2048);
    assert_eq!(wanted(rsa, bits), KeyKind::Rsa2048);
    assert_eq!(wanted(rsa, RsaBits::Bits3072), KeyKind::Rsa3072);
    assert_eq!(wanted(rsa, RsaBits::Bits4096), KeyKind::Rsa4096);
    assert_eq!(wanted(TokenAlgorithm::Es256, bits), KeyKind::P256);
    assert_eq!(wanted(TokenAlgorithm::EdDsa, bits), KeyKind::Ed25519);
}

const SECOND: u64 = 1_000_000;
