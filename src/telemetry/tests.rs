//! What is counted is what is scraped, whoever counted it.

use std::time::Duration;

use uuid::Uuid;

use super::metrics::Metrics;
use super::reason::Reason;
use super::request::{Method, Status, Template};
use super::tenants::TenantLabel;
use super::worker::{NotSaved, Step};

fn scrape(metrics: &Metrics) -> String {
    String::from_utf8(metrics.exposition()).unwrap()
}

/// The value of a series; `None`: there is no such.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.strip_prefix(' ')?.parse().ok()
}

#[track_caller]
fn is(text: &str, series: &str, expected: f64) {
    let found = value(text, series).unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-9, "{series} {found}\n{text}");
}

#[test]
fn what_workers_count_is_added_up() {
    let metrics = Metrics::new(3);
    let tenant = metrics.tenant_label(Uuid::nil());
    for worker in 0..3 {
        let worker = metrics.worker(worker);
        worker.ceremony(tenant, Step::LoginFinalize, None, Duration::from_millis(3));
        let refused = Some(Reason::Signature);
        worker.ceremony(
            TenantLabel::OTHER,
            Step::LoginFinalize,
            refused,
            Duration::ZERO,
        );
        worker.request(Template::Me, Method::Get, Status::Unauthorized);
        worker.checkpoint(Err(NotSaved));
    }
    metrics.worker(1).checkpoint(Ok(77));
    metrics.worker(2).all_saved(78);
    let text = scrape(&metrics);
    let login = r#"ceremony="login",step="finalize""#;
    for (series, expected) in [
        (
            format!(
                r#"keywright_ceremonies_total{{tenant="{}",{login},outcome="succeeded",reason=""}}"#,
                Uuid::nil()
            ),
            3.0,
        ),
        (
            format!(
                r#"keywright_ceremonies_total{{tenant="other",{login},outcome="refused",reason="signature"}}"#
            ),
            3.0,
        ),
        (
            format!("keywright_ceremony_duration_seconds_count{{{login}}}"),
            6.0,
        ),
        (
            format!("keywright_ceremony_duration_seconds_sum{{{login}}}"),
            0.009,
        ),
        (
            r#"keywright_http_requests_total{route="/me",method="GET",status="401"}"#.to_owned(),
            3.0,
        ),
        (
            r#"keywright_challenge_checkpoints_total{result="failed"}"#.to_owned(),
            3.0,
        ),
        (
            "keywright_challenges_saved_timestamp_seconds".to_owned(),
            78.0,
        ),
    ] {
        is(&text, &series, expected);
    }
}

#[test]
fn a_duration_is_in_its_bucket_and_all_above() {
    let metrics = Metrics::new(1);
    let worker = metrics.worker(0);
    for micros in [50, 51, 1_000_000, 1_000_001] {
        let duration = Duration::from_micros(micros);
        worker.ceremony(TenantLabel::OTHER, Step::MfaLoginInitialize, None, duration);
    }
    let text = scrape(&metrics);
    for (bound, expected) in [
        ("0.00005", 1.0),
        ("0.0001", 2.0),
        ("0.5", 2.0),
        ("1", 3.0),
        ("+Inf", 4.0),
    ] {
        let bucket = format!(
            r#"keywright_ceremony_duration_seconds_bucket{{ceremony="mfa_login",step="initialize",le="{bound}"}}"#
        );
        is(&text, &bucket, expected);
    }
}

#[test]
fn failures_are_told_from_refusals_by_their_reason() {
    let metrics = Metrics::new(1);
    for reason in Reason::ALL {
        let refused = Some(*reason);
        let worker = metrics.worker(0);
        worker.ceremony(
            TenantLabel::OTHER,
            Step::TransactionInitialize,
            refused,
            Duration::ZERO,
        );
    }
    let text = scrape(&metrics);
    let lines = |outcome: &str| {
        let outcome = format!("outcome=\"{outcome}\"");
        let lines = text.lines().filter(|line| line.contains(&outcome));
        lines.count()
    };
    assert_eq!(lines("failed"), 3);
    assert_eq!(lines("refused"), Reason::ALL.len() - 3);
}

#[test]
fn a_label_that_is_given_again_counts_from_nothing() {
    let metrics = Metrics::new(2);
    let label = metrics.tenant_label(Uuid::nil());
    for worker in 0..2 {
        let worker = metrics.worker(worker);
        let step = Step::RegistrationFinalize;
        worker.ceremony(label, step, None, Duration::ZERO);
        worker.ceremony(label, step, Some(Reason::WrongOrigin), Duration::ZERO);
        worker.forget(label);
    }
    let text = scrape(&metrics);
    let counts = text
        .lines()
        .filter(|line| line.starts_with("keywright_ceremonies_total{"));
    assert!(counts.clone().count() > 10, "{text}");
    for line in counts {
        assert!(line.ends_with(" 0"), "{line}");
    }
}

#[test]
fn a_probe_is_asked_at_each_scrape() {
    let metrics = Metrics::new(1);
    metrics.probe(Box::new(|metrics| metrics.database_bytes(4096)));
    is(&scrape(&metrics), "keywright_store_database_bytes", 4096.0);
}
