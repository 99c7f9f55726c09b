//! The audit logs: entries are added, listed and removed, and never changed. A log is not part of its tenant's ledger, and
//! nothing that is wrong with an entry is ever held against its tenant.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::ledger::AUDIT_DOMAIN;
use super::reader;
use super::rows::{self, ReadError};
use crate::store::pack::{pack, unpack};
use crate::store::seal::{Keyring, UnsealError};
use crate::store::{AuditKeep, AuditPage, AuditQuery, AuditRow};

/// Inside the transaction of the commit that it tells of.
pub(super) fn add(
    connection: &Connection,
    keyring: &Keyring,
    tenant: Uuid,
    entry: &AuditRow,
) -> rusqlite::Result<()> {
    let at = column(entry.at);
    let binding = binding(tenant, at, entry.id, entry.kind);
    let sealed = keyring.seal_draft(&binding, pack(&entry.data));
    let columns = (
        tenant.as_bytes(),
        at,
        entry.id.as_bytes(),
        entry.kind,
        sealed,
    );
    connection.prepare_cached(INSERT)?.execute(columns)?;
    Ok(())
}

/// What a query found, and what it could not open.
#[derive(Default)]
pub(super) struct Found {
    pub(super) page: AuditPage,
    rotten: u64,
    /// What is wrong with the first of them.
    first_rotten: String,
}

impl Found {
    /// A text for the operator; `None` when all is well.
    pub(super) fn damage(&self) -> Option<String> {
        let Self {
            rotten,
            first_rotten,
            ..
        } = self;
        (*rotten > 0).then(|| format!("{rotten} audit entries were left out; {first_rotten}"))
    }

    fn leave_out(&mut self, what: String) {
        if self.rotten == 0 {
            self.first_rotten = what;
        }
        self.rotten += 1;
    }

    fn open(
        &mut self,
        row: &rusqlite::Row<'_>,
        tenant: Uuid,
        keyring: &Keyring,
        then: impl FnOnce(&mut Self, AuditRow),
    ) -> Result<(), ReadError> {
        match open(row, tenant, keyring) {
            Ok(row) => then(self, row),
            Err(ReadError::Rotten(what)) => self.leave_out(what),
            Err(ReadError::Engine(error)) => return Err(ReadError::Engine(error)),
        }
        Ok(())
    }

    fn push(&mut self, row: AuditRow) {
        self.page.rows.push(row);
    }

    /// One that matches, in the order of the page.
    fn count_in(&mut self, row: AuditRow, query: &AuditQuery) {
        let place = self.page.total;
        self.page.total += 1;
        if place >= query.skip && place - query.skip < query.take {
            self.page.rows.push(row);
        }
    }
}

/// Counting opens nothing; only a match on the data opens more than the page, and stops when nobody waits any more.
pub(super) fn query(
    connection: &Connection,
    keyring: &Keyring,
    tenant: Uuid,
    query: &AuditQuery,
    abandoned: &dyn Fn() -> bool,
) -> Result<Found, ReadError> {
    // One transaction: the number and the page must be of the same moment.
    let transaction = connection.unchecked_transaction()?;
    let mut found = Found::default();
    if !is_there(&transaction, keyring, tenant)? {
        return Ok(found);
    }
    let range = Range::of(&transaction, tenant, query)?;
    match &query.matches {
        None => {
            let page = Page {
                skip: column(query.skip),
                take: column(query.take),
            };
            range.each(&transaction, page, |row| {
                found.open(row, tenant, keyring, Found::push)?;
                Ok(ControlFlow::Continue(()))
            })?;
            found.page.total = range.count(&transaction)?;
        }
        Some(matches) => range.each(&transaction, EVERY_ENTRY, |row| {
            found.open(row, tenant, keyring, |found, row| {
                if matches(&row.data) {
                    found.count_in(row, query);
                }
            })?;
            Ok(if abandoned() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?,
    }
    Ok(found)
}

/// The youngest entry that does not count: it and all before it lie beyond what is asked for or kept. There need not be one in
/// this very place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Floor {
    at: i64,
    /// Of any length: a rotten one must not keep what is around it from being listed or trimmed.
    id: Vec<u8>,
}

impl Floor {
    /// Every entry of that time, and of all before it, lies below.
    fn at_the_end_of(at: i64) -> Self {
        let id = vec![u8::MAX; 17];
        Self { at, id }
    }

    /// Every entry lies below it.
    pub(super) fn top() -> Self {
        Self::at_the_end_of(i64::MAX)
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            at: row.get(0)?,
            id: row.get(1)?,
        })
    }
}

/// What of a log need not be kept.
pub(super) enum Surplus {
    NoTenant,
    Nothing,
    UpTo(Floor),
}

pub(super) fn surplus(
    connection: &Connection,
    keyring: &Keyring,
    tenant: Uuid,
    keep: AuditKeep,
) -> Result<Surplus, ReadError> {
    let transaction = connection.unchecked_transaction()?;
    if !is_there(&transaction, keyring, tenant)? {
        return Ok(Surplus::NoTenant);
    }
    let floor = floor(&transaction, tenant, column(keep.since) - 1, keep.newest)?;
    let mut any = transaction.prepare_cached(ANY_UP_TO)?;
    Ok(if any.exists((tenant.as_bytes(), floor.at, &floor.id))? {
        Surplus::UpTo(floor)
    } else {
        Surplus::Nothing
    })
}

/// The oldest entries first, up to the floor and no more than `most`. The caller begins and ends the transaction.
pub(super) fn remove_oldest(
    connection: &Connection,
    tenant: Uuid,
    floor: &Floor,
    most: u64,
) -> Result<u64, ReadError> {
    let mut statement = connection.prepare_cached(SELECT_LAST_OF_BITE)?;
    let last = (tenant.as_bytes(), floor.at, &floor.id, column(most) - 1);
    let last = statement.query_row(last, Floor::read).optional()?;
    let last = last.as_ref().unwrap_or(floor);
    let gone =
        connection
            .prepare_cached(DELETE_UP_TO)?
            .execute((tenant.as_bytes(), last.at, &last.id))?;
    Ok(u64::try_from(gone).expect("a bite is small"))
}

/// Opens every entry of every tenant: whose log has some that do not?
pub(in crate::store) fn damaged(
    connection: &Connection,
    keyring: &Keyring,
) -> rusqlite::Result<Vec<Uuid>> {
    let mut damaged = Vec::new();
    let mut statement = connection.prepare("SELECT at, id, kind, data, tenant FROM audit")?;
    let mut columns = statement.query([])?;
    while let Some(row) = columns.next()? {
        let tenant = Uuid::from_bytes(row.get(4)?);
        match open(row, tenant, keyring) {
            Ok(_) => (),
            // The entries of a tenant stand side by side.
            Err(ReadError::Rotten(_)) if damaged.last() == Some(&tenant) => (),
            Err(ReadError::Rotten(_)) => damaged.push(tenant),
            Err(ReadError::Engine(error)) => return Err(error),
        }
    }
    Ok(damaged)
}

/// The entries that a query lets through, before any is opened.
struct Range {
    tenant: Uuid,
    floor: Floor,
    before: i64,
    /// For each kind a byte that is one when it is asked for; `None` for all.
    kinds: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
struct Page {
    skip: i64,
    take: i64,
}

impl Range {
    fn of(connection: &Connection, tenant: Uuid, query: &AuditQuery) -> Result<Self, ReadError> {
        let after = query.after.map_or(BEFORE_TIME, column);
        Ok(Self {
            tenant,
            floor: floor(connection, tenant, after, query.newest)?,
            before: query.before.map_or(i64::MAX, column),
            kinds: (!query.kinds.is_empty()).then(|| asked_for(&query.kinds)),
        })
    }

    fn count(&self, connection: &Connection) -> Result<u64, ReadError> {
        let mut statement = connection.prepare_cached(COUNT)?;
        let (tenant, kinds) = (self.tenant.as_bytes(), self.kinds.as_deref());
        let range = (tenant, self.floor.at, &self.floor.id, self.before, kinds);
        Ok(statement.query_row(range, |row| rows::unsigned(row, 0))?)
    }

    /// The newest first.
    fn each(
        &self,
        connection: &Connection,
        page: Page,
        mut visit: impl FnMut(&rusqlite::Row<'_>) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<(), ReadError> {
        let mut statement = connection.prepare_cached(SELECT)?;
        let mut columns = statement.query((
            self.tenant.as_bytes(),
            self.floor.at,
            &self.floor.id,
            self.before,
            self.kinds.as_deref(),
            page.take,
            page.skip,
        ))?;
        while let Some(row) = columns.next()? {
            if visit(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Below it is what is not younger than `after`, and what is not among the newest so many.
fn floor(
    connection: &Connection,
    tenant: Uuid,
    after: i64,
    newest: u64,
) -> Result<Floor, ReadError> {
    let mut statement = connection.prepare_cached(SELECT_FLOOR)?;
    let youngest = (tenant.as_bytes(), after, column(newest));
    let surplus = statement.query_row(youngest, Floor::read);
    let surplus = surplus.optional()?;
    Ok(surplus.unwrap_or_else(|| Floor::at_the_end_of(after)))
}

/// A deleted tenant's entries go in bites and are not shown any more.
fn is_there(connection: &Connection, keyring: &Keyring, tenant: Uuid) -> Result<bool, ReadError> {
    match rows::read_ledger(connection, tenant, keyring)? {
        Some(ledger) => Ok(!ledger.deleted),
        None => Ok(reader::no_tenant(connection, tenant)?.is_some()),
    }
}

fn open(row: &rusqlite::Row<'_>, tenant: Uuid, keyring: &Keyring) -> Result<AuditRow, ReadError> {
    let at: i64 = row.get(0)?;
    let id = Uuid::from_bytes(row.get(1)?);
    let kind = row.get(2)?;
    let sealed = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
    let data = keyring
        .open(&binding(tenant, at, id, kind), sealed)
        .and_then(|packed| unpack(packed).ok_or(UnsealError::Malformed))
        .map_err(|error| ReadError::Rotten(format!("the one of {at} (kind {kind}): {error}")))?;
    Ok(AuditRow {
        at: rows::unsigned(row, 0)?,
        id,
        kind,
        data,
    })
}

/// All of a fixed length.
fn binding(tenant: Uuid, at: i64, id: Uuid, kind: u8) -> [u8; 42] {
    let mut binding = [AUDIT_DOMAIN; 42];
    binding[1..17].copy_from_slice(tenant.as_bytes());
    binding[17..25].copy_from_slice(&at.to_be_bytes());
    binding[25..41].copy_from_slice(id.as_bytes());
    binding[41] = kind;
    binding
}

fn asked_for(kinds: &[u8]) -> Vec<u8> {
    (0..=u8::MAX)
        .map(|kind| u8::from(kinds.contains(&kind)))
        .collect()
}

/// What a column can hold; the end of time is far enough beyond it.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

const BEFORE_TIME: i64 = -1;
/// `SQLite` takes a negative limit for none.
const EVERY_ENTRY: Page = Page { skip: 0, take: -1 };
const INSERT: &str = "INSERT INTO audit(tenant, at, id, kind, data) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const SELECT_FLOOR: &str = "SELECT at, id FROM audit WHERE tenant = ?1 AND at > ?2 \
    ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?3";
const SELECT: &str = "SELECT at, id, kind, data FROM audit \
    WHERE tenant = ?1 AND (at, id) > (?2, ?3) AND at < ?4 AND (?5 IS NULL OR substr(?5, kind + 1, 1) = x'01') \
    ORDER BY at DESC, id DESC LIMIT ?6 OFFSET ?7";
const COUNT: &str = "SELECT count(*) FROM audit \
    WHERE tenant = ?1 AND (at, id) > (?2, ?3) AND at < ?4 AND (?5 IS NULL OR substr(?5, kind + 1, 1) = x'01')";
const ANY_UP_TO: &str = "SELECT 1 FROM audit WHERE tenant = ?1 AND (at, id) <= (?2, ?3) LIMIT 1";
const SELECT_LAST_OF_BITE: &str = "SELECT at, id FROM audit WHERE tenant = ?1 AND (at, id) <= (?2, ?3) \
    ORDER BY at, id LIMIT 1 OFFSET ?4";
const DELETE_UP_TO: &str = "DELETE FROM audit WHERE tenant = ?1 AND (at, id) <= (?2, ?3)";
