//! Sessions: who has how many, when they end, what is forgotten. A session lives an hour here.

use std::sync::Arc;

use uuid::Uuid;

use super::super::admin::ReplaceSettings;
use super::super::audit::Kind;
use super::super::event::Event;
use super::super::ids::Timestamp;
use super::super::login::Login;
use super::super::rejection::Rejection;
use super::super::session::{
    CreateSession, DeleteSession, DeleteSessions, EndIdleSession, LastUsed, Session, SignIn,
};
use super::super::settings::Settings;
use super::super::state::TenantState;
use super::super::user::DeleteUser;
use super::super::{Command, Decision, Touched};
use super::{env, given, passkey, registered, user_id};

const SECOND: u64 = 1_000_000;

fn tenant(change: impl FnOnce(&mut Settings), events: Vec<Event>) -> TenantState {
    let state = given(Vec::new());
    let mut settings = state.policy.settings.clone();
    settings.sessions.lifetime_seconds = 3600;
    change(&mut settings);
    let replaced = ReplaceSettings { settings }
        .decide(&state, &env(0))
        .unwrap();
    given(replaced.events.into_iter().chain(events).collect())
}

fn create(user: &str) -> CreateSession {
    CreateSession {
        user: user_id(user),
        name: Some(format!("{user}@example.org").into()),
        display_name: None,
        email: None,
        source_ip: "192.0.2.1".into(),
        user_agent: "a browser".into(),
    }
}

/// Session `number` of a user, from `begins` on for an hour.
fn begun(user: &str, number: u128, begins: u64) -> Event {
    Event::SessionCreated(Arc::new(Session {
        id: Uuid::from_u128(number),
        user: user_id(user),
        name: None,
        display_name: None,
        email: None,
        created_at: Timestamp(begins * SECOND),
        expires_at: Timestamp((begins + 3600) * SECOND),
        last_used: LastUsed::new(Timestamp(begins * SECOND)),
        source_ip: "".into(),
        user_agent: "".into(),
    }))
}

fn apply<T>(state: &mut TenantState, decision: Decision<T>) -> T {
    for event in decision.events {
        state.apply(event, 9);
    }
    decision.outcome
}

fn numbers(state: &TenantState, user: &str, second: u64) -> Vec<u128> {
    let (user, now) = (user_id(user), Timestamp(second * SECOND));
    let sessions = state.sessions.of_user(&user, now);
    sessions.map(|session| session.id.as_u128()).collect()
}

fn of(state: &TenantState, number: u128) -> DeleteSession {
    let session = state.sessions.find(Uuid::from_u128(number), Timestamp(0));
    DeleteSession::of(session.unwrap())
}

#[test]
fn a_session_is_of_a_user_who_has_no_credential_yet() {
    let mut state = tenant(|_| {}, Vec::new());
    let created = create("ann").decide(&state, &env(100)).unwrap();
    let note = created.note.as_ref().unwrap();
    assert_eq!(
        (note.kind, &note.user),
        (Kind::SessionCreated, &Some(user_id("ann")))
    );
    let session = apply(&mut state, created);
    assert_eq!(session.created_at, Timestamp(100 * SECOND));
    assert_eq!(session.expires_at, Timestamp(3700 * SECOND));
    assert_eq!(session.last_used_at(), session.created_at);
    assert_eq!(session.id.get_version_num(), 4);
    let found = state.sessions.find(session.id, env(3699).now);
    assert!(Arc::ptr_eq(found.unwrap(), &session));
    assert!(state.sessions.find(session.id, env(3700).now).is_none());
    assert!(state.users.is_empty());
}

#[test]
fn the_oldest_sessions_make_room_in_the_same_commit() {
    let events = (1..=5).map(|number| begun("ann", number, 10)).collect();
    let mut state = tenant(|settings| settings.sessions.limit = 3, events);
    let created = create("ann").decide(&state, &env(100)).unwrap();
    assert_eq!(created.events.len(), 4);
    let newest = apply(&mut state, created).id.as_u128();
    assert_eq!(numbers(&state, "ann", 100), [4, 5, newest]);
}

#[test]
fn others_and_expired_sessions_do_not_count() {
    let events = vec![begun("ann", 1, 0), begun("ann", 2, 90), begun("bob", 3, 90)];
    let mut state = tenant(|settings| settings.sessions.limit = 2, events);
    let created = create("ann").decide(&state, &env(3600)).unwrap();
    assert_eq!(created.events.len(), 1);
    let newest = apply(&mut state, created).id.as_u128();
    assert_eq!(numbers(&state, "ann", 3600), [2, newest]);
    assert_eq!(numbers(&state, "bob", 3600), [3]);
}

#[test]
fn new_settings_change_no_session_that_is_there() {
    let mut state = tenant(|_| {}, vec![begun("ann", 1, 0), begun("ann", 2, 0)]);
    let mut settings = state.policy.settings.clone();
    (settings.sessions.lifetime_seconds, settings.sessions.limit) = (60, 1);
    let replaced = ReplaceSettings { settings }
        .decide(&state, &env(10))
        .unwrap();
    apply(&mut state, replaced);
    assert_eq!(numbers(&state, "ann", 3599), [1, 2]);
    let created = create("ann").decide(&state, &env(20)).unwrap();
    let newest = apply(&mut state, created);
    assert_eq!(newest.expires_at, Timestamp(80 * SECOND));
    assert_eq!(numbers(&state, "ann", 79), [newest.id.as_u128()]);
}

/// A tenant that lives long in memory forgets faster than it learns, and never much at a time.
#[test]
fn what_has_expired_leaves_memory() {
    let events = (1..=20).map(|number| begun("ann", number, 0)).collect();
    let mut state = tenant(|_| {}, events);
    state.apply(begun("bob", 21, 3599), 9);
    assert_eq!(state.sessions.len(), 21);
    for (number, left) in [(22, 14), (23, 7), (24, 4), (25, 5)] {
        state.apply(begun("bob", number, 3600), 9);
        assert_eq!(state.sessions.len(), left);
    }
    assert_eq!(numbers(&state, "bob", 3600), [21, 22, 23, 24, 25]);
    assert_eq!(numbers(&state, "ann", 0), [0; 0]);
}

#[test]
fn a_session_is_ended_once() {
    let mut state = tenant(|_| {}, vec![begun("ann", 1, 0), begun("ann", 2, 0)]);
    let (delete, again) = (of(&state, 1), of(&state, 1));
    assert_eq!(delete.touches(), [Touched::User(user_id("ann"))]);
    let deleted = delete.decide(&state, &env(10)).unwrap();
    assert_eq!(deleted.note.as_ref().unwrap().kind, Kind::SessionDeleted);
    apply(&mut state, deleted);
    assert_eq!(numbers(&state, "ann", 10), [2]);
    let refused = again.decide(&state, &env(11));
    assert_eq!(refused.unwrap_err(), Rejection::SessionNotFound);
}

#[test]
fn a_user_is_signed_out_everywhere() {
    let events = vec![begun("ann", 1, 0), begun("bob", 2, 0), begun("ann", 3, 0)];
    let mut state = tenant(|_| {}, events);
    let delete = DeleteSessions {
        user: user_id("ann"),
    };
    let deleted = delete.decide(&state, &env(10)).unwrap();
    apply(&mut state, deleted);
    assert_eq!(numbers(&state, "ann", 10), [0; 0]);
    assert_eq!(numbers(&state, "bob", 10), [2]);
}

#[test]
fn the_sessions_of_a_deleted_user_end_in_the_same_commit() {
    let mut events = registered("ann", "one");
    events.extend([begun("ann", 1, 0), begun("bob", 2, 0), begun("ann", 3, 0)]);
    let mut state = tenant(|_| {}, events);
    let delete = DeleteUser::of(&state, Uuid::from_u128(7)).unwrap();
    let create = create("ann").touches();
    assert!(
        delete.touches().contains(&create[0]),
        "none begins meanwhile"
    );
    let deleted = delete.decide(&state, &env(10)).unwrap();
    assert_eq!(deleted.events.len(), 4);
    apply(&mut state, deleted);
    assert_eq!(numbers(&state, "ann", 10), [0; 0]);
    assert_eq!(numbers(&state, "bob", 10), [2]);
}

#[test]
fn an_idle_session_ends_unless_somebody_has_used_it_meanwhile() {
    let events = vec![begun("ann", 1, 0), begun("ann", 2, 0)];
    let mut state = tenant(
        |settings| settings.sessions.idle_timeout_seconds = 60,
        events,
    );
    state
        .sessions
        .use_at(Uuid::from_u128(2), Timestamp(5 * SECOND));
    // Never set back.
    state.sessions.use_at(Uuid::from_u128(2), Timestamp(SECOND));
    for (number, second, ends) in [(1, 59, false), (1, 60, true), (2, 64, false), (2, 65, true)] {
        let end = EndIdleSession(of(&state, number));
        let decided = end.decide(&state, &env(second)).unwrap();
        assert_eq!(
            decided.events.len(),
            usize::from(ends),
            "{number} at {second}"
        );
        apply(&mut state, decided);
    }
    assert!(state.sessions.is_empty());
}

#[test]
fn without_an_idle_timeout_no_session_is_idle() {
    let state = tenant(|_| {}, vec![begun("ann", 1, 0)]);
    let session = state
        .sessions
        .find(Uuid::from_u128(1), Timestamp(0))
        .unwrap();
    assert_eq!(session.idle_at(0), None);
    assert!(!session.is_idle(0, Timestamp(u64::MAX)));
}

fn login(user: &str) -> Login {
    super::login::login(passkey(user, "one"), 11)
}

#[test]
fn a_login_and_its_session_are_one_commit() {
    let mut state = tenant(|_| {}, registered("ann", "one"));
    let sign_in = SignIn {
        login: login("ann"),
        session: create("ann"),
    };
    let decided = sign_in.decide(&state, &env(10)).unwrap();
    let kinds = decided
        .note
        .iter()
        .chain(&decided.also)
        .map(|note| note.kind.name());
    let kinds: Vec<_> = kinds.collect();
    assert_eq!(
        kinds,
        ["webauthn_authentication_final_succeeded", "session_created"]
    );
    let (proof, session) = apply(&mut state, decided);
    assert_eq!(proof.user, session.user);
    assert_eq!(numbers(&state, "ann", 10), [session.id.as_u128()]);
    let counters = state
        .all_credentials()
        .map(|stored| stored.credential().counter);
    assert_eq!(counters.collect::<Vec<_>>(), [11]);
}

#[test]
fn nobody_signs_in_as_somebody_else_or_with_a_refused_login() {
    let state = tenant(|_| {}, registered("ann", "one"));
    let decide = |login, user| {
        SignIn {
            login,
            session: create(user),
        }
        .decide(&state, &env(10))
    };
    let other = decide(login("ann"), "bob");
    assert_eq!(other.unwrap_err(), Rejection::UserHandleMismatch);
    let mut cloned = login("ann");
    cloned.authentication.counter = 10;
    let refused = decide(cloned, "ann");
    assert_eq!(refused.unwrap_err(), Rejection::CounterNotGreater);
}
