//! What the audit log needs of the world: somebody who writes what waits, somebody who removes what is old, and a thread
//! that prints entries where the settings say so.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use crate::actor::audit::{Listener, Told, trim_all, trim_changed};
use crate::actor::registry::Registry;
use crate::http::time::rfc3339;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::worker::Timer;
use crate::tenant::ids::TenantId;

/// Starts the rounds.
pub(super) fn run(registry: &Arc<Registry>) {
    actix_web::rt::spawn(flushes(Arc::clone(registry)));
    actix_web::rt::spawn(trims(Arc::clone(registry)));
}

async fn flushes(registry: Arc<Registry>) {
    let mut ticks = interval(FLUSH_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        registry.audit.flush_all().await;
    }
}

/// All tenants when the server starts and then now and then, and between those that have written.
async fn trims(registry: Arc<Registry>) {
    let mut ticks = interval(TRIM_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in (0..TRIM_ALL_ROUNDS).cycle() {
        ticks.tick().await;
        if round == 0 {
            trim_all(&registry).await;
        } else {
            trim_changed(&registry).await;
        }
    }
}

/// The lines on stdout, from whoever has an entry to a thread that may wait for a slow reader. What it cannot keep up with
/// is counted and gone: the entries themselves are durable already.
#[derive(Clone)]
pub(super) struct Lines {
    sender: SyncSender<String>,
    waiting: Arc<AtomicUsize>,
    metrics: Metrics,
}

impl Lines {
    pub(super) fn start(metrics: Metrics) -> io::Result<Self> {
        let (sender, lines) = sync_channel(LINES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (printed, failed) = (Arc::clone(&waiting), metrics.clone());
        std::thread::Builder::new()
            .name("audit-stdout".into())
            .spawn(move || print(&lines, &printed, &failed))?;
        Ok(Self {
            sender,
            waiting,
            metrics,
        })
    }

    pub(super) fn listener(&self) -> Listener {
        let lines = self.clone();
        Box::new(move |tenant, told| lines.push(line(tenant, &told)))
    }

    /// Waits until all is printed, though not for ever.
    pub(super) async fn finish(&self) {
        let timer = Timer::start();
        while self.waiting.load(Ordering::Acquire) > 0 && timer.elapsed() < FINISH_MAX {
            tokio::time::sleep(POLL).await;
        }
    }

    fn push(&self, line: String) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.sender.try_send(line).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            self.metrics.audit_line_dropped();
        }
    }
}

/// Where nobody reads stdout any more, that is said once, and the lines are dropped.
fn print(lines: &Receiver<String>, waiting: &AtomicUsize, metrics: &Metrics) {
    let mut stdout = io::stdout();
    let mut has_failed = false;
    for line in lines {
        let printed = stdout
            .write_all(line.as_bytes())
            .and_then(|()| stdout.flush());
        if let Err(error) = printed {
            metrics.audit_line_dropped();
            if !has_failed {
                tracing::error!(%error, "stdout does not take audit entries; they are in the store");
            }
            has_failed = true;
        }
        waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The members of the contract's console line (§7).
#[derive(Serialize)]
struct Line<'a> {
    audience: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    tenant: String,
    http_request_id: &'a str,
    source_ip: &'a str,
    user_agent: &'a str,
    time: String,
    time_unix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
}

fn line(tenant: TenantId, told: &Told) -> String {
    let entry = &told.entry;
    let line = Line {
        audience: "audit",
        kind: told.kind.name(),
        error: entry.error.as_deref(),
        tenant: tenant.to_string(),
        http_request_id: &entry.by.request_id,
        source_ip: &entry.by.source_ip,
        user_agent: &entry.by.user_agent,
        time: rfc3339(told.at),
        time_unix: told.at.seconds().to_string(),
        user_id: entry.user.as_deref(),
        transaction_id: entry.transaction.as_deref(),
    };
    let mut line = serde_json::to_string(&line).expect("texts serialise");
    line.push('\n');
    line
}

/// Half of what an entry may take to be durable.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

const TRIM_EVERY: Duration = Duration::from_mins(1);
const TRIM_ALL_ROUNDS: u32 = 60;

/// Some megabytes of them.
const LINES_MAX: usize = 8192;
const FINISH_MAX: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);
