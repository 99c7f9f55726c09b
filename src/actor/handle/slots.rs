//! A tenant's ceremonies actors, one a worker, each started when it is first needed.

use std::ops::Deref;
use std::sync::Arc;

use actix::dev::Request;
use actix::dev::channel::channel;
use actix::{Addr, Context, Handler, Message};
use futures_util::future::OptionFuture;
use parking_lot::RwLock;

use crate::actor::ceremonies::{Ceremonies, Save};
use crate::actor::here::Place;
use crate::actor::ledger::Counts;
use crate::actor::registry::Registry;
use crate::tenant::challenge::Ceremony;
use crate::tenant::ids::{Challenge, TenantId};

/// An answer on its way.
pub(super) type Sent<M> = Request<Ceremonies, M>;

/// They outlive the death of the tenant's state: its challenges are not to blame.
pub(in crate::actor) struct Slots(Box<[Arc<Slot>]>);

/// One worker's, on cache lines of its own.
#[repr(align(128))]
pub(in crate::actor) struct Slot {
    actor: RwLock<Option<Addr<Ceremonies>>>,
    place: Place,
    held: Arc<Counts>,
    tenant: TenantId,
    worker: usize,
}

impl Deref for Slots {
    type Target = [Arc<Slot>];

    fn deref(&self) -> &[Arc<Slot>] {
        &self.0
    }
}

impl Slots {
    pub(in crate::actor) fn new(tenant: TenantId, workers: usize) -> Self {
        let slot = |worker| Slot {
            actor: RwLock::default(),
            place: Place::nowhere(),
            held: Arc::default(),
            tenant,
            worker,
        };
        Self((0..workers).map(|worker| Arc::new(slot(worker))).collect())
    }

    /// Gives each challenge to the worker that its byte 0 names now: their number may have changed.
    pub(in crate::actor) fn restore(
        &self,
        registry: &Registry,
        pending: Vec<(Challenge, Ceremony)>,
    ) {
        let mut shares: Vec<Vec<_>> = self.iter().map(|_| Vec::new()).collect();
        for (challenge, ceremony) in pending {
            shares[challenge.holder(self.len())].push((challenge, ceremony));
        }
        let shares = self.iter().zip(shares);
        for (slot, share) in shares.filter(|(_, share)| !share.is_empty()) {
            *slot.actor.write() = Some(slot.start(registry, share));
        }
    }

    pub(in crate::actor) async fn save(&self) {
        for slot in self.iter() {
            let saved = slot.actor.read().as_ref().map(|actor| actor.send(Save));
            // An actor that has died has nothing left to save.
            if let Some(Err(error)) = OptionFuture::from(saved).await {
                tracing::warn!(tenant = %slot.tenant, %error, "its challenges are gone");
            }
        }
    }

    pub(super) fn are_idle(&self) -> bool {
        self.iter().all(|slot| slot.held.is_idle())
    }
}

impl Slot {
    /// Sends to the actor, which answers at once if it is on this thread.
    pub(super) fn send<M>(self: &Arc<Self>, registry: &Registry, message: M) -> Sent<M>
    where
        M: Message<Result: Send> + Send + 'static,
        Ceremonies: Handler<M>,
    {
        self.place
            .deliver(|| self.with(registry, |actor| actor.send(message)))
    }

    /// Speaks to the actor, a new one where there is none yet or the last has died.
    pub(super) fn with<T>(
        self: &Arc<Self>,
        registry: &Registry,
        speak: impl FnOnce(&Addr<Ceremonies>) -> T,
    ) -> T {
        if let Some(actor) = self.actor.read().as_ref().filter(|actor| actor.connected()) {
            return speak(actor);
        }
        let mut actor = self.actor.write();
        if actor.as_ref().is_some_and(|actor| !actor.connected()) {
            registry.metrics.actor_restarted();
            *actor = None;
        }
        speak(actor.get_or_insert_with(|| self.start(registry, Vec::new())))
    }

    fn start(
        self: &Arc<Self>,
        registry: &Registry,
        pending: Vec<(Challenge, Ceremony)>,
    ) -> Addr<Ceremonies> {
        let arbiter = registry.workers.arbiter(self.worker);
        let arbiter = arbiter.expect("requests are accepted only once every worker has started");
        let number = u8::try_from(self.worker).expect("at most 256 workers");
        let around = registry.surroundings[self.worker].clone();
        let mut actor = Ceremonies::new(self.tenant, number, Arc::clone(&self.held), around);
        let (address, mailbox) = channel(MAILBOX);
        let slot = Arc::clone(self);
        arbiter.spawn_fn(move || {
            actor.restore(pending);
            slot.place.run(actor, Context::with_receiver(mailbox));
        });
        Addr::new(address)
    }
}

/// The permits bound what waits here; the mailbox only must not make senders wait for a slot.
const MAILBOX: usize = 1 << 16;
