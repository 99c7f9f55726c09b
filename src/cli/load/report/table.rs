//! For people.

use super::{Report, Stage, at, count};
use crate::cli::load::plan::Loop;
use crate::cli::load::record::Tally;

pub(super) fn of(report: &Report) -> String {
    let mut lines = vec![title(report), String::new()];
    if report.stages.len() > 1 {
        lines.extend(stages(report));
        lines.push(String::new());
    }
    lines.extend(steps(&report.all));
    lines.extend(faults(&report.all));
    lines.push(String::new());
    lines.extend(remarks(report));
    lines.join("\n")
}

fn title(report: &Report) -> String {
    let shape = shape(report.all.shape);
    let threads = counted(report.threads, "thread");
    let tenants = counted(report.tenants, "tenant");
    let seconds = report.all.lasted.as_secs_f64();
    let users = match report.accounts {
        0 => String::new(),
        accounts => format!(", {accounts} users"),
    };
    let name = report.profile.name();
    format!("{name}: {shape}, {threads}, {tenants}{users}, {seconds:.1} s")
}

fn shape(shape: Loop) -> String {
    match shape {
        Loop::Closed { connections } => counted(connections, "connection"),
        Loop::Open { connections, rate } => {
            let connections = counted(connections, "connection");
            format!("{rate:.0} operations a second over {connections}")
        }
    }
}

fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// Of a ramp.
fn stages(report: &Report) -> Vec<String> {
    let mut lines = vec![header("STAGE")];
    for stage in &report.stages {
        let name = match stage.shape {
            Loop::Closed { connections } => counted(connections, "connection"),
            Loop::Open { rate, .. } => format!("{rate:.0}/s"),
        };
        lines.push(row(&name, stage, &stage.total()));
    }
    lines
}

fn steps(stage: &Stage) -> Vec<String> {
    let mut lines = vec![header("STEP")];
    for (step, tally) in stage.record.steps() {
        lines.push(row(step.path(), stage, tally));
    }
    if stage.record.steps().len() > 1 {
        lines.push(row("all", stage, &stage.total()));
    }
    lines
}

fn header(first: &str) -> String {
    format!(
        "{first:<24}{:>10}{:>10}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "REQUESTS", "/S", "ERRORS", "P50", "P90", "P99", "P99.9", "MAX"
    )
}

fn row(name: &str, stage: &Stage, tally: &Tally) -> String {
    let (requests, errors) = (tally.requests(), tally.errors());
    let rate = stage.per_second(requests);
    let times = [0.5, 0.9, 0.99, 0.999, 1.0].map(|quantile| {
        let milliseconds = at(&tally.latency, quantile) / 1_000.0;
        format!("{:>10}", time(milliseconds))
    });
    let times = times.concat();
    format!("{name:<24}{requests:>10}{rate:>10.0}{errors:>8}{times}")
}

fn time(milliseconds: f64) -> String {
    if milliseconds < 10.0 {
        format!("{milliseconds:.2} ms")
    } else if milliseconds < 1_000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1_000.0)
    }
}

fn faults(stage: &Stage) -> Vec<String> {
    if stage.record.faults.is_empty() {
        return Vec::new();
    }
    let head = format!("{:<24}{:>10}{:>10}  REASON", "ERRORS", "REQUESTS", "STATUS");
    let mut lines = vec![String::new(), head];
    for (fault, count) in &stage.record.faults {
        let status = fault
            .status
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        let (step, reason) = (fault.step.path(), &fault.reason);
        lines.push(format!("{step:<24}{count:>10}{status:>10}  {reason}"));
    }
    lines
}

fn remarks(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((busy, waiting)) = report.all.shares(report.threads) {
        lines.push(format!(
            "This generator: {} busy for {busy:.0} % of the time, waiting for a core for {waiting:.0} %",
            counted(report.threads, "thread")
        ));
        if busy + waiting > BOTTLENECK_PERCENT {
            lines.push(
                "It was the bottleneck: what it measured is itself. Give it more --threads, or cores of its own".to_owned(),
            );
        }
    }
    if let Some(seconds) = report.server_seconds {
        let each = seconds * 1_000_000.0 / count(report.all.total().requests().max(1));
        lines.push(format!(
            "The server: {seconds:.2} s of processor time, {each:.1} µs a request"
        ));
    }
    if report.all.unsent > 0 {
        let unsent = report.all.unsent;
        lines.push(format!(
            "{unsent} operations were due and never begun: no connection was free"
        ));
    }
    if report.leaves > 0 {
        let leaves = report.leaves;
        lines.push(format!(
            "{leaves} users of this load stay with the tenant; their ids begin with load-"
        ));
    }
    for judged in &report.thresholds {
        let verdict = if judged.is_beyond { "FAILED" } else { "ok" };
        lines.push(format!(
            "{verdict:<8}{}   measured {:.1}",
            judged.text, judged.measured
        ));
    }
    if report.is_interrupted {
        lines.push("Interrupted: this is what there was until then".to_owned());
    }
    lines
}

/// Of the time of all threads.
const BOTTLENECK_PERCENT: f64 = 90.0;
