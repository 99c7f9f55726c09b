//! How many challenges are out on one worker, of all tenants together, and who holds most.
//!
//! The limits of the configuration are divided over the workers, so nothing is shared between threads on the way of an
//! initialize but a counter that only this worker writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actix::WeakAddr;
use parking_lot::Mutex;

use super::ceremonies::{Ceremonies, EvictOldest, Tick};
use crate::tenant::challenge::Access;

/// A worker's share of `limits.challenges` and `limits.challenges_per_tenant`, for keyed and unkeyed ceremonies each.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    pub all: usize,
    pub per_tenant: usize,
}

impl Caps {
    #[must_use]
    pub fn divided(self, workers: usize) -> Self {
        Self {
            all: self.all.div_ceil(workers),
            per_tenant: self.per_tenant.div_ceil(workers),
        }
    }
}

/// Alone on its cache lines, as the counts are: the workers would slow each other down.
#[derive(Debug)]
#[repr(align(128))]
pub struct Ledger {
    pub caps: Caps,
    totals: Counts,
    /// How many of each kind somebody was asked to let go of, and has not yet.
    asked: Levels,
    accounts: Mutex<Vec<Account>>,
}

/// What one tenant has on one worker: challenges out, keyed and unkeyed, and whether a checkpoint still has something to tell.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Counts {
    challenges: Levels,
    unsaved: AtomicBool,
}

/// A number for each kind. Only its worker writes it, so a write may be a read and a store.
#[derive(Debug, Default)]
struct Levels([AtomicUsize; 2]);

#[derive(Debug)]
struct Account {
    held: Arc<Counts>,
    owner: WeakAddr<Ceremonies>,
}

impl Counts {
    pub fn of(&self, access: Access) -> usize {
        self.challenges.of(access)
    }

    pub fn is_idle(&self) -> bool {
        Access::ALL.into_iter().all(|access| self.of(access) == 0)
            && !self.unsaved.load(Ordering::Acquire)
    }

    pub fn set_unsaved(&self, unsaved: bool) {
        self.unsaved.store(unsaved, Ordering::Release);
    }
}

impl Levels {
    fn of(&self, access: Access) -> usize {
        self.slot(access).load(Ordering::Acquire)
    }

    fn add(&self, access: Access, count: usize) {
        self.slot(access)
            .store(self.of(access) + count, Ordering::Release);
    }

    fn subtract(&self, access: Access, count: usize) {
        let left = self.of(access).saturating_sub(count);
        self.slot(access).store(left, Ordering::Release);
    }

    const fn slot(&self, access: Access) -> &AtomicUsize {
        match access {
            Access::Keyed => &self.0[0],
            Access::Unkeyed => &self.0[1],
        }
    }
}

impl Ledger {
    pub fn new(caps: Caps) -> Self {
        Self {
            caps,
            totals: Counts::default(),
            asked: Levels::default(),
            accounts: Mutex::new(Vec::new()),
        }
    }

    /// Opens an account. Those of actors that are gone are closed when there is no room.
    pub fn open(&self, held: Arc<Counts>, owner: WeakAddr<Ceremonies>) {
        let mut accounts = self.accounts.lock();
        if accounts.len() == accounts.capacity() {
            accounts.retain(|account| account.owner.upgrade().is_some());
        }
        accounts.push(Account { held, owner });
    }

    /// Tells every so many-th of those who hold something that it is time to write it down.
    pub fn tick(&self, first: u32, step: u32) {
        let accounts = self.accounts.lock();
        let numbered = (0..step).cycle().zip(accounts.iter());
        let told = numbered.filter(|(number, it)| *number == first && !it.held.is_idle());
        for owner in told.filter_map(|(_, account)| account.owner.upgrade()) {
            owner.do_send(Tick);
        }
    }

    pub fn began(&self, held: &Counts, access: Access) {
        held.challenges.add(access, 1);
        self.totals.challenges.add(access, 1);
    }

    pub fn ended(&self, held: &Counts, access: Access, count: usize) {
        held.challenges.subtract(access, count);
        self.totals.challenges.subtract(access, count);
    }

    /// How many are out on this worker.
    pub fn pending(&self, access: Access) -> usize {
        self.totals.of(access)
    }

    /// Where there are too many of a kind, whoever holds most is asked to let go of its oldest.
    pub fn make_room(self: &Arc<Self>, access: Access) {
        if let Some(count) = self.too_many(access) {
            self.evict_from_largest(self.ask(access, count));
        }
    }

    /// How many are to go beyond those that were asked for already. Many at once: in a flood nobody should have to look at all
    /// accounts each time that something begins.
    fn too_many(&self, access: Access) -> Option<usize> {
        let staying = self.totals.of(access).saturating_sub(self.asked.of(access));
        let excess = staying.checked_sub(self.caps.all).filter(|it| *it > 0)?;
        Some(excess.max(self.caps.all.div_ceil(PART)))
    }

    fn ask(self: &Arc<Self>, access: Access, count: usize) -> Asked {
        self.asked.add(access, count);
        Asked {
            ledger: Arc::clone(self),
            access,
            count,
        }
    }

    fn evict_from_largest(&self, asked: Asked) {
        let accounts = self.accounts.lock();
        let largest = accounts
            .iter()
            .max_by_key(|account| account.held.of(asked.access));
        if let Some(owner) = largest.and_then(|account| account.owner.upgrade()) {
            owner.do_send(EvictOldest(asked));
        }
    }
}

/// So many are asked to go, until this is dropped: when some have gone, or where nobody was there to hear it.
#[derive(Debug)]
pub struct Asked {
    ledger: Arc<Ledger>,
    pub access: Access,
    pub count: usize,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.ledger.asked.subtract(self.access, self.count);
    }
}

/// What is let go at once, of all that may be pending.
const PART: usize = 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Access, Asked, Caps, Counts, Ledger, PART};

    struct Worker {
        ledger: Arc<Ledger>,
        held: Counts,
    }

    impl Worker {
        fn with_room_for(all: usize) -> Self {
            let caps = Caps {
                all,
                per_tenant: all,
            };
            Self {
                ledger: Arc::new(Ledger::new(caps)),
                held: Counts::default(),
            }
        }

        /// Who is asked meanwhile.
        fn begin(&self, times: usize) -> Vec<Asked> {
            let asked = (0..times).map(|_| {
                self.ledger.began(&self.held, Access::Keyed);
                let count = self.ledger.too_many(Access::Keyed)?;
                Some(self.ledger.ask(Access::Keyed, count))
            });
            asked.flatten().collect()
        }

        fn let_go(&self, asked: &Asked, most: usize) {
            let count = asked.count.min(most);
            self.ledger.ended(&self.held, asked.access, count);
        }
    }

    #[test]
    fn room_is_made_for_many_at_once_and_asked_for_once() {
        let worker = Worker::with_room_for(10 * PART);
        assert!(worker.begin(10 * PART).is_empty());
        let asked = worker.begin(10);
        assert_eq!(asked.iter().map(|it| it.count).collect::<Vec<_>>(), [10]);
        assert_eq!(worker.ledger.too_many(Access::Unkeyed), None);
        // Nobody was there to hear it.
        drop(asked);
        assert_eq!(worker.begin(1)[0].count, 11);
    }

    /// However many begin before whoever was asked comes to it, and however few those have.
    #[test]
    fn as_many_are_to_go_as_are_too_many() {
        for (all, most) in [(1, 1), (2, 2), (10, 1), (PART, 3), (10 * PART, 10 * PART)] {
            let worker = Worker::with_room_for(all);
            assert!(worker.begin(all).is_empty());
            for burst in [1, 2, 3, 10, 11, 50, 50, 50] {
                for asked in worker.begin(burst) {
                    worker.let_go(&asked, most);
                }
                while let Some(count) = worker.ledger.too_many(Access::Keyed) {
                    worker.let_go(&worker.ledger.ask(Access::Keyed, count), most);
                }
                let left = worker.ledger.pending(Access::Keyed);
                assert!(left <= all, "{left} of {all} after {burst}");
                let seldom = all.div_ceil(PART) + burst;
                assert!(left + seldom >= all, "{left} of {all} after {burst}");
            }
        }
    }
}
