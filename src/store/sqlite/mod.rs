//! The engine on `SQLite`: one file for all tenants, one writer thread with natural group commit, readers beside it. It commits
//! rows and hands them back; it never interprets them, and it never goes on after an error of the device.
//!
//! # What is assumed of the disk
//!
//! - A sync that returned `Ok` is durable: no drive and no hypervisor lies about it. After one that failed nothing is known,
//!   so the process stops and the next start moves the WAL into the database, with new writes and a new sync.
//! - A rename within a directory is atomic, and durable once the directory is synced.
//! - A write may be torn at any byte and reordered with others until the next sync. The WAL's checksums find a torn tail.
//! - Pages may rot. They have no checksum, so every row is sealed to its place, and a tenant's ledger shows the ones that
//!   vanished. Rot in the WAL cuts it off there, which the high-water file shows, but for its last second: that cannot be
//!   told from a power cut.
//! - An audit log is in no ledger, so that trimming it costs nothing else: each entry is sealed to its tenant, time, id and
//!   kind, so it cannot be read, altered, moved or handed to another tenant, and one that does not open is told and left out
//!   of its list. But entries that vanish with a rotten page are not missed, nor one noticed that was put back after it was
//!   trimmed, and a tenant is never refused for the sake of its log; only a log whose pages cannot be written takes no commit.
//! - File locks work (no NFS without them) and the WAL's shared memory is shared: one machine.
//! - A full disk shows itself when something is written, not when it is synced. Where it shows itself only at the sync (some
//!   network and copy-on-write file systems) it counts as an error of the device.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot::{self, Receiver};
use tokio::sync::{Semaphore, TryAcquireError};
use uuid::Uuid;

use super::seal::Keyring;
use super::{
    AuditKeep, AuditPage, AuditQuery, Commit, CommitError, Kind, LoadError, Pending, Row, Seq,
    Store,
};
pub use open::OpenError;
use queue::{Message, Queued, Refused};
use reader::{Read, ReadJob};
pub use reports::{BatchReport, CheckpointReport, DamagedReport, Reports};
use shared::Shared;

mod apply;
pub(super) mod audit;
mod checkpoint;
pub(super) mod high_water;
mod ledger;
mod open;
mod purge;
mod queue;
pub(super) mod reader;
mod reports;
pub(super) mod rows;
pub(super) mod schema;
mod shared;
#[cfg(test)]
mod tests;
mod transact;
mod trim;
mod writer;

/// A clock, as a function: this layer reads none itself.
pub type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

pub struct Settings {
    /// Everything of the store is in it, and nothing else should be.
    pub directory: PathBuf,
    /// How many commits and loads may wait for the writer; past that they are `Busy`.
    pub commits_queued: usize,
    /// How many loads may be under way, from the call to the answer.
    pub loads_queued: usize,
    pub readers: usize,
    /// The WAL goes into the database when it has grown to this.
    pub wal_bytes_max: u64,
    /// Seconds since 1970, UTC.
    pub now: Clock,
    /// Any clock of microseconds that never goes back.
    pub micros: Clock,
}

/// The engine. Dropping it without `close` is like a crash: durable is what was acknowledged.
pub struct Sqlite {
    shared: Arc<Shared>,
    loads: Arc<Semaphore>,
    /// Apart from the loads: who reads logs must not keep tenants from being served.
    audits: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens the store in the directory, or makes a new one. It waits for the disk, so it belongs on a thread that may.
    pub fn open(settings: Settings, keyring: Keyring, reports: Reports) -> Result<Self, OpenError> {
        let loads = Arc::new(Semaphore::new(settings.loads_queued));
        let shared = open::open(settings, keyring, reports)?;
        let audits = Arc::new(Semaphore::new(AUDITS_QUEUED));
        Ok(Self {
            shared,
            loads,
            audits,
        })
    }

    /// Queues a read behind the commits that are queued already.
    fn read<T: Send + 'static>(
        &self,
        permits: &Arc<Semaphore>,
        read: impl FnOnce(oneshot::Sender<Result<T, LoadError>>) -> Read,
    ) -> Pending<Result<T, LoadError>> {
        let (reply, answer) = oneshot::channel();
        match self.push_read(permits, read(reply)) {
            Ok(()) => Box::pin(async { answer.await.unwrap_or(Err(LoadError::Fatal)) }),
            Err(Refused::Busy) => ready(Err(LoadError::Busy)),
            Err(Refused::Closed) => ready(Err(LoadError::Fatal)),
        }
    }

    fn push_read(&self, permits: &Arc<Semaphore>, read: Read) -> Result<(), Refused> {
        let permit = match Arc::clone(permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(Refused::Busy);
            }
        };
        self.shared
            .queue
            .push(Message::Read(ReadJob { read, permit }))
    }

    /// Runs on the writer's thread, with its connection, when its turn comes.
    #[cfg(test)]
    fn on_writer(&self, act: impl FnOnce(&rusqlite::Connection) + Send + 'static) {
        self.shared
            .queue
            .push(Message::Test(Box::new(act)))
            .unwrap();
    }
}

impl Store for Sqlite {
    fn commit(&self, commit: Commit) -> Pending<Result<Seq, CommitError>> {
        let (reply, answer) = oneshot::channel();
        match self
            .shared
            .queue
            .push(Message::Commit(Queued { commit, reply }))
        {
            // A writer that went away without an answer may have committed before.
            Ok(()) => waiting(answer, || CommitError::Unknown),
            Err(Refused::Busy) => ready(Err(CommitError::Busy)),
            Err(Refused::Closed) => ready(Err(CommitError::Fatal)),
        }
    }

    fn load(&self, tenant: Uuid) -> Pending<Result<Option<Vec<Row>>, LoadError>> {
        self.read(&self.loads, |reply| Read::Tenant(tenant, reply))
    }

    fn list(&self, kind: Kind) -> Pending<Result<Vec<(Uuid, Row)>, LoadError>> {
        self.read(&self.loads, |reply| Read::List(kind, reply))
    }

    fn audit(&self, tenant: Uuid, query: AuditQuery) -> Pending<Result<AuditPage, LoadError>> {
        self.read(&self.audits, |reply| Read::Audit(tenant, query, reply))
    }

    fn trim_audit(&self, tenant: Uuid, keep: AuditKeep) -> Pending<Result<u64, CommitError>> {
        let (reply, answer) = oneshot::channel();
        match self.push_read(&self.audits, Read::Surplus(tenant, keep, reply)) {
            Ok(()) => waiting(answer, || CommitError::Unknown),
            Err(Refused::Busy) => ready(Err(CommitError::Busy)),
            Err(Refused::Closed) => ready(Err(CommitError::Fatal)),
        }
    }

    fn close(&self) -> Pending<Result<(), CommitError>> {
        let (reply, answer) = oneshot::channel();
        self.shared.queue.close(reply);
        waiting(answer, || CommitError::Fatal)
    }
}

impl Drop for Sqlite {
    /// Only lets go; the threads end by themselves and nothing is written any more.
    fn drop(&mut self) {
        self.shared.queue.stop();
    }
}

fn waiting<T: Send + 'static>(
    answer: Receiver<Result<T, CommitError>>,
    lost: fn() -> CommitError,
) -> Pending<Result<T, CommitError>> {
    Box::pin(async move { answer.await.unwrap_or_else(|_| Err(lost())) })
}

fn ready<T: Send + 'static>(answer: T) -> Pending<T> {
    Box::pin(std::future::ready(answer))
}

/// The database's file name in the store's directory; `SQLite` adds `-wal` and `-shm`.
pub(super) const DATABASE: &str = "keywright.db";

/// The file that grows with what is stored.
pub fn database_file(directory: &Path) -> PathBuf {
    directory.join(DATABASE)
}

/// Lists and trims of audit logs, from the call to the answer.
const AUDITS_QUEUED: usize = 256;
