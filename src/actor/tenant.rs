//! The actor that owns a tenant's durable state: it decides, hands the commit to the store, and applies what is durable.
//!
//! The state itself stands behind a lock that only this actor writes and every worker reads, each on a cache line of its own.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture,
    WrapFuture,
};
use crossbeam_utils::sync::{ShardedLock, ShardedLockReadGuard};
use tokio::sync::oneshot;

use super::Refusal;
use super::audit::AuditLog;
use super::codec;
use super::rows::{RowQueues, Ticket};
use super::source::EnvSource;
use crate::store::{AuditRow, Change, Commit, CommitError, Seq, Store};
use crate::telemetry::worker::{Mailbox, Timer, WorkerMetrics};
use crate::tenant::audit::Requester;
use crate::tenant::event::Event;
use crate::tenant::ids::TenantId;
use crate::tenant::state::TenantState;
use crate::tenant::{Command, Decision};

/// A tenant's durable state. One read a synchronous block, never nested, never across an `.await`.
///
/// In this order, since every request asks for the first few, and they share a cache line with the lock.
#[derive(Debug)]
#[repr(C)]
pub struct Durable {
    dead: AtomicBool,
    commits_in_flight: AtomicBool,
    /// Beside the lock, since whoever begins a ceremony asks, and hardly ever needs to know more.
    tells_initialize: AtomicBool,
    pub id: TenantId,
    state: ShardedLock<TenantState>,
}

impl Durable {
    pub fn new(id: TenantId, state: TenantState) -> Self {
        Self {
            id,
            tells_initialize: AtomicBool::new(state.policy.settings.audit.initialize),
            state: ShardedLock::new(state),
            dead: AtomicBool::new(false),
            commits_in_flight: AtomicBool::new(false),
        }
    }

    pub fn read(&self) -> ShardedLockReadGuard<'_, TenantState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory and disk may differ: nobody may decide by this state any more, it is read back from the store.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::Release);
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    pub fn has_commits_in_flight(&self) -> bool {
        self.commits_in_flight.load(Ordering::Acquire)
    }

    /// Whether the audit log is to be told of ceremonies that begin.
    pub fn tells_initialize(&self) -> bool {
        self.tells_initialize.load(Ordering::Relaxed)
    }

    /// A panic on the way leaves the state dead, which says more than a poisoned lock.
    fn apply(&self, events: Vec<Event>, seq: Seq) {
        let state = self.state.write();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let _guard = KillOnPanic(self);
        for event in events {
            state.apply(event, seq);
        }
        let tells_initialize = state.policy.settings.audit.initialize;
        self.tells_initialize
            .store(tells_initialize, Ordering::Relaxed);
    }
}

/// The right to write the state. Once it is lost, at a stop, in a panic or before the actor could start, nobody goes by
/// the state any more.
pub struct Owner(pub Arc<Durable>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.kill();
    }
}

impl Deref for Owner {
    type Target = Durable;

    fn deref(&self) -> &Durable {
        &self.0
    }
}

/// Nothing else may look dead for a moment: whoever saw it would read the tenant back and start a second actor beside the first.
struct KillOnPanic<'a>(&'a Durable);

impl Drop for KillOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.kill();
        }
    }
}

/// Carries a command out; answers when its change is durable.
pub struct Execute<C: Command> {
    pub command: C,
    pub by: Requester,
    pub sent: Timer,
}

impl<C: Command> Message for Execute<C> {
    type Result = Result<C::Outcome, Refusal>;
}

pub struct TenantActor {
    durable: Owner,
    store: Arc<dyn Store>,
    source: EnvSource,
    audit: Arc<AuditLog>,
    metrics: WorkerMetrics,
    rows: RowQueues<Job>,
}

/// A command that waits for its rows.
type Job = Box<dyn FnOnce(&mut TenantActor, Ticket, &mut Context<TenantActor>) -> Progress>;

/// How far a command came in one step.
enum Progress {
    Done,
    Committing,
}

impl fmt::Debug for TenantActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantActor({})", self.durable.id)
    }
}

impl TenantActor {
    pub fn new(
        durable: Owner,
        store: Arc<dyn Store>,
        source: EnvSource,
        audit: Arc<AuditLog>,
        metrics: WorkerMetrics,
    ) -> Self {
        Self {
            durable,
            store,
            source,
            audit,
            metrics,
            rows: RowQueues::default(),
        }
    }

    fn start<C: Command>(
        &mut self,
        Execute { command, by, .. }: Execute<C>,
        ticket: Ticket,
        reply: Reply<C>,
        ctx: &mut Context<Self>,
    ) -> Progress {
        if self.durable.is_dead() {
            drop(reply.send(Err(Refusal::Interrupted)));
            return Progress::Done;
        }
        let env = self.source.env();
        let (puts, decision) = {
            let state = self.durable.read();
            let decision = command.decide(&state, &env);
            let events = decision
                .as_ref()
                .map_or(&[][..], |decision| &decision.events);
            let puts: Vec<_> = events
                .iter()
                .map(|event| codec::put(event, Some(&state)))
                .collect();
            (puts, decision)
        };
        match decision {
            Ok(mut decision) if !puts.is_empty() => {
                let commit = Commit {
                    tenant: self.durable.id.0,
                    change: Change::Update(puts),
                    audit: self.told(&mut decision, by),
                };
                let copies = self.audit.copies(&commit.audit);
                let committed = self.store.commit(commit).into_actor(self);
                ctx.spawn(committed.map(move |result, actor, ctx| {
                    if result.is_ok() {
                        actor.audit.written(actor.durable.id, &copies);
                    }
                    let answer = actor.finish::<C>(result, decision, ctx);
                    drop(reply.send(answer));
                    let next = actor.rows.leave(ticket);
                    actor.run(next, ctx);
                }));
                Progress::Committing
            }
            decided => {
                let answer = decided
                    .map(|decision| decision.outcome)
                    .map_err(Refusal::Rejected);
                drop(reply.send(answer));
                Progress::Done
            }
        }
    }

    /// With randomness of its own: the decision may have used all of its.
    fn told<Outcome>(&self, decision: &mut Decision<Outcome>, by: Requester) -> Vec<AuditRow> {
        let also = std::mem::take(&mut decision.also).into_iter();
        let also: Vec<_> = also.map(|note| (note, by.clone())).collect();
        let first = decision.note.take().map(|note| (note, by));
        first
            .into_iter()
            .chain(also)
            .map(|(note, by)| codec::audit_row(note, by, &self.source.env()))
            .collect()
    }

    fn finish<C: Command>(
        &self,
        result: Result<Seq, CommitError>,
        decision: Decision<C::Outcome>,
        ctx: &mut Context<Self>,
    ) -> Result<C::Outcome, Refusal> {
        match result {
            Ok(seq) => {
                self.durable.apply(decision.events, seq);
                Ok(decision.outcome)
            }
            Err(error) => {
                tracing::warn!(tenant = %self.durable.id, %error, "a commit was refused");
                self.give_up_on(&error, ctx);
                if matches!(error, CommitError::Conflict) {
                    return Err(Refusal::Rejected(C::on_conflict()));
                }
                Err(error.into())
            }
        }
    }

    /// Where the state may not be what is on disk it is read back; a full or busy store has changed nothing.
    fn give_up_on(&self, error: &CommitError, ctx: &mut Context<Self>) {
        match error {
            CommitError::Full | CommitError::Busy => {}
            CommitError::Conflict
            | CommitError::Gone
            | CommitError::Damaged
            | CommitError::Unknown
            | CommitError::Fatal => {
                self.durable.kill();
                ctx.stop();
            }
        }
    }

    /// Runs jobs, and those that their ends set free: a loop, since a long queue of refusals would be a deep recursion.
    fn run(&mut self, mut ready: Vec<(Ticket, Job)>, ctx: &mut Context<Self>) {
        while let Some((ticket, job)) = ready.pop() {
            match job(self, ticket, ctx) {
                Progress::Committing => {}
                Progress::Done => ready.extend(self.rows.leave(ticket)),
            }
        }
        let busy = !self.rows.is_empty();
        self.durable
            .commits_in_flight
            .store(busy, Ordering::Release);
    }
}

type Reply<C> = oneshot::Sender<Result<<C as Command>::Outcome, Refusal>>;

impl Actor for TenantActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl<C: Command> Handler<Execute<C>> for TenantActor {
    type Result = ResponseFuture<Result<C::Outcome, Refusal>>;

    fn handle(&mut self, execute: Execute<C>, ctx: &mut Context<Self>) -> Self::Result {
        self.metrics.received(Mailbox::Tenant, execute.sent);
        let (reply, answer) = oneshot::channel();
        let rows = execute.command.touches();
        let job: Job = Box::new(move |actor, ticket, ctx| actor.start(execute, ticket, reply, ctx));
        let ready = self.rows.enter(rows, job);
        self.run(ready.into_iter().collect(), ctx);
        Box::pin(async move { answer.await.unwrap_or(Err(Refusal::Interrupted)) })
    }
}

/// The permits bound what waits here; the mailbox only must not make senders wait for a slot.
const MAILBOX: usize = 1 << 16;

#[cfg(test)]
mod tests;
