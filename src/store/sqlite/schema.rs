//! The tables, and connections whose pragmas are proven: a connection that `SQLite` set up otherwise than asked is an error,
//! never a warning.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::OpenError;
use crate::store::seal::Keyring;

/// Brings a copy that nobody else has open to today's tables; what it cannot read, it refuses.
pub(in crate::store) fn update(copy: &Path, keyring: &Keyring) -> Result<(), OpenError> {
    let connection = connect(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check(&connection, keyring)?;
    migrate(&connection)
}

/// The one connection that writes; the file must be there.
pub(super) fn connect_writer(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(FOREIGN_WRITER_WAIT)?;
    guard(&connection, WRITER_PRAGMAS)?;
    Ok(connection)
}

/// A connection that cannot write, for loads and snapshots.
pub(in crate::store) fn connect_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(FOREIGN_WRITER_WAIT)?;
    guard(&connection, READER_PRAGMAS)?;
    Ok(connection)
}

/// Like a reader; but `VACUUM INTO` writes its copy, which `query_only` would refuse.
pub(in crate::store) fn connect_copier(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(FOREIGN_WRITER_WAIT)?;
    guard(&connection, COPIER_PRAGMAS)?;
    Ok(connection)
}

/// Creates the tables in a new file, adds what a file of an older keywright lacks, and refuses one of a newer keywright or of
/// other keys.
pub(super) fn prepare(connection: &Connection, keyring: &Keyring) -> Result<(), OpenError> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        create(connection, keyring)?;
    }
    check(connection, keyring)?;
    migrate(connection)
}

/// Refuses what this version cannot read: a newer schema, or rows that the keyring does not open.
pub(in crate::store) fn check(connection: &Connection, keyring: &Keyring) -> Result<(), OpenError> {
    let schema: i64 = meta(connection, "schema")?;
    if schema > SCHEMA {
        return Err(OpenError::NewerSchema {
            found: schema,
            known: SCHEMA,
        });
    }
    if schema < 1 {
        return Err(OpenError::Meta { key: "schema" });
    }
    let canary: Vec<u8> = meta(connection, "canary")?;
    keyring
        .open(CANARY_BINDING, &canary)
        .map_err(OpenError::Keys)?;
    Ok(())
}

/// A snapshot may be of a time before there was an audit log.
pub(in crate::store) fn has_audit(connection: &Connection) -> Result<bool, OpenError> {
    let schema: i64 = meta(connection, "schema")?;
    Ok(schema >= SCHEMA_WITH_AUDIT)
}

/// The number of the last durable commit.
pub(in crate::store) fn last_commit(connection: &Connection) -> Result<u64, OpenError> {
    let number: i64 = meta(connection, "commit")?;
    u64::try_from(number).map_err(|_| OpenError::Meta { key: "commit" })
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // Closing must not write: after a failed sync SQLite would checkpoint as if nothing had happened.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(connection)
}

fn guard(
    connection: &Connection,
    pragmas: &[(&'static str, &'static str)],
) -> Result<(), OpenError> {
    for &(name, wanted) in pragmas {
        connection.pragma_update(None, name, wanted)?;
        let found = match connection.pragma_query_value(None, name, |row| row.get(0))? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Null | Value::Real(_) | Value::Blob(_) => String::new(),
        };
        if found != wanted {
            return Err(OpenError::Pragma {
                name,
                wanted,
                found,
            });
        }
    }
    Ok(())
}

fn create(connection: &Connection, keyring: &Keyring) -> Result<(), OpenError> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(AUDIT_TABLE)?;
    transaction.execute_batch(LARGE_TABLE)?;
    let insert = "INSERT INTO meta(key, value) VALUES (?1, ?2)";
    transaction.execute(insert, ("schema", SCHEMA))?;
    transaction.execute(insert, ("commit", 0_i64))?;
    transaction.execute(insert, ("canary", keyring.seal(CANARY_BINDING, b"")))?;
    transaction.commit()?;
    Ok(())
}

/// In one transaction: a crash leaves the old file or the new one.
fn migrate(connection: &Connection) -> Result<(), OpenError> {
    let found: i64 = meta(connection, "schema")?;
    if found == SCHEMA {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    if found < SCHEMA_WITH_AUDIT {
        transaction.execute_batch(AUDIT_TABLE)?;
    }
    transaction.execute_batch(LARGE_TABLE)?;
    transaction.execute("UPDATE meta SET value = ?1 WHERE key = 'schema'", [SCHEMA])?;
    transaction.commit()?;
    Ok(())
}

fn meta<T: rusqlite::types::FromSql>(
    connection: &Connection,
    key: &'static str,
) -> Result<T, OpenError> {
    let value = connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()?;
    value.ok_or(OpenError::Meta { key })
}

/// No tombstones of rows: there is one writer and a seq is never used twice, so nobody can mistake a new row for an old one.
/// `leaving` names the deleted tenants whose rows are not purged yet.
const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tenant(id BLOB PRIMARY KEY, seq INTEGER NOT NULL, data BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE leaving(tenant BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE row(
    tenant BLOB NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,
    seq INTEGER NOT NULL, expires INTEGER, data BLOB NOT NULL,
    PRIMARY KEY(tenant, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX row_expires ON row(expires) WHERE expires IS NOT NULL;
";

/// Since schema 2. `kind` stands beside the sealed data so that a list can choose and count without opening anything.
const AUDIT_TABLE: &str = "
CREATE TABLE audit(
    tenant BLOB NOT NULL, at INTEGER NOT NULL, id BLOB NOT NULL,
    kind INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY(tenant, at, id)
) STRICT, WITHOUT ROWID;
";

/// Since schema 3. A tree of rows compares whole entries, to the last page of the longest: long data stands apart, and what
/// looks for a short row beside it does not read it. `large` is its id, and then the row's own `data` is empty.
const LARGE_TABLE: &str = "
CREATE TABLE large(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
ALTER TABLE row ADD COLUMN large INTEGER;
CREATE TRIGGER row_deleted AFTER DELETE ON row WHEN old.large IS NOT NULL
BEGIN DELETE FROM large WHERE id = old.large; END;
CREATE TRIGGER row_replaced AFTER UPDATE ON row WHEN old.large IS NOT NULL AND old.large IS NOT new.large
BEGIN DELETE FROM large WHERE id = old.large; END;
";

/// `FULL` syncs the WAL at each commit. Memory-mapped reads would turn an I/O error into a signal. `cell_size_check` finds
/// rotten pages earlier. A WAL that a long reader let grow is cut back to `journal_size_limit` when it starts anew.
const WRITER_PRAGMAS: &[(&str, &str)] = &[
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("fullfsync", "1"),
    ("checkpoint_fullfsync", "1"),
    ("wal_autocheckpoint", "0"),
    ("journal_size_limit", "67108864"),
    ("mmap_size", "0"),
    ("cell_size_check", "1"),
    ("temp_store", "2"),
    ("trusted_schema", "0"),
];
const READER_PRAGMAS: &[(&str, &str)] = &[
    ("query_only", "1"),
    ("mmap_size", "0"),
    ("cell_size_check", "1"),
    ("temp_store", "2"),
    ("trusted_schema", "0"),
];
const COPIER_PRAGMAS: &[(&str, &str)] = &[
    ("mmap_size", "0"),
    ("cell_size_check", "1"),
    ("trusted_schema", "0"),
];

const SCHEMA: i64 = 3;
const SCHEMA_WITH_AUDIT: i64 = 2;
/// Opens with the right keys only, so wrong ones are told at start and not tenant by tenant.
const CANARY_BINDING: &[u8] = b"keywright canary v1";
const STATEMENTS_CACHED: usize = 32;
/// Only another program on our file can make us wait; after this it is an error.
const FOREIGN_WRITER_WAIT: Duration = Duration::from_secs(5);
