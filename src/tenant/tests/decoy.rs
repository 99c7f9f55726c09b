//! Logins that do not tell whether somebody is there.

use std::collections::HashSet;
use std::sync::Arc;

use uuid::Uuid;

use super::super::challenge::{Access, Api, Purpose};
use super::super::credential::Credential;
use super::super::decoy::{CreateDecoyKey, DecoyKey, InitializeLoginOf};
use super::super::event::Event;
use super::super::ids::{CredentialId, UserId};
use super::super::login::{Claim, credential_for};
use super::super::rejection::Rejection;
use super::super::state::TenantState;
use super::super::{Command, Initialize};
use super::{Factor, credential_id, env, given, passkey, registered, user_id, user_saved};

/// Whom the ceremony is for, and with which credentials.
fn offered(state: &TenantState, key: u8, user: &str) -> (Option<UserId>, Vec<CredentialId>) {
    let initialize = InitializeLoginOf {
        user_id: user.into(),
        key: Arc::new(DecoyKey::new([key; 32])),
    };
    let begun = initialize.decide(state, &env(9), 0).unwrap();
    assert_eq!(begun.ceremony.access, Access::Unkeyed);
    assert_eq!(begun.ceremony.api, Api::Public);
    let Purpose::Login { user, allowed } = begun.ceremony.purpose else {
        panic!("not a login");
    };
    (user, allowed)
}

#[test]
fn whoever_is_there_is_offered_their_own() {
    let id = Uuid::from_u128(0xabcd);
    let mut events = registered(&id.to_string(), "one");
    events.extend(registered("ann", "two"));
    let state = given(events);
    let upper = id.to_string().to_uppercase();
    for (text, user, credential) in [
        (id.to_string(), id.to_string(), "one"),
        (upper, id.to_string(), "one"),
        ("ann".to_owned(), "ann".to_owned(), "two"),
    ] {
        let (found, allowed) = offered(&state, 1, &text);
        assert_eq!(found, Some(user_id(&user)));
        assert_eq!(allowed, [credential_id(credential)]);
    }
}

#[test]
fn whoever_is_not_is_offered_the_same_each_time() {
    let second = Event::CredentialRegistered(Credential {
        is_mfa: true,
        ..passkey("eve", "second")
    });
    let state = given(vec![user_saved("ann"), user_saved("eve"), second]);
    let long = "x".repeat(65);
    let uuid = Uuid::from_u128(0xfed).to_string();
    let all = ["", "ann", "eve", "nobody", &long, &uuid];
    let mut seen = HashSet::new();
    for user in all {
        let (whose, allowed) = offered(&state, 1, user);
        assert!(whose.is_some() && (1..=2).contains(&allowed.len()));
        assert!(!allowed.contains(&credential_id("second")));
        assert_eq!(offered(&state, 1, user).1, allowed);
        assert_ne!(offered(&state, 2, user).1, allowed);
        assert!(seen.insert(allowed));
    }
    assert_eq!(
        offered(&state, 1, &uuid),
        offered(&state, 1, &uuid.to_uppercase())
    );
}

#[test]
fn decoys_are_as_long_as_credentials_are() {
    let state = given(Vec::new());
    let users = (0..200).map(|number| offered(&state, 1, &format!("user {number}")).1);
    let users: Vec<_> = users.collect();
    let lengths: HashSet<_> = users
        .iter()
        .flatten()
        .map(|id| id.as_bytes().len())
        .collect();
    assert_eq!(lengths, HashSet::from([16, 20, 32, 64]));
    let twos = users.iter().filter(|ids| ids.len() == 2).count();
    assert!((20..100).contains(&twos), "{twos}");
}

#[test]
fn a_decoy_never_signs_in() {
    let state = given(registered("ann", "one"));
    let (user, allowed) = offered(&state, 1, "nobody");
    let claim = |credential, user_handle| Claim {
        credential,
        user_handle,
        factor: Factor::Passkey,
        user: user.as_ref(),
        allowed: &allowed,
    };
    for (claim, expected) in [
        (claim(&allowed[0], None), Rejection::UserUnknown),
        (claim(&credential_id("one"), None), Rejection::UserUnknown),
        (
            claim(&credential_id("one"), Some(b"ann")),
            Rejection::UserHandleMismatch,
        ),
    ] {
        assert_eq!(credential_for(&claim, &state).unwrap_err(), expected);
    }
}

#[test]
fn a_tenant_has_one_decoy_key_for_good() {
    let first = CreateDecoyKey.decide(&given(Vec::new()), &env(1)).unwrap();
    let state = given(first.events);
    let second = CreateDecoyKey.decide(&state, &env(2)).unwrap();
    assert!(second.events.is_empty());
    assert_eq!(second.outcome.secret(), first.outcome.secret());
}
