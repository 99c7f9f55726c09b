//! Exports traces: once a second, what has come together, to an OpenTelemetry collector. One that is slow, or not there,
//! costs traces and nothing else.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use ureq::Agent;

use super::client::agent;
use crate::config;
use crate::telemetry::otlp;
use crate::telemetry::traces::{Trace, Traces};
use crate::telemetry::worker::Timer;

/// The thread, and how to hurry it.
#[derive(Clone)]
pub(super) struct Exporter {
    pub(super) traces: Arc<Traces>,
    is_stopping: Arc<AtomicBool>,
    thread: Thread,
}

struct Export {
    traces: Arc<Traces>,
    is_stopping: Arc<AtomicBool>,
    agent: Agent,
    address: String,
    at_once: usize,
    told: Option<Timer>,
}

impl Exporter {
    /// `None`: there is nobody to export to.
    pub(super) fn start(settings: &config::Traces) -> io::Result<Option<Self>> {
        let Some(endpoint) = &settings.endpoint else {
            return Ok(None);
        };
        let (queue, finished) = sync_channel(settings.queue);
        let traces = Arc::new(Traces {
            sample_ratio: settings.sample_ratio,
            queue,
            waiting: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        });
        let is_stopping = Arc::new(AtomicBool::new(false));
        let mut export = Export {
            traces: Arc::clone(&traces),
            is_stopping: Arc::clone(&is_stopping),
            agent: agent(),
            address: format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')),
            at_once: settings.queue,
            told: None,
        };
        let thread = std::thread::Builder::new().name("traces".into());
        let thread: JoinHandle<()> = thread.spawn(move || export.run(&finished))?;
        Ok(Some(Self {
            traces,
            is_stopping,
            thread: thread.thread().clone(),
        }))
    }

    /// Waits until all is exported, though not for ever.
    pub(super) async fn finish(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.thread.unpark();
        let timer = Timer::start();
        while self.traces.waiting.load(Ordering::Acquire) > 0 && timer.elapsed() < FINISH_MAX {
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Export {
    /// As long as the process runs. What comes within a second goes in one piece, and no more than the queue holds: whatever
    /// comes costs the collector no more than that.
    fn run(&mut self, finished: &Receiver<Trace>) {
        while let Ok(first) = finished.recv() {
            self.wait();
            let rest = finished.try_iter().take(self.at_once - 1);
            let batch: Vec<Trace> = std::iter::once(first).chain(rest).collect();
            let failure = self.send(&batch).err();
            self.traces.waiting.fetch_sub(batch.len(), Ordering::AcqRel);
            self.tell(batch.len(), failure);
        }
    }

    fn wait(&self) {
        let timer = Timer::start();
        while !self.is_stopping.load(Ordering::Acquire) {
            let Some(left) = EVERY.checked_sub(timer.elapsed()) else {
                return;
            };
            std::thread::park_timeout(left);
        }
    }

    fn send(&self, batch: &[Trace]) -> Result<(), Failure> {
        let request = self
            .agent
            .post(&self.address)
            .header("Content-Type", "application/x-protobuf");
        let request = request.config().timeout_global(Some(TIMEOUT)).build();
        let answer = request.send(&otlp::export(batch)[..]);
        let status = answer.map_err(Box::new)?.status();
        if status.is_success() {
            return Ok(());
        }
        Err(Failure::Status(status.as_u16()))
    }

    /// Of what was lost, once a minute.
    fn tell(&mut self, count: usize, failure: Option<Failure>) {
        let is_told = |timer: Timer| timer.elapsed() < TELL_EVERY;
        let dropped = self.traces.dropped.load(Ordering::Relaxed);
        if failure.is_none() && dropped == 0 || self.told.is_some_and(is_told) {
            return;
        }
        self.told = Some(Timer::start());
        self.traces.dropped.store(0, Ordering::Relaxed);
        if let Some(error) = failure {
            tracing::warn!(
                %error,
                count,
                dropped,
                "traces are lost: the collector does not take them; this is said once a minute"
            );
        } else {
            tracing::warn!(
                dropped,
                "traces are lost: there were more than traces.queue holds; this is said once a minute"
            );
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Transport(#[from] Box<ureq::Error>),
}

const EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_secs(5);
const FINISH_MAX: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);
