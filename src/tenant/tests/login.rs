//! Login: whose credential is meant, and what a verified assertion changes.

use uuid::Uuid;

use super::super::Command;
use super::super::Initialize;
use super::super::challenge::{Access, Api, Factor, Purpose};
use super::super::credential::{Credential, DeleteCredential};
use super::super::event::Event;
use super::super::ids::Timestamp;
use super::super::login::{Claim, InitializeLogin, Login, credential_for};
use super::super::rejection::Rejection;
use super::super::settings::{BackupEligibleChange, CounterPolicy, Rules};
use super::{
    challenge, credential_id, env, given, given_rules, passkey, registered, user_id, user_saved,
};
use crate::webauthn::authentication::Authentication;

pub(super) fn login(credential: Credential, counter: u32) -> Login {
    Login {
        factor: Factor::Passkey,
        challenge: challenge(1),
        expires_at: Timestamp(99),
        authentication: Authentication {
            counter,
            user_verified: true,
            backup_eligible: credential.backup_eligible,
            backed_up: false,
        },
        credential,
    }
}

fn used(decision: super::super::Decision<super::super::token::Proof>) -> Credential {
    match <[Event; 2]>::try_from(decision.events).unwrap() {
        [
            Event::ChallengeConsumed { .. },
            Event::CredentialChanged(credential),
        ] => credential,
        other => panic!("{other:?}"),
    }
}

fn initialize(user: &str) -> InitializeLogin {
    InitializeLogin {
        user: Some(user_id(user)),
        factor: Factor::Passkey,
        access: Access::Keyed,
        api: Api::Passkey,
    }
}

#[test]
fn a_login_moves_the_counter_and_the_time_of_use() {
    let state = given(registered("ann", "one"));
    let decision = login(passkey("ann", "one"), 11).decide(&state, &env(9));
    let credential = used(decision.unwrap());
    assert_eq!(credential.counter, 11);
    assert_eq!(credential.last_used_at, env(9).now);
    assert_eq!(credential.created_at, Timestamp(1));
}

#[test]
fn a_counter_must_grow_unless_both_are_zero() {
    let state = given(registered("ann", "one"));
    for counter in [0, 9, 10] {
        let refused = login(passkey("ann", "one"), counter).decide(&state, &env(9));
        assert_eq!(refused.unwrap_err(), Rejection::CounterNotGreater);
    }
    let mut without = passkey("ann", "one");
    without.counter = 0;
    let state = given(vec![
        user_saved("ann"),
        Event::CredentialRegistered(without.clone()),
    ]);
    login(without, 0).decide(&state, &env(9)).unwrap();
}

#[test]
fn a_counter_may_go_back_where_the_tenant_only_warns() {
    let rules = Rules {
        counter: CounterPolicy::Warn,
        ..Rules::DEFAULT
    };
    let state = given_rules(rules, registered("ann", "one"));
    let decision = login(passkey("ann", "one"), 4).decide(&state, &env(9));
    assert_eq!(used(decision.unwrap()).counter, 4);
}

/// The counter that was verified may be older than the one that counts.
#[test]
fn the_counter_is_judged_by_what_is_stored_now() {
    let mut events = registered("ann", "one");
    let mut meanwhile = passkey("ann", "one");
    meanwhile.counter = 20;
    events.push(Event::CredentialChanged(meanwhile));
    let state = given(events);
    let refused = login(passkey("ann", "one"), 15).decide(&state, &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::CounterNotGreater);
}

#[test]
fn backup_eligibility_never_changes_unless_the_tenant_only_warns() {
    let mut changed = login(passkey("ann", "one"), 11);
    changed.authentication.backup_eligible = true;
    let state = given(registered("ann", "one"));
    let refused = changed.decide(&state, &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::BackupEligibilityChanged);

    let rules = Rules {
        backup_eligible_change: BackupEligibleChange::Warn,
        ..Rules::DEFAULT
    };
    let state = given_rules(rules, registered("ann", "one"));
    let mut changed = login(passkey("ann", "one"), 11);
    changed.authentication.backup_eligible = true;
    assert!(used(changed.decide(&state, &env(9)).unwrap()).backup_eligible);
}

#[test]
fn a_change_of_backup_eligibility_is_accepted_once_where_the_tenant_says_so() {
    let rules = Rules {
        backup_eligible_change: BackupEligibleChange::AcceptOnce,
        ..Rules::DEFAULT
    };
    let state = given_rules(rules, registered("ann", "one"));
    let mut first = login(passkey("ann", "one"), 11);
    first.authentication.backup_eligible = true;
    let changed = used(first.decide(&state, &env(9)).unwrap());
    assert!(changed.backup_eligible);

    let mut events = registered("ann", "one");
    events.push(Event::CredentialChanged(changed.clone()));
    let state = given_rules(rules, events);
    let mut same = login(changed.clone(), 12);
    same.authentication.backup_eligible = true;
    let same = used(same.decide(&state, &env(10)).unwrap());
    assert!(same.backup_eligible && same.backup_eligible_changed);
    let mut back = login(changed, 12);
    back.authentication.backup_eligible = false;
    let back = back.decide(&state, &env(10));
    assert_eq!(back.unwrap_err(), Rejection::BackupEligibilityChanged);
}

#[test]
fn a_credential_that_went_or_came_anew_meanwhile_is_unknown() {
    let mut gone = registered("ann", "one");
    gone.push(Event::CredentialDeleted(credential_id("one")));
    let mut anew = gone.clone();
    let mut other = passkey("ann", "one");
    other.public_key = b"another key".as_slice().into();
    anew.push(Event::CredentialRegistered(other));
    let mut of_bob = gone.clone();
    of_bob.push(user_saved("bob"));
    of_bob.push(Event::CredentialRegistered(passkey("bob", "one")));
    for events in [gone, anew, of_bob] {
        let refused = login(passkey("ann", "one"), 50).decide(&given(events), &env(9));
        assert_eq!(refused.unwrap_err(), Rejection::CredentialUnknown);
    }
}

#[test]
fn a_deleted_credential_is_nobodys() {
    let mut events = registered("ann", "one");
    let delete = DeleteCredential {
        id: credential_id("one"),
        of_user: Some(user_id("bob")),
    };
    let refused = delete.decide(&given(events.clone()), &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::CredentialNotFound);
    events.push(Event::CredentialDeleted(credential_id("one")));
    let state = given(events);
    assert_eq!(state.credentials_of(&user_id("ann")).count(), 0);
    let refused = initialize("ann").decide(&state, &env(9), 0);
    assert_eq!(refused.unwrap_err(), Rejection::NoUsableCredential);
    let refused = initialize("bob").decide(&state, &env(9), 0);
    assert_eq!(refused.unwrap_err(), Rejection::UserNotFound);
}

#[test]
fn a_second_factor_is_not_offered_for_signing_in() {
    let mut second = passkey("ann", "two");
    second.is_mfa = true;
    let mut events = registered("ann", "one");
    events.push(Event::CredentialRegistered(second));
    let begun = initialize("ann").decide(&given(events), &env(9), 0);
    let Purpose::Login { allowed, .. } = begun.unwrap().ceremony.purpose else {
        panic!("not a login");
    };
    assert_eq!(allowed, [credential_id("one")]);
}

#[test]
fn a_claim_is_settled_by_handle_user_and_credential() {
    let uuid = Uuid::from_u128(0x1234);
    let mut events = registered("ann", "one");
    events.extend(registered("sixteen bytes id", "two"));
    events.extend(registered(&uuid.to_string(), "three"));
    let state = given(events);
    let ann = user_id("ann");
    let [one, two, three] = ["one", "two", "three"].map(credential_id);
    let discoverable = |credential, user_handle| Claim {
        credential,
        user_handle,
        factor: Factor::Passkey,
        user: None,
        allowed: &[],
    };
    let of_ann = |credential, user_handle| Claim {
        user: Some(&ann),
        allowed: std::slice::from_ref(&one),
        ..discoverable(credential, user_handle)
    };
    let nobody = user_id("nobody");
    let of_nobody = |credential| Claim {
        user: Some(&nobody),
        ..of_ann(credential, None)
    };
    let second_factor_of_ann = |credential, user_handle| Claim {
        factor: Factor::Mfa,
        ..of_ann(credential, user_handle)
    };
    for (claim, expected) in [
        (discoverable(&one, Some(b"ann".as_slice())), Ok(&one)),
        (discoverable(&two, Some(b"sixteen bytes id")), Ok(&two)),
        (discoverable(&three, Some(uuid.as_bytes())), Ok(&three)),
        (
            discoverable(&one, None),
            Err(Rejection::UserHandleUnreadable),
        ),
        (
            discoverable(&one, Some(b"nobody")),
            Err(Rejection::UserHandleUnreadable),
        ),
        (
            discoverable(&one, Some(&[0xff, 0xfe])),
            Err(Rejection::UserHandleUnreadable),
        ),
        (
            discoverable(&one, Some(&[0xff; 16])),
            Err(Rejection::UserHandleUnknown),
        ),
        (
            discoverable(&two, Some(b"ann")),
            Err(Rejection::CredentialUnknown),
        ),
        (of_ann(&one, None), Ok(&one)),
        (of_ann(&one, Some(b"ann")), Ok(&one)),
        (
            of_ann(&one, Some(b"bob")),
            Err(Rejection::UserHandleMismatch),
        ),
        (of_ann(&two, None), Err(Rejection::CredentialNotAllowed)),
        (of_nobody(&one), Err(Rejection::UserUnknown)),
        (second_factor_of_ann(&one, Some(b"bob")), Ok(&one)),
        (
            second_factor_of_ann(&two, Some(b"ann")),
            Err(Rejection::CredentialNotAllowed),
        ),
    ] {
        let found = credential_for(&claim, &state).map(|credential| credential.id);
        assert_eq!(found, expected.cloned(), "{claim:?}");
    }
}
