//! How many may be under way at a time. The mailbox of an actor is no back-pressure; these are.

use std::sync::atomic::{AtomicUsize, Ordering};

/// On a cache line that only its worker writes: two that count side by side would slow each other down.
#[derive(Debug)]
pub struct Permits {
    out: AtomicUsize,
    most: usize,
}

impl Permits {
    /// `most`, divided over the workers.
    pub fn divided(most: usize, workers: usize) -> impl Iterator<Item = Self> {
        let share = most.div_ceil(workers);
        (0..workers).map(move |_| Self::new(share))
    }

    const fn new(most: usize) -> Self {
        Self {
            out: AtomicUsize::new(0),
            most,
        }
    }

    /// Takes one, if there is one left. Whoever takes one gives it back.
    pub fn take(&self) -> bool {
        if self.out.fetch_add(1, Ordering::AcqRel) < self.most {
            return true;
        }
        self.give_back();
        false
    }

    pub fn give_back(&self) {
        self.out.fetch_sub(1, Ordering::AcqRel);
    }

    pub const fn most(&self) -> usize {
        self.most
    }

    pub fn out(&self) -> usize {
        self.out.load(Ordering::Acquire)
    }
}
