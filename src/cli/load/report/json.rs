//! For programs. Times are microseconds.

use serde_json::{Value, json};

use super::{Report, Stage, at};
use crate::cli::load::plan::Loop;
use crate::cli::load::record::{Record, Tally};
use crate::cli::load::step::Step;

pub(super) fn of(report: &Report) -> Value {
    let mut document = stage(&report.all, report.threads);
    let stages = report.stages.iter();
    let thresholds = report.thresholds.iter().map(|judged| {
        json!({"rule": judged.text, "measured": judged.measured, "is_beyond": judged.is_beyond})
    });
    let more = json!({
        "profile": report.profile.name(),
        "threads": report.threads,
        "tenants": report.tenants,
        "accounts": report.accounts,
        "stages": stages.map(|each| stage(each, report.threads)).collect::<Vec<_>>(),
        "ceremonies": ceremonies(report),
        "thresholds": thresholds.collect::<Vec<_>>(),
        "server_cpu_seconds": report.server_seconds,
        "is_interrupted": report.is_interrupted,
    });
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    document
}

fn stage(stage: &Stage, threads: usize) -> Value {
    let total = stage.total();
    let shares = stage.shares(threads);
    let faults = stage.record.faults.iter().map(|(fault, count)| {
        json!({"step": fault.step.path(), "status": fault.status, "reason": fault.reason, "count": count})
    });
    json!({
        "loop": match stage.shape { Loop::Closed { .. } => "closed", Loop::Open { .. } => "open" },
        "connections": stage.shape.connections(),
        "rate": stage.shape.rate(),
        "seconds": stage.lasted.as_secs_f64(),
        "requests": total.requests(),
        "requests_per_second": stage.per_second(total.requests()),
        "errors": total.errors(),
        "unsent": stage.unsent,
        "latency_us": latency(&total),
        "steps": steps(stage),
        "faults": faults.collect::<Vec<_>>(),
        "generator": {
            "busy_percent": shares.map(|(busy, _)| busy),
            "waiting_percent": shares.map(|(_, waiting)| waiting),
        },
    })
}

fn steps(stage: &Stage) -> Vec<Value> {
    let of = |(step, tally): (&Step, &Tally)| {
        json!({
            "step": step.path(),
            "requests": tally.requests(),
            "requests_per_second": stage.per_second(tally.requests()),
            "errors": tally.errors(),
            "latency_us": latency(tally),
        })
    };
    stage.record.steps().iter().map(of).collect()
}

fn latency(tally: &Tally) -> Value {
    let at = |quantile| at(&tally.latency, quantile);
    json!({
        "mean": tally.latency.mean() / 1_000.0,
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p99.9": at(0.999),
        "max": at(1.0),
    })
}

/// All that was sent, before and while the clock ran, as `keywright_ceremonies_total` counts it.
fn ceremonies(report: &Report) -> Vec<Value> {
    let mut sent = Record::new();
    sent.add(&report.before);
    sent.add(&report.all.record);
    let mut counts = Vec::new();
    for (step, tally) in sent.steps() {
        let Some((ceremony, step)) = step.ceremony() else {
            continue;
        };
        let outcomes = [
            ("succeeded", tally.succeeded),
            ("refused", tally.refused),
            ("failed", tally.failed),
        ];
        for (outcome, count) in outcomes {
            counts.push(
                json!({"ceremony": ceremony, "step": step, "outcome": outcome, "count": count}),
            );
        }
    }
    counts
}
