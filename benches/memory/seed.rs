//! Tenants with a user for each credential, written as the server writes them.

use std::ops::Range;
use std::path::Path;

use actix::System;
use keywright::actor::codec;
use keywright::store::seal::Keyring;
use keywright::store::sqlite::{Reports, Settings, Sqlite};
use keywright::store::{Change, Commit, Put, Store};
use keywright::tenant::credential::Credential;
use keywright::tenant::event::{Event, TenantProfile};
use keywright::tenant::ids::{CredentialId, Timestamp, UserId};
use keywright::tenant::settings::{self, Cors, RelyingParty};
use keywright::tenant::user::{Profile, User};
use rand::RngExt;
use uuid::Uuid;

pub(crate) const KEY: &str = "a key for benches only";

pub(crate) fn tenant(number: u64) -> Uuid {
    Uuid::from_u64_pair(number, 4)
}

pub(crate) fn fill(directory: &Path, tenants: Range<u64>, credentials: u32) {
    System::new().block_on(async {
        let store = open(directory);
        let mut begun = Vec::with_capacity(IN_FLIGHT);
        for number in tenants {
            let profile = codec::put(&Event::TenantSaved(Box::new(profile())), None);
            begun.push(commit(&store, number, Change::Create(vec![profile])));
            let mut puts: Vec<Put> = Vec::with_capacity(ROWS_A_COMMIT);
            for credential in 0..credentials {
                puts.extend(rows(credential));
                if puts.len() >= ROWS_A_COMMIT || credential + 1 == credentials {
                    let rows = std::mem::take(&mut puts);
                    begun.push(commit(&store, number, Change::Update(rows)));
                }
            }
            if begun.len() >= IN_FLIGHT {
                for commit in begun.drain(..) {
                    commit.await;
                }
            }
        }
        for commit in begun {
            commit.await;
        }
        store.close().await.expect(SOUND);
    });
}

fn commit(store: &Sqlite, number: u64, change: Change) -> impl Future<Output = ()> + use<> {
    let pending = store.commit(Commit {
        tenant: tenant(number),
        change,
        audit: Vec::new(),
    });
    async move {
        pending.await.expect(SOUND);
    }
}

/// A user and their passkey, of the usual sizes.
fn rows(number: u32) -> [Put; 2] {
    let mut random = rand::rng();
    let id = Uuid::from_bytes(random.random());
    let at = Timestamp(1_795_000_000_000_000 + random.random_range(0..1_000_000_000_000));
    let user = User {
        profile: Profile {
            id: UserId::parse(&id.to_string()).expect("a UUID is an id"),
            name: format!("somebody.{number}@example.org").into(),
            display_name: format!("Somebody Number {number}").into(),
            icon: None,
            email: None,
        },
        internal_id: Uuid::from_bytes(random.random()),
        created_at: at,
    };
    let length = ID_LENGTHS[random.random_range(0..ID_LENGTHS.len())];
    let mut id = [0; 64];
    random.fill(&mut id);
    let credential = Credential {
        id: CredentialId::parse(&id[..length]).expect("long enough"),
        user: user.profile.id.clone(),
        public_key: key().into(),
        name: "Passkey on this device".into(),
        aaguid: Uuid::from_u128(random.random_range(0..20)),
        attestation_format: "none".into(),
        attestation_verified: false,
        transports: "hybrid,internal".into(),
        counter: 0,
        user_verified: true,
        backup_eligible: true,
        backed_up: true,
        is_mfa: false,
        created_at: at,
        last_used_at: at,
        backup_eligible_changed: false,
    };
    [
        Event::UserSaved(user),
        Event::CredentialRegistered(credential),
    ]
    .map(|event| codec::put(&event, None))
}

/// Of ES256, as authenticators encode it; nobody signs with it.
fn key() -> Vec<u8> {
    let numbers: [u8; 64] = rand::rng().random();
    let (x, y) = numbers.split_at(32);
    let head = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20";
    [&head[..], x, b"\x22\x58\x20", y].concat()
}

fn profile() -> TenantProfile {
    let origin = "https://example.org".to_owned();
    let cors = Cors {
        allowed_origins: vec![origin.clone()],
        allow_unsafe_wildcard: false,
    };
    let relying_party = RelyingParty {
        id: "example.org".to_owned(),
        display_name: "An example".to_owned(),
        icon: None,
        origins: vec![origin],
        related_origins: Vec::new(),
        top_origins: Vec::new(),
        allow_cross_origin: false,
    };
    TenantProfile {
        display_name: "A tenant".into(),
        settings: settings::Settings::new(cors, relying_party, 300_000),
        created_at: Timestamp(1_795_000_000_000_000),
    }
}

fn open(directory: &Path) -> Sqlite {
    let settings = Settings {
        directory: directory.to_owned(),
        commits_queued: 4_096,
        loads_queued: 1_024,
        readers: 2,
        wal_bytes_max: 64 * 1_024 * 1_024,
        now: Box::new(|| 1_795_000_000),
        micros: Box::new(|| 0),
    };
    let keyring = Keyring::new(&[KEY]).expect("the key is long enough");
    Sqlite::open(settings, keyring, Reports::silent()).expect("an empty directory")
}

const IN_FLIGHT: usize = 1_024;
const ROWS_A_COMMIT: usize = 1_000;
/// Platforms and password managers have 16, 20 or 32 bytes, security keys up to 64.
const ID_LENGTHS: [usize; 8] = [16, 16, 20, 20, 32, 32, 32, 64];
const SOUND: &str = "the disk is sound";
