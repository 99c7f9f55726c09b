//! Every instrument, each a typed method; label values come from enums, so their number is bounded.

use std::time::Duration;

use prometheus::proto::{Counter, Gauge, Histogram, Metric, MetricFamily, MetricType};
use prometheus::{
    Encoder, Histogram as HistogramInstrument, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use super::instruments::{BATCH, SECONDS, VALID, counter, counters, gauge, histogram, register};
use super::worker::WorkerMetrics;

/// The metrics of one server. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    workers: Vec<WorkerMetrics>,
    tenants_hydrated: IntGauge,
    actor_restarts: IntCounter,
    requests_refused: IntCounter,
    issuer_fetches: IntCounterVec,
    store: StoreMetrics,
    audit: AuditMetrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotResult {
    Succeeded,
    Failed,
}

/// What became of an attempt to fetch the keys of a trusted issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerFetch {
    Succeeded,
    /// No answer, or one that is not a success.
    Failed,
    /// An answer without keys that can be used.
    Invalid,
}

impl IssuerFetch {
    const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Invalid];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
        }
    }
}

/// What the store tells after each batch.
#[derive(Debug, Clone, Copy)]
pub struct CommitBatch {
    pub commits: u64,
    pub duration: Duration,
    pub wal_bytes: u64,
}

impl Metrics {
    pub fn new(workers: usize) -> Self {
        let registry = Registry::new();
        register_process(&registry);
        Self {
            workers: (0..workers).map(|_| WorkerMetrics::default()).collect(),
            requests_refused: counter(
                &registry,
                "keywright_requests_refused_total",
                "Requests answered 503 because too many were under way.",
            ),
            tenants_hydrated: gauge(
                &registry,
                "keywright_tenants_hydrated",
                "Tenants in memory.",
            ),
            actor_restarts: counter(
                &registry,
                "keywright_actor_restarts_total",
                "Actors that were started again after a panic.",
            ),
            issuer_fetches: issuer_fetches(&registry),
            store: StoreMetrics::new(&registry),
            audit: AuditMetrics::new(&registry),
            registry,
        }
    }

    /// Those of one worker.
    pub fn worker(&self, worker: usize) -> &WorkerMetrics {
        &self.workers[worker]
    }
}

/// There from the start, so that an alert on them sees a zero and not nothing.
fn issuer_fetches(registry: &Registry) -> IntCounterVec {
    let fetches = counters(
        registry,
        (
            "keywright_issuer_fetches_total",
            "Attempts to fetch the keys of trusted issuers by result.",
        ),
        &["result"],
    );
    for result in IssuerFetch::ALL {
        fetches.with_label_values(&[result.as_str()]);
    }
    fetches
}

/// What the store reports.
#[derive(Debug, Clone)]
struct StoreMetrics {
    commits: IntCounter,
    commit_seconds: HistogramInstrument,
    commit_batch: HistogramInstrument,
    wal_bytes: IntGauge,
    snapshots: IntCounterVec,
}

impl StoreMetrics {
    fn new(registry: &Registry) -> Self {
        let snapshots = counters(
            registry,
            ("keywright_snapshots_total", "File snapshots by result."),
            &["result"],
        );
        // There from the start, so that an alert on them sees a zero and not nothing.
        for result in ["succeeded", "failed"] {
            snapshots.with_label_values(&[result]);
        }
        Self {
            snapshots,
            commits: counter(
                registry,
                "keywright_store_commits_total",
                "Durable commits.",
            ),
            commit_seconds: histogram(
                registry,
                "keywright_store_commit_duration_seconds",
                "Time of a batch of commits, sync included.",
                &SECONDS,
            ),
            commit_batch: histogram(
                registry,
                "keywright_store_commit_batch_size",
                "Commits that shared one sync.",
                &BATCH,
            ),
            wal_bytes: gauge(
                registry,
                "keywright_store_wal_bytes",
                "Size of the write-ahead log.",
            ),
        }
    }
}

/// What becomes of what the audit log is told.
#[derive(Debug, Clone)]
struct AuditMetrics {
    entries: IntCounter,
    dropped: IntCounter,
    lines_dropped: IntCounter,
}

impl AuditMetrics {
    fn new(registry: &Registry) -> Self {
        Self {
            entries: counter(
                registry,
                "keywright_audit_entries_total",
                "Entries of audit logs that are durable.",
            ),
            dropped: counter(
                registry,
                "keywright_audit_dropped_total",
                "Entries of audit logs that were lost: too many waited, or the store refused them.",
            ),
            lines_dropped: counter(
                registry,
                "keywright_audit_lines_dropped_total",
                "Entries of audit logs that stdout was too slow for.",
            ),
        }
    }
}

impl Metrics {
    pub fn audit_written(&self, count: usize) {
        self.audit.entries.inc_by(count_of(count));
    }

    pub fn audit_dropped(&self, count: usize) {
        self.audit.dropped.inc_by(count_of(count));
    }

    pub fn audit_line_dropped(&self) {
        self.audit.lines_dropped.inc();
    }

    pub fn tenants_hydrated(&self, count: usize) {
        self.tenants_hydrated
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub fn actor_restarted(&self) {
        self.actor_restarts.inc();
    }

    pub fn committed(&self, batch: &CommitBatch) {
        self.store.commits.inc_by(batch.commits);
        self.store
            .commit_seconds
            .observe(batch.duration.as_secs_f64());
        self.store
            .commit_batch
            .observe(f64::from(u32::try_from(batch.commits).unwrap_or(u32::MAX)));
        self.store
            .wal_bytes
            .set(i64::try_from(batch.wal_bytes).unwrap_or(i64::MAX));
    }

    pub fn snapshot(&self, result: SnapshotResult) {
        let result = match result {
            SnapshotResult::Succeeded => "succeeded",
            SnapshotResult::Failed => "failed",
        };
        self.store.snapshots.with_label_values(&[result]).inc();
    }

    pub fn issuer_fetched(&self, result: IssuerFetch) {
        let result = result.as_str();
        self.issuer_fetches.with_label_values(&[result]).inc();
    }

    pub fn request_refused(&self) {
        self.requests_refused.inc();
    }

    /// The text exposition format.
    ///
    /// # Panics
    /// Never: it is written to memory.
    pub fn exposition(&self) -> Vec<u8> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.gather(), &mut text)
            .expect("writing to memory does not fail and every family has a sample");
        text
    }

    fn gather(&self) -> Vec<MetricFamily> {
        let workers = self.workers.iter().map(|worker| worker.registry.gather());
        let mut families = workers
            .reduce(|left, right| sum(left, &right))
            .unwrap_or_default();
        families.extend(self.registry.gather());
        families
    }
}

fn count_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The same families of two workers, added up.
fn sum(mut left: Vec<MetricFamily>, right: &[MetricFamily]) -> Vec<MetricFamily> {
    for (left, right) in left.iter_mut().zip(right) {
        let kind = left.get_field_type();
        for (left, right) in left.mut_metric().iter_mut().zip(right.get_metric()) {
            match kind {
                MetricType::COUNTER => left.set_counter(sum_counters(left, right)),
                MetricType::GAUGE => left.set_gauge(sum_gauges(left, right)),
                MetricType::HISTOGRAM => left.set_histogram(sum_histograms(left, right)),
                MetricType::SUMMARY | MetricType::UNTYPED => {}
            }
        }
    }
    left
}

fn sum_counters(left: &Metric, right: &Metric) -> Counter {
    let mut sum = Counter::default();
    sum.set_value(left.get_counter().get_value() + right.get_counter().get_value());
    sum
}

fn sum_gauges(left: &Metric, right: &Metric) -> Gauge {
    let mut sum = Gauge::default();
    sum.set_value(left.get_gauge().get_value() + right.get_gauge().get_value());
    sum
}

fn sum_histograms(left: &Metric, right: &Metric) -> Histogram {
    let (left, right) = (left.get_histogram(), right.get_histogram());
    let mut sum = left.clone();
    sum.set_sample_count(left.get_sample_count() + right.get_sample_count());
    sum.set_sample_sum(left.get_sample_sum() + right.get_sample_sum());
    let buckets = left.get_bucket().iter().zip(right.get_bucket());
    let buckets = buckets.map(|(left, right)| {
        let mut bucket = left.clone();
        bucket.set_cumulative_count(left.cumulative_count() + right.cumulative_count());
        bucket
    });
    sum.set_bucket(buckets.collect());
    sum
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
