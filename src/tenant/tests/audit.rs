//! What the audit log is told: names and numbers that stay, and the reasons of what was refused or merely accepted.

use std::collections::HashSet;

use super::login::login;
use super::{env, given_rules, passkey, register, registered, user_id};
use crate::tenant::audit::{Entry, KINDS, Kind, Note, Requester};
use crate::tenant::challenge::{Access, Api, Factor};
use crate::tenant::login::InitializeLogin;
use crate::tenant::settings::{BackupEligibleChange, CounterPolicy, Rules};
use crate::tenant::token::Operation;
use crate::tenant::{Command, Initialize};

#[test]
fn each_kind_has_a_name_and_a_number_of_its_own() {
    let names: HashSet<_> = KINDS.iter().map(|(_, name)| name).collect();
    let numbers: HashSet<_> = KINDS.iter().map(|(kind, _)| kind.number()).collect();
    assert_eq!((names.len(), numbers.len()), (KINDS.len(), KINDS.len()));
    for (kind, name) in KINDS {
        assert_eq!(kind.name(), name);
        assert_eq!(Kind::of_name(name), Some(kind));
        assert_eq!(Kind::of_number(kind.number()), Some(kind));
    }
    assert_eq!(Kind::of_name("webauthn_registration"), None);
    assert_eq!(Kind::of_number(255), None);
}

#[test]
fn a_refusal_is_the_failure_of_the_same_step() {
    let named = |kind: Kind| kind.name();
    let login = Kind::finished(Operation::Login);
    assert_eq!(
        named(login.refused()),
        "webauthn_authentication_final_failed"
    );
    let begun = Kind::begun(Operation::MfaRegistration);
    assert_eq!(named(begun), "mfa_registration_init_succeeded");
    assert_eq!(named(begun.refused()), "mfa_registration_init_failed");
    assert_eq!(
        named(begun.refused().refused()),
        "mfa_registration_init_failed"
    );
    assert_eq!(Kind::SecretCreated.refused(), Kind::SecretCreated);
}

#[test]
fn a_reason_is_cut_between_letters() {
    let long = "é".repeat(300);
    let note = Note::of(Kind::begun(Operation::Login)).refused(&format!("x{long}"));
    let error = note.error.unwrap();
    assert!(error.len() <= 512, "{}", error.len());
    assert!(error.starts_with("xé"), "{error}");
}

#[test]
fn a_ceremony_says_whose_it_is() {
    let decision = register("ann", "one").decide(&given_rules(Rules::DEFAULT, vec![]), &env(1));
    let note = decision.unwrap().note.unwrap();
    assert_eq!(note.kind.name(), "webauthn_registration_final_succeeded");
    assert_eq!((note.user, note.error), (Some(user_id("ann")), None));
    let initialize = InitializeLogin {
        user: Some(user_id("ann")),
        factor: Factor::Mfa,
        access: Access::Keyed,
        api: Api::Passkey,
    };
    let note = initialize.note();
    assert_eq!(note.kind.name(), "mfa_authentication_init_succeeded");
    assert_eq!(note.user, Some(user_id("ann")));
}

#[test]
fn what_a_policy_lets_pass_is_told() {
    let rules = Rules {
        counter: CounterPolicy::Warn,
        backup_eligible_change: BackupEligibleChange::Warn,
        ..Rules::DEFAULT
    };
    let state = given_rules(rules, registered("ann", "one"));
    let told = |counter, eligible| {
        let mut login = login(passkey("ann", "one"), counter);
        login.authentication.backup_eligible = eligible;
        let note = login.decide(&state, &env(9)).unwrap().note.unwrap();
        assert_eq!(note.kind.name(), "webauthn_authentication_final_succeeded");
        note.error.map(String::from)
    };
    let counter = "accepted, although the signature counter did not grow";
    let eligibility = "the backup eligibility of the credential has changed";
    assert_eq!(told(11, false), None);
    assert_eq!(told(4, false), Some(counter.to_owned()));
    assert_eq!(
        told(11, true),
        Some(format!("accepted, although {eligibility}"))
    );
    assert_eq!(told(4, true), Some(format!("{counter} and {eligibility}")));
}

/// As the first release that kept entries wrote one.
#[test]
fn entries_stay_readable() {
    let entry = Entry {
        by: Requester {
            request_id: "id".into(),
            source_ip: "::1".into(),
            user_agent: "a".into(),
        },
        user: Some("ann".into()),
        transaction: None,
        error: Some("e".into()),
    };
    let written = b"\xa3\x00\xa3\x00\x62id\x01\x63::1\x02\x61a\x01\x63ann\x03\x61e";
    assert_eq!(minicbor::to_vec(&entry).unwrap(), written);
    assert_eq!(minicbor::decode::<Entry>(written).unwrap(), entry);
}
