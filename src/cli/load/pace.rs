//! When the next operation of a connection begins, and whether there is one.
//!
//! In the open loop a thread of its own lets operations go at their time: the timers of an event loop are a millisecond
//! late. What is due and finds no connection free waits, and its latency counts from its time all the same.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::clock;
use super::interrupt::Interrupt;

/// The times of an open loop, dealt out to the threads in turn.
pub(super) struct Schedule {
    pub(super) start: Instant,
    pub(super) end: Instant,
    nanoseconds: u64,
    due: Vec<Semaphore>,
}

impl Schedule {
    pub(super) fn new(start: Instant, lasting: Duration, rate: f64, threads: usize) -> Self {
        let interval = Duration::from_secs_f64(1.0 / rate).as_nanos();
        Self {
            start,
            end: start + lasting,
            nanoseconds: u64::try_from(interval).unwrap_or(u64::MAX).max(1),
            due: (0..threads).map(|_| Semaphore::new(0)).collect(),
        }
    }

    /// Lets them go, until the end. How many there were.
    pub(super) fn run(&self, interrupt: &Interrupt) -> u64 {
        let mut gone = 0;
        loop {
            let now = clock::now();
            if now >= self.end || interrupt.is_raised() {
                break;
            }
            while self.time_of(gone) <= now {
                self.due[self.thread_of(gone)].add_permits(1);
                gone += 1;
            }
            let pause = self.time_of(gone).saturating_duration_since(now);
            std::thread::sleep(pause.clamp(PAUSE_MIN, PAUSE_MAX));
        }
        for due in &self.due {
            due.close();
        }
        gone
    }

    fn time_of(&self, number: u64) -> Instant {
        self.start + Duration::from_nanos(self.nanoseconds.saturating_mul(number))
    }

    fn thread_of(&self, number: u64) -> usize {
        usize::try_from(number).unwrap_or_default() % self.due.len()
    }
}

/// What the workers of one thread ask before each operation.
pub(super) enum Pace<'a> {
    /// So many in all.
    Count {
        left: Cell<usize>,
    },
    Until {
        end: Instant,
    },
    Schedule {
        schedule: &'a Schedule,
        thread: usize,
        begun: Cell<u64>,
    },
}

impl Pace<'_> {
    /// When the next one should begin or should have begun; `None`: it is over.
    pub(super) async fn next(&self, interrupt: &Interrupt) -> Option<Instant> {
        if interrupt.is_raised() {
            return None;
        }
        match self {
            Self::Count { left } => {
                left.set(left.get().checked_sub(1)?);
                Some(clock::now())
            }
            Self::Until { end } => Some(clock::now()).filter(|now| now < end),
            Self::Schedule {
                schedule,
                thread,
                begun,
            } => {
                schedule.due[*thread].acquire().await.ok()?.forget();
                let turn = begun.replace(begun.get() + 1);
                let threads = u64::try_from(schedule.due.len()).ok()?;
                Some(schedule.time_of(turn * threads + u64::try_from(*thread).ok()?))
            }
        }
    }

    /// How many of a schedule were begun.
    pub(super) const fn begun(&self) -> u64 {
        match self {
            Self::Schedule { begun, .. } => begun.get(),
            Self::Count { .. } | Self::Until { .. } => 0,
        }
    }
}

/// Above 5,000 a second several go at once.
const PAUSE_MIN: Duration = Duration::from_micros(200);

/// So that an interrupt is not late.
const PAUSE_MAX: Duration = Duration::from_millis(20);
