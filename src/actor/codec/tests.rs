//! Rows of signing keys and sessions: what is written is read back, and so is what the first version wrote.

use std::sync::Arc;

use minicbor::{Decoder, Encoder};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    DECOY_KEY, SESSION, SESSION_KEY, SESSION_USES, SIGNING_KEY, TENANT, hydrate, put,
    session_uses_put,
};
use crate::store::{Expect, Put, Row};
use crate::tenant::challenge::{Access, Api, Ceremony};
use crate::tenant::credential::Credential;
use crate::tenant::decoy::DecoyKey;
use crate::tenant::event::Event;
use crate::tenant::ids::{CredentialId, TenantId, Timestamp, UserId};
use crate::tenant::session::{LastUsed, Session};
use crate::tenant::settings::Rules;
use crate::tenant::state::TenantState;
use crate::tenant::tests::{ceremony, profile, registered};
use crate::tenant::token::{KeyKind, PrivateKey, SigningKey};

const KID: Uuid = Uuid::from_u128(7);

/// The state of a tenant of which there is this one row.
fn read_back(kind: crate::store::Kind, data: Vec<u8>) -> TenantState {
    let profile = put(&Event::TenantSaved(Box::new(profile(Rules::DEFAULT))), None);
    let row = |kind, id: &[u8], data| Row {
        kind,
        id: id.into(),
        seq: 1,
        expires: None,
        data,
    };
    let rows = vec![
        row(TENANT, &[], profile.data.unwrap()),
        row(kind, KID.as_bytes(), data),
    ];
    let hydrated = hydrate(TenantId(Uuid::nil()), rows).unwrap();
    hydrated.unwrap().state
}

fn key(kind: KeyKind) -> Arc<SigningKey> {
    Arc::new(SigningKey {
        kid: KID,
        name: "next".into(),
        hint: "abcd".into(),
        created_at: Timestamp(5),
        signs_from: Timestamp(9),
        token_lifetime_seconds_max: 77,
        private: Arc::new(PrivateKey::new(kind, Zeroizing::new(vec![1, 2, 3]))),
    })
}

#[test]
fn a_signing_key_is_read_back_as_it_was() {
    for kind in KeyKind::ALL {
        let made = key(kind);
        let created = put(&Event::SigningKeyCreated(Arc::clone(&made)), None);
        let changed = put(&Event::SigningKeyChanged(Arc::clone(&made)), None);
        assert_eq!(
            (created.kind, created.expect),
            (SIGNING_KEY, Expect::Absent)
        );
        assert_eq!((changed.kind, changed.expect), (SIGNING_KEY, Expect::Any));
        assert_eq!(changed.id, created.id);
        for Put { data, .. } in [created, changed] {
            let state = read_back(SIGNING_KEY, data.unwrap());
            let read = state.signing_keys.newest().unwrap();
            assert_eq!(read.private.kind, kind);
            assert_eq!(read.private.pkcs8(), [1, 2, 3]);
            assert_eq!(format!("{read:?}"), format!("{made:?}"));
        }
    }
}

#[test]
fn a_deleted_signing_key_leaves_no_row() {
    let deleted = put(&Event::SigningKeyDeleted(KID), None);
    assert_eq!((deleted.kind, deleted.data), (SIGNING_KEY, None));
    assert_eq!(*deleted.id, *KID.as_bytes());
}

/// The first version knew one key a tenant, for RS256 with 2048 bits: when it was made, and its private half.
#[test]
fn a_signing_key_of_the_first_version_signs_on() {
    let mut encoder = Encoder::new(Vec::new());
    let rest = encoder.map(2).unwrap().u8(0).unwrap().u64(5).unwrap();
    rest.u8(1).unwrap().bytes(&[1, 2, 3]).unwrap();
    let state = read_back(SIGNING_KEY, encoder.into_writer());
    let key = state.signing_key(Timestamp(5)).unwrap();
    assert_eq!((key.kid, &*key.name), (KID, "Initial JWK Key"));
    assert_eq!(key.private.kind, KeyKind::Rsa2048);
    assert_eq!(key.signs_from, Timestamp(5));
    // Its tokens may have lived as long as a tenant may let them.
    assert_eq!(key.token_lifetime_seconds_max, 86_400);
}

/// The numbers are on disk.
#[test]
fn the_kinds_of_keys_keep_their_numbers() {
    let numbers = KeyKind::ALL.map(|kind| minicbor::to_vec(kind).unwrap());
    assert_eq!(numbers, [[0], [1], [2], [3], [4]].map(Vec::from));
}

#[test]
fn a_key_for_sessions_is_no_other_key() {
    let made = key(KeyKind::P256);
    let created = put(&Event::SessionKeyCreated(Arc::clone(&made)), None);
    let changed = put(&Event::SessionKeyChanged(Arc::clone(&made)), None);
    let deleted = put(&Event::SessionKeyDeleted(KID), None);
    assert_eq!(
        (created.kind, created.expect),
        (SESSION_KEY, Expect::Absent)
    );
    assert_eq!((changed.kind, changed.expect), (SESSION_KEY, Expect::Any));
    assert_eq!((deleted.kind, deleted.data), (SESSION_KEY, None));
    let state = read_back(SESSION_KEY, created.data.unwrap());
    assert!(state.signing_keys.is_empty());
    let read = state.session_keys.newest().unwrap();
    assert_eq!(format!("{read:?}"), format!("{made:?}"));
}

fn session() -> Session {
    Session {
        id: KID,
        user: UserId::parse("ann").unwrap(),
        name: Some("Ann".into()),
        display_name: None,
        email: Some("ann@example.org".into()),
        created_at: Timestamp(5_000_000),
        expires_at: Timestamp(9_500_000),
        last_used: LastUsed::new(Timestamp(5_000_000)),
        source_ip: "192.0.2.1".into(),
        user_agent: "".into(),
    }
}

#[test]
fn a_session_is_read_back_as_it_was_and_expires() {
    let created = put(&Event::SessionCreated(Arc::new(session())), None);
    assert_eq!((created.kind, created.expect), (SESSION, Expect::Absent));
    assert_eq!(created.expires, Some(10));
    let state = read_back(SESSION, created.data.unwrap());
    let read = state.sessions.find(KID, Timestamp(9_499_999)).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", session()));
    let deleted = put(&Event::SessionDeleted(KID), None);
    assert_eq!(
        (deleted.kind, deleted.data, deleted.id),
        (SESSION, None, created.id)
    );
}

/// The first version of the row, as it is on disk.
#[test]
fn a_session_of_the_first_version_is_read() {
    let row = "a9005000000000000000000000000000000007\
               0163616e6e0263416e6e046f616e6e406578616d706c652e6f7267\
               051a004c4b40061a0090f560071a004c4b4008693139322e302e322e310960";
    let bytes = (0..row.len()).step_by(2);
    let bytes = bytes.map(|at| u8::from_str_radix(&row[at..at + 2], 16).unwrap());
    let state = read_back(SESSION, bytes.collect());
    let read = state.sessions.find(KID, Timestamp(0)).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", session()));
}

#[test]
fn uses_are_read_back_wherever_their_sessions_are_still_there() {
    let gone = Uuid::from_u128(8);
    let uses = [(gone, Timestamp(8)), (KID, Timestamp(6_000_000))];
    let saved = session_uses_put((1, 2, 3), &uses, Timestamp(66_000_000));
    assert_eq!((saved.kind, saved.expires), (SESSION_USES, Some(67)));
    let created = put(&Event::SessionCreated(Arc::new(session())), None);
    let profile = put(&Event::TenantSaved(Box::new(profile(Rules::DEFAULT))), None);
    // The use comes first, as it may among the rows.
    let rows = [profile, saved, created].map(|put| Row {
        kind: put.kind,
        id: put.id,
        seq: 1,
        expires: put.expires,
        data: put.data.unwrap(),
    });
    let state = hydrate(TenantId(Uuid::nil()), rows.into())
        .unwrap()
        .unwrap()
        .state;
    let read = state.sessions.find(KID, Timestamp(0)).unwrap();
    assert_eq!(read.last_used_at(), Timestamp(6_000_000));
    assert_eq!(state.sessions.len(), 1);
}

#[test]
fn a_decoy_key_is_read_back_as_it_was() {
    let made = Arc::new(DecoyKey::new([7; 32]));
    let created = put(&Event::DecoyKeyCreated(made), None);
    assert_eq!((created.kind, created.expect), (DECOY_KEY, Expect::Absent));
    let state = read_back(DECOY_KEY, created.data.unwrap());
    assert_eq!(state.decoy_key.unwrap().secret(), &[7; 32]);
}

/// One that began before there were two is of the API that there was, and takes no more room than then.
#[test]
fn a_ceremony_tells_its_api_only_where_it_is_the_younger() {
    let ceremony = |api| Ceremony {
        api,
        ..ceremony(Access::Keyed, 7)
    };
    for (api, members) in [(Api::Passkey, 5), (Api::Public, 6)] {
        let row = minicbor::to_vec(ceremony(api)).unwrap();
        assert_eq!(Decoder::new(&row).map().unwrap(), Some(members));
        let read: Ceremony = minicbor::decode(&row).unwrap();
        assert_eq!(read, ceremony(api));
    }
}

#[test]
fn credentials_are_read_back_in_the_order_of_their_registration() {
    let event = |number: u8, at| {
        let mut events = registered("ann", "one");
        let Some(Event::CredentialRegistered(credential)) = events.pop() else {
            panic!("{events:?}");
        };
        Event::CredentialRegistered(Credential {
            id: CredentialId::parse(&[number]).unwrap(),
            created_at: Timestamp(at),
            ..credential
        })
    };
    let user = registered("ann", "one").swap_remove(0);
    let tenant = Event::TenantSaved(Box::new(profile(Rules::DEFAULT)));
    let events = [event(3, 20), event(1, 30), tenant, event(2, 10), user];
    let rows = events.iter().map(|event| {
        let put = put(event, None);
        Row {
            kind: put.kind,
            id: put.id,
            seq: 7,
            expires: None,
            data: put.data.unwrap(),
        }
    });
    let hydrated = hydrate(TenantId(Uuid::nil()), rows.collect()).unwrap();
    let state = hydrated.unwrap().state;
    let ann = UserId::parse("ann").unwrap();
    let read = state.credentials_of(&ann);
    let read: Vec<_> = read
        .map(|stored| (stored.id_bytes()[0], stored.revision()))
        .collect();
    assert_eq!(read, [(2, 7), (3, 7), (1, 7)]);
    assert_eq!(state.users.get(&ann).unwrap().revision(), 7);
}
