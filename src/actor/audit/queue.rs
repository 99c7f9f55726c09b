//! Entries that wait to be written, up to a number in all. Where there is no room, whoever has most waiting gives way: a
//! tenant that is flooded with refusals loses its own entries, not its neighbours'.

use std::collections::{HashMap, VecDeque};

use crate::store::AuditRow;
use crate::tenant::ids::TenantId;

#[derive(Debug)]
pub(super) struct Queue {
    tenants: HashMap<TenantId, VecDeque<AuditRow>>,
    /// What waits, and what is on its way to the store and may come back.
    held: usize,
    most: usize,
}

/// Whether an entry was lost, the new one or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    Kept,
    OneDropped,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self {
            tenants: HashMap::new(),
            held: 0,
            most,
        }
    }

    pub(super) fn push(&mut self, tenant: TenantId, row: AuditRow) -> Pushed {
        if self.held < self.most {
            self.held += 1;
            self.append(tenant, row);
            return Pushed::Kept;
        }
        if self.has_its_share(tenant) {
            return Pushed::OneDropped;
        }
        let waiting = self.waiting(tenant);
        let largest = self.tenants.values_mut().max_by_key(|rows| rows.len());
        if let Some(largest) = largest.filter(|rows| rows.len() > waiting + 1) {
            largest.pop_back();
            self.append(tenant, row);
        }
        Pushed::OneDropped
    }

    /// Everything that waits of a tenant. It is held until it comes back or is released.
    pub(super) fn take(&mut self, tenant: TenantId) -> Vec<AuditRow> {
        self.tenants
            .remove(&tenant)
            .map_or_else(Vec::new, Vec::from)
    }

    /// What was taken and could not be written comes before what was told since.
    pub(super) fn put_back(&mut self, tenant: TenantId, rows: Vec<AuditRow>) {
        let mut all = VecDeque::from(rows);
        all.extend(self.take(tenant));
        self.tenants.insert(tenant, all);
    }

    /// So many that were taken do not come back.
    pub(super) fn release(&mut self, count: usize) {
        self.held -= count;
    }

    pub(super) fn tenants(&self) -> Vec<TenantId> {
        self.tenants.keys().copied().collect()
    }

    fn append(&mut self, tenant: TenantId, row: AuditRow) {
        self.tenants.entry(tenant).or_default().push_back(row);
    }

    fn waiting(&self, tenant: TenantId) -> usize {
        self.tenants.get(&tenant).map_or(0, VecDeque::len)
    }

    /// Spares a flood the search for whoever has most: it is the flood.
    fn has_its_share(&self, tenant: TenantId) -> bool {
        self.waiting(tenant).saturating_mul(self.tenants.len()) >= self.most
    }
}
