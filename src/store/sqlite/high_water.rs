//! The high-water file: how many commits were durable when it was last written, at most a second ago. `SQLite` takes a WAL that
//! ends early for one that was written to there; this file, beside it, says that more had been acknowledged.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::open::OpenError;
use super::shared::Shared;
use crate::store::files;

/// The file's name in the store's directory.
pub(in crate::store) const FILE: &str = "high-water";

/// Refuses a database that is behind what was acknowledged.
pub(super) fn check(directory: &Path, last_commit: u64) -> Result<(), OpenError> {
    let path = directory.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
        Err(source) => return Err(OpenError::File { path, source }),
    };
    let acknowledged =
        parse(&text).ok_or_else(|| OpenError::HighWaterRotten { path: path.clone() })?;
    if last_commit < acknowledged {
        return Err(OpenError::BehindHighWater {
            path,
            found: last_commit,
            acknowledged,
        });
    }
    Ok(())
}

pub(in crate::store) fn write(directory: &Path, last_commit: u64) -> io::Result<()> {
    files::write_durably(&directory.join(FILE), render(last_commit).as_bytes())
}

/// Writes once a second what has grown, until the sender is gone. A full disk only makes it late.
pub(super) fn keep(shared: &Arc<Shared>, stop: &Receiver<()>) {
    // At the first time always: the file may be missing or behind.
    let mut written = None;
    while stop.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let now = shared.last_commit();
        if written == Some(now) {
            continue;
        }
        match write(&shared.directory, now) {
            Ok(()) => written = Some(now),
            Err(error) if is_full(&error) => (),
            Err(error) => {
                return shared.fail(&format!("the high-water file cannot be written: {error}"));
            }
        }
    }
}

pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn render(last_commit: u64) -> String {
    format!("{TITLE}\n{last_commit}\n{}\n", checksum(last_commit))
}

fn parse(text: &str) -> Option<u64> {
    let mut lines = text.lines();
    let title = lines.next()?;
    let number = lines.next()?.parse().ok()?;
    (title == TITLE && text == render(number)).then_some(number)
}

/// A flipped bit must not look like commits that are missing.
fn checksum(last_commit: u64) -> String {
    let hash: [u8; 32] = Sha256::digest(last_commit.to_be_bytes()).into();
    hash.first_chunk::<8>().map_or_else(String::new, |head| {
        format!("{:016x}", u64::from_be_bytes(*head))
    })
}

const TITLE: &str = "keywright high-water 1";
const EVERY: Duration = Duration::from_secs(1);
