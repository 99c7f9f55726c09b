//! A tenant as the rest of the program holds it: its state to read, its actors to ask, for as long as one request lasts.

mod sessions;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Actor, Addr};
use futures_util::FutureExt;
use futures_util::future::OptionFuture;
use parking_lot::RwLock;
use tokio::sync::Mutex;

use super::Refusal;
use super::audit::{AuditPage, Filter, Window};
use super::ceremonies::{Begin, Ceremonies, Save, Take};
use super::codec;
use super::ledger::Counts;
use super::permits::Permits;
use super::registry::Registry;
use super::tenant::{Durable, Execute, TenantActor};
use crate::telemetry::tenants::TenantLabel;
use crate::telemetry::worker::Timer;
use crate::tenant::audit::{Note, Requester};
use crate::tenant::challenge::Ceremony;
use crate::tenant::decoy::{CreateDecoyKey, DecoyKey};
use crate::tenant::ids::{Challenge, TenantId, Timestamp};
use crate::tenant::policy::Policy;
use crate::tenant::settings::AuditRules;
use crate::tenant::state::TenantState;
use crate::tenant::token::commands::{AddFirstSigningKey, RenewSigningKey, kind_to_renew};
use crate::tenant::token::{KeyKind, KeyPurpose, PrivateKey, SigningKey};
use crate::tenant::{Command, Initialize};

pub use sessions::NoSession;

/// A tenant in memory. It goes when the registry lets go of it and the last lease ends.
pub struct Tenant {
    durable: Arc<Durable>,
    actor: Addr<TenantActor>,
    pub(super) slots: Arc<Slots>,
    /// How it is counted.
    label: TenantLabel,
    asked_for: AtomicBool,
    first_key: Mutex<()>,
    renewing: AtomicBool,
}

/// A signing key of another kind is being made.
struct Renewing(Arc<Tenant>);

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.renewing.store(false, Ordering::Release);
    }
}

impl Tenant {
    pub(super) fn start(registry: &Registry, state: TenantState, slots: Arc<Slots>) -> Self {
        let durable = Arc::new(Durable::new(state.id, state));
        let owned = Arc::clone(&durable);
        let (store, source) = (Arc::clone(&registry.store), registry.source.clone());
        let audit = Arc::clone(&registry.audit);
        let home = registry.workers.home(durable.id);
        let metrics = registry.metrics.worker(home).clone();
        let label = registry.metrics.tenant_label(durable.id.0);
        let home = registry.workers.arbiter(home);
        let home = home.expect("requests are accepted only once every worker has started");
        Self {
            durable,
            actor: TenantActor::start_in_arbiter(&home, |_| {
                TenantActor::new(owned, store, source, audit, metrics)
            }),
            slots,
            label,
            asked_for: AtomicBool::new(true),
            first_key: Mutex::new(()),
            renewing: AtomicBool::new(false),
        }
    }

    pub(super) fn read(&self) -> impl Deref<Target = TenantState> + '_ {
        self.durable.read()
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.durable.read().policy)
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.durable.is_dead() && self.actor.connected()
    }

    async fn execute<C: Command>(&self, execute: Execute<C>) -> Result<C::Outcome, Refusal> {
        self.actor
            .send(execute)
            .await
            .map_err(|_| Refusal::Interrupted)?
    }
}

/// A tenant as one worker has it: what every request counts is counted here, on a cache line that no other worker writes.
#[repr(align(128))]
pub struct Seat {
    tenant: Arc<Tenant>,
    permits: Permits,
}

impl Seat {
    pub(super) fn durable(&self) -> &Durable {
        &self.tenant.durable
    }
}

/// The tenant's seats, one a worker.
pub(super) struct Seats(Box<[Arc<Seat>]>);

impl Seats {
    /// `requests` may be under way at a time.
    pub(super) fn new(tenant: Tenant, requests: usize, workers: usize) -> Self {
        let tenant = Arc::new(tenant);
        let permits = Permits::divided(requests, workers);
        let seats = permits.into_iter().map(|permits| {
            let tenant = Arc::clone(&tenant);
            Arc::new(Seat { tenant, permits })
        });
        Self(seats.collect())
    }

    pub(super) fn tenant(&self) -> &Arc<Tenant> {
        &self.0[0].tenant
    }

    /// Whether nobody has asked since the last time that this was asked, and nothing is under way or pending.
    pub(super) fn are_released(&self) -> bool {
        let asked_for = self.tenant().asked_for.swap(false, Ordering::AcqRel);
        !asked_for && self.are_idle()
    }

    /// Whether nobody asks, and nothing is under way or pending.
    pub(super) fn are_idle(&self) -> bool {
        let tenant = self.tenant();
        !tenant.asked_for.load(Ordering::Acquire)
            && self.0.iter().all(|seat| seat.permits.out() == 0)
            && !tenant.durable.has_commits_in_flight()
            && tenant.slots.are_idle()
    }
}

/// A tenant and the permit to use it, for one request on one worker. Both are given back when it is dropped.
pub struct Lease<'a> {
    registry: &'a Arc<Registry>,
    seat: Arc<Seat>,
    worker: usize,
}

impl<'a> Lease<'a> {
    /// `None`: too many requests are under way on this worker, in all or of this tenant.
    pub(super) fn take(registry: &'a Arc<Registry>, seats: &Seats, worker: usize) -> Option<Self> {
        let seat = &seats.0[worker];
        if !registry.permits[worker].take() {
            return None;
        }
        if !seat.permits.take() {
            registry.permits[worker].give_back();
            return None;
        }
        if !seat.tenant.asked_for.load(Ordering::Relaxed) {
            seat.tenant.asked_for.store(true, Ordering::Release);
        }
        Some(Self {
            registry,
            seat: Arc::clone(seat),
            worker,
        })
    }

    /// Begins a ceremony on this worker.
    pub async fn begin<I: Initialize>(&self, initialize: I) -> Result<String, Refusal> {
        let message = Begin {
            initialize,
            tenant: Arc::clone(&self.seat),
        };
        let options = self
            .slots()
            .with(self.registry, self.worker, |actor| actor.send(message));
        Ok(options.await.map_err(|_| Refusal::Interrupted)??)
    }

    /// Takes a challenge from whichever worker holds it.
    pub async fn take_challenge(&self, challenge: Challenge) -> Result<Ceremony, Refusal> {
        let worker = challenge.holder(self.registry.workers.count());
        let take = Take(challenge, Timer::start());
        let taken = self
            .slots()
            .with(self.registry, worker, |actor| actor.send(take));
        Ok(taken.await.map_err(|_| Refusal::Interrupted)??)
    }

    /// Carries a command out. Where the tenant has died meanwhile, by the one that is read back.
    pub async fn execute<C: Command>(
        &self,
        command: C,
        by: Requester,
    ) -> Result<C::Outcome, Refusal> {
        let sent = Timer::start();
        let execute = Execute { command, by, sent };
        if self.seat.tenant.is_alive() {
            return self.seat.tenant.execute(execute).await;
        }
        let fresh = self.registry.lease(self.id, self.worker).await?;
        fresh.seat.tenant.execute(execute).await
    }

    /// The key that signs the tenant's tokens; the first is made at its first use. Where the tenant wants keys of another
    /// kind by now, one is made meanwhile.
    pub async fn signing_key(&self, now: Timestamp) -> Result<Arc<SigningKey>, Refusal> {
        self.key(KeyPurpose::Token, now).await
    }

    /// The key that signs the tokens of the tenant's sessions, likewise.
    pub async fn session_key(&self, now: Timestamp) -> Result<Arc<SigningKey>, Refusal> {
        self.key(KeyPurpose::Session, now).await
    }

    pub async fn key(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<Arc<SigningKey>, Refusal> {
        let (key, to_renew) = {
            let state = self.read();
            let key = state.keys(purpose).active(now).cloned();
            (key, kind_to_renew(&state, purpose))
        };
        if to_renew.is_some() {
            self.renew_signing_keys_soon();
        }
        match key {
            Some(key) => Ok(key),
            None => self.first_signing_key(purpose, now).boxed_local().await,
        }
    }

    /// Of the kind that the tenant wants now.
    pub async fn private_key(&self) -> Result<PrivateKey, Refusal> {
        let kind = KeyKind::wanted(&self.read().policy.settings);
        let made = self.registry.keys.take(kind).await;
        made.ok_or(Refusal::Interrupted)
    }

    /// Makes keys of the kind that the tenant wants now, where its newest are of another. They are published when this answers.
    pub async fn renew_signing_keys(&self) -> Result<(), Refusal> {
        for purpose in KeyPurpose::ALL {
            if kind_to_renew(&self.read(), purpose).is_none() {
                continue;
            }
            let renew = RenewSigningKey {
                purpose,
                private: self.private_key().await?,
                publish_ahead: self.registry.publish_ahead,
            };
            self.execute(renew, Requester::default()).await?;
        }
        Ok(())
    }

    /// One at a time; whoever asks for a token does not wait for it.
    fn renew_signing_keys_soon(&self) {
        if self.seat.tenant.renewing.swap(true, Ordering::AcqRel) {
            return;
        }
        let renewing = Renewing(Arc::clone(&self.seat.tenant));
        let (registry, worker) = (Arc::clone(self.registry), self.worker);
        actix::spawn(async move {
            let id = renewing.0.durable.id;
            let renewed = async { registry.lease(id, worker).await?.renew_signing_keys().await };
            if let Err(error) = renewed.await {
                tracing::warn!(tenant = %id, %error, "no signing key of the wanted kind yet");
            }
        });
    }

    /// A crowd that asks for one tenant's first key makes one.
    async fn first_signing_key(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<Arc<SigningKey>, Refusal> {
        let _turn = self.seat.tenant.first_key.lock().await;
        if let Some(key) = self.read().keys(purpose).active(now) {
            return Ok(Arc::clone(key));
        }
        let private = self.private_key().await?;
        let add = AddFirstSigningKey { purpose, private };
        self.execute(add, Requester::default()).await
    }

    /// What decoys are made of; made itself at its first use.
    pub async fn decoy_key(&self) -> Result<Arc<DecoyKey>, Refusal> {
        let key = self.read().decoy_key.clone();
        match key {
            Some(key) => Ok(key),
            None => self.execute(CreateDecoyKey, Requester::default()).await,
        }
    }

    /// Tells the audit log of something that changed nothing.
    pub fn tell(&self, note: Note, by: Requester) {
        let row = codec::audit_row(note, by, &self.registry.source.env());
        self.registry.audit.tell(self.id, row);
    }

    /// The entries of the audit log that match, as far as they are kept.
    pub async fn audit_log(&self, filter: Filter, window: Window) -> Result<AuditPage, Refusal> {
        let log = (self.id, self.audit_rules());
        let now = self.registry.source.env().now;
        self.registry.audit.list(log, filter, window, now).await
    }

    pub fn audit_rules(&self) -> AuditRules {
        self.read().policy.settings.audit
    }

    pub const fn registry(&self) -> &'a Arc<Registry> {
        self.registry
    }

    /// How the tenant is counted.
    pub fn label(&self) -> TenantLabel {
        self.seat.tenant.label
    }

    fn slots(&self) -> &Slots {
        &self.seat.tenant.slots
    }
}

impl Deref for Lease<'_> {
    type Target = Durable;

    fn deref(&self) -> &Durable {
        &self.seat.tenant.durable
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.seat.permits.give_back();
        self.registry.permits[self.worker].give_back();
    }
}

/// A tenant's ceremonies actors, one a worker, each started when it is first needed and each on cache lines of its own.
pub(super) struct Slots {
    tenant: TenantId,
    slots: Box<[Slot]>,
}

#[derive(Default)]
#[repr(align(128))]
struct Slot {
    actor: RwLock<Option<Addr<Ceremonies>>>,
    held: Arc<Counts>,
}

impl Slots {
    pub(super) fn new(tenant: TenantId, workers: usize) -> Self {
        Self {
            tenant,
            slots: (0..workers).map(|_| Slot::default()).collect(),
        }
    }

    /// Gives each challenge to the worker that its byte 0 names now: their number may have changed.
    pub(super) fn restore(&self, registry: &Registry, pending: Vec<(Challenge, Ceremony)>) {
        let mut shares: Vec<Vec<_>> = self.slots.iter().map(|_| Vec::new()).collect();
        for (challenge, ceremony) in pending {
            shares[challenge.holder(self.slots.len())].push((challenge, ceremony));
        }
        for (worker, share) in shares
            .into_iter()
            .enumerate()
            .filter(|(_, share)| !share.is_empty())
        {
            *self.slots[worker].actor.write() = Some(self.start(registry, worker, share));
        }
    }

    pub(super) async fn save(&self) {
        for slot in &self.slots {
            let saved = slot.actor.read().as_ref().map(|actor| actor.send(Save));
            // An actor that has died has nothing left to save.
            if let Some(Err(error)) = OptionFuture::from(saved).await {
                tracing::warn!(tenant = %self.tenant, %error, "its challenges are gone");
            }
        }
    }

    fn are_idle(&self) -> bool {
        self.slots.iter().all(|slot| slot.held.is_idle())
    }

    /// Speaks to a worker's actor, a new one where there is none yet or the last has died.
    fn with<T>(
        &self,
        registry: &Registry,
        worker: usize,
        speak: impl FnOnce(&Addr<Ceremonies>) -> T,
    ) -> T {
        let slot = &self.slots[worker];
        if let Some(actor) = slot.actor.read().as_ref().filter(|actor| actor.connected()) {
            return speak(actor);
        }
        let mut actor = slot.actor.write();
        if actor.as_ref().is_some_and(|actor| !actor.connected()) {
            registry.metrics.actor_restarted();
            *actor = None;
        }
        speak(actor.get_or_insert_with(|| self.start(registry, worker, Vec::new())))
    }

    fn start(
        &self,
        registry: &Registry,
        worker: usize,
        pending: Vec<(Challenge, Ceremony)>,
    ) -> Addr<Ceremonies> {
        let arbiter = registry.workers.arbiter(worker);
        let arbiter = arbiter.expect("requests are accepted only once every worker has started");
        let number = u8::try_from(worker).expect("at most 256 workers");
        let held = Arc::clone(&self.slots[worker].held);
        let mut actor = Ceremonies::new(
            self.tenant,
            number,
            held,
            registry.surroundings[worker].clone(),
        );
        Ceremonies::start_in_arbiter(&arbiter, move |_| {
            actor.restore(pending);
            actor
        })
    }
}
