//! A batch: one transaction for all the commits that were queued, then an answer for each. `Ok` is said after the sync and
//! never before.

use super::apply::Batch;
use super::queue::{Answer, Queued};
use super::reports::BatchReport;
use super::rows::{self, integer};
use super::writer::{Failed, Writer};
use crate::store::CommitError;

/// A transaction that is over: what each of its commits is answered.
struct Done {
    answers: Vec<Answer>,
    /// `None`: nothing had to be written.
    sync_micros: Option<u64>,
}

impl Writer {
    pub(super) fn commit(&mut self, commits: Vec<Queued>) -> Result<Option<BatchReport>, Failed> {
        if commits.is_empty() {
            return Ok(None);
        }
        let began = (self.shared.micros)();
        match self.transact(&commits) {
            Ok(done) => Ok(Some(self.acknowledge(commits, done, began))),
            Err(error) if rows::is_full(&error) => self.refuse_full(commits, began).map(Some),
            Err(error) => {
                let failed = self.fail("a commit", &error);
                answer_all(commits, || CommitError::Unknown);
                Err(failed)
            }
        }
    }

    fn acknowledge(&self, commits: Vec<Queued>, done: Done, began: u64) -> BatchReport {
        let Done {
            answers,
            sync_micros,
        } = done;
        let micros = (self.shared.micros)().saturating_sub(began);
        let accepted = accepted(&answers);
        let refused = count(answers.len()) - accepted;
        self.shared.add_commits(accepted);
        answer(commits, answers);
        BatchReport {
            accepted,
            refused,
            micros,
            sync_micros,
            wal_bytes: 0,
            full: false,
        }
    }

    /// A full disk: nothing of the batch was written, and everything that is there is well.
    fn refuse_full(&mut self, commits: Vec<Queued>, began: u64) -> Result<BatchReport, Failed> {
        if let Err(error) = self.roll_back() {
            let failed = self.fail("a rollback on a full disk", &error);
            answer_all(commits, || CommitError::Unknown);
            return Err(failed);
        }
        let micros = (self.shared.micros)().saturating_sub(began);
        let refused = count(commits.len());
        answer_all(commits, || CommitError::Full);
        Ok(BatchReport {
            accepted: 0,
            refused,
            micros,
            sync_micros: None,
            wal_bytes: 0,
            full: true,
        })
    }

    /// All commits in one transaction, each answered for itself. Nothing is durable unless this is `Ok`.
    fn transact(&mut self, commits: &[Queued]) -> rusqlite::Result<Done> {
        self.execute("BEGIN IMMEDIATE")?;
        let Self {
            connection,
            shared,
            ledgers,
            ..
        } = self;
        let mut batch = Batch {
            connection,
            keyring: &shared.keyring,
            ledgers,
            changed: Vec::new(),
        };
        let answers = commits
            .iter()
            .map(|queued| batch.apply(&queued.commit))
            .collect::<Result<Vec<_>, _>>()?;
        batch.finish()?;
        let sync_micros = match accepted(&answers) {
            0 => self.execute("ROLLBACK").map(|()| None)?,
            accepted => {
                self.count_commits(accepted)?;
                self.sync().map(Some)?
            }
        };
        self.ledgers.trim();
        Ok(Done {
            answers,
            sync_micros,
        })
    }

    /// How long the disk took to have the transaction.
    fn sync(&self) -> rusqlite::Result<u64> {
        let began = (self.shared.micros)();
        self.execute("COMMIT")?;
        Ok((self.shared.micros)().saturating_sub(began))
    }

    fn count_commits(&self, accepted: u64) -> rusqlite::Result<()> {
        let number = integer(self.shared.last_commit() + accepted);
        let sql = "UPDATE meta SET value = ?1 WHERE key = 'commit'";
        match self.connection.prepare_cached(sql)?.execute([number])? {
            1 => Ok(()),
            changed => Err(rusqlite::Error::StatementChangedRows(changed)),
        }
    }

    /// After this the disk alone knows the ledgers.
    pub(super) fn roll_back(&mut self) -> rusqlite::Result<()> {
        self.ledgers.forget_all();
        // Some errors end the transaction by themselves.
        if self.connection.is_autocommit() {
            Ok(())
        } else {
            self.execute("ROLLBACK")
        }
    }

    pub(super) fn execute(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// Whoever waited may have gone away; the commit holds all the same.
fn answer(commits: Vec<Queued>, answers: Vec<Answer>) {
    for (queued, answer) in commits.into_iter().zip(answers) {
        drop(queued.reply.send(answer));
    }
}

fn answer_all(commits: Vec<Queued>, error: fn() -> CommitError) {
    for queued in commits {
        drop(queued.reply.send(Err(error())));
    }
}

fn accepted(answers: &[Answer]) -> u64 {
    count(answers.iter().filter(|answer| answer.is_ok()).count())
}

fn count(commits: usize) -> u64 {
    u64::try_from(commits).expect("a batch is small")
}
