//! What the engine tells the outside: numbers and the end. The callbacks run on the engine's own threads, so they must be
//! short, and they never see a row.

use uuid::Uuid;

/// Called with a tenant and what is wrong with it.
pub type DamagedReport = Box<dyn Fn(Uuid, &str) + Send + Sync>;

/// Filled by whoever opens the store; the engine knows no log and no metrics.
pub struct Reports {
    /// After each batch was acknowledged.
    pub committed: Box<dyn Fn(&BatchReport) + Send + Sync>,
    /// After each WAL checkpoint.
    pub checkpointed: Box<dyn Fn(&CheckpointReport) + Send + Sync>,
    /// A tenant's rows are rotten or missing: which, and what is wrong.
    pub damaged: DamagedReport,
    /// Rot was met where it cannot be told whose it is: until the next start nothing is purged.
    pub purge_rests: Box<dyn Fn(&str) + Send + Sync>,
    /// Once, when the store has failed for good: the process must stop, the next start recovers.
    pub fatal: Box<dyn Fn(&str) + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchReport {
    pub accepted: u64,
    pub refused: u64,
    /// From the begin of the transaction until it was durable.
    pub micros: u64,
    /// Of that, what the disk took: the write to the WAL and its sync. `None`: there was nothing to write.
    pub sync_micros: Option<u64>,
    /// What the WAL holds since it was last started anew.
    pub wal_bytes: u64,
    /// The disk was full: all of the batch was answered so.
    pub full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointReport {
    pub micros: u64,
    /// False when a reader (a snapshot) still needs the WAL; it is tried again when the WAL has grown.
    pub complete: bool,
}

impl Reports {
    /// Tells nobody anything.
    pub fn silent() -> Self {
        Self {
            committed: Box::new(|_| ()),
            checkpointed: Box::new(|_| ()),
            damaged: Box::new(|_, _| ()),
            purge_rests: Box::new(|_| ()),
            fatal: Box::new(|_| ()),
        }
    }
}
