//! Rows of signing keys: what is written is read back, and so is what the first version wrote.

use std::sync::Arc;

use minicbor::{Decoder, Encoder};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{DECOY_KEY, SIGNING_KEY, TENANT, hydrate, put};
use crate::store::{Expect, Put, Row};
use crate::tenant::challenge::{Access, Api, Ceremony, Factor, Purpose};
use crate::tenant::decoy::DecoyKey;
use crate::tenant::event::Event;
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::settings::Rules;
use crate::tenant::state::TenantState;
use crate::tenant::tests::profile;
use crate::tenant::token::{KeyKind, PrivateKey, SigningKey};
use crate::webauthn::options::UserVerification;

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
        purpose: Purpose::Login {
            user: None,
            allowed: Vec::new(),
        },
        factor: Factor::Passkey,
        access: Access::Keyed,
        user_verification: UserVerification::Preferred,
        expires_at: Timestamp(7),
        api,
    };
    for (api, members) in [(Api::Passkey, 5), (Api::Public, 6)] {
        let row = minicbor::to_vec(ceremony(api)).unwrap();
        assert_eq!(Decoder::new(&row).map().unwrap(), Some(members));
        let read: Ceremony = minicbor::decode(&row).unwrap();
        assert_eq!(read, ceremony(api));
    }
}
