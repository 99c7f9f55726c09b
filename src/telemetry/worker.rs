//! What is counted on every request: one set a worker, added up when somebody looks. Counters that two workers share
//! would cost each request more than all it counts.

use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntGauge, Registry};

use super::instruments::{SECONDS, VALID, counter, counters, gauge, register};

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
    MfaRegistrationInitialize,
    MfaRegistrationFinalize,
    MfaLoginInitialize,
    MfaLoginFinalize,
    TransactionInitialize,
    TransactionFinalize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Refused,
    Failed,
}

/// Which rate limit refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    Address,
    Tenant,
    ApiKey,
    AdminToken,
    UnknownTenant,
}

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRefused {
    TooLong,
    TooSlow,
}

/// The metrics of one worker. Cloning shares them.
#[derive(Debug, Clone)]
pub struct WorkerMetrics {
    pub(super) registry: Registry,
    ceremonies: Vec<IntCounter>,
    durations: Vec<Histogram>,
    http_responses: Vec<IntCounter>,
    rate_limited: Vec<IntCounter>,
    bodies_refused: Vec<IntCounter>,
    challenges_pending: IntGauge,
    challenges_evicted: IntCounter,
}

impl Default for WorkerMetrics {
    fn default() -> Self {
        let registry = Registry::new();
        Self {
            ceremonies: ceremonies(&registry),
            durations: durations(&registry),
            http_responses: labelled(&registry, HTTP_RESPONSES, &CLASSES),
            rate_limited: labelled(&registry, RATE_LIMITED, &RATE_LIMITS),
            bodies_refused: labelled(&registry, BODIES_REFUSED, &BODY_CAUSES),
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
            registry,
        }
    }
}

impl WorkerMetrics {
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

    pub fn rate_limited(&self, limit: RateLimit) {
        self.rate_limited[limit.index()].inc();
    }

    pub fn body_refused(&self, cause: BodyRefused) {
        self.bodies_refused[cause.index()].inc();
    }

    pub fn challenges_pending(&self, change: i64) {
        self.challenges_pending.add(change);
    }

    pub fn challenge_evicted(&self) {
        self.challenges_evicted.inc();
    }
}

impl Step {
    const fn index(self) -> usize {
        match self {
            Self::RegistrationInitialize => 0,
            Self::RegistrationFinalize => 1,
            Self::LoginInitialize => 2,
            Self::LoginFinalize => 3,
            Self::MfaRegistrationInitialize => 4,
            Self::MfaRegistrationFinalize => 5,
            Self::MfaLoginInitialize => 6,
            Self::MfaLoginFinalize => 7,
            Self::TransactionInitialize => 8,
            Self::TransactionFinalize => 9,
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

impl RateLimit {
    const fn index(self) -> usize {
        match self {
            Self::Address => 0,
            Self::Tenant => 1,
            Self::ApiKey => 2,
            Self::AdminToken => 3,
            Self::UnknownTenant => 4,
        }
    }
}

impl BodyRefused {
    const fn index(self) -> usize {
        match self {
            Self::TooLong => 0,
            Self::TooSlow => 1,
        }
    }
}

/// A counter for each value of one label.
fn labelled(
    registry: &Registry,
    (name, help, label): (&str, &str, &str),
    values: &[&str],
) -> Vec<IntCounter> {
    let counters = counters(registry, (name, help), &[label]);
    let each = values.iter();
    each.map(|value| counters.with_label_values(&[value]))
        .collect()
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

const STEPS: [(Step, &str, &str); 10] = [
    (Step::RegistrationInitialize, "registration", "initialize"),
    (Step::RegistrationFinalize, "registration", "finalize"),
    (Step::LoginInitialize, "login", "initialize"),
    (Step::LoginFinalize, "login", "finalize"),
    (
        Step::MfaRegistrationInitialize,
        "mfa_registration",
        "initialize",
    ),
    (
        Step::MfaRegistrationFinalize,
        "mfa_registration",
        "finalize",
    ),
    (Step::MfaLoginInitialize, "mfa_login", "initialize"),
    (Step::MfaLoginFinalize, "mfa_login", "finalize"),
    (Step::TransactionInitialize, "transaction", "initialize"),
    (Step::TransactionFinalize, "transaction", "finalize"),
];

const OUTCOMES: [(Outcome, &str); 3] = [
    (Outcome::Succeeded, "succeeded"),
    (Outcome::Refused, "refused"),
    (Outcome::Failed, "failed"),
];

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

const HTTP_RESPONSES: (&str, &str, &str) = (
    "keywright_http_responses_total",
    "HTTP responses by class of status.",
    "class",
);

const RATE_LIMITS: [&str; 5] = [
    "address",
    "tenant",
    "api_key",
    "admin_token",
    "unknown_tenant",
];

const RATE_LIMITED: (&str, &str, &str) = (
    "keywright_rate_limited_total",
    "Requests answered 429 by the limit that they met.",
    "limit",
);

const BODY_CAUSES: [&str; 2] = ["too_long", "too_slow"];

const BODIES_REFUSED: (&str, &str, &str) = (
    "keywright_bodies_refused_total",
    "Requests answered 413 or 408 because of their body.",
    "cause",
);
