//! What somebody at a terminal sees while a load runs. Elsewhere it says nothing.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clock;
use super::worker::Seen;

pub(super) struct Progress {
    is_terminal: bool,
    /// What is going on.
    title: String,
}

impl Progress {
    pub(super) fn of(title: String) -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            title,
        }
    }

    /// Returns when it is over.
    pub(super) fn watch(&self, seen: &[Seen], is_over: impl Fn() -> bool) {
        let start = clock::now();
        let mut last = (start, 0);
        while !is_over() {
            std::thread::sleep(LOOK_EVERY);
            let now = clock::now();
            if self.is_terminal && now.duration_since(last.0) >= TELL_EVERY {
                last = self.tell(seen, (start, now), last);
            }
        }
        self.clear();
    }

    fn tell(
        &self,
        seen: &[Seen],
        (start, now): (Instant, Instant),
        (then, before): (Instant, u64),
    ) -> (Instant, u64) {
        let sum = |count: fn(&Seen) -> u64| seen.iter().map(count).sum::<u64>();
        let requests = sum(|seen| seen.requests.load(Ordering::Relaxed));
        let errors = sum(|seen| seen.errors.load(Ordering::Relaxed));
        let seconds = now.duration_since(start).as_secs();
        let milliseconds = now.duration_since(then).as_millis().max(1);
        let rate = u128::from(requests - before) * 1_000 / milliseconds;
        self.line(&format!(
            "{}  {seconds} s  {requests} requests  {rate}/s  {errors} errors",
            self.title
        ));
        (now, requests)
    }

    /// For what has no requests of its own.
    pub(super) fn count(&self, done: usize) {
        self.line(&format!("{}  {done}", self.title));
    }

    fn line(&self, text: &str) {
        if self.is_terminal {
            let mut stderr = std::io::stderr().lock();
            drop(write!(stderr, "\r\x1b[K{text}"));
            drop(stderr.flush());
        }
    }

    pub(super) fn clear(&self) {
        self.line("");
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(10);
const TELL_EVERY: Duration = Duration::from_secs(1);
