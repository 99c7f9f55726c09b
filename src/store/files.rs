//! The few file operations that durability hangs on, each with its sync. Nothing else in the crate renames or locks files.
#![expect(
    clippy::disallowed_methods,
    reason = "durable files are this layer's business"
)]

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Creates the directory and those above it that are missing, for their owner only; their entries survive a power cut.
fn create_private_directory(directory: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
    let missing: Vec<&Path> = directory.ancestors().take_while(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut parents = missing.iter().map(|created| parent_of(created));
    parents.try_for_each(sync_directory)
}

fn parent_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Opens the file for writing, empty, readable by its owner only.
pub(super) fn create_private_file(path: &Path) -> io::Result<File> {
    private().truncate(true).open(path)
}

/// Makes sure that the file exists and is readable by its owner only; an existing one is left as it is.
pub(super) fn touch_private_file(path: &Path) -> io::Result<()> {
    private().truncate(false).open(path).map(drop)
}

/// After a power cut the file has the old content or the new one, never something between.
pub(super) fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    let mut file = create_private_file(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    publish(&temporary, path)
}

/// Gives a file that was synced its name for good.
pub(super) fn publish(temporary: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(temporary, path)?;
    // Without this a power cut may bring the old name back, although the content was synced.
    sync_directory(path.parent().unwrap_or(Path::new(".")))
}

pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Creates the directory if need be and holds its lock until the file is dropped or the process ends; `None` when another
/// holder has it.
pub(super) fn lock(directory: &Path) -> io::Result<Option<File>> {
    create_private_directory(directory)?;
    let file = private().truncate(false).open(directory.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Where a file stands until it is whole.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY_SUFFIX);
    PathBuf::from(name)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

/// What bears it is a leftover of a crash and may go.
pub(super) const TEMPORARY_SUFFIX: &str = ".tmp";
pub(super) const LOCK: &str = "lock";
