//! Making a snapshot: copy, check, pack, sync, name. It reads the store through a connection of its own, beside the running
//! server or without one, and never writes in the store's directory.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Manifest, Snapshot, SnapshotError, archive, at, catalog, manifest};
use crate::store::seal::Keyring;
use crate::store::sqlite::{DATABASE, schema};
use crate::store::{UnixSeconds, files};

/// What to copy where.
#[derive(Debug, Clone)]
pub struct Creation {
    pub store: PathBuf,
    pub snapshots: PathBuf,
    /// Gives the snapshot its name.
    pub now: UnixSeconds,
}

/// Makes one snapshot. It takes as long as reading the whole database does: run it where that may block.
pub fn create(creation: &Creation, keyring: &Keyring) -> Result<Snapshot, SnapshotError> {
    let _lock = catalog::lock(&creation.snapshots)?;
    catalog::sweep(&creation.snapshots)?;
    let file = creation.snapshots.join(catalog::file_name(creation.now));
    if file.exists() {
        return Err(SnapshotError::Exists { path: file });
    }
    let copy = files::temporary(&file.with_extension("db"));
    let result = make(creation, keyring, &file, &copy);
    // Also after an error; what cannot be removed now is swept by the next run.
    drop(fs::remove_file(&copy));
    drop(fs::remove_file(files::temporary(&file)));
    result
}

fn make(
    creation: &Creation,
    keyring: &Keyring,
    file: &Path,
    copy: &Path,
) -> Result<Snapshot, SnapshotError> {
    copy_database(&creation.store, copy)?;
    let contents = check(copy, keyring)?;
    let packed = files::temporary(file);
    let written = archive::pack(copy, &packed, keyring)?;
    let manifest = Manifest {
        format: manifest::FORMAT,
        created: creation.now,
        bytes: written.bytes,
        sha256: written.sha256,
        tenants: contents.tenants,
        rows: contents.rows,
        audit_entries: contents.audit_entries,
        last_commit: contents.last_commit,
    };
    // The manifest first: where there is a snapshot, there is its manifest.
    manifest::write(file, &manifest)?;
    files::publish(&packed, file).map_err(at(file))?;
    Ok(Snapshot {
        file: file.to_owned(),
        created: creation.now,
        manifest: Some(manifest),
    })
}

fn copy_database(store: &Path, copy: &Path) -> Result<(), SnapshotError> {
    let database = store.join(DATABASE);
    if !database.exists() {
        return Err(SnapshotError::NoStore {
            directory: store.to_owned(),
        });
    }
    // SQLite fills an empty file, and would make one that all may read.
    files::create_private_file(copy).map_err(at(copy))?;
    let connection = schema::connect_copier(&database)?;
    let target = copy
        .to_str()
        .ok_or_else(|| at(copy)(std::io::ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [target])?;
    Ok(())
}

/// What a copy holds.
pub(super) struct Contents {
    pub(super) tenants: u64,
    pub(super) rows: u64,
    pub(super) audit_entries: u64,
    pub(super) last_commit: u64,
}

/// The copy is whole, of this schema and of these keys.
pub(super) fn check(copy: &Path, keyring: &Keyring) -> Result<Contents, SnapshotError> {
    let connection = schema::connect_reader(copy)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(SnapshotError::Damaged { found });
    }
    schema::check(&connection, keyring)?;
    let audit_entries = if schema::has_audit(&connection)? {
        count(&connection, "SELECT count(*) FROM audit")?
    } else {
        0
    };
    Ok(Contents {
        tenants: count(&connection, "SELECT count(*) FROM tenant")?,
        rows: count(&connection, "SELECT count(*) FROM row")?,
        audit_entries,
        last_commit: schema::last_commit(&connection)?,
    })
}

fn count(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection.query_row(sql, [], |row| row.get(0).map(i64::unsigned_abs))
}
