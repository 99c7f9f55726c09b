//! Token buckets in a table of a fixed size: many keys, no lock, no allocation, and memory that no flood makes grow.
//!
//! A bucket is one number, the time at which it would be full again (GCRA). Buckets that share a set of the table push each
//! other out, the fullest first: whoever comes back often is remembered longest, and to be forgotten is to be let in. Two
//! threads may meet in a slot while it changes hands; then a token is counted for the wrong one, which a limit can bear.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How fast a bucket fills up, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    interval: u64,
    full: u64,
}

impl Rate {
    /// Both at least 1; more than a token a nanosecond is as good as no limit.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval = (NANOSECONDS / u64::from(per_second.max(1))).max(1);
        Self {
            interval,
            full: interval * u64::from(burst.max(1)),
        }
    }
}

/// How long until there is a token again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Empty(pub Duration);

/// The buckets of keys that are spread evenly over 64 bits, and that nobody can choose.
pub struct Buckets {
    sets: Box<[Set]>,
}

/// On a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Set([Slot; SLOTS]);

#[derive(Default)]
struct Slot {
    key: AtomicU64,
    /// In nanoseconds of the caller's clock.
    full_at: AtomicU64,
}

impl Buckets {
    /// For about as many keys at a time.
    pub fn new(keys: usize) -> Self {
        let sets = keys.div_ceil(SLOTS).max(1);
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
        }
    }

    /// Takes a token of the key's bucket. `now` is any clock that does not go back.
    pub fn take(&self, key: u64, rate: Rate, now: Duration) -> Result<(), Empty> {
        let now = nanoseconds(now);
        let set = self.set(key);
        let slot = set.find(key).unwrap_or_else(|| set.claim(key));
        let taken = slot
            .full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let full_at = full_at.max(now) + rate.interval;
                (full_at - now <= rate.full).then_some(full_at)
            });
        taken
            .map(drop)
            .map_err(|full_at| rate.empty(full_at.max(now), now))
    }

    /// Whether [`Buckets::take`] would find it empty.
    pub fn look(&self, key: u64, rate: Rate, now: Duration) -> Result<(), Empty> {
        let now = nanoseconds(now);
        let slot = self.set(key).find(key);
        let full_at = slot.map_or(now, |slot| slot.full_at.load(Ordering::Relaxed).max(now));
        if full_at + rate.interval - now <= rate.full {
            return Ok(());
        }
        Err(rate.empty(full_at, now))
    }

    fn set(&self, key: u64) -> &Set {
        let sets = u64::try_from(self.sets.len()).unwrap_or(u64::MAX);
        &self.sets[usize::try_from(key % sets).unwrap_or_default()]
    }
}

impl Rate {
    const fn empty(self, full_at: u64, now: u64) -> Empty {
        let wait = (full_at + self.interval - now).saturating_sub(self.full);
        Empty(Duration::from_nanos(wait))
    }
}

impl Set {
    fn find(&self, key: u64) -> Option<&Slot> {
        self.0
            .iter()
            .find(|slot| slot.key.load(Ordering::Relaxed) == key)
    }

    /// The slot whose bucket is the fullest.
    fn claim(&self, key: u64) -> &Slot {
        let [first, rest @ ..] = &self.0;
        let full_at = |slot: &Slot| slot.full_at.load(Ordering::Relaxed);
        let slot = rest.iter().fold(first, |fullest, slot| {
            if full_at(slot) < full_at(fullest) {
                slot
            } else {
                fullest
            }
        });
        slot.full_at.store(0, Ordering::Relaxed);
        slot.key.store(key, Ordering::Relaxed);
        slot
    }
}

/// A process that has run for 584 years has other worries.
fn nanoseconds(now: Duration) -> u64 {
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX >> 1)
}

const SLOTS: usize = 4;
const NANOSECONDS: u64 = 1_000_000_000;
