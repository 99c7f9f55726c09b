//! What the store reports, and what is done with what it keeps: snapshots, and audit logs.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounter, IntGauge, Registry};

use super::instruments::{BATCH, VALID, counter, counters, gauge, histogram, register, signed};
use super::table::SECONDS;
use super::worker::Attempt;

/// What the store tells after each batch.
#[derive(Debug, Clone, Copy)]
pub struct CommitBatch {
    pub commits: u64,
    /// Those that were not accepted: all of them, where the disk was full.
    pub refused: u64,
    pub is_full: bool,
    pub duration: Duration,
    /// Of that, what the disk took. `None`: it was asked for nothing.
    pub sync: Option<Duration>,
    pub wal_bytes: u64,
}

/// A snapshot that was made.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotMade {
    pub unix_seconds: u64,
    pub bytes: u64,
}

/// How much room the store has.
#[derive(Debug, Clone, Copy)]
pub struct Disk {
    pub bytes: u64,
    pub free_bytes: u64,
}

#[derive(Debug, Clone)]
pub(super) struct StoreMetrics {
    commits: IntCounter,
    commits_full: IntCounter,
    commits_rejected: IntCounter,
    commit_seconds: Histogram,
    commit_batch: Histogram,
    sync_seconds: Histogram,
    damaged: IntCounter,
    wal: WalMetrics,
    disk: DiskMetrics,
}

#[derive(Debug, Clone)]
struct WalMetrics {
    bytes: IntGauge,
    checkpoints: Vec<IntCounter>,
    checkpoint_seconds: Histogram,
}

#[derive(Debug, Clone)]
struct DiskMetrics {
    database_bytes: IntGauge,
    bytes: IntGauge,
    free_bytes: IntGauge,
}

impl StoreMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let refused = (
            "keywright_store_commits_refused_total",
            "Commits that were refused: by a full disk, or because something was not as they expected.",
        );
        let refused = counters(registry, refused, "cause", &["full", "rejected"]);
        let [commits_full, commits_rejected] = <[IntCounter; 2]>::try_from(refused).expect(VALID);
        Self {
            commits_full,
            commits_rejected,
            commits: counter(
                registry,
                "keywright_store_commits_total",
                "Durable commits.",
            ),
            commit_seconds: histogram(
                registry,
                "keywright_store_commit_duration_seconds",
                "Time of a batch of commits, sync included.",
                &SECONDS,
            ),
            commit_batch: histogram(
                registry,
                "keywright_store_commit_batch_size",
                "Commits that shared one sync.",
                &BATCH,
            ),
            sync_seconds: histogram(
                registry,
                "keywright_store_sync_duration_seconds",
                "Time until the disk had a batch: the write to the write-ahead log and its sync.",
                &SECONDS,
            ),
            damaged: counter(
                registry,
                "keywright_store_damaged_total",
                "Times that rows of a tenant were found rotten or missing.",
            ),
            wal: WalMetrics::new(registry),
            disk: DiskMetrics::new(registry),
        }
    }

    pub(super) fn committed(&self, batch: &CommitBatch) {
        self.commits.inc_by(batch.commits);
        let refused = if batch.is_full {
            &self.commits_full
        } else {
            &self.commits_rejected
        };
        refused.inc_by(batch.refused);
        self.commit_seconds.observe(batch.duration.as_secs_f64());
        let commits = u32::try_from(batch.commits).unwrap_or(u32::MAX);
        self.commit_batch.observe(f64::from(commits));
        if let Some(sync) = batch.sync {
            self.sync_seconds.observe(sync.as_secs_f64());
        }
        self.wal.bytes.set(signed(batch.wal_bytes));
    }

    pub(super) fn wal_moved(&self, duration: Duration, is_complete: bool) {
        self.wal.checkpoints[usize::from(!is_complete)].inc();
        self.wal.checkpoint_seconds.observe(duration.as_secs_f64());
        if is_complete {
            self.wal.bytes.set(0);
        }
    }

    pub(super) fn damaged(&self) {
        self.damaged.inc();
    }

    pub(super) fn database_bytes(&self, bytes: u64) {
        self.disk.database_bytes.set(signed(bytes));
    }

    pub(super) fn disk(&self, disk: Disk) {
        self.disk.bytes.set(signed(disk.bytes));
        self.disk.free_bytes.set(signed(disk.free_bytes));
    }
}

impl WalMetrics {
    fn new(registry: &Registry) -> Self {
        let checkpoints = (
            "keywright_store_wal_checkpoints_total",
            "Times that the write-ahead log was moved into the database: whole, or only up to what a reader still needed.",
        );
        Self {
            bytes: gauge(
                registry,
                "keywright_store_wal_bytes",
                "Size of what the write-ahead log holds beyond the database.",
            ),
            checkpoints: counters(registry, checkpoints, "result", &["complete", "partial"]),
            checkpoint_seconds: histogram(
                registry,
                "keywright_store_wal_checkpoint_duration_seconds",
                "Time that moving the write-ahead log into the database took.",
                &SECONDS,
            ),
        }
    }
}

impl DiskMetrics {
    fn new(registry: &Registry) -> Self {
        Self {
            database_bytes: gauge(
                registry,
                "keywright_store_database_bytes",
                "Size of the database file.",
            ),
            bytes: gauge(
                registry,
                "keywright_store_disk_bytes",
                "Size of the file system that the store is on.",
            ),
            free_bytes: gauge(
                registry,
                "keywright_store_disk_free_bytes",
                "What is free there, for this process.",
            ),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct SnapshotMetrics {
    attempts: Vec<IntCounter>,
    duration_seconds: Gauge,
    last: IntGauge,
    last_bytes: IntGauge,
    interval: IntGauge,
}

impl SnapshotMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let attempts = ("keywright_snapshots_total", "File snapshots by result.");
        let results: Vec<_> = Attempt::ALL.iter().map(|it| it.as_str()).collect();
        let duration_seconds = Gauge::new(
            "keywright_snapshot_duration_seconds",
            "Time that the last file snapshot took, whatever its result.",
        );
        let duration_seconds = duration_seconds.expect(VALID);
        register(registry, duration_seconds.clone());
        Self {
            attempts: counters(registry, attempts, "result", &results),
            duration_seconds,
            last: gauge(
                registry,
                "keywright_snapshot_last_success_timestamp_seconds",
                "When the newest file snapshot was made; 0: there is none.",
            ),
            last_bytes: gauge(
                registry,
                "keywright_snapshot_last_bytes",
                "Size of the newest file snapshot.",
            ),
            interval: gauge(
                registry,
                "keywright_snapshot_interval_seconds",
                "How often a file snapshot is to be made; 0: never.",
            ),
        }
    }

    pub(super) fn attempted(&self, attempt: Attempt, duration: Duration) {
        self.attempts[attempt.index()].inc();
        self.duration_seconds.set(duration.as_secs_f64());
    }

    pub(super) fn newest(&self, snapshot: SnapshotMade) {
        self.last.set(signed(snapshot.unix_seconds));
        self.last_bytes.set(signed(snapshot.bytes));
    }

    pub(super) fn interval(&self, interval: Duration) {
        self.interval.set(signed(interval.as_secs()));
    }
}

/// What becomes of what the audit log is told.
#[derive(Debug, Clone)]
pub(super) struct AuditMetrics {
    pub(super) entries: IntCounter,
    pub(super) trimmed: IntCounter,
    pub(super) dropped: IntCounter,
    pub(super) lines_dropped: IntCounter,
}

impl AuditMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            entries: counter(
                registry,
                "keywright_audit_entries_total",
                "Entries of audit logs that are durable.",
            ),
            trimmed: counter(
                registry,
                "keywright_audit_trimmed_total",
                "Entries of audit logs that were too old, or too many.",
            ),
            dropped: counter(
                registry,
                "keywright_audit_dropped_total",
                "Entries of audit logs that were lost: too many waited, or the store refused them.",
            ),
            lines_dropped: counter(
                registry,
                "keywright_audit_lines_dropped_total",
                "Entries of audit logs that stdout was too slow for.",
            ),
        }
    }
}
