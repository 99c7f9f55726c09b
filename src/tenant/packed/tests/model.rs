//! Users and credentials come, change and go in any order, in plain maps and in packed rows.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use uuid::Uuid;

use super::super::super::credential::Credential;
use super::super::super::event::Event;
use super::super::super::ids::{CredentialId, Timestamp, UserId};
use super::super::super::state::TenantState;
use super::super::super::tests::given;
use super::super::super::user::User;
use super::super::{Account, Stored};
use super::{credentials, users};

#[derive(Debug, Default)]
struct Model {
    users: BTreeMap<UserId, (User, u64, Vec<CredentialId>)>,
    credentials: BTreeMap<CredentialId, (Credential, u64)>,
}

impl Model {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are no matter of users and credentials"
    )]
    fn apply(&mut self, event: Event, revision: u64) {
        match event {
            Event::UserSaved(user) => {
                let id = user.profile.id.clone();
                let new = || (user.clone(), revision, Vec::new());
                let (known, at, _) = self.users.entry(id).or_insert_with(new);
                (*known, *at) = (user, revision);
            }
            Event::UserDeleted(id) => drop(self.users.remove(&id)),
            Event::CredentialRegistered(credential) => {
                self.let_go(&credential.id);
                if let Some((_, _, theirs)) = self.users.get_mut(&credential.user) {
                    theirs.push(credential.id.clone());
                }
                let id = credential.id.clone();
                self.credentials.insert(id, (credential, revision));
                self.put_in_order();
            }
            Event::CredentialChanged(credential) => {
                let known = self.credentials.get(&credential.id);
                if known.is_some_and(|(known, _)| known.user != credential.user) {
                    self.let_go(&credential.id);
                }
                let id = credential.id.clone();
                self.credentials.insert(id, (credential, revision));
            }
            Event::CredentialDeleted(id) => {
                self.let_go(&id);
                self.credentials.remove(&id);
            }
            other => panic!("{other:?}"),
        }
    }

    fn let_go(&mut self, id: &CredentialId) {
        for (_, _, theirs) in self.users.values_mut() {
            theirs.retain(|other| other != id);
        }
    }

    /// A change may say when a credential came to be; only a registration puts it in its place.
    fn put_in_order(&mut self) {
        for (_, _, theirs) in self.users.values_mut() {
            theirs.sort_by_key(|id| self.credentials[id].0.created_at);
        }
    }

    fn is(&self, state: &TenantState) {
        assert_eq!(state.users.len(), self.users.len());
        assert_eq!(state.credentials.len(), self.credentials.len());
        for (id, (user, revision, theirs)) in &self.users {
            let account = state.users.get(id).unwrap();
            assert_eq!(
                (account.user(), account.revision()),
                (user.clone(), *revision)
            );
            let listed: Vec<_> = state.credentials_of(id).map(Stored::id).collect();
            assert_eq!(listed, *theirs);
            assert_eq!(account.credentials_count(), theirs.len());
        }
        for (id, (credential, revision)) in &self.credentials {
            let stored = state.credential(id).unwrap();
            let read = (stored.credential(), stored.revision());
            assert_eq!(read, (credential.clone(), *revision));
        }
        let mut all: Vec<_> = state.all_credentials().map(Stored::id).collect();
        all.sort();
        assert!(all.iter().eq(self.credentials.keys()));
        self.is_in_order(state);
    }

    fn is_in_order(&self, state: &TenantState) {
        let users = self.users.values().map(|(user, _, _)| user);
        let mut expected: Vec<(Timestamp, Uuid)> = users
            .map(|user| (user.created_at, user.internal_id))
            .collect();
        expected.sort();
        let dated = |account: Account<'_>| (account.created_at(), account.internal_id());
        assert!(state.accounts().map(dated).eq(expected.iter().copied()));
        for (_, internal_id) in expected {
            let account = state.account(internal_id).unwrap();
            assert_eq!(account.internal_id(), internal_id);
        }
    }
}

fn some_user() -> impl Strategy<Value = UserId> {
    let text = (0..6_u128).prop_map(|number| Uuid::from_u128(number).to_string());
    prop_oneof![text, "[a-c]"].prop_filter_map("an id", |text| UserId::parse(&text))
}

fn some_credential() -> impl Strategy<Value = CredentialId> {
    (0..12_u8).prop_filter_map("an id", |number| CredentialId::parse(&[number; 20]))
}

/// The time of a credential does not change, as in life.
fn dated(credential: Credential) -> Credential {
    let number = credential.id.as_bytes()[0];
    Credential {
        created_at: Timestamp(u64::from(number / 3)),
        ..credential
    }
}

fn events() -> impl Strategy<Value = Event> {
    let credential = || credentials(some_credential(), some_user()).prop_map(dated);
    prop_oneof![
        4 => users(some_user()).prop_map(Event::UserSaved),
        1 => some_user().prop_map(Event::UserDeleted),
        6 => credential().prop_map(Event::CredentialRegistered),
        3 => credential().prop_map(Event::CredentialChanged),
        2 => some_credential().prop_map(Event::CredentialDeleted),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn packed_rows_are_what_plain_maps_would_be(
        events in vec(events(), 1..60),
        first_listed in any::<u8>(),
    ) {
        let (mut state, mut model) = (given(Vec::new()), Model::default());
        for ((number, event), revision) in events.into_iter().enumerate().zip(1..) {
            if number == usize::from(first_listed % 64) {
                model.is(&state);
            }
            state.apply(event.clone(), revision);
            model.apply(event, revision);
        }
        model.is(&state);
    }
}
