//! The actor that owns a tenant's challenges on one worker.
//!
//! It begins ceremonies and gives challenges away. It checks no signature and waits for no disk: its checkpoints are
//! handed to the store while it goes on. One that panics starts again empty; only the start of the process restores.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use uuid::Uuid;

use super::codec;
use super::handle::Seat;
use super::ledger::{Asked, Counts, Ledger};
use super::source::EnvSource;
use super::uses::Uses;
use crate::store::{Change, Commit, CommitError, Put, Store};
use crate::telemetry::worker::{Mailbox, NotSaved, Timer, WorkerMetrics};
use crate::tenant::Initialize;
use crate::tenant::challenge::{Access, Begun, Ceremony, Checkpoint, Pending};
use crate::tenant::ids::{Challenge, TenantId, Timestamp};
use crate::tenant::rejection::Rejection;

/// Begins a ceremony and answers its options.
pub struct Begin<I: Initialize> {
    pub initialize: I,
    pub tenant: Arc<Seat>,
}

impl<I: Initialize> Message for Begin<I> {
    type Result = Result<String, Rejection>;
}

/// Gives a challenge away, whatever comes of it.
#[derive(Message)]
#[rtype(result = "Result<Ceremony, Rejection>")]
pub struct Take(pub Challenge, pub Timer);

/// Makes room for others on this worker.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EvictOldest(pub Asked);

/// Hands all that no checkpoint has yet to the store, which has it when this is answered.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Save;

/// A session was used, and the tenant ends sessions that nobody uses.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Used {
    pub session: Uuid,
    pub at: Timestamp,
    pub matters_until: Timestamp,
}

/// It is time to drop what has expired, and to write down what is new.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Tick;

/// What the actors of one worker share.
#[derive(Clone)]
pub struct Surroundings {
    pub store: Arc<dyn Store>,
    pub source: EnvSource,
    pub metrics: WorkerMetrics,
    pub ledger: Arc<Ledger>,
    /// Tells this process's checkpoints from those of earlier ones.
    pub boot: u64,
    pub checkpoint_every: Duration,
}

/// In this order: what each begin needs stands together.
#[repr(C)]
pub struct Ceremonies {
    worker: u8,
    saving: bool,
    held: Arc<Counts>,
    surroundings: Surroundings,
    pending: Pending,
    tenant: TenantId,
    uses: Uses,
    checkpoints: u64,
    /// How many checkpoints are still to come for what was unsaved at the last tick.
    more_checkpoints: usize,
}

/// What is on its way to the store, to be taken back if it does not get there.
struct Saving {
    checkpoint: Option<Checkpoint>,
    uses: Uses,
}

impl Ceremonies {
    pub fn new(
        tenant: TenantId,
        worker: u8,
        held: Arc<Counts>,
        surroundings: Surroundings,
    ) -> Self {
        Self {
            worker,
            saving: false,
            held,
            surroundings,
            pending: Pending::default(),
            tenant,
            uses: Uses::default(),
            checkpoints: 0,
            more_checkpoints: 0,
        }
    }

    /// Puts back what was pending when an earlier process stopped.
    pub fn restore(&mut self, ceremonies: Vec<(Challenge, Ceremony)>) {
        for (challenge, ceremony) in ceremonies {
            self.note_begun(ceremony.access);
            self.pending.restore(challenge, &ceremony);
            self.make_room(ceremony.access);
        }
    }

    fn begin(
        &mut self,
        begin: impl FnOnce(u8) -> Result<Begun, Rejection>,
    ) -> Result<String, Rejection> {
        let Begun {
            challenge,
            ceremony,
            options,
        } = begin(self.worker)?;
        let access = ceremony.access;
        self.pending.begin(challenge, &ceremony);
        self.note_begun(access);
        self.make_room(access);
        Ok(options)
    }

    /// The tenant's own oldest goes first; where the worker is full, the oldest of whoever holds most.
    fn make_room(&mut self, access: Access) {
        if self.pending.len(access) > self.surroundings.ledger.caps.per_tenant {
            self.evict(access, 1);
        }
        self.surroundings.ledger.make_room(access);
    }

    /// How many went: fewer where there are no more.
    fn evict(&mut self, access: Access, most: usize) -> usize {
        let oldest = (0..most).take_while(|_| self.pending.evict_oldest(access));
        let count = oldest.count();
        self.note_ended(access, count);
        self.surroundings.metrics.challenges_evicted(count);
        count
    }

    fn expire(&mut self, now: Timestamp) {
        let expired = self.pending.expire(now);
        for (access, count) in Access::ALL.into_iter().zip(expired) {
            self.note_ended(access, count);
        }
    }

    fn note_begun(&self, access: Access) {
        self.surroundings.ledger.began(&self.held, access);
    }

    fn note_ended(&self, access: Access, count: usize) {
        self.surroundings.ledger.ended(&self.held, access, count);
    }

    /// Hands a checkpoint of about so many bytes to the store, if there is anything to tell.
    fn save(&mut self, most: usize, ctx: &mut Context<Self>) {
        let now = self.surroundings.source.env().now;
        let checkpoint = self.pending.checkpoint(most);
        let saving = Saving {
            checkpoint: Some(checkpoint).filter(|checkpoint| checkpoint.expires_at > Some(now)),
            uses: std::mem::take(&mut self.uses),
        };
        let puts = self.puts(&saving);
        if puts.is_empty() {
            self.surroundings.metrics.all_saved(now.seconds());
            return self.note_unsaved();
        }
        let commit = Commit {
            tenant: self.tenant.0,
            change: Change::Update(puts),
            audit: Vec::new(),
        };
        self.saving = true;
        self.note_unsaved();
        let saved = self.surroundings.store.commit(commit).into_actor(self);
        ctx.spawn(saved.map(|result, actor, ctx| actor.saved(result.map(drop), saving, ctx)));
    }

    fn puts(&mut self, saving: &Saving) -> Vec<Put> {
        self.checkpoints += 1;
        let (boot, worker, number) = (self.surroundings.boot, self.worker, self.checkpoints);
        let checkpoint = saving.checkpoint.as_ref();
        let checkpoint = checkpoint.map(|it| codec::checkpoint_put(boot, worker, number, it));
        let uses = (!saving.uses.is_empty()).then(|| {
            let (list, until) = (saving.uses.list(), saving.uses.matter_until());
            codec::session_uses_put((boot, worker, number), &list, until)
        });
        checkpoint.into_iter().chain(uses).collect()
    }

    fn note_unsaved(&self) {
        let has_unsaved = !self.pending.is_saved() || !self.uses.is_empty();
        self.held.set_unsaved(self.saving || has_unsaved);
    }

    fn saved(&mut self, result: Result<(), CommitError>, saving: Saving, ctx: &mut Context<Self>) {
        self.saving = false;
        self.more_checkpoints = self.more_checkpoints.saturating_sub(1);
        let now = self.surroundings.source.env().now;
        self.surroundings.metrics.checkpoint(match result {
            Ok(()) | Err(CommitError::Gone) => Ok(now.seconds()),
            Err(_) => Err(NotSaved),
        });
        match result {
            Ok(()) if self.more_checkpoints > 0 => self.save(CHECKPOINT_BYTES, ctx),
            Ok(()) | Err(CommitError::Gone) => {}
            Err(error) => {
                tracing::warn!(tenant = %self.tenant, %error, "the challenge checkpoint waits for the next round");
                if let Some(checkpoint) = saving.checkpoint {
                    self.pending.checkpoint_failed(checkpoint);
                }
                self.uses.put_back(saving.uses);
            }
        }
        self.note_unsaved();
    }
}

impl Actor for Ceremonies {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let owner = ctx.address().downgrade();
        self.surroundings.ledger.open(Arc::clone(&self.held), owner);
    }
}

impl Drop for Ceremonies {
    /// What it held is gone with it, after a panic too.
    fn drop(&mut self) {
        for access in Access::ALL {
            self.note_ended(access, self.pending.len(access));
        }
        self.held.set_unsaved(false);
    }
}

impl<I: Initialize> Handler<Begin<I>> for Ceremonies {
    type Result = Result<String, Rejection>;

    fn handle(&mut self, message: Begin<I>, _: &mut Context<Self>) -> Self::Result {
        let env = self.surroundings.source.env();
        self.begin(|worker| {
            message
                .initialize
                .decide(&message.tenant.durable().read(), &env, worker)
        })
    }
}

impl Handler<Take> for Ceremonies {
    type Result = Result<Ceremony, Rejection>;

    fn handle(&mut self, Take(challenge, sent): Take, _: &mut Context<Self>) -> Self::Result {
        self.surroundings
            .metrics
            .received(Mailbox::Ceremonies, sent);
        let now = self.surroundings.source.env().now;
        let ceremony = self
            .pending
            .take(&challenge)
            .ok_or(Rejection::ChallengeUnknown)?;
        self.note_ended(ceremony.access, 1);
        self.note_unsaved();
        if ceremony.expires_at <= now {
            return Err(Rejection::ChallengeExpired);
        }
        Ok(ceremony)
    }
}

impl Handler<Used> for Ceremonies {
    type Result = ();

    fn handle(&mut self, used: Used, _: &mut Context<Self>) {
        self.uses.note(used.session, used.at, used.matters_until);
        self.held.set_unsaved(true);
    }
}

impl Handler<Tick> for Ceremonies {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        self.expire(self.surroundings.source.env().now);
        if !self.saving {
            self.more_checkpoints = self.pending.unsaved().div_ceil(CHECKPOINT_BYTES);
            self.save(CHECKPOINT_BYTES, ctx);
        }
    }
}

impl Handler<EvictOldest> for Ceremonies {
    type Result = ();

    fn handle(&mut self, EvictOldest(asked): EvictOldest, _: &mut Context<Self>) {
        let access = asked.access;
        let count = self.evict(access, asked.count);
        drop(asked);
        // It may have had fewer than it was asked for.
        if count > 0 {
            self.surroundings.ledger.make_room(access);
        }
    }
}

impl Handler<Save> for Ceremonies {
    type Result = ();

    fn handle(&mut self, _: Save, ctx: &mut Context<Self>) {
        self.save(usize::MAX, ctx);
    }
}

/// Of some 5,000 ceremonies, in one step; what is left follows when they are durable.
const CHECKPOINT_BYTES: usize = 512 << 10;
