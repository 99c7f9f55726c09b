//! The HTTP workers and their arbiters: where actors are started.

use actix::ArbiterHandle;
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::tenant::ids::TenantId;

/// One slot a worker. A worker takes a slot when it starts, and another the same when it has died.
#[derive(Debug)]
pub struct Workers {
    arbiters: RwLock<Vec<Option<ArbiterHandle>>>,
    joined: watch::Sender<()>,
}

impl Workers {
    pub fn new(count: usize) -> Self {
        Self {
            arbiters: RwLock::new(vec![None; count]),
            joined: watch::Sender::new(()),
        }
    }

    pub fn count(&self) -> usize {
        self.arbiters.read().len()
    }

    /// Which of them the one that starts now is.
    ///
    /// # Panics
    /// If more workers start than were announced.
    pub fn join(&self, arbiter: ArbiterHandle) -> usize {
        let mut arbiters = self.arbiters.write();
        let free = arbiters
            .iter()
            .position(|slot| slot.as_ref().is_none_or(|arbiter| !arbiter.spawn(async {})))
            .expect("no more workers are started than were configured");
        arbiters[free] = Some(arbiter);
        drop(arbiters);
        self.joined.send_replace(());
        free
    }

    /// Waits until every worker has started: from then on every actor has a place to be.
    pub async fn started(&self) {
        let all = |(): &()| self.arbiters.read().iter().all(Option::is_some);
        drop(self.joined.subscribe().wait_for(all).await);
    }

    /// `None` before the worker has started.
    pub fn arbiter(&self, worker: usize) -> Option<ArbiterHandle> {
        self.arbiters.read().get(worker).cloned().flatten()
    }

    /// The worker whose arbiter runs the tenant's own actor.
    ///
    /// # Panics
    /// Never: a remainder is less than what it is divided by.
    pub fn home(&self, tenant: TenantId) -> usize {
        let (high, low) = tenant.0.as_u64_pair();
        let workers = u64::try_from(self.count()).expect("a small number");
        usize::try_from((high ^ low) % workers).expect("less than the workers")
    }
}
