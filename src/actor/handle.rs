//! A tenant as the rest of the program holds it: its state to read, its actors to ask, for as long as one request lasts.

mod seats;
mod sessions;
mod slots;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Actor, Addr};
use futures_util::FutureExt;
use tokio::sync::Mutex;

use super::Refusal;
use super::audit::{AuditPage, Filter, Window};
use super::ceremonies::{Begin, Take};
use super::codec;
use super::registry::Registry;
use super::tenant::{Durable, Execute, Owner, TenantActor};
use crate::telemetry::tenants::TenantLabel;
use crate::telemetry::worker::Timer;
use crate::tenant::audit::{Note, Requester};
use crate::tenant::challenge::Ceremony;
use crate::tenant::decoy::{CreateDecoyKey, DecoyKey};
use crate::tenant::ids::{Challenge, Timestamp};
use crate::tenant::policy::Policy;
use crate::tenant::settings::AuditRules;
use crate::tenant::state::TenantState;
use crate::tenant::token::commands::{AddFirstSigningKey, RenewSigningKey, kind_to_renew};
use crate::tenant::token::{KeyKind, KeyPurpose, PrivateKey, SigningKey};
use crate::tenant::{Command, Initialize};

pub use seats::Seat;
pub(super) use seats::Seats;
pub use sessions::NoSession;
pub(super) use slots::Slots;

/// A tenant in memory. It goes when the registry lets go of it and the last lease ends.
pub struct Tenant {
    durable: Arc<Durable>,
    actor: Addr<TenantActor>,
    pub(super) slots: Arc<Slots>,
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
        let owner = Owner(Arc::clone(&durable));
        let (store, source) = (Arc::clone(&registry.store), registry.source.clone());
        let audit = Arc::clone(&registry.audit);
        let home = registry.workers.home(durable.id);
        let metrics = registry.metrics.worker(home).clone();
        let home = registry.workers.arbiter(home);
        let home = home.expect("requests are accepted only once every worker has started");
        Self {
            durable,
            actor: TenantActor::start_in_arbiter(&home, |_| {
                TenantActor::new(owner, store, source, audit, metrics)
            }),
            slots,
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

    async fn execute<C: Command>(&self, execute: Execute<C>) -> Result<C::Outcome, Refusal> {
        self.actor
            .send(execute)
            .await
            .map_err(|_| Refusal::Interrupted)?
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
        let seat = seats.of(worker);
        if !registry.permits[worker].take() {
            return None;
        }
        if !seat.permits.take() {
            registry.permits[worker].give_back();
            return None;
        }
        seat.note_asked_for();
        Some(Self {
            registry,
            seat: Arc::clone(seat),
            worker,
        })
    }

    /// Begins a ceremony on this worker. The actor reads the tenant's state for it: nobody who comes here may hold that (`read`).
    pub async fn begin<I: Initialize>(&self, initialize: I) -> Result<String, Refusal> {
        let message = Begin {
            initialize,
            tenant: Arc::clone(&self.seat),
        };
        let options = self.seat.slot.send(self.registry, message);
        Ok(options.await.map_err(|_| Refusal::Interrupted)??)
    }

    /// Takes a challenge from whichever worker holds it.
    pub async fn take_challenge(&self, challenge: Challenge) -> Result<Ceremony, Refusal> {
        let slots = &self.seat.tenant.slots;
        let slot = &slots[challenge.holder(slots.len())];
        let take = Take(challenge, Timer::start());
        let taken = slot.send(self.registry, take);
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
        if !self.is_dead() {
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
        self.seat.label
    }
}

impl Deref for Lease<'_> {
    type Target = Durable;

    fn deref(&self) -> &Durable {
        &self.seat.durable
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.seat.permits.give_back();
        self.registry.permits[self.worker].give_back();
    }
}
