//! Transactions: an id is taken once and for ever, and a confirmation is a use of a passkey.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::challenge::{Factor, Purpose};
use super::super::credential::Credential;
use super::super::event::Event;
use super::super::ids::{Challenge, Timestamp, TransactionId};
use super::super::login::Login;
use super::super::rejection::Rejection;
use super::super::state::TenantState;
use super::super::token::Operation;
use super::super::transaction::{
    ConfirmTransaction, InitializeTransaction, SaveTransaction, Transaction, begun, digest,
};
use super::super::{Command, Initialize};
use super::{challenge, credential_id, env, given, passkey, registered, user_id, user_saved};
use crate::webauthn::authentication::Authentication;

const DATA: &str = r#"{"amount":1,"to":"bob"}"#;

fn id(text: &str) -> TransactionId {
    TransactionId::parse(text).unwrap()
}

fn save(user: &str, transaction: &str) -> SaveTransaction {
    SaveTransaction {
        id: id(transaction),
        user: user_id(user),
        data: DATA.into(),
    }
}

fn saved(user: &str, transaction: &str) -> Event {
    Event::TransactionSaved(Arc::new(Transaction {
        id: id(transaction),
        internal_id: Uuid::from_u128(1),
        user: user_id(user),
        user_internal_id: Uuid::from_u128(7),
        data: DATA.into(),
        created_at: Timestamp(5),
        confirmed_at: None,
    }))
}

/// Ann with a passkey and a transaction.
fn ann() -> Vec<Event> {
    let mut events = registered("ann", "one");
    events.push(saved("ann", "t"));
    events
}

fn second_factor() -> Event {
    Event::CredentialRegistered(Credential {
        is_mfa: true,
        ..passkey("ann", "two")
    })
}

fn confirm(counter: u32) -> ConfirmTransaction {
    ConfirmTransaction {
        id: id("t"),
        login: Login {
            challenge: challenge(1),
            expires_at: Timestamp(99),
            factor: Factor::Passkey,
            credential: passkey("ann", "one"),
            authentication: Authentication {
                counter,
                user_verified: true,
                backup_eligible: false,
                backed_up: false,
            },
        },
    }
}

fn refused(state: &TenantState, save: SaveTransaction) -> Rejection {
    save.decide(state, &env(9)).unwrap_err()
}

#[test]
fn a_transaction_is_its_users_and_not_confirmed() {
    let decision = save("ann", "t").decide(&given(registered("ann", "one")), &env(9));
    let [Event::TransactionSaved(transaction)] = &decision.unwrap().events[..] else {
        panic!("not one transaction");
    };
    assert_eq!(transaction.user_internal_id, Uuid::from_u128(7));
    assert_eq!(transaction.created_at, env(9).now);
    assert_eq!(transaction.confirmed_at, None);
    assert_eq!(&*transaction.data, DATA);
}

/// Each refusal comes before all that could be refused too.
#[test]
fn refusals_come_in_the_order_of_the_contract() {
    let mut without_credential = vec![user_saved("ann"), saved("ann", "t")];
    let state = given(without_credential.clone());
    assert_eq!(refused(&state, save("bob", "t")), Rejection::UserNotFound);
    assert_eq!(
        refused(&state, save("ann", "t")),
        Rejection::TransactionTaken
    );
    let unusable = Rejection::NoUsableCredential;
    assert_eq!(refused(&state, save("ann", "other")), unusable);
    without_credential.push(second_factor());
    let state = given(without_credential);
    assert_eq!(refused(&state, save("ann", "other")), unusable);
}

/// Whoever else's: the id is the tenant's.
#[test]
fn an_id_that_is_taken_is_taken_for_all() {
    let mut events = ann();
    events.extend(registered("bob", "three"));
    let refused = refused(&given(events), save("bob", "t"));
    assert_eq!(refused, Rejection::TransactionTaken);
}

#[test]
fn the_challenge_ends_with_a_hash_of_what_is_confirmed() {
    let mut events = ann();
    events.push(second_factor());
    let initialize = InitializeTransaction {
        id: id("t"),
        user: user_id("ann"),
        digest: digest(&id("t"), DATA),
    };
    let begin = initialize.decide(&given(events.clone()), &env(9), 3);
    let begin = begin.unwrap();
    let Purpose::Transaction { allowed, user, .. } = begin.ceremony.purpose else {
        panic!("not a transaction");
    };
    assert_eq!(user, user_id("ann"));
    assert_eq!(allowed, [credential_id("one")]);
    let state = given(events);
    let whole = begun(&state, &id("t")).unwrap().challenge(&begin.challenge);
    assert_eq!(whole[0], 3);
    assert_eq!(whole[..32], begin.challenge.0);
    assert_eq!(
        whole[32..],
        Sha256::digest(r#"t{"amount":1,"to":"bob"}"#)[..]
    );
    assert_eq!(Challenge::head(&whole), Some(begin.challenge));
    assert_eq!(Challenge::head(&whole[..63]), None);
}

#[test]
fn a_confirmation_is_a_use_of_the_credential() {
    let decision = confirm(11).decide(&given(ann()), &env(9)).unwrap();
    let [
        Event::ChallengeConsumed { .. },
        Event::CredentialChanged(credential),
        Event::TransactionSaved(transaction),
    ] = &decision.events[..]
    else {
        panic!("{:?}", decision.events);
    };
    assert_eq!(credential.counter, 11);
    assert_eq!(transaction.confirmed_at, Some(env(9).now));
    assert_eq!(transaction.created_at, Timestamp(5));
    let proof = &decision.outcome;
    assert_eq!(proof.operation, Operation::Transaction);
    assert_eq!(proof.transaction, Some(id("t")));
    let note = decision.note.unwrap();
    assert_eq!(note.kind.name(), "webauthn_transaction_final_succeeded");
    assert_eq!(note.transaction.as_deref(), Some("t"));
    let claims = proof.claims(&given(ann()), &env(9));
    assert_eq!(claims.trans.as_deref(), Some("t"));
}

#[test]
fn a_confirmation_keeps_the_rules_of_a_login() {
    let refused = confirm(10).decide(&given(ann()), &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::CounterNotGreater);
    let mut gone = ann();
    gone.push(Event::CredentialDeleted(credential_id("one")));
    let refused = confirm(11).decide(&given(gone), &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::CredentialUnknown);
    let refused = confirm(11).decide(&given(registered("ann", "one")), &env(9));
    assert_eq!(refused.unwrap_err(), Rejection::ChallengeUnknown);
}

/// The id stays taken, but what the user of before began is not for the user of now.
#[test]
fn whoever_is_registered_anew_under_an_id_is_somebody_else() {
    let mut before = Transaction {
        user_internal_id: Uuid::from_u128(8),
        ..(*begun(&given(ann()), &id("t")).unwrap()).as_ref().clone()
    };
    before.confirmed_at = None;
    let mut events = registered("ann", "one");
    events.push(Event::TransactionSaved(Arc::new(before)));
    let state = given(events);
    let ann = state.users.get(&user_id("ann")).unwrap();
    assert!(ann.transactions().is_empty());
    assert_eq!(
        refused(&state, save("ann", "t")),
        Rejection::TransactionTaken
    );
    let refused = confirm(11).decide(&state, &env(9)).unwrap_err();
    assert_eq!(refused, Rejection::UserHandleUnknown);
}

#[test]
fn a_user_has_transactions_in_their_order_each_once() {
    let mut events = ann();
    events.push(saved("ann", "second"));
    let confirmed = confirm(11).decide(&given(events.clone()), &env(9));
    events.extend(confirmed.unwrap().events);
    let state = given(events);
    let account = state.account(Uuid::from_u128(7)).unwrap();
    assert_eq!(account.transactions(), [id("t"), id("second")]);
    let confirmed_at = |text| state.transaction(&id(text)).unwrap().confirmed_at;
    assert_eq!(confirmed_at("t"), Some(env(9).now));
    assert_eq!(confirmed_at("second"), None);
    assert!(state.account(Uuid::from_u128(8)).is_none());
}

/// As the first release that had transactions wrote it.
#[test]
fn a_stored_transaction_stays_readable() {
    let bytes = [
        b"\xa6\x00at\x01P\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x02cann".as_slice(),
        b"\x03P\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07\x04w{\"amount\":1,\"to\":\"bob\"}\x05\x05",
    ];
    let read: Transaction = minicbor::decode(&bytes.concat()).unwrap();
    let Event::TransactionSaved(expected) = saved("ann", "t") else {
        panic!("not a transaction");
    };
    assert_eq!(read, *expected);
}
