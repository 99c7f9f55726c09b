//! One commit inside the writer's transaction: judge its expectations, write its rows, keep the tenant's ledger. It never
//! begins or ends the transaction.

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use uuid::Uuid;

use super::audit;
use super::ledger::{Ledger, Ledgers, Place};
use super::queue::Answer;
use super::rows::{self, ReadError, integer};
use crate::store::pack::pack;
use crate::store::seal::Keyring;
use crate::store::{Change, Commit, CommitError, Expect, Put, Seq, UnixSeconds};

/// What a batch writes through.
pub(super) struct Batch<'a> {
    pub(super) connection: &'a Connection,
    pub(super) keyring: &'a Keyring,
    pub(super) ledgers: &'a mut Ledgers,
    /// The tenants whose ledgers the batch changed: each is written once, at its end.
    pub(super) changed: Vec<Uuid>,
}

/// Why a commit stops: an answer for its own caller, or something that concerns the whole batch.
enum Stop {
    Refused(CommitError),
    Engine(rusqlite::Error),
}

/// A rotten page or row concerns the tenants that need it; an error of the device concerns all.
impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Rotten(_) => Self::Refused(CommitError::Damaged),
            ReadError::Engine(error) => Self::Engine(error),
        }
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        ReadError::from(error).into()
    }
}

impl Batch<'_> {
    /// In its own savepoint: a refused commit leaves no trace and its neighbours alone.
    pub(super) fn apply(&mut self, commit: &Commit) -> rusqlite::Result<Answer> {
        self.execute("SAVEPOINT one")?;
        match self.change(commit) {
            Ok(ledger) => {
                self.execute("RELEASE one")?;
                let seq = ledger.seq;
                self.changed.push(commit.tenant);
                self.ledgers.keep(commit.tenant, ledger);
                Ok(Ok(seq))
            }
            Err(Stop::Refused(refusal)) => self.roll_back(refusal),
            Err(Stop::Engine(error)) => Err(error),
        }
    }

    /// Writes the ledgers that the batch changed.
    pub(super) fn finish(mut self) -> rusqlite::Result<()> {
        self.changed.sort_unstable();
        self.changed.dedup();
        for tenant in std::mem::take(&mut self.changed) {
            if let Some(ledger) = self.ledgers.find(tenant) {
                rows::write_ledger(self.connection, tenant, ledger, self.keyring)?;
            }
        }
        Ok(())
    }

    fn roll_back(&self, refusal: CommitError) -> rusqlite::Result<Answer> {
        self.execute("ROLLBACK TO one")?;
        self.execute("RELEASE one")?;
        Ok(Err(refusal))
    }

    /// The tenant's ledger as it is after the commit.
    fn change(&mut self, commit: &Commit) -> Result<Ledger, Stop> {
        let before = self.ledger(commit.tenant)?;
        let after = match &commit.change {
            Change::Create(puts) => self.create(commit.tenant, before.as_ref(), puts)?,
            Change::Update(puts) => self.put_all(commit.tenant, next(alive(before)?), puts)?,
            Change::Delete => return self.delete(commit.tenant, next(alive(before)?)),
        };
        for entry in &commit.audit {
            audit::add(self.connection, self.keyring, commit.tenant, entry)?;
        }
        Ok(after)
    }

    fn create(&self, tenant: Uuid, before: Option<&Ledger>, puts: &[Put]) -> Result<Ledger, Stop> {
        if before.is_some() {
            return Err(Stop::Refused(CommitError::Conflict));
        }
        // Rows without a ledger: the tenant was there, and its own row has rotted away.
        if self.prepare(ANY_ROW)?.exists([tenant.as_bytes()])? {
            return Err(Stop::Refused(CommitError::Damaged));
        }
        self.put_all(tenant, next(Ledger::default()), puts)
    }

    fn delete(&self, tenant: Uuid, mut ledger: Ledger) -> Result<Ledger, Stop> {
        ledger.delete();
        self.prepare("INSERT OR IGNORE INTO leaving(tenant) VALUES (?1)")?
            .execute([tenant.as_bytes()])?;
        Ok(ledger)
    }

    fn put_all(&self, tenant: Uuid, mut ledger: Ledger, puts: &[Put]) -> Result<Ledger, Stop> {
        for put in puts {
            self.put(tenant, &mut ledger, put)?;
        }
        Ok(ledger)
    }

    fn put(&self, tenant: Uuid, ledger: &mut Ledger, put: &Put) -> Result<(), Stop> {
        let old = self.old(tenant, put)?;
        if !expected(put.expect, old.as_ref()) {
            return Err(Stop::Refused(CommitError::Conflict));
        }
        if let Some(old) = &old {
            let place = Place {
                tenant,
                kind: put.kind,
                id: &put.id,
                seq: old.seq,
                expires: old.expires,
            };
            ledger.remove(put.kind, &place.binding());
        }
        match &put.data {
            Some(data) => self.write(tenant, ledger, put, data)?,
            None if old.is_some() => self.remove(tenant, put)?,
            None => (),
        }
        Ok(())
    }

    fn write(&self, tenant: Uuid, ledger: &mut Ledger, put: &Put, data: &[u8]) -> Result<(), Stop> {
        let expires = put.expires.map(|at| at.min(TIME_MAX));
        let place = Place {
            tenant,
            kind: put.kind,
            id: &put.id,
            seq: ledger.seq,
            expires,
        };
        let binding = place.binding();
        let sealed = self.keyring.seal_draft(&binding, pack(data));
        let (data, large) = if sealed.len() > LARGE {
            (&[][..], Some(self.set_apart(&sealed)?))
        } else {
            (&sealed[..], None)
        };
        let columns = (
            tenant.as_bytes(),
            put.kind.0,
            &*put.id,
            integer(ledger.seq),
            expires.map(integer),
            data,
            large,
        );
        self.prepare(UPSERT_ROW)?.execute(columns)?;
        ledger.add(put.kind, &binding);
        Ok(())
    }

    fn set_apart(&self, sealed: &[u8]) -> rusqlite::Result<i64> {
        self.prepare("INSERT INTO large(data) VALUES (?1)")?
            .insert([sealed])
    }

    fn remove(&self, tenant: Uuid, put: &Put) -> Result<(), Stop> {
        self.prepare(DELETE_ROW)?
            .execute((tenant.as_bytes(), put.kind.0, &*put.id))?;
        Ok(())
    }

    fn old(&self, tenant: Uuid, put: &Put) -> rusqlite::Result<Option<Old>> {
        let key = (tenant.as_bytes(), put.kind.0, &*put.id);
        let old = |row: &rusqlite::Row<'_>| {
            Ok(Old {
                seq: rows::unsigned(row, 0)?,
                expires: rows::time(row, 1)?,
            })
        };
        self.prepare(SELECT_ROW)?.query_row(key, old).optional()
    }

    fn ledger(&self, tenant: Uuid) -> Result<Option<Ledger>, Stop> {
        match self.ledgers.find(tenant) {
            Some(ledger) => Ok(Some(ledger.clone())),
            None => Ok(rows::read_ledger(self.connection, tenant, self.keyring)?),
        }
    }

    fn execute(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.prepare(sql)?.execute([]).map(drop)
    }

    fn prepare(&self, sql: &'static str) -> rusqlite::Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql)
    }
}

/// The row in whose place a put comes.
struct Old {
    seq: Seq,
    expires: Option<UnixSeconds>,
}

/// An expired row counts until it is purged: so nothing that was taken once is free again a moment too early.
fn expected(expect: Expect, old: Option<&Old>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => old.is_none(),
        Expect::Rev(seq) => old.is_some_and(|old| old.seq == seq),
    }
}

fn alive(ledger: Option<Ledger>) -> Result<Ledger, Stop> {
    ledger
        .filter(|ledger| !ledger.deleted)
        .ok_or(Stop::Refused(CommitError::Gone))
}

fn next(mut ledger: Ledger) -> Ledger {
    ledger.seq += 1;
    ledger
}

/// What a column can hold; the end of time is far enough beyond it.
const TIME_MAX: UnixSeconds = i64::MAX.unsigned_abs();
const ANY_ROW: &str = "SELECT 1 FROM row WHERE tenant = ?1 LIMIT 1";
const SELECT_ROW: &str = "SELECT seq, expires FROM row WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
const DELETE_ROW: &str = "DELETE FROM row WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
const UPSERT_ROW: &str = "INSERT INTO row(tenant, kind, id, seq, expires, data, large) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
    ON CONFLICT(tenant, kind, id) DO UPDATE \
    SET seq = excluded.seq, expires = excluded.expires, data = excluded.data, large = excluded.large";

/// With a longer one, a row would not fit a page of its tree.
const LARGE: usize = 800;
