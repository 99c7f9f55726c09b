//! What counting is done in: tables of one worker, added up over all workers when somebody looks. A place in a table is
//! known beforehand, so counting is one addition to memory that hardly anybody else writes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number.
#[derive(Debug, Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) fn cells(count: usize) -> Box<[Cell]> {
    (0..count).map(|_| Cell::default()).collect()
}

/// Rows of cells. One has memory from when something in it is first counted.
#[derive(Debug)]
pub(super) struct Rows {
    rows: Box<[OnceLock<Box<[Cell]>>]>,
    width: usize,
}

impl Rows {
    pub(super) fn new(rows: usize, width: usize) -> Self {
        Self {
            rows: (0..rows).map(|_| OnceLock::new()).collect(),
            width,
        }
    }

    pub(super) fn count(&self, row: usize, column: usize) {
        let row = self.rows[row].get_or_init(|| cells(self.width));
        row[column].add(1);
    }

    pub(super) fn value(&self, row: usize, column: usize) -> u64 {
        self.rows[row].get().map_or(0, |row| row[column].value())
    }

    /// From now on it counts for somebody else.
    pub(super) fn clear(&self, row: usize) {
        for cell in self.rows[row].get().into_iter().flatten() {
            cell.set(0);
        }
    }
}

/// How often something took how long. On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Durations {
    buckets: [Cell; BOUNDS_NANOS.len() + 1],
    nanos: Cell,
}

impl Durations {
    /// Most are short, and found at once.
    pub(super) fn observe(&self, duration: Duration) {
        let nanos = nanos(duration);
        let bucket = BOUNDS_NANOS.iter().position(|bound| nanos <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS_NANOS.len())].add(1);
        self.nanos.add(nanos);
    }
}

/// The durations of all workers. The sum may be a moment ahead of the counts.
pub(super) struct TotalDurations {
    /// Those up to each of [`SECONDS`], and all.
    pub(super) cumulative: [u64; BOUNDS_NANOS.len() + 1],
    pub(super) sum: Duration,
}

impl TotalDurations {
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a Durations>) -> Self {
        let mut cumulative = [0; BOUNDS_NANOS.len() + 1];
        let mut nanos = 0;
        for durations in all {
            let mut below = 0;
            for (total, bucket) in cumulative.iter_mut().zip(&durations.buckets) {
                below += bucket.value();
                *total += below;
            }
            nanos += durations.nanos.value();
        }
        Self {
            cumulative,
            sum: Duration::from_nanos(nanos),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}

/// From the work of an initialize to a commit on a slow disk.
pub(super) const SECONDS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0,
];

/// The same.
const BOUNDS_NANOS: [u64; SECONDS.len()] = [
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_the_same_in_either_unit() {
        for (seconds, nanos) in SECONDS.into_iter().zip(BOUNDS_NANOS) {
            assert_eq!(
                Duration::from_secs_f64(seconds),
                Duration::from_nanos(nanos)
            );
        }
    }
}
