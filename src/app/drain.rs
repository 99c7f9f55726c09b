//! The end of a server, in this order: nobody new, what is under way ends, what is pending is written down, the store is
//! closed. Only then may the workers go: they take all actors along.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Running;
use crate::telemetry::worker::Timer;

/// The signals that end a server. Listened to before anybody is told that it runs: one that comes earlier would end it
/// at once, without a drain.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

impl Running {
    /// Runs until a signal comes, then drains.
    pub async fn until(self, mut signals: Signals) {
        tokio::select! {
            _ = signals.terminate.recv() => {}
            _ = signals.interrupt.recv() => {}
        }
        tracing::info!("stopping: what is under way is finished, nobody new is let in");
        self.drain().await;
    }

    /// Everything that was acknowledged is durable already; this keeps what is merely pending.
    pub async fn drain(self) {
        self.registry.drain();
        for server in &self.handles {
            server.pause().await;
        }
        self.wait_for_requests().await;
        self.registry.save_challenges().await;
        self.registry.audit.flush_all().await;
        if let Err(error) = self.registry.store.close().await {
            tracing::error!(%error, "the store did not close cleanly; the next start recovers it");
        }
        for server in &self.handles {
            server.stop(true).await;
        }
        if let Some(lines) = &self.lines {
            lines.finish().await;
        }
        if let Some(exporter) = &self.exporter {
            exporter.finish().await;
        }
        tracing::info!("stopped");
    }

    async fn wait_for_requests(&self) {
        let timer = Timer::start();
        while self.registry.requests() > 0 && timer.elapsed() < self.drain_timeout {
            tokio::time::sleep(POLL).await;
        }
    }
}

const POLL: Duration = Duration::from_millis(5);
