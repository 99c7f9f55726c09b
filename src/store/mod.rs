//! Rows and an engine that keeps them. This layer has never heard of passkeys, HTTP or telemetry: it commits
//! puts of opaque bytes, and `Ok` means that they are durable.

use std::future::Future;
use std::pin::Pin;

use thiserror::Error;
use uuid::Uuid;

mod audit;
mod files;
pub mod memory;
mod pack;
pub mod seal;
pub mod snapshot;
pub mod sqlite;
#[cfg(test)]
mod tests;

pub use audit::{AuditKeep, AuditMatch, AuditPage, AuditQuery, AuditRow};

/// Seconds since 1970-01-01, UTC.
pub type UnixSeconds = u64;

/// Microseconds since 1970-01-01, UTC.
pub type UnixMicros = u64;

/// The number of a tenant's commit. It grows by one with each commit of the tenant, so no row ever has the same one twice.
pub type Seq = u64;

/// What the store will answer, once it knows.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The class of a row. The numbers belong to the layer above and are on disk: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u8);

/// A row as it is read back: opened, checked, and bound to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub kind: Kind,
    pub id: Box<[u8]>,
    pub seq: Seq,
    pub expires: Option<UnixSeconds>,
    pub data: Vec<u8>,
}

/// What a put expects to find in its place; a commit with one wrong expectation changes nothing. The puts of a commit come one
/// after the other, so one sees those before it. A row that has expired is not shown any more, but it is there until it is
/// purged: what was consumed once stays so a moment longer rather than a moment shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Any,
    Absent,
    Rev(Seq),
}

/// One row to write (`data` is `Some`) or to remove (`None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    pub kind: Kind,
    pub id: Box<[u8]>,
    pub expect: Expect,
    pub data: Option<Vec<u8>>,
    pub expires: Option<UnixSeconds>,
}

/// A change of one tenant: all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub tenant: Uuid,
    pub change: Change,
    /// What the tenant's audit log tells of it, or of something that changed nothing. An entry of the same time and id is the
    /// same one said again, and the first stays. With `Delete` there is no log left that could take any.
    pub audit: Vec<AuditRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The first commit of a tenant; refused with `Conflict` when the id was ever used.
    Create(Vec<Put>),
    /// Refused with `Gone` when the tenant was never created or is deleted.
    Update(Vec<Put>),
    /// The last commit of a tenant: every later one is `Gone`, all its rows and its audit log go, the id stays taken.
    Delete,
}

#[derive(Debug, Error)]
pub enum CommitError {
    #[error("a row was not as expected")]
    Conflict,
    #[error("the tenant does not exist any more")]
    Gone,
    #[error("it is not known whether the commit is durable; reload to find out")]
    Unknown,
    #[error("no space left in the store")]
    Full,
    #[error("too many commits are waiting")]
    Busy,
    /// Nothing was written. The tenant must not be served; a load tells what is wrong.
    #[error("the tenant's rows are damaged")]
    Damaged,
    #[error("the store has failed and takes no more commits")]
    Fatal,
}

#[derive(Debug, Error)]
pub enum LoadError {
    /// A rotten or missing row. The tenant must not be served; its neighbours are well.
    #[error("the tenant's rows are damaged: {0}")]
    Damaged(String),
    #[error("too many reads are waiting")]
    Busy,
    #[error("the store has failed")]
    Fatal,
}

/// An engine of rows. Memory (for tests) and `SQLite`.
pub trait Store: Send + Sync + 'static {
    /// Queues a commit at once, in the order of the calls; the future only waits for the answer, and dropping it takes nothing
    /// back.
    fn commit(&self, commit: Commit) -> Pending<Result<Seq, CommitError>>;

    /// Every row of a tenant that has not expired, read behind all commits that were queued before this call; `None` when there is no such tenant.
    fn load(&self, tenant: Uuid) -> Pending<Result<Option<Vec<Row>>, LoadError>>;

    /// The row of `kind` with an empty id, of every tenant that has one.
    fn list(&self, kind: Kind) -> Pending<Result<Vec<(Uuid, Row)>, LoadError>>;

    /// A page of a tenant's audit log, read behind all commits that were queued before this call; empty when there is no such
    /// tenant. An entry that does not open is told to the outside and left out of the page, but counted where nothing had to
    /// be opened to count it. `Damaged` speaks of the log, not of the tenant.
    fn audit(&self, tenant: Uuid, query: AuditQuery) -> Pending<Result<AuditPage, LoadError>>;

    /// Removes what need not be kept of a tenant's audit log, as it was when this was called, and says how many entries went.
    /// They go bite by bite: with any other answer than `Ok` some may be gone, and asking again does the rest.
    fn trim_audit(&self, tenant: Uuid, keep: AuditKeep) -> Pending<Result<u64, CommitError>>;

    /// Waits for all that is queued, then closes the engine. Later commits are `Fatal`.
    fn close(&self) -> Pending<Result<(), CommitError>>;
}
