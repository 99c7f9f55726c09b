//! Verifying and restoring. Both unpack and check the whole snapshot; only a checked one ever becomes a store, and never in
//! the place of another.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::create::check;
use super::{Manifest, SnapshotError, archive, at, catalog, manifest};
use crate::store::seal::Keyring;
use crate::store::sqlite::rows::ReadError;
use crate::store::sqlite::{DATABASE, audit, high_water, reader, schema};
use crate::store::{UnixSeconds, files};

/// What a check of every byte found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub tenants: u64,
    pub rows: u64,
    pub audit_entries: u64,
    pub last_commit: u64,
    pub manifest: Option<Manifest>,
    /// These tenants were rotten when the snapshot was made; all others are whole.
    pub damaged: Vec<Uuid>,
    /// In the audit logs of these tenants are entries that do not open; the tenants may be whole all the same.
    pub audit_damaged: Vec<Uuid>,
}

/// Unpacks the snapshot beside itself, checks the file against its manifest, every row against its tenant and every audit
/// entry by itself, and removes the copy again.
pub fn verify(snapshot: &Path, keyring: &Keyring) -> Result<Verified, SnapshotError> {
    // Else a run that makes a snapshot would sweep the copy away.
    let _lock = catalog::lock(snapshot.parent().unwrap_or(Path::new(".")))?;
    let copy = files::temporary(&snapshot.with_extension("verify"));
    let verified = unpack_and_check(snapshot, &copy, keyring);
    drop(fs::remove_file(&copy));
    verified
}

/// Makes a store of the snapshot in a directory that is missing or empty.
pub fn restore(snapshot: &Path, keyring: &Keyring, into: &Path) -> Result<Verified, SnapshotError> {
    let _lock = catalog::lock(into)?;
    let database = into.join(DATABASE);
    let copy = files::temporary(&database);
    refuse_unless_empty(into)?;
    let verified =
        unpack_and_check(snapshot, &copy, keyring).inspect_err(|_| drop(fs::remove_file(&copy)))?;
    // First what the database must reach, then the database: a crash between leaves no store, and never an unguarded one.
    high_water::write(into, verified.last_commit).map_err(at(into))?;
    files::publish(&copy, &database).map_err(at(&database))?;
    Ok(verified)
}

/// A lock, a high-water file or half a copy may be left by a restore that crashed; where there is more, there may be a store.
fn refuse_unless_empty(directory: &Path) -> Result<(), SnapshotError> {
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        let name = entry.map_err(at(directory))?.file_name();
        let name = name.to_string_lossy();
        if name != files::LOCK
            && name != high_water::FILE
            && !name.ends_with(files::TEMPORARY_SUFFIX)
        {
            return Err(SnapshotError::NotEmpty {
                directory: directory.to_owned(),
            });
        }
    }
    Ok(())
}

fn unpack_and_check(
    snapshot: &Path,
    copy: &Path,
    keyring: &Keyring,
) -> Result<Verified, SnapshotError> {
    let manifest = manifest::read(snapshot)?;
    if let Some(manifest) = &manifest
        && manifest.sha256 != archive::file_sha256(snapshot)?
    {
        return Err(SnapshotError::NotAsManifest {
            path: snapshot.to_owned(),
        });
    }
    archive::unpack(snapshot, copy, keyring)?;
    let contents = check(copy, keyring)?;
    schema::update(copy, keyring)?;
    let connection = schema::connect_reader(copy)?;
    let damaged = damaged(&connection, keyring)?;
    let audit_damaged = audit::damaged(&connection, keyring)?;
    Ok(Verified {
        tenants: contents.tenants,
        rows: contents.rows,
        audit_entries: contents.audit_entries,
        last_commit: contents.last_commit,
        manifest,
        damaged,
        audit_damaged,
    })
}

fn damaged(connection: &Connection, keyring: &Keyring) -> Result<Vec<Uuid>, SnapshotError> {
    let mut statement = connection.prepare("SELECT id FROM tenant UNION SELECT tenant FROM row")?;
    let tenants = statement.query_map([], |row| row.get(0).map(Uuid::from_bytes))?;
    let mut damaged = Vec::new();
    for tenant in tenants {
        let tenant = tenant?;
        match reader::load(connection, tenant, keyring, NOTHING_HAS_EXPIRED) {
            Ok(_) => (),
            Err(ReadError::Rotten(_)) => damaged.push(tenant),
            Err(ReadError::Engine(error)) => return Err(error.into()),
        }
    }
    Ok(damaged)
}

const NOTHING_HAS_EXPIRED: UnixSeconds = 0;
