//! The periodic file snapshot: made beside the running server, on a thread of its own.

use std::path::PathBuf;
use std::time::Duration;

use super::since_epoch;
use crate::config::Config;
use crate::store::seal::Keyring;
use crate::store::snapshot::{self, Creation, Keep, SnapshotError};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::store::SnapshotMade;
use crate::telemetry::worker::{Attempt, Timer};

#[derive(Clone)]
struct Plan {
    store: PathBuf,
    snapshots: PathBuf,
    every: Duration,
    keep: Keep,
}

/// Starts the rounds, unless the settings say never.
pub(super) fn run(config: &Config, keyring: Keyring, metrics: Metrics) {
    metrics.snapshot_interval(config.snapshots.every);
    if config.snapshots.every.is_zero() {
        return;
    }
    let plan = Plan {
        store: config.store.directory.clone(),
        snapshots: config.snapshot_directory(),
        every: config.snapshots.every,
        keep: Keep {
            hourly: config.snapshots.keep_hourly,
            daily: config.snapshots.keep_daily,
        },
    };
    actix_web::rt::spawn(rounds(plan, keyring, metrics));
}

async fn rounds(plan: Plan, keyring: Keyring, metrics: Metrics) {
    loop {
        tokio::time::sleep(next(&plan, &metrics)).await;
        let (task, keyring, timer) = (plan.clone(), keyring.clone(), Timer::start());
        let made = actix_web::rt::task::spawn_blocking(move || make(&task, &keyring)).await;
        let attempt = match made {
            Ok(Ok(())) => Attempt::Succeeded,
            Ok(Err(error)) => failed(&error),
            Err(error) => failed(&error),
        };
        metrics.snapshot(attempt, timer.elapsed());
    }
}

fn make(plan: &Plan, keyring: &Keyring) -> Result<(), SnapshotError> {
    let creation = Creation {
        store: plan.store.clone(),
        snapshots: plan.snapshots.clone(),
        now: since_epoch().as_secs(),
    };
    let made = snapshot::create(&creation, keyring)?;
    tracing::info!(file = ?made.file, "a snapshot was made");
    snapshot::prune(&plan.snapshots, plan.keep).map(drop)
}

/// Due by the age of the newest, so that a server that is restarted often is snapshotted all the same; the first soon
/// after the start.
fn next(plan: &Plan, metrics: &Metrics) -> Duration {
    let snapshots = snapshot::list(&plan.snapshots).unwrap_or_default();
    let Some(newest) = snapshots.last() else {
        return plan.every.min(FIRST_AFTER);
    };
    metrics.newest_snapshot(SnapshotMade {
        unix_seconds: newest.created,
        bytes: newest.manifest.as_ref().map_or(0, |it| it.bytes),
    });
    let age = since_epoch().as_secs().saturating_sub(newest.created);
    let rest = plan.every.saturating_sub(Duration::from_secs(age));
    rest.max(ROUND_MIN)
}

fn failed(error: &dyn std::error::Error) -> Attempt {
    tracing::error!(%error, "no snapshot could be made; the next round tries again");
    Attempt::Failed
}

const ROUND_MIN: Duration = Duration::from_secs(1);
const FIRST_AFTER: Duration = Duration::from_mins(1);
