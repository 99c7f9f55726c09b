//! A store with many tenants or credentials, written as a server would have written it, but for the time it takes.

use std::path::Path;
use std::sync::Arc;

use actix::System;
use keywright::actor::codec;
use keywright::store::seal::Keyring;
use keywright::store::sqlite::Sqlite;
use keywright::store::{Change, Commit, Put, Store};
use keywright::tenant::event::Event;
use keywright::tenant::secret::ApiKey;
use keywright::tenant::token::{KeyKind, PrivateKey, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{NOW, credential, environment, tenant_profile, user};
use crate::storage::{SOUND, open_with, tenant};

/// Each credential is of ES256 and has a user of its own. Prints the first tenants, each with its API key.
pub(crate) fn run(directory: &str, secret: &str, tenants: u64, credentials: u64) -> Value {
    let keyring = Keyring::new(&[secret]).expect("the key is long enough");
    let store = open_with(Path::new(directory), keyring);
    let private = PrivateKey::generate(KeyKind::Rsa2048).expect("this machine can make keys");
    let private = Arc::new(private);
    let filled = System::new().block_on(async {
        let mut told = Vec::new();
        let mut waiting = Vec::new();
        for number in 0..tenants {
            let (key, shown) = ApiKey::generate("Initial API Key", &environment());
            if number < TOLD {
                told.push(json!([tenant(number), shown.secret]));
            }
            let rows = rows(number * credentials, credentials);
            let first = [
                Event::TenantSaved(Box::new(tenant_profile())),
                Event::ApiKeyCreated(key),
                Event::SigningKeyCreated(Arc::new(signing_key(&private))),
            ];
            let first = first.iter().map(|event| codec::put(event, None)).collect();
            waiting.push(commit(&store, number, Change::Create(first)));
            for puts in rows.chunks(ROWS_A_COMMIT) {
                waiting.push(commit(&store, number, Change::Update(puts.to_vec())));
            }
            if waiting.len() >= WAITING_MAX {
                settle(&mut waiting).await;
            }
        }
        settle(&mut waiting).await;
        store.close().await.expect(SOUND);
        told
    });
    json!({"tenants": filled})
}

type Waiting = keywright::store::Pending<Result<u64, keywright::store::CommitError>>;

fn commit(store: &Sqlite, number: u64, change: Change) -> Waiting {
    store.commit(Commit {
        tenant: tenant(number),
        change,
        audit: Vec::new(),
    })
}

async fn settle(waiting: &mut Vec<Waiting>) {
    for commit in waiting.drain(..) {
        commit.await.expect(SOUND);
    }
}

fn rows(first: u64, count: u64) -> Vec<Put> {
    let numbers = first..first + count;
    let events = numbers.flat_map(|number| {
        let registered = Event::CredentialRegistered(credential(number, number));
        [Event::UserSaved(user(number)), registered]
    });
    events.map(|event| codec::put(&event, None)).collect()
}

/// The same for all: making RSA keys is slow, and they are told apart by their ids.
fn signing_key(private: &Arc<PrivateKey>) -> SigningKey {
    let pkcs8 = private.pkcs8().to_vec().into();
    SigningKey {
        kid: Uuid::new_v4(),
        name: "Initial JWK Key".into(),
        hint: "".into(),
        created_at: NOW,
        signs_from: NOW,
        token_lifetime_seconds_max: 300,
        private: Arc::new(PrivateKey::new(KeyKind::Rsa2048, pkcs8)),
    }
}

const TOLD: u64 = 1_000;
const ROWS_A_COMMIT: usize = 1_000;
const WAITING_MAX: usize = 1_000;
