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
    /// Beyond how many of each kind somebody is next asked to let go of some. Whoever was asked may be gone meanwhile.
    asks_above: Levels,
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

    fn add(&self, access: Access, count: usize) {
        self.challenges.set(access, self.of(access) + count);
    }

    fn subtract(&self, access: Access, count: usize) {
        let left = self.of(access).saturating_sub(count);
        self.challenges.set(access, left);
    }
}

impl Levels {
    fn new(level: usize) -> Self {
        Self([AtomicUsize::new(level), AtomicUsize::new(level)])
    }

    fn of(&self, access: Access) -> usize {
        self.slot(access).load(Ordering::Acquire)
    }

    fn set(&self, access: Access, level: usize) {
        self.slot(access).store(level, Ordering::Release);
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
            asks_above: Levels::new(caps.all),
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
        held.add(access, 1);
        self.totals.add(access, 1);
    }

    pub fn ended(&self, held: &Counts, access: Access, count: usize) {
        held.subtract(access, count);
        self.totals.subtract(access, count);
    }

    /// How many are out on this worker.
    pub fn pending(&self, access: Access) -> usize {
        self.totals.of(access)
    }

    /// Where there are too many of a kind, whoever holds most lets go of its oldest, a message later.
    pub fn make_room(&self, access: Access) {
        if let Some(count) = self.too_many(access) {
            self.evict_from_largest(access, count);
        }
    }

    /// How many are to go. Many at once, and told once: in a flood nobody should have to look at all accounts each time that
    /// something begins.
    fn too_many(&self, access: Access) -> Option<usize> {
        let pending = self.totals.of(access);
        if pending <= self.asks_above.of(access) {
            return None;
        }
        let count = self.caps.all.div_ceil(PART);
        self.asks_above.set(access, pending + count - 1);
        Some(count)
    }

    /// It has let go of so many.
    pub fn evicted(&self, held: &Counts, access: Access, count: usize) {
        self.ended(held, access, count);
        self.asks_above.set(access, self.caps.all);
    }

    fn evict_from_largest(&self, access: Access, count: usize) {
        let accounts = self.accounts.lock();
        let largest = accounts
            .iter()
            .max_by_key(|account| account.held.of(access));
        if let Some(owner) = largest.and_then(|account| account.owner.upgrade()) {
            owner.do_send(EvictOldest { access, count });
        }
    }
}

/// What is let go at once, of all that may be pending.
const PART: usize = 1024;

#[cfg(test)]
mod tests {
    use super::{Access, Caps, Counts, Ledger, PART};

    #[test]
    fn room_is_made_for_many_at_once_and_asked_for_once() {
        let caps = Caps {
            all: 10 * PART,
            per_tenant: 10 * PART,
        };
        let (ledger, held) = (Ledger::new(caps), Counts::default());
        let begin = |times: usize| {
            let asked = (0..times).map(|_| {
                ledger.began(&held, Access::Keyed);
                ledger.too_many(Access::Keyed)
            });
            asked.flatten().collect::<Vec<_>>()
        };
        assert!(begin(10 * PART).is_empty());
        assert_eq!(begin(10), [10]);
        // Nobody has let go of anything: whoever was asked is gone.
        assert_eq!(begin(10), [10]);
        ledger.evicted(&held, Access::Keyed, 20);
        assert_eq!(begin(1), [10]);
        assert_eq!(ledger.too_many(Access::Unkeyed), None);
    }

    /// However many begin before whoever was asked comes to it.
    #[test]
    fn as_many_are_to_go_as_are_too_many() {
        for all in [1, 2, 10, PART, PART + 1, 10 * PART] {
            let caps = Caps {
                all,
                per_tenant: all,
            };
            let (ledger, held) = (Ledger::new(caps), Counts::default());
            for _ in 0..all {
                ledger.began(&held, Access::Keyed);
                assert_eq!(ledger.too_many(Access::Keyed), None);
            }
            for burst in [1, 2, 3, 10, 11, 50, 50, 50] {
                let asked = (0..burst).filter_map(|_| {
                    ledger.began(&held, Access::Keyed);
                    ledger.too_many(Access::Keyed)
                });
                for count in asked.collect::<Vec<_>>() {
                    ledger.evicted(&held, Access::Keyed, count);
                }
                let left = ledger.pending(Access::Keyed);
                assert!(left <= all, "{left} of {all} after {burst}");
            }
        }
    }
}
