//! Users: found by this server's ids, listed in the order of their coming, deleted with all that is theirs.

use uuid::Uuid;

use super::super::audit::Kind;
use super::super::event::Event;
use super::super::ids::{Timestamp, UserId};
use super::super::packed::Account;
use super::super::rejection::Rejection;
use super::super::user::{DeleteUser, User};
use super::super::{Command, Touched};
use super::{credential_id, env, given, passkey, person, register, user_id};

fn came(user: &str, number: u128, at: u64) -> Event {
    Event::UserSaved(User {
        profile: person(user),
        internal_id: Uuid::from_u128(number),
        created_at: Timestamp(at),
    })
}

fn ann_and_bob() -> Vec<Event> {
    vec![
        came("ann", 1, 20),
        came("bob", 2, 10),
        Event::CredentialRegistered(passkey("ann", "one")),
        Event::CredentialRegistered(passkey("ann", "two")),
        Event::CredentialRegistered(passkey("bob", "three")),
    ]
}

fn delete_ann() -> Vec<Event> {
    let state = given(ann_and_bob());
    let delete = DeleteUser::of(&state, Uuid::from_u128(1)).unwrap();
    delete.decide(&state, &env(9)).unwrap().events
}

#[test]
fn users_are_listed_in_the_order_of_their_coming() {
    let state = given(ann_and_bob());
    let listed: Vec<UserId> = state.accounts().map(Account::id).collect();
    assert_eq!(listed, [user_id("bob"), user_id("ann")]);
}

#[test]
fn a_user_is_deleted_after_their_credentials_in_one_decision() {
    let [
        Event::CredentialDeleted(one),
        Event::CredentialDeleted(two),
        Event::UserDeleted(ann),
    ] = &delete_ann()[..]
    else {
        panic!("{:?}", delete_ann());
    };
    assert_eq!((one, two), (&credential_id("one"), &credential_id("two")));
    assert_eq!(*ann, user_id("ann"));
}

#[test]
fn a_deletion_waits_for_whatever_touches_the_user_and_is_noted() {
    let state = given(ann_and_bob());
    let delete = DeleteUser::of(&state, Uuid::from_u128(1)).unwrap();
    let touched = delete.touches();
    for row in [
        Touched::User(user_id("ann")),
        Touched::Credential(credential_id("one")),
        Touched::Credential(credential_id("two")),
    ] {
        assert!(touched.contains(&row), "{row:?}");
    }
    let note = delete.decide(&state, &env(9)).unwrap().note.unwrap();
    assert_eq!(
        (note.kind, note.user),
        (Kind::UserDeleted, Some(user_id("ann")))
    );
}

#[test]
fn what_was_registered_since_goes_too() {
    let before = given(ann_and_bob());
    let delete = DeleteUser::of(&before, Uuid::from_u128(1)).unwrap();
    let mut events = ann_and_bob();
    events.push(Event::CredentialRegistered(passkey("ann", "four")));
    let events = delete.decide(&given(events), &env(9)).unwrap().events;
    assert_eq!(events.len(), 4);
}

#[test]
fn nothing_of_a_deleted_user_is_left_and_others_stay() {
    let mut events = ann_and_bob();
    events.extend(delete_ann());
    let state = given(events);
    assert!(state.account(Uuid::from_u128(1)).is_none());
    assert_eq!(state.users.len(), 1);
    assert_eq!(state.accounts().count(), 1);
    assert_eq!(state.credentials.len(), 1);
    assert!(state.account(Uuid::from_u128(2)).is_some());
    let again = DeleteUser::of(&state, Uuid::from_u128(1));
    assert_eq!(again.unwrap_err(), Rejection::UserNotFound);
}

#[test]
fn a_user_who_comes_back_is_somebody_else() {
    let mut events = ann_and_bob();
    events.extend(delete_ann());
    let mut state = given(events);
    // A deletion that was decided on for the one who is gone does nothing to the one who came.
    let before = given(ann_and_bob());
    let late = DeleteUser::of(&before, Uuid::from_u128(1)).unwrap();
    let back = register("ann", "five").decide(&state, &env(9)).unwrap();
    for event in back.events {
        state.apply(event, 99);
    }
    assert!(state.account(env(9).uuid()).is_some());
    let refused = late.decide(&state, &env(10));
    assert_eq!(refused.unwrap_err(), Rejection::UserNotFound);
}

#[test]
fn who_comes_and_goes_after_the_first_listing_is_listed_right() {
    let mut state = given(ann_and_bob());
    assert_eq!(state.accounts().count(), 2);
    state.apply(came("cid", 3, 15), 10);
    for event in delete_ann() {
        state.apply(event, 11);
    }
    let listed: Vec<Uuid> = state.accounts().map(Account::internal_id).collect();
    assert_eq!(listed, [Uuid::from_u128(2), Uuid::from_u128(3)]);
    assert!(state.account(Uuid::from_u128(1)).is_none());
    let cid = state.account(Uuid::from_u128(3)).unwrap();
    assert_eq!(cid.id(), user_id("cid"));
}
