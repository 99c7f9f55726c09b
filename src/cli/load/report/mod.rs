//! What a load found: for people a table, for programs one JSON document.

mod json;
mod table;

use std::time::Duration;

use hdrhistogram::Histogram;

use super::clock::Scheduled;
use super::engine::Outcome;
use super::plan::Loop;
use super::profile::Profile;
use super::record::{Record, Tally};
use super::step::Step;

pub(super) struct Report {
    pub(super) profile: Profile,
    pub(super) threads: usize,
    pub(super) tenants: usize,
    /// Who registered before the load.
    pub(super) accounts: usize,
    /// Of a ramp; else there is one.
    pub(super) stages: Vec<Stage>,
    /// All stages as one.
    pub(super) all: Stage,
    /// What was sent before the clock ran: registrations, and to warm up.
    pub(super) before: Record,
    pub(super) is_interrupted: bool,
    pub(super) thresholds: Vec<Judged>,
    /// Users that registered and stay where they are.
    pub(super) leaves: u64,
    /// The processor time of the server while the clock ran, where somebody wants to know.
    pub(super) server_seconds: Option<f64>,
}

pub(super) struct Stage {
    pub(super) shape: Loop,
    pub(super) record: Record,
    pub(super) lasted: Duration,
    pub(super) unsent: u64,
    pub(super) scheduled: Option<Scheduled>,
}

pub(super) struct Judged {
    pub(super) text: String,
    pub(super) measured: f64,
    pub(super) is_beyond: bool,
}

impl Stage {
    pub(super) fn new(shape: Loop, outcome: Outcome) -> Self {
        Self {
            shape,
            record: outcome.record,
            lasted: outcome.lasted,
            unsent: outcome.unsent,
            scheduled: outcome.scheduled,
        }
    }

    /// Of several, with the shape of the last.
    pub(super) fn sum(shape: Loop, stages: &[Self]) -> Self {
        let mut sum = Self {
            shape,
            record: Record::new(),
            lasted: Duration::ZERO,
            unsent: 0,
            scheduled: Some(Scheduled::default()),
        };
        for stage in stages {
            sum.record.add(&stage.record);
            sum.lasted += stage.lasted;
            sum.unsent += stage.unsent;
            let both = sum.scheduled.zip(stage.scheduled);
            sum.scheduled = both.map(|(mut sum, one)| {
                sum.add(one);
                sum
            });
        }
        sum
    }

    pub(super) fn total(&self) -> Tally {
        self.record.total()
    }

    pub(super) fn per_second(&self, requests: u64) -> f64 {
        let seconds = self.lasted.as_secs_f64();
        if seconds > 0.0 {
            count(requests) / seconds
        } else {
            0.0
        }
    }

    /// Of the time of all threads, in percent: how long they had a core, and how long they wanted one.
    fn shares(&self, threads: usize) -> Option<(f64, f64)> {
        let time = self.lasted.as_secs_f64() * f64::from(u32::try_from(threads).ok()?);
        let share = |part: Duration| part.as_secs_f64() * 100.0 / time;
        let Scheduled { ran, waited } = self.scheduled?;
        (time > 0.0).then(|| (share(ran), share(waited)))
    }
}

/// In microseconds.
pub(super) fn at(latency: &Histogram<u64>, quantile: f64) -> f64 {
    Duration::from_nanos(latency.value_at_quantile(quantile)).as_secs_f64() * 1_000_000.0
}

/// To divide it.
pub(super) fn count(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

impl Report {
    /// Users that have a passkey now.
    pub(super) fn registered(&self) -> u64 {
        let of = |record: &Record| {
            let finished = record.steps().get(&Step::RegistrationFinalize);
            finished.map_or(0, |tally| tally.succeeded)
        };
        of(&self.before) + of(&self.all.record)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        json::of(self)
    }

    pub(super) fn table(&self) -> String {
        table::of(self)
    }
}
