//! From a tenant's id to its state and its actors, read on every request.
//!
//! A tenant is read back from the store when it is first asked for, once however many ask; it leaves memory when nobody
//! asks any more and nothing of it is pending. What is found dead is read back again.

mod hydration;

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use actix::ArbiterHandle;
use crossbeam_utils::CachePadded;
use crossbeam_utils::sync::{ShardedLock, ShardedLockReadGuard, ShardedLockWriteGuard};
use futures_util::future::Shared;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::Mutex;
use uuid::Uuid;

use super::Refusal;
use super::audit::{self, AuditLog};
use super::ceremonies::Surroundings;
use super::codec::{self};
use super::handle::{Lease, Seats, Slots, Tenant};
use super::permits::Permits;
use super::rounds::rounds;
use super::signing::KeyPool;
use super::source::EnvSource;
use super::workers::Workers;
use crate::store::{Change, Commit, CommitError, LoadError, Store};
use crate::telemetry::metrics::Metrics;
use crate::tenant::Decision;
use crate::tenant::admin::CreateTenant;
use crate::tenant::audit::{Kind, Note, Requester};
use crate::tenant::event::TenantProfile;
use crate::tenant::ids::TenantId;
use crate::tenant::policy::Policy;
use crate::tenant::secret::NewApiKey;

/// What the registry is built from.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub source: EnvSource,
    pub metrics: Metrics,
    pub keys: KeyPool,
    /// How long a new signing key is published before it signs.
    pub publish_ahead: Duration,
    /// One for each worker.
    pub surroundings: Vec<Surroundings>,
    pub requests: usize,
    pub requests_per_tenant: usize,
    /// How many entries of audit logs may wait, and who hears of those that are durable.
    pub audit_queue: usize,
    pub audit_listener: Option<audit::Listener>,
}

pub struct Registry {
    pub workers: Workers,
    pub metrics: Metrics,
    pub source: EnvSource,
    pub store: Arc<dyn Store>,
    pub audit: Arc<AuditLog>,
    pub(super) keys: KeyPool,
    pub publish_ahead: Duration,
    pub(super) surroundings: Vec<Surroundings>,
    /// One each worker.
    pub(super) permits: Box<[CachePadded<Permits>]>,
    /// Read on every request, each worker on a cache line of its own; written when a tenant comes or goes.
    tenants: ShardedLock<HashMap<TenantId, Known>>,
    /// Those whose challenges this process has restored: that happens once, whatever becomes of their actors.
    restored: Mutex<HashSet<TenantId>>,
    requests_per_tenant: usize,
    draining: AtomicBool,
}

/// What is known of a tenant that was asked for.
enum Known {
    Ready(Seats),
    Opening(Opening),
    Quarantined,
}

/// A hydration that all who wait for it share.
type Opening = Shared<Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>>;

enum Found<'a> {
    Ready(Lease<'a>),
    Opening(Opening),
}

impl Registry {
    pub fn new(parts: Parts) -> Arc<Self> {
        let workers = parts.surroundings.len();
        let audit = AuditLog::new(
            Arc::clone(&parts.store),
            parts.metrics.clone(),
            parts.audit_queue,
            parts.audit_listener,
        );
        Arc::new(Self {
            audit: Arc::new(audit),
            workers: Workers::new(workers),
            metrics: parts.metrics,
            source: parts.source,
            store: parts.store,
            keys: parts.keys,
            publish_ahead: parts.publish_ahead,
            surroundings: parts.surroundings,
            permits: Permits::divided(parts.requests, workers)
                .map(CachePadded::new)
                .collect(),
            tenants: ShardedLock::default(),
            restored: Mutex::new(HashSet::new()),
            requests_per_tenant: parts.requests_per_tenant,
            draining: AtomicBool::new(false),
        })
    }

    /// Called by each worker as it starts, on its own arbiter: which one it is.
    pub fn join(&self, arbiter: &ArbiterHandle) -> usize {
        let worker = self.workers.join(arbiter.clone());
        arbiter.spawn(rounds(self.surroundings[worker].clone()));
        worker
    }

    /// The tenant, for one request on one worker.
    pub async fn lease(
        self: &Arc<Self>,
        id: TenantId,
        worker: usize,
    ) -> Result<Lease<'_>, Refusal> {
        loop {
            match self.look_up(id, worker)? {
                Found::Ready(lease) => return Ok(lease),
                Found::Opening(opening) => opening.await?,
            }
        }
    }

    /// The tenant, if it is in memory: the way of almost all requests, with nothing to wait for.
    pub fn lease_now(
        self: &Arc<Self>,
        id: TenantId,
        worker: usize,
    ) -> Option<Result<Lease<'_>, Refusal>> {
        match self.look_up(id, worker) {
            Ok(Found::Ready(lease)) => Some(Ok(lease)),
            Ok(Found::Opening(_)) => None,
            Err(refusal) => Some(Err(refusal)),
        }
    }

    /// What the tenant allows whom, if it is in memory. Nothing is read back for it, and no permit is needed.
    pub fn policy_now(&self, id: TenantId) -> Option<Arc<Policy>> {
        match self.known().get(&id)? {
            Known::Ready(seats) => Some(seats.tenant().policy()),
            Known::Opening(_) | Known::Quarantined => None,
        }
    }

    /// A new tenant, durable when this answers. It is in memory when it is first asked for.
    pub async fn create(
        &self,
        id: TenantId,
        create: CreateTenant,
        by: Requester,
    ) -> Result<Option<NewApiKey>, Refusal> {
        if self.is_draining() {
            return Err(Refusal::TooBusy);
        }
        self.establish(id, create.decide(&self.source.env()), by)
            .await
    }

    /// The first commit of a tenant.
    pub(super) async fn establish<Outcome>(
        &self,
        id: TenantId,
        decision: Decision<Outcome>,
        by: Requester,
    ) -> Result<Outcome, Refusal> {
        let told = decision
            .note
            .map(|note| codec::audit_row(note, by, &self.source.env()));
        let audit: Vec<_> = told.into_iter().collect();
        let copies = self.audit.copies(&audit);
        let puts = decision
            .events
            .iter()
            .map(|event| codec::put(event, None))
            .collect();
        let commit = Commit {
            tenant: id.0,
            change: Change::Create(puts),
            audit,
        };
        self.store.commit(commit).await?;
        self.audit.written(id, &copies);
        Ok(decision.outcome)
    }

    /// The end of a tenant: its last commit. Whoever still holds its state finds it dead. Its audit log goes with it, so only
    /// a listener hears who has asked.
    pub async fn delete(self: &Arc<Self>, id: TenantId, by: Requester) -> Result<(), Refusal> {
        let lease = self.lease(id, 0).await?;
        let told = codec::audit_row(Note::of(Kind::TenantDeleted), by, &self.source.env());
        let copies = self.audit.copies(&[told]);
        let commit = Commit {
            tenant: id.0,
            change: Change::Delete,
            audit: Vec::new(),
        };
        let deleted = self.store.commit(commit).await;
        if !matches!(deleted, Err(CommitError::Busy | CommitError::Full)) {
            lease.kill();
            self.forget(id);
            self.metrics.tenant_deleted(id.0);
        }
        deleted?;
        self.audit.listened(id, &copies);
        Ok(())
    }

    /// Every tenant, oldest first; without those whose rows say nothing that can be read.
    pub async fn list(&self) -> Result<Vec<(TenantId, TenantProfile)>, Refusal> {
        if self.is_draining() {
            return Err(Refusal::TooBusy);
        }
        let rows = self
            .store
            .list(codec::TENANT)
            .await
            .map_err(|error| Refusal::from(&error))?;
        let profiles = rows.iter().filter_map(|(id, row)| {
            let profile = codec::profile_of(row);
            let told = profile.inspect_err(
                |error| tracing::error!(tenant = %id, %error, "the tenant is left out of the list"),
            );
            Some((TenantId(*id), told.ok()?))
        });
        let mut profiles: Vec<_> = profiles.collect();
        profiles.sort_by_key(|(id, profile)| (profile.created_at, *id));
        Ok(profiles)
    }

    /// Lets go of the tenants that nobody has asked for since the last sweep.
    pub fn sweep(&self) {
        let known = self.known();
        let released = known.iter().filter(|(_, known)| match known {
            Known::Ready(seats) => seats.are_released(),
            Known::Opening(opening) => is_deserted(opening),
            Known::Quarantined => false,
        });
        let released: Vec<TenantId> = released.map(|(id, _)| *id).collect();
        drop(known);
        for some in released.chunks(RELEASED_TOGETHER) {
            self.release(some);
        }
    }

    /// What has come back to life meanwhile stays. What goes is dropped when nobody waits for the lock any more.
    fn release(&self, tenants: &[TenantId]) {
        let mut known = self.known_mut();
        let gone = tenants.iter().filter_map(|id| match known.get(id)? {
            Known::Ready(seats) if seats.are_idle() => known.remove(id),
            Known::Opening(opening) if is_deserted(opening) => known.remove(id),
            Known::Ready(_) | Known::Opening(_) | Known::Quarantined => None,
        });
        let gone: Vec<Known> = gone.collect();
        drop(known);
        drop(gone);
    }

    fn forget(&self, id: TenantId) {
        let gone = self.known_mut().remove(&id);
        drop(gone);
    }

    fn remember(&self, id: TenantId, known: Known) {
        let mut all = self.known_mut();
        let before = all.insert(id, known);
        drop(all);
        drop(before);
    }

    fn known(&self) -> ShardedLockReadGuard<'_, HashMap<TenantId, Known>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> ShardedLockWriteGuard<'_, HashMap<TenantId, Known>> {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody has asked for a tenant yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.known().is_empty()
    }

    /// From now on nobody is let in any more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Why the server should get no traffic now, if there is a reason. The store is asked, all the way through its writer
    /// and its reader; one that is merely busy is not ill.
    pub async fn trouble(&self) -> Option<&'static str> {
        if self.is_draining() {
            return Some("the server is stopping");
        }
        let nobody = self.store.load(Uuid::nil());
        match tokio::time::timeout(STORE_ANSWERS_WITHIN, nobody).await {
            Ok(Ok(_) | Err(LoadError::Busy)) => None,
            Ok(Err(LoadError::Fatal | LoadError::Damaged(_))) => Some("the store has failed"),
            Err(_) => Some("the store does not answer"),
        }
    }

    /// How many requests are under way.
    pub fn requests(&self) -> usize {
        self.permits.iter().map(|permits| permits.out()).sum()
    }

    /// Those that are not served because their rows are damaged.
    pub(super) fn quarantined(&self) -> usize {
        let is_quarantined = |known: &&Known| matches!(known, Known::Quarantined);
        self.known().values().filter(is_quarantined).count()
    }

    pub(super) fn ready(&self) -> Vec<Arc<Tenant>> {
        let known = self.known();
        let ready = known.values().filter_map(|known| match known {
            Known::Ready(seats) => Some(Arc::clone(seats.tenant())),
            Known::Opening(_) | Known::Quarantined => None,
        });
        ready.collect()
    }

    /// Hands what is pending everywhere to the store.
    pub async fn save_challenges(&self) {
        let tenants = self.ready();
        for some in tenants.chunks(SAVED_TOGETHER) {
            for tenant in some {
                tenant.slots.save().await;
            }
            // Waits until the store has written what it was given: its queue is bounded.
            drop(self.store.load(Uuid::nil()).await);
        }
    }

    fn look_up(self: &Arc<Self>, id: TenantId, worker: usize) -> Result<Found<'_>, Refusal> {
        // First of all: while the workers stop, actors are gone and the store is closed, and nothing is to be read back.
        if self.is_draining() {
            return Err(Refusal::TooBusy);
        }
        let found = self
            .known()
            .get(&id)
            .and_then(|known| self.found(known, worker));
        if let Some(found) = found {
            return found;
        }
        match self.known_mut().entry(id) {
            Entry::Occupied(mut entry) => {
                if let Some(found) = self.found(entry.get(), worker) {
                    return found;
                }
                let opening = self.open(id, entry.get().slots());
                entry.insert(Known::Opening(opening.clone()));
                Ok(Found::Opening(opening))
            }
            Entry::Vacant(entry) => {
                let opening = self.open(id, None);
                entry.insert(Known::Opening(opening.clone()));
                Ok(Found::Opening(opening))
            }
        }
    }

    /// `None`: what is known is dead.
    fn found<'a>(
        self: &'a Arc<Self>,
        known: &Known,
        worker: usize,
    ) -> Option<Result<Found<'a>, Refusal>> {
        match known {
            Known::Ready(seats) if seats.is_alive(worker) => {
                Some(self.grant(seats, worker).map(Found::Ready))
            }
            Known::Ready(_) => None,
            Known::Opening(opening) => Some(Ok(Found::Opening(opening.clone()))),
            Known::Quarantined => Some(Err(Refusal::Quarantined)),
        }
    }

    fn grant<'a>(self: &'a Arc<Self>, seats: &Seats, worker: usize) -> Result<Lease<'a>, Refusal> {
        Lease::take(self, seats, worker).ok_or_else(|| {
            self.metrics.request_refused();
            Refusal::TooBusy
        })
    }
}

impl Known {
    fn slots(&self) -> Option<Arc<Slots>> {
        match self {
            Self::Ready(seats) => Some(Arc::clone(&seats.tenant().slots)),
            Self::Opening(_) | Self::Quarantined => None,
        }
    }
}

/// One that nobody waits for any more is never polled again.
fn is_deserted(opening: &Opening) -> bool {
    opening.strong_count().is_none_or(|count| count <= 1)
}

const SAVED_TOGETHER: usize = 64;

/// So many leave under one lock, which every request waits for.
const RELEASED_TOGETHER: usize = 256;

const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
