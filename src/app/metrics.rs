//! What is looked at when somebody scrapes, and a listener for those who do, where the settings want one apart.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use actix_web::dev::Server;

use super::{limits, side_server};
use crate::actor::registry::Registry;
use crate::config::Config;
use crate::http::issuers::KeySets;
use crate::http::tenancy::Tenancy;
use crate::http::{self, Shared};
use crate::store::sqlite::database_file;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::store::Disk;

/// From now on each scrape shows what is in memory, on disk, and kept of issuers' keys.
pub(super) fn watch(config: &Config, registry: &Arc<Registry>, key_sets: &Arc<KeySets>) {
    // The registry has the metrics, and they must not keep it.
    let (inside, key_sets) = (Arc::downgrade(registry), Arc::downgrade(key_sets));
    let directory = config.store.directory.clone();
    registry.metrics.probe(Box::new(move |metrics| {
        if let Some(registry) = inside.upgrade() {
            metrics.inside(&registry.inside());
        }
        if let Some(key_sets) = key_sets.upgrade() {
            metrics.key_sets(key_sets.held());
        }
        look_at_disk(&directory, metrics);
    }));
}

/// What cannot be seen now stays as it was seen last.
fn look_at_disk(directory: &Path, metrics: &Metrics) {
    if let Ok(file) = std::fs::metadata(database_file(directory)) {
        metrics.database_bytes(file.len());
    }
    if let Ok(disk) = rustix::fs::statvfs(directory) {
        metrics.disk(Disk {
            bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        });
    }
}

pub(super) fn server(config: &Config, shared: Shared, listener: TcpListener) -> io::Result<Server> {
    let shared = Arc::new(Shared {
        limits: limits(config, config.limits.body),
        tenancy: Tenancy::default(),
        demo: None,
        ..shared
    });
    side_server(config, shared, listener, http::serve_metrics)
}
