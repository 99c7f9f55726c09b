//! What the threads of the store share: the queue, the keys, the callbacks, and whether it has failed. No rows.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::queue::Queue;
use super::reports::Reports;
use super::{Clock, Settings};
use crate::store::seal::Keyring;

pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) keyring: Keyring,
    pub(super) reports: Reports,
    pub(super) directory: PathBuf,
    pub(super) now: Clock,
    pub(super) micros: Clock,
    last_commit: AtomicU64,
    failed: AtomicBool,
    lock: Mutex<Option<File>>,
}

/// What opening found and made.
pub(super) struct Opened {
    pub(super) keyring: Keyring,
    pub(super) reports: Reports,
    pub(super) lock: File,
    pub(super) last_commit: u64,
}

impl Shared {
    pub(super) fn new(settings: Settings, opened: Opened) -> Self {
        Self {
            queue: Queue::new(settings.commits_queued),
            keyring: opened.keyring,
            reports: opened.reports,
            directory: settings.directory,
            now: settings.now,
            micros: settings.micros,
            last_commit: AtomicU64::new(opened.last_commit),
            failed: AtomicBool::new(false),
            lock: Mutex::new(Some(opened.lock)),
        }
    }

    /// The number of the last commit that is durable.
    pub(super) fn last_commit(&self) -> u64 {
        self.last_commit.load(Ordering::Acquire)
    }

    /// Only the writer, only after the sync.
    pub(super) fn add_commits(&self, accepted: u64) {
        self.last_commit.fetch_add(accepted, Ordering::Release);
    }

    /// The end, from any thread: told once, and nobody is left waiting.
    pub(super) fn fail(&self, what: &str) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            (self.reports.fatal)(what);
        }
        self.queue.stop();
    }

    pub(super) fn release_lock(&self) {
        self.lock.lock().take();
    }
}
