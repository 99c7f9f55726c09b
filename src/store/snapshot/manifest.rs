//! The manifest beside a snapshot: what it holds, readable without its keys. It promises nothing; `verify` does.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{SnapshotError, at};
use crate::store::{UnixSeconds, files};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub created: UnixSeconds,
    pub bytes: u64,
    pub sha256: String,
    pub tenants: u64,
    pub rows: u64,
    /// Snapshots of a time before there was an audit log do not say.
    #[serde(default)]
    pub audit_entries: u64,
    /// How many commits the store had taken.
    pub last_commit: u64,
}

pub(super) fn read(snapshot: &Path) -> Result<Option<Manifest>, SnapshotError> {
    let path = path_beside(snapshot);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SnapshotError::File { path, source }),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|source| SnapshotError::Manifest { path, source })
}

pub(super) fn write(snapshot: &Path, manifest: &Manifest) -> Result<(), SnapshotError> {
    let path = path_beside(snapshot);
    let text = serde_json::to_vec_pretty(manifest).map_err(|source| SnapshotError::Manifest {
        path: path.clone(),
        source,
    })?;
    files::write_durably(&path, &text).map_err(at(&path))
}

pub(super) fn path_beside(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}

pub(super) const FORMAT: u32 = 1;
pub(super) const SUFFIX: &str = ".json";
