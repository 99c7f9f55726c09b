//! Removes, in small bites between the batches, the rows that have expired and those of deleted tenants. Every bite is its own
//! transaction and keeps the ledgers right; a bite that fails on a full disk is simply tried again later.

use rusqlite::Connection;
use uuid::Uuid;

use super::audit::{self, Floor};
use super::ledger::{Ledgers, Place};
use super::rows::{self, ReadError, integer};
use crate::store::seal::Keyring;
use crate::store::{Kind, Seq, UnixSeconds};

/// What a bite needs. The caller begins and ends the transaction.
pub(super) struct Purge<'a> {
    pub(super) connection: &'a Connection,
    pub(super) keyring: &'a Keyring,
    pub(super) ledgers: &'a mut Ledgers,
    pub(super) now: UnixSeconds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bite {
    pub(super) rows: u64,
    pub(super) more: bool,
}

impl Purge<'_> {
    pub(super) fn bite(&mut self) -> Result<Bite, ReadError> {
        match self.leaving_tenant()? {
            Some(tenant) => self.purge_leaving(tenant),
            None => self.purge_expired(),
        }
    }

    fn leaving_tenant(&self) -> Result<Option<Uuid>, ReadError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT tenant FROM leaving LIMIT 1")?;
        let mut rows = statement.query([])?;
        Ok(rows
            .next()?
            .map(|row| row.get(0).map(Uuid::from_bytes))
            .transpose()?)
    }

    /// Its ledger counts no rows already since the tenant was deleted.
    fn purge_leaving(&self, tenant: Uuid) -> Result<Bite, ReadError> {
        let rows = counted(
            self.connection
                .prepare_cached(DELETE_SOME)?
                .execute((tenant.as_bytes(), ROWS_A_BITE))?,
        );
        if rows < u64::from(ROWS_A_BITE) {
            return self.purge_log(tenant, rows);
        }
        Ok(Bite { rows, more: true })
    }

    /// What is left of the bite goes to the audit log; when that is gone too, so is the tenant.
    fn purge_log(&self, tenant: Uuid, rows: u64) -> Result<Bite, ReadError> {
        let left = u64::from(ROWS_A_BITE) - rows;
        let entries = audit::remove_oldest(self.connection, tenant, &Floor::top(), left)?;
        if entries < left {
            self.connection
                .prepare_cached("DELETE FROM leaving WHERE tenant = ?1")?
                .execute([tenant.as_bytes()])?;
        }
        Ok(Bite {
            rows: rows + entries,
            more: true,
        })
    }

    fn purge_expired(&mut self) -> Result<Bite, ReadError> {
        let expired = self.expired()?;
        let mut changed = Vec::new();
        for row in &expired {
            if self.strike_out(row)? {
                changed.push(row.tenant);
            }
            self.connection.prepare_cached(DELETE_ONE)?.execute((
                row.tenant.as_bytes(),
                row.kind.0,
                &*row.id,
            ))?;
        }
        changed.sort_unstable();
        changed.dedup();
        for tenant in changed {
            self.write_ledger(tenant)?;
        }
        let rows = counted(expired.len());
        Ok(Bite {
            rows,
            more: rows == u64::from(ROWS_A_BITE),
        })
    }

    fn expired(&self) -> Result<Vec<Expired>, ReadError> {
        let mut statement = self.connection.prepare_cached(SELECT_EXPIRED)?;
        let rows = statement.query_map((integer(self.now), ROWS_A_BITE), |row| {
            Ok(Expired {
                tenant: row.get(0).map(Uuid::from_bytes)?,
                kind: Kind(row.get(1)?),
                id: row.get(2)?,
                seq: rows::unsigned(row, 3)?,
                expires: rows::time(row, 4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes the row from its tenant's ledger. False where there is no ledger that counts it: the tenant is deleted, or
    /// rotten, and then no load will ever serve it.
    fn strike_out(&mut self, row: &Expired) -> Result<bool, ReadError> {
        let ledger = match self.ledgers.find(row.tenant) {
            Some(ledger) => Ok(Some(ledger.clone())),
            None => rows::read_ledger(self.connection, row.tenant, self.keyring),
        };
        let mut ledger = match ledger {
            Ok(Some(ledger)) if !ledger.deleted => ledger,
            Ok(_) | Err(ReadError::Rotten(_)) => return Ok(false),
            Err(ReadError::Engine(error)) => return Err(ReadError::Engine(error)),
        };
        let place = Place {
            tenant: row.tenant,
            kind: row.kind,
            id: &row.id,
            seq: row.seq,
            expires: row.expires,
        };
        ledger.remove(row.kind, &place.binding());
        self.ledgers.keep(row.tenant, ledger);
        Ok(true)
    }

    fn write_ledger(&self, tenant: Uuid) -> Result<(), ReadError> {
        match self.ledgers.find(tenant) {
            Some(ledger) => Ok(rows::write_ledger(
                self.connection,
                tenant,
                ledger,
                self.keyring,
            )?),
            None => Ok(()),
        }
    }
}

struct Expired {
    tenant: Uuid,
    kind: Kind,
    id: Box<[u8]>,
    seq: Seq,
    expires: Option<UnixSeconds>,
}

fn counted(rows: usize) -> u64 {
    u64::try_from(rows).expect("a bite is small")
}

/// A bite holds the writer up for a few milliseconds at most.
const ROWS_A_BITE: u32 = 256;
const SELECT_EXPIRED: &str = "SELECT tenant, kind, id, seq, expires FROM row WHERE expires IS NOT NULL AND expires <= ?1 ORDER BY expires LIMIT ?2";
const DELETE_ONE: &str = "DELETE FROM row WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
const DELETE_SOME: &str = "DELETE FROM row WHERE tenant = ?1 AND (kind, id) IN (SELECT kind, id FROM row WHERE tenant = ?1 LIMIT ?2)";
