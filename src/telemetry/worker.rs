//! What is counted on every request: one set a worker, added up when somebody looks. Counters that two workers share
//! would cost each request more than all it counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::label::label;
use super::reason::Reason;
use super::request::{Method, Status, Template};
use super::table::{Cell, Durations, Rows, cells};
use super::tenants::TenantLabel;

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

label! {
    /// A step of a ceremony.
    Step {
        RegistrationInitialize = "registration/initialize",
        RegistrationFinalize = "registration/finalize",
        LoginInitialize = "login/initialize",
        LoginFinalize = "login/finalize",
        MfaRegistrationInitialize = "mfa_registration/initialize",
        MfaRegistrationFinalize = "mfa_registration/finalize",
        MfaLoginInitialize = "mfa_login/initialize",
        MfaLoginFinalize = "mfa_login/finalize",
        TransactionInitialize = "transaction/initialize",
        TransactionFinalize = "transaction/finalize",
    }
}

impl Step {
    /// The ceremony, and which of its steps.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        let name = self.as_str();
        name.split_once('/').unwrap_or((name, ""))
    }
}

label! {
    /// Which rate limit refused a request.
    RateLimit {
        Address = "address",
        Tenant = "tenant",
        ApiKey = "api_key",
        AdminToken = "admin_token",
        UnknownTenant = "unknown_tenant",
    }
}

label! {
    /// Why a body was not taken.
    BodyRefused {
        TooLong = "too_long",
        TooSlow = "too_slow",
    }
}

label! {
    /// Whose mailbox a message waited in.
    Mailbox {
        /// Of the actor that owns a tenant's durable state.
        Tenant = "tenant",
        /// Of the one that owns its challenges on a worker.
        Ceremonies = "ceremonies",
    }
}

label! {
    /// What a token is signed with.
    TokenAlgorithm {
        Rs256 = "RS256",
        Es256 = "ES256",
        EdDsa = "EdDSA",
    }
}

label! {
    /// How something went that is tried again.
    Attempt {
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

/// The metrics of one worker. Cloning shares them.
#[derive(Debug, Clone)]
pub struct WorkerMetrics(pub(super) Arc<Counters>);

#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Counters {
    /// A row a tenant, a column a step.
    pub(super) succeeded: Rows,
    /// A row a tenant, a column a step and a reason.
    pub(super) refused: Rows,
    /// One a step.
    pub(super) steps: Box<[Durations]>,
    /// A row a template, a column a method and a status.
    pub(super) requests: Rows,
    pub(super) rate_limited: Box<[Cell]>,
    pub(super) bodies_refused: Box<[Cell]>,
    pub(super) mailboxes: Box<[Durations]>,
    pub(super) signed: Box<[Cell]>,
    pub(super) evicted: Cell,
    pub(super) checkpoints: Box<[Cell]>,
    /// When all of a tenant were last found written down, in seconds since 1970.
    pub(super) saved_at: Cell,
}

impl WorkerMetrics {
    /// For as many tenants.
    pub(super) fn new(tenants: usize) -> Self {
        let durations = |count| (0..count).map(|_| Durations::default()).collect();
        Self(Arc::new(Counters {
            succeeded: Rows::new(tenants, Step::ALL.len()),
            refused: Rows::new(tenants, Step::ALL.len() * Reason::ALL.len()),
            steps: durations(Step::ALL.len()),
            requests: Rows::new(Template::ALL.len(), Method::ALL.len() * Status::ALL.len()),
            rate_limited: cells(RateLimit::ALL.len()),
            bodies_refused: cells(BodyRefused::ALL.len()),
            mailboxes: durations(Mailbox::ALL.len()),
            signed: cells(TokenAlgorithm::ALL.len()),
            evicted: Cell::default(),
            checkpoints: cells(Attempt::ALL.len()),
            saved_at: Cell::default(),
        }))
    }

    /// A step has ended, for one tenant; with a reason where it did not succeed.
    pub fn ceremony(
        &self,
        tenant: TenantLabel,
        step: Step,
        refused: Option<Reason>,
        duration: Duration,
    ) {
        match refused {
            None => self.0.succeeded.count(tenant.index(), step.index()),
            Some(reason) => self.0.refused.count(tenant.index(), refusal(step, reason)),
        }
        self.0.steps[step.index()].observe(duration);
    }

    /// From now on the label is another tenant's.
    pub(super) fn forget(&self, tenant: TenantLabel) {
        self.0.succeeded.clear(tenant.index());
        self.0.refused.clear(tenant.index());
    }

    pub fn request(&self, template: Template, method: Method, status: Status) {
        self.0
            .requests
            .count(template.index(), response(method, status));
    }

    pub fn rate_limited(&self, limit: RateLimit) {
        self.0.rate_limited[limit.index()].add(1);
    }

    pub fn body_refused(&self, cause: BodyRefused) {
        self.0.bodies_refused[cause.index()].add(1);
    }

    /// A message was taken out of a mailbox, so long after it was sent.
    pub fn received(&self, mailbox: Mailbox, sent: Timer) {
        self.0.mailboxes[mailbox.index()].observe(sent.elapsed());
    }

    pub fn token_signed(&self, algorithm: TokenAlgorithm) {
        self.0.signed[algorithm.index()].add(1);
    }

    pub fn challenges_evicted(&self, count: usize) {
        self.0.evicted.add(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// The challenges of a tenant were written down, at which second, or were not.
    pub fn checkpoint(&self, saved: Result<u64, NotSaved>) {
        let attempt = if saved.is_ok() {
            Attempt::Succeeded
        } else {
            Attempt::Failed
        };
        self.0.checkpoints[attempt.index()].add(1);
        if let Ok(now) = saved {
            self.all_saved(now);
        }
    }

    /// All of a tenant are, with nothing left to do.
    pub fn all_saved(&self, unix_seconds: u64) {
        self.0.saved_at.set(unix_seconds);
    }
}

/// What was to be written down waits for the next round.
#[derive(Debug, Clone, Copy)]
pub struct NotSaved;

/// The column of a refused step.
pub(super) const fn refusal(step: Step, reason: Reason) -> usize {
    step.index() * Reason::ALL.len() + reason.index()
}

/// The column of a response.
pub(super) const fn response(method: Method, status: Status) -> usize {
    method.index() * Status::ALL.len() + status.index()
}
