//! The time, and the processor time of the thread that asks. A load is its own composition root.

use std::time::{Duration, Instant};

#[expect(
    clippy::disallowed_methods,
    reason = "measuring is what a load generator is for"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Of one thread: how long it had a core, and how long it was ready and had none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scheduled {
    pub(super) ran: Duration,
    pub(super) waited: Duration,
}

impl Scheduled {
    /// `None` where the system does not say, as all but Linux.
    pub(super) fn of_this_thread() -> Option<Self> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let mut numbers = text.split_whitespace().map(str::parse);
        let mut next = || Some(Duration::from_nanos(numbers.next()?.ok()?));
        Some(Self {
            ran: next()?,
            waited: next()?,
        })
    }

    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            ran: self.ran.saturating_sub(earlier.ran),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.ran += other.ran;
        self.waited += other.waited;
    }
}
