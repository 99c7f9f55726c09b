//! Which snapshots may go. The newest one never does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Snapshot, SnapshotError, at, catalog, manifest};
use crate::store::files;

/// How many hours and days (of those that have a snapshot) keep their newest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub hourly: usize,
    pub daily: usize,
}

/// Removes what is not to be kept and says what went.
pub fn prune(directory: &Path, keep: Keep) -> Result<Vec<Snapshot>, SnapshotError> {
    let _lock = catalog::lock(directory)?;
    catalog::sweep(directory)?;
    let mut snapshots = catalog::list(directory)?;
    snapshots.reverse();
    let kept = kept(&snapshots, keep);
    let mut gone = Vec::new();
    for (index, snapshot) in snapshots.into_iter().enumerate() {
        if !kept.contains(&index) {
            remove(&snapshot.file)?;
            gone.push(snapshot);
        }
    }
    files::sync_directory(directory).map_err(at(directory))?;
    Ok(gone)
}

/// The snapshot first: a manifest without one is swept, a snapshot without manifest would look whole.
fn remove(snapshot: &Path) -> Result<(), SnapshotError> {
    fs::remove_file(snapshot).map_err(at(snapshot))?;
    let manifest = manifest::path_beside(snapshot);
    match fs::remove_file(&manifest) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&manifest)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The places in `newest_first` that stay.
fn kept(newest_first: &[Snapshot], keep: Keep) -> BTreeSet<usize> {
    let mut kept = BTreeSet::from([0]);
    kept.extend(newest_of_slots(newest_first, keep.hourly, HOUR_SECONDS));
    kept.extend(newest_of_slots(newest_first, keep.daily, DAY_SECONDS));
    kept
}

fn newest_of_slots(newest_first: &[Snapshot], slots_max: usize, slot_seconds: u64) -> Vec<usize> {
    let mut newest: Vec<(u64, usize)> = newest_first
        .iter()
        .enumerate()
        .map(|(index, snapshot)| (snapshot.created / slot_seconds, index))
        .collect();
    newest.dedup_by_key(|entry| entry.0);
    newest
        .into_iter()
        .take(slots_max)
        .map(|entry| entry.1)
        .collect()
}

const HOUR_SECONDS: u64 = 3_600;
const DAY_SECONDS: u64 = 86_400;
