//! Trimming of audit logs, on the writer's thread: a reader has found what is to go, and it goes in bites between the batches,
//! each its own transaction. No commit waits for more than one bite.

use std::collections::VecDeque;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::audit::{self, Floor};
use super::rows::{self, ReadError};
use super::writer::{BITES_APART_MICROS, Failed, Writer};
use crate::store::CommitError;

/// A log of which everything up to `floor` goes.
pub(super) struct Trim {
    pub(super) tenant: Uuid,
    pub(super) floor: Floor,
    pub(super) gone: u64,
    pub(super) reply: oneshot::Sender<Result<u64, CommitError>>,
    /// Keeps their number bounded from the call to the answer.
    pub(super) _permit: OwnedSemaphorePermit,
}

/// One after the other.
#[derive(Default)]
pub(super) struct Trims {
    waiting: VecDeque<Trim>,
    bitten_at_micros: u64,
}

impl Trims {
    pub(super) fn add(&mut self, trim: Trim) {
        self.waiting.push_back(trim);
    }

    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Writer {
    /// Under load a bite now and then.
    pub(super) fn trim_is_due(&self) -> bool {
        let waited = (self.shared.micros)().saturating_sub(self.trims.bitten_at_micros);
        self.trims.are_waiting() && waited >= BITES_APART_MICROS
    }

    /// One bite of the trim that waits longest; answered when all of it is durably gone.
    pub(super) fn trim(&mut self) -> Result<(), Failed> {
        let Some(mut trim) = self.trims.waiting.pop_front() else {
            return Ok(());
        };
        self.trims.bitten_at_micros = (self.shared.micros)();
        match self.bite_log(&trim) {
            Ok(gone) => {
                trim.gone += gone;
                if gone < ENTRIES_A_BITE {
                    drop(trim.reply.send(Ok(trim.gone)));
                } else {
                    self.trims.waiting.push_front(trim);
                }
                let wal_bytes = self.wal_bytes()?;
                self.move_wal(wal_bytes)
            }
            Err(ReadError::Rotten(what)) => {
                (self.shared.reports.damaged)(trim.tenant, &what);
                drop(trim.reply.send(Err(CommitError::Damaged)));
                self.undo_bite()
            }
            Err(ReadError::Engine(error)) if rows::is_full(&error) => {
                drop(trim.reply.send(Err(CommitError::Full)));
                self.undo_bite()
            }
            Err(ReadError::Engine(error)) => Err(self.fail("trimming an audit log", &error)),
        }
    }

    fn bite_log(&self, trim: &Trim) -> Result<u64, ReadError> {
        self.execute("BEGIN IMMEDIATE")?;
        let gone =
            audit::remove_oldest(&self.connection, trim.tenant, &trim.floor, ENTRIES_A_BITE)?;
        self.execute("COMMIT")?;
        Ok(gone)
    }
}

/// A bite holds the writer up for a few milliseconds at most.
const ENTRIES_A_BITE: u64 = 1_000;
