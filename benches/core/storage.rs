//! The store on SQLite: durable commits, tenants read back, a snapshot. The disk is that of the build directory.

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use actix::{System, SystemRunner};
use criterion::{BatchSize, BenchmarkId, Criterion};
use keywright::actor::codec;
use keywright::store::seal::Keyring;
use keywright::store::snapshot::{self, Creation};
use keywright::store::sqlite::{Reports, Settings, Sqlite};
use keywright::store::{AuditRow, Change, Commit, Expect, Put, Row, Store};
use keywright::telemetry::worker::Timer;
use keywright::tenant::event::Event;
use keywright::tenant::ids::{Challenge, TenantId};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{NOW, credential, tenant_profile, user};

pub(crate) fn bench(criterion: &mut Criterion) {
    let system = System::new();
    commits(criterion, &system, "commit", login);
    commits(
        criterion,
        &system,
        "commit with an audit entry",
        audited_login,
    );
    for credentials in [30, 10_000] {
        hydration(criterion, &system, credentials);
    }
    snapshots(criterion, &system);
}

fn commits(
    criterion: &mut Criterion,
    system: &SystemRunner,
    name: &str,
    commit: fn(u64) -> Commit,
) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).measurement_time(COMMITS_TIME);
    for in_flight in [1, 64, 1_024] {
        let directory = directory();
        let store = open(directory.path());
        for tenant in 0..TENANTS {
            system.block_on(seed(&store, tenant, 0));
        }
        let begun = Cell::new(0);
        group.bench_function(BenchmarkId::new("in flight", in_flight), |bencher| {
            bencher.iter_custom(|times| {
                let count = times * u64::from(in_flight);
                let first = begun.replace(begun.get() + count);
                let logins = (first..first + count).map(commit).collect();
                system.block_on(fly(&store, logins, in_flight)) / in_flight
            });
        });
        system.block_on(store.close()).expect(SOUND);
    }
    group.finish();
}

/// Never more than so many are unanswered.
pub(crate) async fn fly(store: &Sqlite, commits: Vec<Commit>, in_flight: u32) -> Duration {
    let most = usize::try_from(in_flight).expect("a small number");
    let mut unanswered = VecDeque::with_capacity(most);
    let timer = Timer::start();
    for commit in commits {
        unanswered.push_back(store.commit(commit));
        if unanswered.len() == most
            && let Some(oldest) = unanswered.pop_front()
        {
            oldest.await.expect(SOUND);
        }
    }
    for pending in unanswered {
        pending.await.expect(SOUND);
    }
    timer.elapsed()
}

/// What a login commits: its challenge is consumed, its credential used. The tenants take turns.
fn login(number: u64) -> Commit {
    let used = Event::CredentialChanged(credential(number / TENANTS % CREDENTIALS_A_TENANT, 0));
    let used = Put {
        expect: Expect::Any,
        ..codec::put(&used, None)
    };
    Commit {
        tenant: tenant(number % TENANTS),
        change: Change::Update(vec![codec::put(&consumed(number), None), used]),
        audit: Vec::new(),
    }
}

/// The same, and what the audit log tells of it.
pub(crate) fn audited_login(number: u64) -> Commit {
    Commit {
        audit: vec![entry(number)],
        ..login(number)
    }
}

/// What the registration of a new user commits.
pub(crate) fn audited_registration(number: u64) -> Commit {
    let events = [
        consumed(number),
        Event::UserSaved(user(number)),
        Event::CredentialRegistered(credential(number, number)),
    ];
    let puts = events.iter().map(|event| codec::put(event, None));
    Commit {
        tenant: tenant(number % TENANTS),
        change: Change::Update(puts.collect()),
        audit: vec![entry(number)],
    }
}

fn entry(number: u64) -> AuditRow {
    AuditRow {
        at: NOW.seconds() * 1_000_000 + number,
        id: Uuid::from_u64_pair(number, 5),
        kind: 6,
        data: vec![7; ENTRY],
    }
}

fn consumed(number: u64) -> Event {
    let mut challenge = [7; 32];
    challenge[..8].copy_from_slice(&number.to_be_bytes());
    Event::ChallengeConsumed {
        challenge: Challenge(challenge),
        expires_at: NOW.plus_milliseconds(300_000),
    }
}

fn hydration(criterion: &mut Criterion, system: &SystemRunner, credentials: u64) {
    let directory = directory();
    let store = open(directory.path());
    system.block_on(seed(&store, 0, credentials));
    let mut group = criterion.benchmark_group("hydrate");
    group.bench_function(BenchmarkId::new("load", credentials), |bencher| {
        bencher.iter(|| system.block_on(load(&store)));
    });
    group.bench_function(BenchmarkId::new("fold", credentials), |bencher| {
        let rows = system.block_on(load(&store));
        bencher.iter_batched(
            || rows.clone(),
            |rows| codec::hydrate(TenantId(tenant(0)), rows),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    system.block_on(store.close()).expect(SOUND);
}

async fn load(store: &Sqlite) -> Vec<Row> {
    let rows = store.load(tenant(0)).await.expect("the rows are sound");
    rows.expect("the tenant was made")
}

/// Beside the open store, as the server makes them.
fn snapshots(criterion: &mut Criterion, system: &SystemRunner) {
    let home = directory();
    let store = open(home.path());
    system.block_on(seed(&store, 0, SNAPSHOT_CREDENTIALS));
    let keyring = keyring();
    let mut group = criterion.benchmark_group("snapshot");
    group.sample_size(10).measurement_time(COMMITS_TIME);
    group.bench_function("10000 rows", |bencher| {
        bencher.iter_batched(
            directory,
            |snapshots| {
                let creation = Creation {
                    store: home.path().to_owned(),
                    snapshots: snapshots.path().to_owned(),
                    now: NOW.seconds(),
                };
                let made = snapshot::create(&creation, &keyring).expect("the store is sound");
                assert_eq!(made.manifest.map(|manifest| manifest.rows), Some(10_000));
                snapshots
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    system.block_on(store.close()).expect(SOUND);
}

/// A tenant with so many credentials, two a user.
pub(crate) async fn seed(store: &Sqlite, number: u64, credentials: u64) {
    let users = (0..credentials.div_ceil(2)).map(|number| Event::UserSaved(user(number)));
    let credentials =
        (0..credentials).map(|number| Event::CredentialRegistered(credential(number, number / 2)));
    let rows: Vec<Put> = users
        .chain(credentials)
        .map(|event| codec::put(&event, None))
        .collect();
    let profile = codec::put(&Event::TenantSaved(Box::new(tenant_profile())), None);
    let create = Change::Create(vec![profile]);
    let updates = rows.chunks(1_000).map(|puts| Change::Update(puts.to_vec()));
    for change in std::iter::once(create).chain(updates) {
        let tenant = tenant(number);
        let commit = Commit {
            tenant,
            change,
            audit: Vec::new(),
        };
        store.commit(commit).await.expect(SOUND);
    }
}

pub(crate) fn tenant(number: u64) -> Uuid {
    Uuid::from_u64_pair(number, 4)
}

pub(crate) fn open(directory: &Path) -> Sqlite {
    open_with(directory, keyring())
}

pub(crate) fn open_with(directory: &Path, keyring: Keyring) -> Sqlite {
    let timer = Timer::start();
    let settings = Settings {
        directory: directory.to_owned(),
        commits_queued: 4_096,
        loads_queued: 1_024,
        readers: 2,
        wal_bytes_max: 8 * 1_024 * 1_024,
        now: Box::new(|| NOW.seconds()),
        micros: Box::new(move || u64::try_from(timer.elapsed().as_micros()).unwrap_or(u64::MAX)),
    };
    Sqlite::open(settings, keyring, Reports::silent()).expect("an empty directory")
}

fn keyring() -> Keyring {
    Keyring::new(&["a key for benches only"]).expect("the key is long enough")
}

/// Not where temporary files usually are: that is often memory, where a sync costs nothing.
pub(crate) fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the build directory can be written")
}

pub(crate) const TENANTS: u64 = 64;
const CREDENTIALS_A_TENANT: u64 = 100;
/// With 3,333 users and the tenant itself, 10,000 rows.
const SNAPSHOT_CREDENTIALS: u64 = 6_666;
/// A user agent, an address, a request id and a user.
const ENTRY: usize = 200;
const COMMITS_TIME: Duration = Duration::from_secs(2);
pub(crate) const SOUND: &str = "the disk is sound";
