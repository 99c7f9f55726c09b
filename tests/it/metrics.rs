//! The names of the metrics and their labels: dashboards and alerts depend on them.

use std::collections::BTreeSet;

use crate::support::{Forge, TestServer};

const NAMES: &str = include_str!("metrics.txt");

#[tokio::test]
async fn the_names_are_those_of_the_list() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let text = server.admin().get("/metrics").await.text;
    let names: BTreeSet<String> = text.lines().filter_map(name_and_labels).collect();
    let expected: BTreeSet<String> = NAMES.lines().map(str::to_owned).collect();
    let names: Vec<_> = names.into_iter().collect();
    let expected: Vec<_> = expected.into_iter().collect();
    assert_eq!(names, expected, "\n{}", names.join("\n"));
}

#[tokio::test]
async fn a_registration_is_counted() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    tenant.finish_registration(&created).await.expect(400);
    let text = server.admin().get("/metrics").await.text;
    for line in [
        r#"keywright_ceremonies_total{ceremony="registration",outcome="succeeded",step="initialize"} 1"#,
        r#"keywright_ceremonies_total{ceremony="registration",outcome="succeeded",step="finalize"} 1"#,
        r#"keywright_ceremonies_total{ceremony="registration",outcome="refused",step="finalize"} 1"#,
        "keywright_challenges_pending 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
}

/// `name{label,label}`, without values and without the parts of histograms.
fn name_and_labels(line: &str) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let (series, _) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels: Vec<&str> = labels
        .trim_end_matches('}')
        .split(',')
        .filter_map(|label| label.split_once('=').map(|(name, _)| name))
        .filter(|label| *label != "le")
        .collect();
    Some(format!("{name}{{{}}}", labels.join(",")))
}
