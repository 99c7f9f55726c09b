//! Opens the store: its keys, its clock, and what it reports.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;

use super::{StartError, since_epoch};
use crate::config::{Config, Mode, Secret};
use crate::store::seal::Keyring;
use crate::store::sqlite::{Reports, Settings, Sqlite};
use crate::telemetry::logging;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::store::CommitBatch;
use crate::telemetry::worker::Timer;

/// The keys of the settings. A dev start without any keeps one of its own in the store directory.
pub(super) fn keyring(config: &Config, mode: Mode) -> Result<Keyring, StartError> {
    let mut keys: Vec<String> = config
        .secrets
        .keys
        .iter()
        .map(|Secret(key)| key.clone())
        .collect();
    if keys.is_empty() && mode == Mode::Dev {
        let directory = &config.store.directory;
        let key = dev_key(directory).map_err(|source| StartError::DevKey {
            directory: directory.clone(),
            source,
        })?;
        keys.push(key);
    }
    Ok(Keyring::new(&keys)?)
}

pub(super) fn open(
    config: &Config,
    keyring: &Keyring,
    metrics: &Metrics,
) -> Result<Sqlite, StartError> {
    let timer = Timer::start();
    let settings = Settings {
        directory: config.store.directory.clone(),
        commits_queued: config.store.commits_queued,
        loads_queued: LOADS_QUEUED,
        readers: READERS,
        wal_bytes_max: WAL_BYTES_MAX,
        now: Box::new(|| since_epoch().as_secs()),
        micros: Box::new(move || u64::try_from(timer.elapsed().as_micros()).unwrap_or(u64::MAX)),
    };
    Sqlite::open(settings, keyring.clone(), reports(metrics)).map_err(|source| StartError::Store {
        directory: config.store.directory.clone(),
        source,
    })
}

fn reports(metrics: &Metrics) -> Reports {
    let (committed, moved, damaged) = (metrics.clone(), metrics.clone(), metrics.clone());
    Reports {
        committed: Box::new(move |batch| {
            committed.committed(&CommitBatch {
                commits: batch.accepted,
                refused: batch.refused,
                is_full: batch.full,
                duration: Duration::from_micros(batch.micros),
                sync: batch.sync_micros.map(Duration::from_micros),
                wal_bytes: batch.wal_bytes,
            });
        }),
        checkpointed: Box::new(move |report| {
            moved.wal_moved(Duration::from_micros(report.micros), report.complete);
        }),
        damaged: Box::new(move |tenant, damage| {
            damaged.store_damaged();
            tracing::error!(%tenant, damage, "rows of a tenant are damaged");
        }),
        purge_rests: Box::new(|why| {
            tracing::error!(
                why,
                "expired rows are no longer removed until the next start"
            );
        }),
        fatal: Box::new(|why| {
            tracing::error!(
                why,
                "the store has failed; the process ends, and the next start recovers all that was acknowledged"
            );
            logging::flush();
            std::process::exit(1);
        }),
    }
}

/// Readable by its owner only. Whoever has it can read the store beside it, which is why real use keeps its key elsewhere.
fn dev_key(directory: &Path) -> std::io::Result<String> {
    let file = directory.join("dev-key");
    if let Ok(mut existing) = std::fs::File::open(&file) {
        let mut key = String::new();
        existing.read_to_string(&mut key)?;
        return Ok(key.trim().to_owned());
    }
    std::fs::create_dir_all(directory)?;
    let random: [u8; 32] = rand::rng().random();
    let key = URL_SAFE_NO_PAD.encode(random);
    let mut options = std::fs::OpenOptions::new();
    let mut created = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)?;
    writeln!(created, "{key}")?;
    created.sync_all()?;
    Ok(key)
}

const READERS: usize = 2;
const LOADS_QUEUED: usize = 1024;
const WAL_BYTES_MAX: u64 = 8 * 1024 * 1024;
