//! A tenant as each worker has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Tenant;
use super::slots::Slot;
use crate::actor::permits::Permits;
use crate::actor::tenant::Durable;
use crate::telemetry::tenants::TenantLabel;

/// All that a request needs to find, and what every request counts, on a cache line that no other worker writes: with a
/// thousand tenants at work, each line that is looked at is one to wait for.
#[repr(align(64))]
pub struct Seat {
    pub(super) durable: Arc<Durable>,
    pub(super) slot: Arc<Slot>,
    pub(super) tenant: Arc<Tenant>,
    pub(super) permits: Permits,
    /// How the tenant is counted.
    pub(super) label: TenantLabel,
    asked_for: AtomicBool,
}

impl Seat {
    pub(in crate::actor) fn durable(&self) -> &Durable {
        &self.durable
    }

    pub(super) fn note_asked_for(&self) {
        if !self.asked_for.load(Ordering::Relaxed) {
            self.asked_for.store(true, Ordering::Release);
        }
    }
}

/// The tenant's seats, one a worker.
pub(in crate::actor) struct Seats(Box<[Arc<Seat>]>);

impl Seats {
    /// `requests` may be under way at a time.
    pub(in crate::actor) fn new(tenant: Tenant, requests: usize, label: TenantLabel) -> Self {
        let tenant = Arc::new(tenant);
        let permits = Permits::divided(requests, tenant.slots.len());
        let seats = tenant.slots.iter().zip(permits).map(|(slot, permits)| {
            Arc::new(Seat {
                durable: Arc::clone(&tenant.durable),
                slot: Arc::clone(slot),
                tenant: Arc::clone(&tenant),
                permits,
                label,
                asked_for: AtomicBool::new(true),
            })
        });
        Self(seats.collect())
    }

    pub(super) fn of(&self, worker: usize) -> &Arc<Seat> {
        &self.0[worker]
    }

    pub(in crate::actor) fn tenant(&self) -> &Arc<Tenant> {
        &self.0[0].tenant
    }

    pub(in crate::actor) fn is_alive(&self, worker: usize) -> bool {
        !self.0[worker].durable.is_dead()
    }

    /// Whether nobody has asked since the last time that this was asked, and nothing is under way or pending.
    pub(in crate::actor) fn are_released(&self) -> bool {
        let asked = self
            .0
            .iter()
            .map(|seat| seat.asked_for.swap(false, Ordering::AcqRel));
        let asked = asked.fold(false, |one, other| one | other);
        !asked && self.are_idle()
    }

    /// Whether nobody asks, and nothing is under way or pending.
    pub(in crate::actor) fn are_idle(&self) -> bool {
        let is_free =
            |seat: &Arc<Seat>| !seat.asked_for.load(Ordering::Acquire) && seat.permits.out() == 0;
        let tenant = self.tenant();
        self.0.iter().all(is_free)
            && !tenant.durable.has_commits_in_flight()
            && tenant.slots.are_idle()
    }
}
