//! Every instrument, each a typed method; label values come from enums, so their number is bounded.

use std::time::{Duration, Instant};

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};

/// The metrics of one server. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    ceremonies: Vec<IntCounter>,
    durations: Vec<Histogram>,
    http_responses: Vec<IntCounter>,
    challenges_pending: IntGauge,
    challenges_evicted: IntCounter,
    tenants_hydrated: IntGauge,
    actor_restarts: IntCounter,
    requests_refused: IntCounter,
    store: StoreMetrics,
}

/// How long something took. Telemetry reads the clock; nothing is decided by it.
#[derive(Debug, Clone, Copy)]
pub struct Timer(Instant);

impl Timer {
    #[expect(clippy::disallowed_methods, reason = "measuring is what this is for")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    RegistrationInitialize,
    RegistrationFinalize,
    LoginInitialize,
    LoginFinalize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Refused,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotResult {
    Succeeded,
    Failed,
}

/// What the store tells after each batch.
#[derive(Debug, Clone, Copy)]
pub struct CommitBatch {
    pub commits: u64,
    pub duration: Duration,
    pub wal_bytes: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        register_process(&registry);
        Self {
            ceremonies: ceremonies(&registry),
            durations: durations(&registry),
            http_responses: http_responses(&registry),
            requests_refused: counter(
                &registry,
                "keywright_requests_refused_total",
                "Requests answered 503 because too many were under way.",
            ),
            challenges_pending: gauge(
                &registry,
                "keywright_challenges_pending",
                "Challenges that are out.",
            ),
            challenges_evicted: counter(
                &registry,
                "keywright_challenges_evicted_total",
                "Challenges that went to make room for younger ones.",
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
            store: StoreMetrics::new(&registry),
            registry,
        }
    }
}

/// What the store reports.
#[derive(Debug, Clone)]
struct StoreMetrics {
    commits: IntCounter,
    commit_seconds: Histogram,
    commit_batch: Histogram,
    wal_bytes: IntGauge,
    snapshots: IntCounterVec,
}

impl StoreMetrics {
    fn new(registry: &Registry) -> Self {
        Self {
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
            snapshots: counters(
                registry,
                ("keywright_snapshots_total", "File snapshots by result."),
                &["result"],
            ),
        }
    }
}

impl Metrics {
    pub fn ceremony(&self, step: Step, outcome: Outcome, duration: Duration) {
        self.ceremonies[step.index() * OUTCOMES.len() + outcome.index()].inc();
        self.durations[step.index()].observe(duration.as_secs_f64());
    }

    /// `class` is the first digit of the status.
    pub fn http_response(&self, class: u16) {
        if let Some(counter) = self
            .http_responses
            .get(usize::from(class.saturating_sub(1)))
        {
            counter.inc();
        }
    }

    pub fn challenges_pending(&self, change: i64) {
        self.challenges_pending.add(change);
    }

    pub fn challenge_evicted(&self) {
        self.challenges_evicted.inc();
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
            .encode(&self.registry.gather(), &mut text)
            .expect("writing to memory does not fail and every family has a sample");
        text
    }
}

impl Step {
    const fn index(self) -> usize {
        match self {
            Self::RegistrationInitialize => 0,
            Self::RegistrationFinalize => 1,
            Self::LoginInitialize => 2,
            Self::LoginFinalize => 3,
        }
    }
}

impl Outcome {
    const fn index(self) -> usize {
        match self {
            Self::Succeeded => 0,
            Self::Refused => 1,
            Self::Failed => 2,
        }
    }
}

fn register(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect(VALID);
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let counter = IntCounter::new(name, help).expect(VALID);
    register(registry, counter.clone());
    counter
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    let gauge = IntGauge::new(name, help).expect(VALID);
    register(registry, gauge.clone());
    gauge
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
        .expect(VALID);
    register(registry, histogram.clone());
    histogram
}

fn counters(registry: &Registry, (name, help): (&str, &str), labels: &[&str]) -> IntCounterVec {
    let counters = IntCounterVec::new(Opts::new(name, help), labels).expect(VALID);
    register(registry, counters.clone());
    counters
}

fn ceremonies(registry: &Registry) -> Vec<IntCounter> {
    let name = ("keywright_ceremonies_total", "Ceremony steps by outcome.");
    let counters = counters(registry, name, &["ceremony", "step", "outcome"]);
    STEPS
        .iter()
        .flat_map(|step| OUTCOMES.map(|outcome| (step, outcome)))
        .map(|((_, ceremony, step), (_, outcome))| {
            counters.with_label_values(&[ceremony, step, outcome])
        })
        .collect()
}

fn durations(registry: &Registry) -> Vec<Histogram> {
    let options = HistogramOpts::new(
        "keywright_ceremony_duration_seconds",
        "Time of a ceremony step, from the parsed request to the answer.",
    );
    let options = options.buckets(SECONDS.to_vec());
    let histograms = HistogramVec::new(options, &["ceremony", "step"]).expect(VALID);
    register(registry, histograms.clone());
    STEPS
        .iter()
        .map(|(_, ceremony, step)| histograms.with_label_values(&[ceremony, step]))
        .collect()
}

fn http_responses(registry: &Registry) -> Vec<IntCounter> {
    let name = (
        "keywright_http_responses_total",
        "HTTP responses by class of status.",
    );
    let counters = counters(registry, name, &["class"]);
    CLASSES
        .map(|class| counters.with_label_values(&[class]))
        .to_vec()
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

const STEPS: [(Step, &str, &str); 4] = [
    (Step::RegistrationInitialize, "registration", "initialize"),
    (Step::RegistrationFinalize, "registration", "finalize"),
    (Step::LoginInitialize, "login", "initialize"),
    (Step::LoginFinalize, "login", "finalize"),
];

const OUTCOMES: [(Outcome, &str); 3] = [
    (Outcome::Succeeded, "succeeded"),
    (Outcome::Refused, "refused"),
    (Outcome::Failed, "failed"),
];

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// From the work of an initialize to a commit on a slow disk.
const SECONDS: [f64; 13] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0,
];

const BATCH: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0];

const VALID: &str = "names and labels are constants, and a test scrapes them";
