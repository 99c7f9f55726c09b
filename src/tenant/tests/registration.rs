//! Registration: who is saved, what is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::super::challenge::{Access, Api, Factor, Purpose};
use super::super::event::Event;
use super::super::ids::Timestamp;
use super::super::registration::{InitializeRegistration, Register};
use super::super::rejection::Rejection;
use super::super::settings::Rules;
use super::super::{Command, Initialize};
use super::{
    challenge, credential_id, env, given, given_rules, person, register, registered, user_id,
    user_saved,
};

fn initialize(user: &str) -> InitializeRegistration {
    InitializeRegistration {
        user: person(user),
        factor: Factor::Passkey,
        access: Access::Keyed,
        api: Api::Passkey,
    }
}

#[test]
fn a_first_credential_makes_its_user() {
    let state = given(Vec::new());
    let decision = register("ann", "one").decide(&state, &env(9)).unwrap();
    let [
        Event::ChallengeConsumed {
            challenge: consumed,
            expires_at,
        },
        Event::UserSaved(user),
        Event::CredentialRegistered(credential),
    ] = &decision.events[..]
    else {
        panic!("{:?}", decision.events);
    };
    assert_eq!((*consumed, *expires_at), (challenge(1), Timestamp(99)));
    assert_eq!(user.profile, person("ann"));
    assert_eq!(user.created_at, env(9).now);
    assert_eq!(user.internal_id, env(9).uuid());
    assert_eq!(credential.id, credential_id("one"));
    assert_eq!(credential.user, user_id("ann"));
    assert_eq!(&*credential.transports, "internal,hybrid");
    assert_eq!(credential.counter, 3);
    assert_eq!(credential.created_at, env(9).now);
    assert!(!credential.is_mfa);
    assert_eq!(decision.outcome.user, user_id("ann"));
}

#[test]
fn a_further_credential_renames_its_user_and_nothing_else() {
    let state = given(registered("ann", "one"));
    let mut again = register("ann", "two");
    again.user.name = "ann@new.example".into();
    let decision = again.decide(&state, &env(9)).unwrap();
    let Event::UserSaved(user) = &decision.events[1] else {
        panic!("{:?}", decision.events);
    };
    assert_eq!(&*user.profile.name, "ann@new.example");
    assert_eq!(user.created_at, Timestamp(1));
    assert_eq!(
        user.internal_id,
        state.users.get(&user_id("ann")).unwrap().internal_id()
    );
}

#[test]
fn a_credential_id_is_taken_by_whoever_has_it() {
    let state = given(registered("ann", "one"));
    for user in ["ann", "bob"] {
        let refused = register(user, "one").decide(&state, &env(9));
        assert_eq!(refused.unwrap_err(), Rejection::CredentialTaken);
    }
}

#[test]
fn a_user_who_was_deleted_meanwhile_is_gone() {
    let state = given(Vec::new());
    let late = Register {
        user_existed: true,
        ..register("ann", "one")
    };
    let refused = late.decide(&state, &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::UserGone);
}

#[test]
fn a_user_has_no_more_credentials_than_allowed() {
    let rules = Rules {
        credentials_per_user: 1,
        ..Rules::DEFAULT
    };
    let state = given_rules(rules, registered("ann", "one"));
    let refused = register("ann", "two").decide(&state, &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::TooManyCredentials);
    let refused = initialize("ann").decide(&state, &env(9), 0);
    assert_eq!(refused.unwrap_err(), Rejection::TooManyCredentials);
    register("bob", "two").decide(&state, &env(9)).unwrap();
}

#[test]
fn a_second_factor_is_marked_as_one() {
    let second = Register {
        factor: Factor::Mfa,
        ..register("ann", "one")
    };
    let decision = second.decide(&given(Vec::new()), &env(9)).unwrap();
    let Some(Event::CredentialRegistered(credential)) = decision.events.last() else {
        panic!("{:?}", decision.events);
    };
    assert!(credential.is_mfa);
}

#[test]
fn what_is_begun_names_its_worker_and_its_end() {
    let state = given(registered("ann", "one"));
    let begun = initialize("ann").decide(&state, &env(9), 3).unwrap();
    assert_eq!(begun.challenge.0[..2], [3, 0]);
    assert_eq!(begun.challenge.moment(), env(9).now.moment());
    assert_eq!(begun.challenge.0[4..], [9; 28]);
    let expected = env(9).now.plus_milliseconds(60_000);
    assert_eq!(begun.ceremony.expires_at, expected);
    assert_eq!(
        begun.ceremony.purpose,
        Purpose::Registration {
            user: person("ann"),
            user_existed: true,
        }
    );
    assert!(begun.options.contains("excludeCredentials"));
}

#[test]
fn a_user_without_credentials_still_existed() {
    let state = given(vec![user_saved("ann")]);
    let begun = initialize("ann").decide(&state, &env(9), 0).unwrap();
    assert!(matches!(
        begun.ceremony.purpose,
        Purpose::Registration {
            user_existed: true,
            ..
        }
    ));
    assert!(!begun.options.contains("excludeCredentials"));
}

#[test]
fn nothing_is_excluded_where_the_tenant_says_so() {
    let rules = Rules {
        exclude_credentials: false,
        ..Rules::DEFAULT
    };
    let state = given_rules(rules, registered("ann", "one"));
    let begun = initialize("ann").decide(&state, &env(9), 0).unwrap();
    assert!(!begun.options.contains("excludeCredentials"));
}

#[test]
fn the_public_api_writes_a_uuid_in_16_bytes() {
    let state = given(Vec::new());
    let id = Uuid::from_u128(0xabcd_ef78);
    let upper = id.to_string().to_uppercase();
    for (user, handle) in [
        (id.to_string(), &id.as_bytes()[..]),
        (upper.clone(), upper.as_bytes()),
        (id.simple().to_string(), id.simple().to_string().as_bytes()),
        ("ann".to_owned(), b"ann"),
    ] {
        let initialize = InitializeRegistration {
            api: Api::Public,
            ..initialize(&user)
        };
        let begun = initialize.decide(&state, &env(9), 0).unwrap();
        let handle = URL_SAFE_NO_PAD.encode(handle);
        let member = format!(r#""id":"{handle}"}},"challenge""#);
        assert!(begun.options.contains(&member), "{}", begun.options);
        assert_eq!(begun.ceremony.api, Api::Public);
    }
    let begun = initialize(&id.to_string()).decide(&state, &env(9), 0);
    let text = URL_SAFE_NO_PAD.encode(id.to_string());
    assert!(begun.unwrap().options.contains(&text));
}

#[test]
fn an_address_stays_when_the_other_api_does_not_know_it() {
    let with_email = |email: Option<&str>, credential| {
        let mut register = register("ann", credential);
        register.user.email = email.map(Into::into);
        register
    };
    let saved = |register: Register, state: &_| {
        let events = register.decide(state, &env(9)).unwrap().events;
        let Event::UserSaved(user) = events[1].clone() else {
            panic!("{events:?}");
        };
        (user.profile.email.clone(), events)
    };
    let first = with_email(Some("ann@example.org"), "one");
    let (email, events) = saved(first, &given(Vec::new()));
    assert_eq!(email.as_deref(), Some("ann@example.org"));
    let state = given(events);
    let (kept, _) = saved(with_email(None, "two"), &state);
    assert_eq!(kept, email);
    let (changed, _) = saved(with_email(Some("ann@new.example"), "two"), &state);
    assert_eq!(changed.as_deref(), Some("ann@new.example"));
}
