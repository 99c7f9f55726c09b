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
    accounts: Mutex<Vec<Account>>,
}

/// What one tenant has on one worker: challenges out, keyed and unkeyed, and whether a checkpoint still has something to tell.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Counts {
    challenges: [AtomicUsize; 2],
    unsaved: AtomicBool,
}

#[derive(Debug)]
struct Account {
    held: Arc<Counts>,
    owner: WeakAddr<Ceremonies>,
}

impl Counts {
    pub fn of(&self, access: Access) -> usize {
        self.slot(access).load(Ordering::Acquire)
    }

    pub fn is_idle(&self) -> bool {
        Access::ALL.into_iter().all(|access| self.of(access) == 0)
            && !self.unsaved.load(Ordering::Acquire)
    }

    pub fn set_unsaved(&self, unsaved: bool) {
        self.unsaved.store(unsaved, Ordering::Release);
    }

    fn slot(&self, access: Access) -> &AtomicUsize {
        match access {
            Access::Keyed => &self.challenges[0],
            Access::Unkeyed => &self.challenges[1],
        }
    }

    /// Only the worker writes, so a write may be a read and a store.
    fn add(&self, access: Access, count: usize) {
        let slot = self.slot(access);
        slot.store(slot.load(Ordering::Relaxed) + count, Ordering::Release);
    }

    fn subtract(&self, access: Access, count: usize) {
        let slot = self.slot(access);
        let left = slot.load(Ordering::Relaxed).saturating_sub(count);
        slot.store(left, Ordering::Release);
    }
}

impl Ledger {
    pub fn new(caps: Caps) -> Self {
        Self {
            caps,
            totals: Counts::default(),
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

    pub fn is_over(&self, access: Access) -> bool {
        self.totals.of(access) > self.caps.all
    }

    /// Asks whoever holds most of the kind to let go of its oldest. It may be a message behind, by as many as were begun meanwhile.
    pub fn evict_from_largest(&self, access: Access) {
        let accounts = self.accounts.lock();
        let largest = accounts
            .iter()
            .max_by_key(|account| account.held.of(access));
        if let Some(owner) = largest.and_then(|account| account.owner.upgrade()) {
            owner.do_send(EvictOldest(access));
        }
    }
}
