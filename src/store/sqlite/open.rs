//! Opening: lock, connect, check, settle what a crash left, start the threads. Whatever looks wrong refuses the start with a
//! text for the operator; nothing is repaired silently and nothing is deleted.

use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use thiserror::Error;

use super::checkpoint::{self, Checkpointer};
use super::ledger::Ledgers;
use super::reader::Readers;
use super::reports::Reports;
use super::shared::{Opened, Shared};
use super::trim::Trims;
use super::writer::{Keeper, Purging, Writer};
use super::{DATABASE, Settings, high_water, rows, schema};
use crate::store::files;
use crate::store::seal::{Keyring, UnsealError};

#[derive(Debug, Error)]
pub enum OpenError {
    #[error("another process has the store in {directory} open")]
    Locked { directory: PathBuf },
    #[error(
        "the store has schema {found}; this keywright knows up to {known}: it was written by a newer one"
    )]
    NewerSchema { found: i64, known: i64 },
    #[error("SQLite {found} is too old: 3.51.3 is the first without a known loss of data")]
    OldSqlite { found: &'static str },
    #[error("SQLite did not accept {name}={wanted}: it is {found}")]
    Pragma {
        name: &'static str,
        wanted: &'static str,
        found: String,
    },
    #[error("the store was written with other keys (secrets.keys): {0}")]
    Keys(UnsealError),
    #[error("the store's {key} is missing or rotten")]
    Meta { key: &'static str },
    /// The text is for the operator and says what can be done.
    #[error(
        "the database ends at commit {found}, but {acknowledged} were acknowledged: the tail of its WAL was cut off, by a \
         rotten sector or because an older file was copied back. Restore a snapshot; or, to go on with what is there and \
         without the commits between, remove {path}"
    )]
    BehindHighWater {
        path: PathBuf,
        found: u64,
        acknowledged: u64,
    },
    #[error("{path} is rotten; when the database is known to be whole, remove it")]
    HighWaterRotten { path: PathBuf },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("a thread of the store cannot be started")]
    Thread(#[source] io::Error),
    #[error("the database cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
}

pub(super) fn open(
    settings: Settings,
    keyring: Keyring,
    reports: Reports,
) -> Result<Arc<Shared>, OpenError> {
    check_version()?;
    let directory = settings.directory.as_path();
    let lock = lock(directory)?;
    let path = directory.join(DATABASE);
    let connection = connect(directory, &path, &keyring)?;
    let last_commit = schema::last_commit(&connection)?;
    high_water::check(directory, last_commit)?;
    settle(&connection)?;
    let checkpointer = Checkpointer::new(&connection, settings.wal_bytes_max)?;
    let readers = settings.readers;
    let shared = Arc::new(Shared::new(
        settings,
        Opened {
            keyring,
            reports,
            lock,
            last_commit,
        },
    ));
    let readers = Readers::start(readers, &path, &shared)?;
    let keeper = keeper(&shared)?;
    let ledgers = Ledgers::new(LEDGERS_A_GENERATION);
    let purging = Purging::default();
    let writer = Writer {
        connection,
        shared: Arc::clone(&shared),
        readers,
        keeper,
        checkpointer,
        ledgers,
        purging,
        trims: Trims::default(),
    };
    spawn("store-writer", move || run(writer))?;
    Ok(shared)
}

/// A thread of the store, named for whoever looks at the process.
pub(super) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(OpenError::Thread)
}

fn check_version() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(OpenError::OldSqlite {
            found: rusqlite::version(),
        });
    }
    Ok(())
}

/// `SQLite`'s own locks would let a second keywright in, and two writers do not know of each other's ledgers.
fn lock(directory: &Path) -> Result<File, OpenError> {
    let lock = files::lock(directory).map_err(|source| at(directory, source))?;
    lock.ok_or_else(|| OpenError::Locked {
        directory: directory.to_owned(),
    })
}

fn connect(directory: &Path, path: &Path, keyring: &Keyring) -> Result<Connection, OpenError> {
    // SQLite gives the WAL the mode of the database, so it is made here and not by SQLite.
    files::touch_private_file(path).map_err(|source| at(path, source))?;
    files::sync_directory(directory).map_err(|source| at(directory, source))?;
    let connection = schema::connect_writer(path)?;
    schema::prepare(&connection, keyring)?;
    Ok(connection)
}

/// What a killed process had written but not synced can be read and may not be durable: moving it into the database writes
/// and syncs it anew, before anyone is told of it.
fn settle(connection: &Connection) -> Result<(), OpenError> {
    match checkpoint::truncate(connection) {
        Ok(_) => Ok(()),
        // Reads go on with a full disk; the WAL still has everything, and its pages are on their way to the disk.
        Err(error) if rows::is_full(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn keeper(shared: &Arc<Shared>) -> Result<Keeper, OpenError> {
    let (alive, stop) = mpsc::channel();
    let shared = Arc::clone(shared);
    let thread = spawn("store-high-water", move || high_water::keep(&shared, &stop))?;
    Ok(Keeper { alive, thread })
}

/// A writer that panicked leaves a store that has failed, not one that never answers.
fn run(writer: Writer) {
    let shared = Arc::clone(&writer.shared);
    if panic::catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
        shared.fail("the writer panicked");
        shared.release_lock();
    }
}

fn at(path: &Path, source: io::Error) -> OpenError {
    OpenError::File {
        path: path.to_owned(),
        source,
    }
}

/// 3.51.3 fixed the last known way in which a WAL could lose what was committed.
const SQLITE_MIN: i32 = 3_051_003;
const LEDGERS_A_GENERATION: usize = 4096;
