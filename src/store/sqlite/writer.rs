//! The one thread that writes. It takes whatever is queued, commits it in one transaction, and only then answers; between
//! batches it moves the WAL and purges. It never retries an error of the device.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::{self, Checkpointer};
use super::high_water;
use super::ledger::Ledgers;
use super::purge::{Bite, Purge};
use super::queue::{Message, Next, Queued};
use super::reader::{ReadJob, Readers};
use super::reports::{BatchReport, CheckpointReport};
use super::rows::{self, ReadError};
use super::shared::Shared;
use super::trim::Trims;
use crate::store::{CommitError, UnixSeconds};

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) readers: Readers,
    pub(super) keeper: Keeper,
    pub(super) checkpointer: Checkpointer,
    pub(super) ledgers: Ledgers,
    pub(super) purging: Purging,
    pub(super) trims: Trims,
}

/// The thread of the high-water file; it ends when its channel does.
pub(super) struct Keeper {
    pub(super) alive: Sender<()>,
    pub(super) thread: JoinHandle<()>,
}

/// When the next bite is due.
#[derive(Debug, Default)]
pub(super) struct Purging {
    more: bool,
    looked_at: UnixSeconds,
    bitten_at_micros: u64,
    /// Rot was met: until the next start, what has expired stays; it is still never shown.
    resting: bool,
}

/// The store cannot go on; what happened was reported.
pub(super) struct Failed;

type Replies = Vec<oneshot::Sender<Result<(), CommitError>>>;

/// What one pass of the queue brought.
#[derive(Default)]
struct Pass {
    commits: Vec<Queued>,
    reads: Vec<ReadJob>,
}

impl Writer {
    /// Runs until the store is closed, let go or failed.
    pub(super) fn run(mut self) {
        let mut messages = Vec::with_capacity(MESSAGES_A_BATCH);
        loop {
            let patience = if self.purging.more || self.trims.are_waiting() {
                Duration::ZERO
            } else {
                IDLE
            };
            let done = match self
                .shared
                .queue
                .take(&mut messages, MESSAGES_A_BATCH, patience)
            {
                Next::Work => self.work(&mut messages),
                Next::Idle => self.purge().and_then(|()| self.trim()),
                Next::Close(replies) => return self.close(replies),
                Next::Stop => return self.stop(),
            };
            if let Err(Failed) = done {
                return self.stop();
            }
        }
    }

    fn work(&mut self, messages: &mut Vec<Message>) -> Result<(), Failed> {
        let pass = self.sort_out(messages);
        let result = self.commit(pass.commits);
        // Behind the commits that were queued before it, as a load promises.
        for read in pass.reads {
            match result {
                Ok(_) => self.readers.hand_over(read),
                Err(Failed) => read.fail(),
            }
        }
        if let Some(report) = result? {
            let wal_bytes = self.wal_bytes()?;
            (self.shared.reports.committed)(&BatchReport {
                wal_bytes,
                ..report
            });
            self.move_wal(wal_bytes)?;
        }
        if self.purge_is_due() {
            self.purge()?;
        }
        if self.trim_is_due() {
            self.trim()?;
        }
        Ok(())
    }

    fn sort_out(&mut self, messages: &mut Vec<Message>) -> Pass {
        let mut pass = Pass::default();
        for message in messages.drain(..) {
            match message {
                Message::Commit(queued) => pass.commits.push(queued),
                Message::Read(job) => pass.reads.push(job),
                Message::Trim(trim) => self.trims.add(trim),
                #[cfg(test)]
                Message::Test(act) => act(&self.connection),
            }
        }
        pass
    }

    pub(super) fn wal_bytes(&self) -> Result<u64, Failed> {
        self.checkpointer
            .wal_bytes(&self.connection)
            .map_err(|error| self.fail("looking at the WAL", &error))
    }

    pub(super) fn move_wal(&mut self, wal_bytes: u64) -> Result<(), Failed> {
        if !self.checkpointer.is_due(wal_bytes) {
            return Ok(());
        }
        let began = (self.shared.micros)();
        match self.checkpointer.passive(&self.connection) {
            Ok(complete) => {
                let micros = (self.shared.micros)().saturating_sub(began);
                (self.shared.reports.checkpointed)(&CheckpointReport { micros, complete });
                Ok(())
            }
            // The database could not grow; the WAL still has everything.
            Err(error) if rows::is_full(&error) => Ok(()),
            Err(error) => Err(self.fail("a WAL checkpoint", &error)),
        }
    }

    /// Under load a bite now and then; when idle, bite after bite.
    fn purge_is_due(&self) -> bool {
        let purging = &self.purging;
        let waited = (self.shared.micros)().saturating_sub(purging.bitten_at_micros);
        let look_again = (self.shared.now)() != purging.looked_at;
        !purging.resting && (look_again || purging.more) && waited >= BITES_APART_MICROS
    }

    fn purge(&mut self) -> Result<(), Failed> {
        if self.purging.resting {
            return Ok(());
        }
        self.purging.looked_at = (self.shared.now)();
        self.purging.bitten_at_micros = (self.shared.micros)();
        let bite = self.bite();
        self.purging.more = bite.as_ref().is_ok_and(|bite| bite.more);
        match bite {
            Ok(Bite { rows: 0, .. }) => Ok(()),
            Ok(_) => {
                let wal_bytes = self.wal_bytes()?;
                self.move_wal(wal_bytes)
            }
            Err(ReadError::Rotten(what)) => self.rest(&what),
            Err(ReadError::Engine(error)) if rows::is_full(&error) => self.undo_bite(),
            Err(ReadError::Engine(error)) => Err(self.fail("purging", &error)),
        }
    }

    fn bite(&mut self) -> Result<Bite, ReadError> {
        self.execute("BEGIN IMMEDIATE")?;
        let Self {
            connection,
            shared,
            ledgers,
            ..
        } = self;
        let bite = Purge {
            connection,
            keyring: &shared.keyring,
            ledgers,
            now: (shared.now)(),
        }
        .bite()?;
        self.execute("COMMIT")?;
        self.ledgers.trim();
        Ok(bite)
    }

    fn rest(&mut self, what: &str) -> Result<(), Failed> {
        self.purging.resting = true;
        (self.shared.reports.purge_rests)(what);
        self.undo_bite()
    }

    pub(super) fn undo_bite(&mut self) -> Result<(), Failed> {
        self.roll_back()
            .map_err(|error| self.fail("undoing a purge or a trim", &error))
    }

    /// Tells the outside, and lets nobody wait any more.
    pub(super) fn fail(&self, what: &str, error: &rusqlite::Error) -> Failed {
        self.shared.fail(&format!("{what} failed: {error}"));
        Failed
    }

    fn close(self, replies: Replies) {
        let Self {
            connection,
            shared,
            readers,
            keeper,
            ..
        } = self;
        readers.join();
        keeper.join();
        let settled = settle(&connection, &shared);
        shared.queue.stop();
        drop(connection);
        // Before the answer: whoever has it may open the store again.
        shared.release_lock();
        for reply in replies {
            drop(reply.send(if settled {
                Ok(())
            } else {
                Err(CommitError::Fatal)
            }));
        }
    }

    /// Without a word to the disk: what is durable is durable, and a failed device is not to be touched again.
    fn stop(self) {
        self.readers.join();
        self.keeper.join();
        self.shared.queue.stop();
        drop(self.connection);
        self.shared.release_lock();
    }
}

impl Keeper {
    fn join(self) {
        drop(self.alive);
        drop(self.thread.join());
    }
}

/// True when all is in the database and the high-water file says so.
fn settle(connection: &Connection, shared: &Shared) -> bool {
    match checkpoint::truncate(connection) {
        Ok(_) => (),
        // It stays in the WAL, and the next start moves it.
        Err(error) if rows::is_full(&error) => (),
        Err(error) => {
            shared.fail(&format!("the last WAL checkpoint failed: {error}"));
            return false;
        }
    }
    match high_water::write(&shared.directory, shared.last_commit()) {
        Err(error) if !high_water::is_full(&error) => {
            shared.fail(&format!("the high-water file cannot be written: {error}"));
            false
        }
        Ok(()) | Err(_) => true,
    }
}

/// Enough to share one sync among all who wait, few enough that the first does not wait long for the last.
const MESSAGES_A_BATCH: usize = 1024;
const IDLE: Duration = Duration::from_secs(1);
pub(super) const BITES_APART_MICROS: u64 = 20_000;
