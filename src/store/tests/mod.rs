//! What every engine must do: one suite, run against each of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;

use super::seal::Keyring;
use super::sqlite::{Clock, Reports, Settings, Sqlite};
use super::{
    AuditQuery, AuditRow, Change, Commit, CommitError, Expect, Kind, Pending, Put, Row, Seq, Store,
};

mod audit;
mod conformance;

pub(super) const START: u64 = 1_000_000;
pub(super) const KEY: &str = "a key for tests only";

/// Blocks until the store has answered.
pub(super) fn wait<T>(mut pending: Pending<T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match pending.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// A clock that a test sets.
#[derive(Clone)]
pub(super) struct Time(Arc<AtomicU64>);

impl Time {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START)))
    }

    pub(super) fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    pub(super) fn clock(&self) -> Clock {
        let time = self.clone();
        Box::new(move || time.0.load(Ordering::SeqCst))
    }
}

/// A directory and what it takes to open a store in it, again and again.
pub(super) struct Disk {
    pub(super) directory: TempDir,
    pub(super) time: Time,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            time: Time::new(),
        }
    }

    pub(super) fn open(&self) -> Sqlite {
        self.open_with(Reports::silent())
    }

    pub(super) fn open_with(&self, reports: Reports) -> Sqlite {
        self.wait_until_free();
        Sqlite::open(self.settings(), keyring(), reports).unwrap()
    }

    /// A store that was dropped needs a moment to let go.
    pub(super) fn wait_until_free(&self) {
        while super::files::lock(self.directory.path()).unwrap().is_none() {
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub(super) fn settings(&self) -> Settings {
        settings(self.directory.path(), &self.time)
    }
}

pub(super) fn settings(directory: &Path, time: &Time) -> Settings {
    Settings {
        directory: directory.to_owned(),
        commits_queued: 4096,
        loads_queued: 64,
        readers: 2,
        wal_bytes_max: 1 << 20,
        now: time.clock(),
        micros: stopwatch(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is its own composition root"
)]
fn stopwatch() -> Clock {
    let start = std::time::Instant::now();
    Box::new(move || u64::try_from(start.elapsed().as_micros()).unwrap())
}

pub(super) fn keyring() -> Keyring {
    Keyring::new(&[KEY]).unwrap()
}

pub(super) const KIND: Kind = Kind(7);
pub(super) const OTHER_KIND: Kind = Kind(8);

pub(super) fn tenant(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Writes a row, whatever is in its place.
pub(super) fn put(id: &str, data: &str) -> Put {
    Put {
        kind: KIND,
        id: id.as_bytes().into(),
        expect: Expect::Any,
        data: Some(data.as_bytes().to_vec()),
        expires: None,
    }
}

pub(super) fn removal(id: &str) -> Put {
    Put {
        data: None,
        ..put(id, "")
    }
}

pub(super) fn create(store: &dyn Store, tenant: Uuid, puts: Vec<Put>) -> Result<Seq, CommitError> {
    wait(store.commit(Commit {
        tenant,
        change: Change::Create(puts),
        audit: Vec::new(),
    }))
}

pub(super) fn update(store: &dyn Store, tenant: Uuid, puts: Vec<Put>) -> Result<Seq, CommitError> {
    wait(store.commit(Commit {
        tenant,
        change: Change::Update(puts),
        audit: Vec::new(),
    }))
}

pub(super) fn delete(store: &dyn Store, tenant: Uuid) -> Result<Seq, CommitError> {
    wait(store.commit(Commit {
        tenant,
        change: Change::Delete,
        audit: Vec::new(),
    }))
}

/// The tenant's rows as text, by kind and id.
pub(super) fn rows(store: &dyn Store, tenant: Uuid) -> Option<Vec<String>> {
    let rows = wait(store.load(tenant)).unwrap()?;
    let mut texts: Vec<String> = rows.iter().map(text).collect();
    texts.sort();
    Some(texts)
}

/// An entry of kind 1; its id is made of its text.
pub(super) fn entry(at: u64, text: &str) -> AuditRow {
    let mut id = [0; 16];
    id[..text.len()].copy_from_slice(text.as_bytes());
    AuditRow {
        at,
        id: Uuid::from_bytes(id),
        kind: 1,
        data: text.as_bytes().to_vec(),
    }
}

/// A commit that changes nothing but the log.
pub(super) fn tell(
    store: &dyn Store,
    tenant: Uuid,
    entries: Vec<AuditRow>,
) -> Result<Seq, CommitError> {
    wait(store.commit(Commit {
        tenant,
        change: Change::Update(vec![]),
        audit: entries,
    }))
}

/// Asks for everything.
pub(super) fn everything() -> AuditQuery {
    AuditQuery {
        after: None,
        before: None,
        kinds: Vec::new(),
        matches: None,
        newest: u64::MAX,
        skip: 0,
        take: u64::MAX,
    }
}

/// The tenant's whole log as text, the newest first.
pub(super) fn log(store: &dyn Store, tenant: Uuid) -> Vec<String> {
    listed(store, tenant, everything()).1
}

/// The total and the page.
pub(super) fn listed(store: &dyn Store, tenant: Uuid, query: AuditQuery) -> (u64, Vec<String>) {
    let page = wait(store.audit(tenant, query)).unwrap();
    let text = |row: &AuditRow| format!("{}@{}", String::from_utf8_lossy(&row.data), row.at);
    (page.total, page.rows.iter().map(text).collect())
}

fn text(row: &Row) -> String {
    let (id, data) = (
        String::from_utf8_lossy(&row.id),
        String::from_utf8_lossy(&row.data),
    );
    format!("{}/{id}={data}@{}", row.kind.0, row.seq)
}

/// Text that does not compress, the same each time.
pub(in crate::store) fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b' ' + u8::try_from(state >> 33 & 0x3f).unwrap())
    };
    (0..length).map(|_| letter()).collect()
}
