//! File snapshots: a whole copy of the store in one sealed file, made while it runs, with a manifest beside it. A snapshot is
//! never written over, the store never waits for one, and a half-made one never bears a snapshot's name.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::seal::UnsealError;
use super::sqlite::OpenError;
pub use catalog::{Snapshot, list};
pub use create::{Creation, create};
pub use manifest::Manifest;
pub use prune::{Keep, prune};
pub use restore::{Verified, restore, verify};

mod archive;
mod catalog;
mod create;
mod manifest;
mod prune;
mod restore;
#[cfg(test)]
mod tests;

#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("another process is at work in {directory}")]
    Busy { directory: PathBuf },
    #[error("{path} is there already")]
    Exists { path: PathBuf },
    #[error("there is no store in {directory}")]
    NoStore { directory: PathBuf },
    #[error("{directory} is not empty: a snapshot is only restored where there is no store")]
    NotEmpty { directory: PathBuf },
    #[error("{path} is no snapshot of this version")]
    NotASnapshot { path: PathBuf },
    #[error("chunk {chunk} of {path}: {source}")]
    Chunk {
        path: PathBuf,
        chunk: u64,
        source: UnsealError,
    },
    #[error("{path} is not the file that its manifest describes")]
    NotAsManifest { path: PathBuf },
    #[error("the manifest {path} cannot be read")]
    Manifest {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("the copy of the database is damaged: {found}")]
    Damaged { found: String },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("the database cannot be copied or read")]
    Sqlite(#[from] rusqlite::Error),
}

/// For `map_err`: an error of the file at `path`.
fn at(path: &std::path::Path) -> impl FnOnce(io::Error) -> SnapshotError {
    move |source| SnapshotError::File {
        path: path.to_owned(),
        source,
    }
}
