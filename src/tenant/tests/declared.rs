//! What has to change for a tenant to be as a settings file says.

use minicbor::{Encode, Encoder};

use super::super::Command;
use super::super::declared::{AddDeclaredKey, Declaration, DeclaredKey, Difference, MarkDeclared};
use super::super::event::Event;
use super::super::rejection::Rejection;
use super::super::secret::{ApiKey, CreateApiKey, is_api_key};
use super::super::settings::Rules;
use super::super::state::TenantState;
use super::{env, given, profile};

fn declaration(api_keys: &[&str]) -> Declaration {
    let profile = profile(Rules::DEFAULT);
    let keys = api_keys
        .iter()
        .map(|key| DeclaredKey::of_variable("KEY", key));
    Declaration {
        display_name: profile.display_name,
        settings: profile.settings,
        api_keys: keys.collect(),
    }
}

fn declared_key(key: &str, seconds: u64) -> Event {
    let add = AddDeclaredKey(DeclaredKey::of_variable("KEY", key));
    let mut decision = add.decide(&given(Vec::new()), &env(seconds)).unwrap();
    decision.events.remove(0)
}

fn follow(state: &mut TenantState, events: Vec<Event>) {
    for event in events {
        state.apply(event, 1);
    }
}

#[test]
fn a_tenant_that_is_as_declared_is_left_alone() {
    let state = given(vec![Event::Declared, declared_key("the first key", 1)]);
    assert_eq!(declaration(&["the first key"]).differences(&state), []);
}

#[test]
fn a_tenant_of_the_admin_api_can_be_declared() {
    let mut state = given(Vec::new());
    assert_eq!(
        declaration(&[]).differences(&state),
        [Difference::NotMarked]
    );
    let mark = MarkDeclared { declared: true }
        .decide(&state, &env(1))
        .unwrap();
    follow(&mut state, mark.events);
    assert_eq!(declaration(&[]).differences(&state), []);
    let mark = MarkDeclared { declared: false }
        .decide(&state, &env(1))
        .unwrap();
    follow(&mut state, mark.events);
    assert!(!state.declared);
}

#[test]
fn names_and_settings_are_what_the_file_says() {
    let state = given(vec![Event::Declared]);
    let mut declaration = declaration(&[]);
    declaration.display_name = "Store".into();
    assert_eq!(declaration.differences(&state), [Difference::Name]);
    declaration.settings.rules.credentials_per_user = 7;
    assert_eq!(
        declaration.differences(&state),
        [Difference::Name, Difference::Settings]
    );
}

#[test]
fn a_declared_key_opens_until_the_file_names_it_no_more() {
    let state = given(vec![Event::Declared, declared_key("the first key", 1)]);
    assert!(is_api_key(&state.api_keys, b"the first key"));
    let next = declaration(&["the second key"]).differences(&state);
    let [
        Difference::KeyTooMany { id, .. },
        Difference::KeyMissing(key),
    ] = &next[..]
    else {
        panic!("{next:?}");
    };
    assert_eq!(*id, state.api_keys[0].id);
    assert_eq!(*key, DeclaredKey::of_variable("KEY", "the second key"));
}

#[test]
fn keys_that_others_made_stay() {
    let made = CreateApiKey {
        name: "made".into(),
    };
    let made = made.decide(&given(Vec::new()), &env(1)).unwrap();
    let mut state = given(made.events);
    follow(&mut state, vec![Event::Declared]);
    assert_eq!(declaration(&[]).differences(&state), []);
}

#[test]
fn a_list_tells_where_a_key_is_declared() {
    let key = DeclaredKey::of_variable("SHOP", "secret of the shop");
    assert_eq!((&*key.name, &*key.hint), ("env:SHOP", "secr"));
    assert!(!format!("{key:?}").contains("secr"));
    let key = DeclaredKey::of_digest([0xab; 32]);
    assert_eq!((&*key.name, &*key.hint), ("sha256:abababab…", ""));
}

#[test]
fn declared_keys_are_bounded_too() {
    let keys = (0..100).map(|number| declared_key(&format!("key {number}"), number));
    let state = given(keys.collect());
    let add = AddDeclaredKey(DeclaredKey::of_variable("KEY", "one more"));
    let refused = add.decide(&state, &env(1));
    assert_eq!(refused.unwrap_err(), Rejection::TooManyApiKeys);
}

#[test]
fn keys_of_earlier_versions_are_not_declared() {
    let Event::ApiKeyCreated(key) = declared_key("a key", 1) else {
        panic!("not a key")
    };
    let mut old = Encoder::new(Vec::new());
    old.map(5).unwrap();
    old.u8(0).unwrap().bytes(key.id.as_bytes()).unwrap();
    old.u8(1).unwrap().str(&key.name).unwrap();
    old.u8(2).unwrap().bytes(&key.digest).unwrap();
    old.u8(3).unwrap().str(&key.hint).unwrap();
    old.u8(4).unwrap();
    key.created_at.encode(&mut old, &mut ()).unwrap();
    let read: ApiKey = minicbor::decode(old.writer()).unwrap();
    let expected = ApiKey {
        declared: false,
        ..key
    };
    assert!(read == expected);
}
