//! The snapshots of a directory, by their names; and the leftovers of those that were never finished. It reads no snapshot.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::{Manifest, SnapshotError, at, manifest};
use crate::store::{UnixSeconds, files};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub file: PathBuf,
    pub created: UnixSeconds,
    /// `None` when it is missing or cannot be read; the snapshot may be well all the same.
    pub manifest: Option<Manifest>,
}

/// All snapshots of the directory, the oldest first; none when there is no such directory.
pub fn list(directory: &Path) -> Result<Vec<Snapshot>, SnapshotError> {
    let mut snapshots = Vec::new();
    for file in entries(directory)? {
        if let Some(created) = created(&file) {
            let manifest = manifest::read(&file).ok().flatten();
            snapshots.push(Snapshot {
                file,
                created,
                manifest,
            });
        }
    }
    snapshots.sort_by_key(|snapshot| snapshot.created);
    Ok(snapshots)
}

/// `keywright-20261123T083328Z.snapshot`: sorts by time and needs no quoting.
pub(super) fn file_name(created: UnixSeconds) -> String {
    let time =
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(created)).to_string();
    let compact: String = time
        .chars()
        .filter(|character| !matches!(character, '-' | ':'))
        .collect();
    format!("{PREFIX}{compact}{SUFFIX}")
}

/// Held while something is written or removed in the directory.
pub(super) fn lock(directory: &Path) -> Result<File, SnapshotError> {
    let lock = files::lock(directory).map_err(at(directory))?;
    lock.ok_or_else(|| SnapshotError::Busy {
        directory: directory.to_owned(),
    })
}

/// Removes what a crash left: half-made files, and manifests that never got their snapshot. Only under the lock.
pub(super) fn sweep(directory: &Path) -> Result<(), SnapshotError> {
    for file in entries(directory)? {
        if is_unfinished(&file) || is_orphan(&file) {
            fs::remove_file(&file).map_err(at(&file))?;
        }
    }
    Ok(())
}

fn is_unfinished(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(PREFIX) && is_temporary(&name)
}

fn is_orphan(file: &Path) -> bool {
    let snapshot = file
        .to_str()
        .and_then(|file| file.strip_suffix(manifest::SUFFIX))
        .map(Path::new);
    snapshot.is_some_and(|snapshot| created(snapshot).is_some() && !snapshot.exists())
}

/// `SQLite` may leave a journal beside its temporary file.
fn is_temporary(name: &str) -> bool {
    [
        files::TEMPORARY_SUFFIX,
        ".tmp-journal",
        ".tmp-wal",
        ".tmp-shm",
    ]
    .iter()
    .any(|suffix| name.ends_with(suffix))
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(directory).map_err(at(directory))?;
    let paths: Result<Vec<PathBuf>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    paths.map_err(at(directory))
}

/// When a snapshot was made, by its name; `None` for any other file.
fn created(file: &Path) -> Option<UnixSeconds> {
    let name = file.file_name()?.to_str()?;
    let compact = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    if compact.len() != COMPACT_TIME || !compact.is_ascii() {
        return None;
    }
    let (date, time) = compact.split_once('T')?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    let time =
        humantime::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}")).ok()?;
    time.duration_since(UNIX_EPOCH)
        .ok()
        .map(|since| since.as_secs())
}

const PREFIX: &str = "keywright-";
const SUFFIX: &str = ".snapshot";
const COMPACT_TIME: usize = "20261123T083328Z".len();
