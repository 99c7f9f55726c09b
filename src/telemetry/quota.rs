//! How many lines of a kind a minute of the log has. Anybody outside can be refused, or be told of a failure, as often as he
//! likes: that must not fill a disk.

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::worker::Timer;

/// Lines that come from one place of the code are of one kind.
pub(super) struct Quota {
    per_minute: u32,
    timer: Timer,
    /// Kinds that meet in one share it.
    kinds: [Minute; KINDS],
}

/// Which minute it is, and how many lines it has had.
#[derive(Default)]
struct Minute(AtomicU64);

#[derive(Debug, PartialEq, Eq)]
enum Room {
    Enough,
    /// For the first that finds none.
    Gone,
    None,
}

impl Quota {
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            timer: Timer::start(),
            kinds: std::array::from_fn(|_| Minute::default()),
        }
    }

    fn take(&self, event: &Event<'_>) -> Room {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let kind = hasher.hash_one(event.metadata().callsite());
        let kinds = u64::try_from(KINDS).unwrap_or(u64::MAX);
        let kind = usize::try_from(kind % kinds).unwrap_or_default();
        self.kinds[kind].take(self.timer.elapsed().as_secs() / 60, self.per_minute)
    }
}

impl<S: Subscriber> Layer<S> for Quota {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let room = self.take(event);
        if room == Room::Gone {
            let (from, level) = (event.metadata().target(), event.metadata().level());
            tracing::warn!(
                kind = format!("{level} {from}"),
                "more lines of a kind than log.lines_per_minute: the rest of this minute's are left out, the metrics count all"
            );
        }
        room == Room::Enough
    }
}

impl Minute {
    fn take(&self, minute: u64, most: u32) -> Room {
        let count_in = |lines: u64| {
            let is_now = lines >> COUNT_BITS == minute;
            let count = lines & u64::from(u32::MAX);
            if is_now { count } else { 0 }
        };
        let one_more = |lines| {
            let count = count_in(lines) + 1;
            (count <= u64::from(most) + 1).then_some(minute << COUNT_BITS | count)
        };
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        match taken {
            Ok(lines) if count_in(lines) < u64::from(most) => Room::Enough,
            Ok(_) => Room::Gone,
            Err(_) => Room::None,
        }
    }
}

/// More than there are places that say something.
const KINDS: usize = 256;

/// The minute stands above them.
const COUNT_BITS: u32 = 32;
