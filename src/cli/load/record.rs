//! What became of the requests. A thread keeps its own record; at the end they are added up.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Deserialize;

use super::answer::Broken;
use super::step::Step;

/// Of the requests of one step.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// In nanoseconds, of all requests, whatever became of them.
    pub(super) latency: Histogram<u64>,
    pub(super) succeeded: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    /// Without an answer.
    pub(super) broken: u64,
    /// Of those that succeeded: with an answer that is not what the API says.
    pub(super) misunderstood: u64,
}

/// Why a request is an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault {
    pub(super) step: Step,
    pub(super) status: Option<u16>,
    pub(super) reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, reason) = (self.step.path(), &self.reason);
        match self.status {
            Some(status) => write!(formatter, "{step} answers {status}: {reason}"),
            None => write!(formatter, "{step}: {reason}"),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Record {
    tallies: BTreeMap<Step, Tally>,
    pub(super) faults: BTreeMap<Fault, u64>,
}

impl Tally {
    fn new() -> Self {
        let bounds = Histogram::new_with_bounds(1_000, LATENCY_NANOSECONDS_MAX, 3);
        Self {
            latency: bounds.expect("these bounds are in order"),
            succeeded: 0,
            refused: 0,
            failed: 0,
            broken: 0,
            misunderstood: 0,
        }
    }

    fn add(&mut self, other: &Self) {
        self.latency
            .add(&other.latency)
            .expect("all have the same bounds");
        self.succeeded += other.succeeded;
        self.refused += other.refused;
        self.failed += other.failed;
        self.broken += other.broken;
        self.misunderstood += other.misunderstood;
    }

    pub(super) const fn requests(&self) -> u64 {
        self.succeeded + self.refused + self.failed + self.broken
    }

    pub(super) const fn errors(&self) -> u64 {
        self.refused + self.failed + self.broken + self.misunderstood
    }
}

impl Record {
    pub(super) const fn new() -> Self {
        Self {
            tallies: BTreeMap::new(),
            faults: BTreeMap::new(),
        }
    }

    pub(super) fn answered(&mut self, step: Step, status: u16, took: Duration) {
        let tally = self.timed(step, took);
        match status {
            200..300 => tally.succeeded += 1,
            500.. => tally.failed += 1,
            _ => tally.refused += 1,
        }
    }

    pub(super) fn broke(&mut self, step: Step, broken: Broken, took: Duration) {
        self.timed(step, took).broken += 1;
        self.fault(step, None, broken.to_string());
    }

    pub(super) fn misunderstood(&mut self, step: Step) {
        let tally = self.tallies.entry(step).or_insert_with(Tally::new);
        tally.misunderstood += 1;
        self.fault(step, Some(200), "not what the API says".to_owned());
    }

    fn timed(&mut self, step: Step, took: Duration) -> &mut Tally {
        let tally = self.tallies.entry(step).or_insert_with(Tally::new);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        tally.latency.saturating_record(nanoseconds);
        tally
    }

    /// Servers choose their reasons; only so many are told apart.
    pub(super) fn fault(&mut self, step: Step, status: Option<u16>, reason: String) {
        let mut fault = Fault {
            step,
            status,
            reason,
        };
        if self.faults.len() >= FAULTS_MAX && !self.faults.contains_key(&fault) {
            "others".clone_into(&mut fault.reason);
        }
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (step, tally) in &other.tallies {
            let mine = self.tallies.entry(*step).or_insert_with(Tally::new);
            mine.add(tally);
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(fault.clone()).or_default() += count;
        }
    }

    pub(super) const fn steps(&self) -> &BTreeMap<Step, Tally> {
        &self.tallies
    }

    /// Of all steps.
    pub(super) fn total(&self) -> Tally {
        let mut total = Tally::new();
        for tally in self.tallies.values() {
            total.add(tally);
        }
        total
    }
}

/// What a refusal says for programs, else for people.
pub(super) fn reason(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal {
        reason: Option<String>,
        code: Option<String>,
        title: Option<String>,
        message: Option<String>,
        details: Option<String>,
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let told = refusal.reason.or(refusal.code).or_else(|| {
        let title = refusal.title.or(refusal.message)?;
        let details = refusal.details.filter(|details| !details.is_empty());
        Some(details.map_or_else(|| title.clone(), |details| format!("{title}: {details}")))
    });
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let told = told.unwrap_or_else(|| "no reason".to_owned());
    let told: String = told.chars().map(visible).take(REASON_LENGTH_MAX).collect();
    told.trim_end().to_owned()
}

const LATENCY_NANOSECONDS_MAX: u64 = 300_000_000_000;
const FAULTS_MAX: usize = 64;
const REASON_LENGTH_MAX: usize = 120;
