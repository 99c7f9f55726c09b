//! Every instrument, each a typed method; label values come from enums, so their number is bounded. What is counted on every
//! request is counted by each worker for itself ([`super::worker`]).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, IntCounter, IntGauge, Opts, Registry, TextEncoder};
use uuid::Uuid;

use super::instruments::{VALID, counter, counters, gauge, gauges, register, signed};
use super::label::label;
use super::store::{AuditMetrics, CommitBatch, Disk, SnapshotMade, SnapshotMetrics, StoreMetrics};
use super::tenants::{TenantLabel, TenantLabels};
use super::worker::{Attempt, WorkerMetrics};
use super::workers::Workers;

/// The metrics of one server. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    workers: Vec<WorkerMetrics>,
    tenants: Arc<TenantLabels>,
    probes: Probes,
    gauges: Gauges,
    actor_restarts: IntCounter,
    requests_refused: IntCounter,
    issuer_fetches: Vec<IntCounter>,
    store: StoreMetrics,
    snapshots: SnapshotMetrics,
    audit: AuditMetrics,
}

/// Looks at something and sets its gauges, when somebody scrapes.
pub type Probe = Box<dyn Fn(&Metrics) + Send + Sync>;

#[derive(Clone, Default)]
struct Probes(Arc<RwLock<Vec<Probe>>>);

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} probes", self.0.read().len())
    }
}

label! {
    /// What became of an attempt to fetch the keys of a trusted issuer.
    IssuerFetch {
        Succeeded = "succeeded",
        /// No answer, or one that is not a success.
        Failed = "failed",
        /// An answer without keys that can be used.
        Invalid = "invalid",
    }
}

/// What is in memory, and under way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inside {
    pub tenants: usize,
    pub quarantined: usize,
    pub users: usize,
    pub credentials: usize,
    /// Challenges that were begun with a key or a session, and without.
    pub pending: [usize; 2],
    pub permits: usize,
    pub permits_max: usize,
}

/// The keys of trusted issuers that are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeySetsHeld {
    pub count: usize,
    /// Of the oldest that was used lately.
    pub oldest: Duration,
}

impl Metrics {
    /// With labels of their own for as many tenants as the settings have by default.
    pub fn new(workers: usize) -> Self {
        Self::labelling(workers, TENANT_LABELS)
    }

    pub fn labelling(workers: usize, tenants: u16) -> Self {
        let registry = Registry::new();
        register_process(&registry);
        let tenants = TenantLabels::new(tenants, DELETED_FOR);
        Self {
            workers: (0..workers)
                .map(|_| WorkerMetrics::new(tenants.rows()))
                .collect(),
            tenants: Arc::new(tenants),
            probes: Probes::default(),
            gauges: Gauges::new(&registry),
            requests_refused: counter(
                &registry,
                "keywright_requests_refused_total",
                "Requests answered 503 because too many were under way.",
            ),
            actor_restarts: counter(
                &registry,
                "keywright_actor_restarts_total",
                "Actors that were started again after a panic.",
            ),
            issuer_fetches: issuer_fetches(&registry),
            store: StoreMetrics::new(&registry),
            snapshots: SnapshotMetrics::new(&registry),
            audit: AuditMetrics::new(&registry),
            registry,
        }
    }

    /// Those of one worker.
    pub fn worker(&self, worker: usize) -> &WorkerMetrics {
        &self.workers[worker]
    }

    /// Whoever has something to look at when somebody scrapes. It must not wait.
    pub fn probe(&self, probe: Probe) {
        self.probes.0.write().push(probe);
    }

    /// For a tenant that is read into memory.
    pub fn tenant_label(&self, tenant: Uuid) -> TenantLabel {
        self.tenants.give(tenant, |label| {
            for worker in &self.workers {
                worker.forget(label);
            }
        })
    }

    pub fn tenant_deleted(&self, tenant: Uuid) {
        self.tenants.deleted(tenant);
    }

    pub fn actor_restarted(&self) {
        self.actor_restarts.inc();
    }

    pub fn request_refused(&self) {
        self.requests_refused.inc();
    }

    pub fn issuer_fetched(&self, result: IssuerFetch) {
        self.issuer_fetches[result.index()].inc();
    }

    pub fn inside(&self, inside: &Inside) {
        self.gauges.inside(inside);
    }

    pub fn key_sets(&self, held: KeySetsHeld) {
        self.gauges.key_sets(held);
    }

    pub fn committed(&self, batch: &CommitBatch) {
        self.store.committed(batch);
    }

    pub fn wal_moved(&self, duration: Duration, is_complete: bool) {
        self.store.wal_moved(duration, is_complete);
    }

    pub fn store_damaged(&self) {
        self.store.damaged();
    }

    pub fn database_bytes(&self, bytes: u64) {
        self.store.database_bytes(bytes);
    }

    pub fn disk(&self, disk: Disk) {
        self.store.disk(disk);
    }

    pub fn snapshot(&self, attempt: Attempt, duration: Duration) {
        self.snapshots.attempted(attempt, duration);
    }

    pub fn newest_snapshot(&self, snapshot: SnapshotMade) {
        self.snapshots.newest(snapshot);
    }

    pub fn snapshot_interval(&self, interval: Duration) {
        self.snapshots.interval(interval);
    }

    pub fn audit_written(&self, count: usize) {
        self.audit.entries.inc_by(unsigned(count));
    }

    pub fn audit_trimmed(&self, count: u64) {
        self.audit.trimmed.inc_by(count);
    }

    pub fn audit_dropped(&self, count: usize) {
        self.audit.dropped.inc_by(unsigned(count));
    }

    pub fn audit_line_dropped(&self) {
        self.audit.lines_dropped.inc();
    }

    /// The text exposition format.
    ///
    /// # Panics
    /// Never: it is written to memory.
    pub fn exposition(&self) -> Vec<u8> {
        for probe in self.probes.0.read().iter() {
            probe(self);
        }
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.gather(), &mut text)
            .expect("writing to memory does not fail and every family has a sample");
        text
    }

    fn gather(&self) -> Vec<MetricFamily> {
        let workers = Workers(&self.workers);
        self.gauges.saved_at.set(signed(workers.saved_at()));
        let mut families = workers.families(&self.tenants.texts());
        families.extend(self.registry.gather());
        families.sort_by(|left, right| left.name().cmp(right.name()));
        families
    }
}

/// What is looked at when somebody scrapes.
#[derive(Debug, Clone)]
struct Gauges {
    tenants: IntGauge,
    quarantined: IntGauge,
    users: IntGauge,
    credentials: IntGauge,
    pending: Vec<IntGauge>,
    saved_at: IntGauge,
    permits: IntGauge,
    permits_max: IntGauge,
    key_sets: IntGauge,
    key_set_age: IntGauge,
}

impl Gauges {
    fn new(registry: &Registry) -> Self {
        let gauge = |name, help| gauge(registry, name, help);
        let pending = (
            "keywright_challenges_pending",
            "Challenges that are out, begun with an API key or a session, or without.",
        );
        Self {
            tenants: gauge("keywright_tenants_hydrated", "Tenants in memory."),
            quarantined: gauge(
                "keywright_tenants_quarantined",
                "Tenants that are not served because their rows are damaged.",
            ),
            users: gauge(
                "keywright_users_hydrated",
                "Users of the tenants in memory.",
            ),
            credentials: gauge(
                "keywright_credentials_hydrated",
                "Credentials of the tenants in memory.",
            ),
            pending: gauges(registry, pending, "access", &["keyed", "unkeyed"]),
            saved_at: gauge(
                "keywright_challenges_saved_timestamp_seconds",
                "When all challenges of a tenant were last found written down; 0: not since the start.",
            ),
            permits: gauge(
                "keywright_permits_in_use",
                "Requests under way that have a tenant.",
            ),
            permits_max: gauge(
                "keywright_permits_limit",
                "How many may be; beyond, requests are answered 503.",
            ),
            key_sets: gauge(
                "keywright_issuer_key_sets",
                "Key sets of trusted issuers that were fetched and are kept.",
            ),
            key_set_age: gauge(
                "keywright_issuer_key_set_age_seconds",
                "Age of the oldest key set of a trusted issuer among those used in the last ten minutes.",
            ),
        }
    }

    fn inside(&self, inside: &Inside) {
        self.tenants.set(signed(inside.tenants));
        self.quarantined.set(signed(inside.quarantined));
        self.users.set(signed(inside.users));
        self.credentials.set(signed(inside.credentials));
        for (gauge, count) in self.pending.iter().zip(inside.pending) {
            gauge.set(signed(count));
        }
        self.permits.set(signed(inside.permits));
        self.permits_max.set(signed(inside.permits_max));
    }

    fn key_sets(&self, held: KeySetsHeld) {
        self.key_sets.set(signed(held.count));
        self.key_set_age.set(signed(held.oldest.as_secs()));
    }
}

fn unsigned(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn issuer_fetches(registry: &Registry) -> Vec<IntCounter> {
    let name = (
        "keywright_issuer_fetches_total",
        "Attempts to fetch the keys of trusted issuers by result.",
    );
    let results: Vec<_> = IssuerFetch::ALL.iter().map(|it| it.as_str()).collect();
    counters(registry, name, "result", &results)
}

fn register_process(registry: &Registry) {
    register(
        registry,
        prometheus::process_collector::ProcessCollector::for_self(),
    );
    let build = Opts::new(
        "keywright_build_info",
        "Always 1; the version stands in the label.",
    );
    let build = build.const_label("version", env!("CARGO_PKG_VERSION"));
    let build = IntGauge::with_opts(build).expect(VALID);
    build.set(1);
    register(registry, build);
}

/// As `config/default.toml` has it.
const TENANT_LABELS: u16 = 50;

/// Much longer than a request.
const DELETED_FOR: Duration = Duration::from_mins(1);
