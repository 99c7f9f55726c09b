//! How a tenant comes into memory: its rows are read back and folded, its actors start, what was pending is restored.

use std::sync::Arc;

use futures_util::FutureExt;

use super::{Known, Opening, Registry};
use crate::actor::Refusal;
use crate::actor::codec::{self, Hydrated};
use crate::actor::handle::{Seats, Slots, Tenant};
use crate::store::LoadError;
use crate::tenant::challenge::{Ceremony, still_pending};
use crate::tenant::ids::{Challenge, TenantId};

impl Registry {
    /// `slots` outlive the death of a tenant's state: its challenges are not to blame.
    pub(super) fn open(self: &Arc<Self>, id: TenantId, slots: Option<Arc<Slots>>) -> Opening {
        if slots.is_some() {
            self.metrics.actor_restarted();
            tracing::warn!(tenant = %id, "the tenant's actor is gone, its state is read back");
        }
        let registry = Arc::clone(self);
        let hydration = async move { registry.hydrate(id, slots).await };
        hydration.boxed().shared()
    }

    async fn hydrate(
        self: Arc<Self>,
        id: TenantId,
        slots: Option<Arc<Slots>>,
    ) -> Result<(), Refusal> {
        match self.load(id).await {
            Ok(hydrated) => {
                let seats = self.assemble(id, hydrated, slots);
                self.remember(id, Known::Ready(seats));
                Ok(())
            }
            Err(Refusal::Quarantined) => {
                self.remember(id, Known::Quarantined);
                Err(Refusal::Quarantined)
            }
            Err(refusal) => {
                self.forget(id);
                Err(refusal)
            }
        }
    }

    pub(in crate::actor) async fn load(&self, id: TenantId) -> Result<Hydrated, Refusal> {
        let rows = self.store.load(id.0).await.map_err(|error| {
            if let LoadError::Damaged(damage) = &error {
                tracing::error!(tenant = %id, damage, "the tenant is quarantined, the others are served");
            }
            Refusal::from(&error)
        })?;
        let hydrated = codec::hydrate(id, rows.ok_or(Refusal::TenantNotFound)?);
        hydrated
            .map_err(|error| {
                tracing::error!(tenant = %id, %error, "the tenant is quarantined, the others are served");
                Refusal::Quarantined
            })?
            .ok_or(Refusal::TenantNotFound)
    }

    fn assemble(&self, id: TenantId, hydrated: Hydrated, slots: Option<Arc<Slots>>) -> Seats {
        let slots = slots.unwrap_or_else(|| {
            let slots = Arc::new(Slots::new(id, self.workers.count()));
            let pending = self.to_restore(id, &hydrated);
            slots.restore(self, pending);
            slots
        });
        let tenant = Tenant::start(self, hydrated.state, slots);
        let label = self.metrics.tenant_label(id.0);
        Seats::new(tenant, self.requests_per_tenant, label)
    }

    /// What earlier processes left pending: what began, less what was taken, accepted or has expired.
    fn to_restore(&self, id: TenantId, hydrated: &Hydrated) -> Vec<(Challenge, Ceremony)> {
        let now = self.source.env().now;
        let boot = self.surroundings[0].boot;
        let saved = &hydrated.checkpoints;
        let taken = saved.iter().flat_map(|saved| saved.taken.iter().copied());
        let gone = taken.chain(hydrated.consumed.iter().copied());
        let earlier = saved.iter().filter(|saved| saved.boot != boot);
        let began = earlier.flat_map(|saved| saved.began.iter().cloned());
        let pending = still_pending(began, gone, now);
        if pending.is_empty() || !self.restored.lock().insert(id) {
            return Vec::new();
        }
        pending
    }
}
