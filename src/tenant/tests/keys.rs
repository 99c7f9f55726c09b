//! API keys.

use super::super::Command;
use super::super::event::Event;
use super::super::rejection::Rejection;
use super::super::secret::{ApiKey, CreateApiKey, DeleteApiKey, ReplaceApiKey, is_api_key};
use super::super::state::TenantState;
use super::{env, given};

fn create(state: &TenantState, name: &str, seconds: u64) -> (Vec<Event>, String) {
    let create = CreateApiKey { name: name.into() };
    let decision = create.decide(state, &env(seconds)).unwrap();
    (decision.events, decision.outcome.secret)
}

fn opens(keys: &[ApiKey], presented: &str) -> bool {
    is_api_key(keys, presented.as_bytes())
}

#[test]
fn a_key_opens_until_it_is_deleted() {
    let (events, secret) = create(&given(Vec::new()), "one", 1);
    assert_eq!(secret.len(), 88);
    let mut state = given(events);
    assert!(opens(&state.api_keys, &secret));
    assert!(!opens(&state.api_keys, secret.trim_end_matches('=')));
    assert!(!opens(&state.api_keys, ""));

    let id = state.api_keys[0].id;
    let decision = DeleteApiKey { id }.decide(&state, &env(2)).unwrap();
    for event in decision.events {
        state.apply(event, 2);
    }
    assert!(!opens(&state.api_keys, &secret));
    let again = DeleteApiKey { id }.decide(&state, &env(2));
    assert_eq!(again.unwrap_err(), Rejection::SecretNotFound);
}

#[test]
fn a_stored_key_shows_only_its_first_characters() {
    let (events, secret) = create(&given(Vec::new()), "one", 1);
    let state = given(events);
    assert_eq!(*state.api_keys[0].hint, secret[..4]);
    assert!(!format!("{:?}", state.api_keys).contains(&secret[..4]));
}

#[test]
fn a_name_is_taken_once_and_keys_are_bounded() {
    let mut state = given(Vec::new());
    for number in 0..100 {
        let (events, _) = create(&state, &format!("key {number}"), number);
        for event in events {
            state.apply(event, 1);
        }
    }
    let refuse = |name: &str| CreateApiKey { name: name.into() }.decide(&state, &env(1));
    assert_eq!(refuse("key 7").unwrap_err(), Rejection::KeyNameTaken);
    assert_eq!(refuse("one more").unwrap_err(), Rejection::TooManyApiKeys);
}

#[test]
fn a_replaced_key_opens_no_more() {
    let (events, old) = create(&given(Vec::new()), "dev", 1);
    let mut state = given(events);
    let replace = ReplaceApiKey { name: "dev".into() };
    let decision = replace.decide(&state, &env(2)).unwrap();
    for event in decision.events {
        state.apply(event, 2);
    }
    assert!(!opens(&state.api_keys, &old));
    assert!(opens(&state.api_keys, &decision.outcome.secret));
    assert_eq!(state.api_keys.len(), 1);
}
