//! The bounded queue in front of the writer. Pushing never waits: what does not fit is refused at once.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::reader::ReadJob;
use super::trim::Trim;
use crate::store::{Commit, CommitError, Seq};

pub(super) type Answer = Result<Seq, CommitError>;

pub(super) struct Queued {
    pub(super) commit: Commit,
    pub(super) reply: oneshot::Sender<Answer>,
}

pub(super) enum Message {
    Commit(Queued),
    Read(ReadJob),
    Trim(Trim),
    /// Lets a test do something on the writer's own connection, or hold the writer up.
    #[cfg(test)]
    Test(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
}

/// Why a push was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Busy,
    Closed,
}

/// What the writer should do next.
pub(super) enum Next {
    Work,
    Idle,
    /// Everything queued before is done: close, and answer these.
    Close(Vec<oneshot::Sender<Result<(), CommitError>>>),
    /// The handle is gone without a close, or the store has failed.
    Stop,
}

pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    messages_max: usize,
}

struct State {
    waiting: VecDeque<Message>,
    phase: Phase,
}

enum Phase {
    Open,
    Closing(Vec<oneshot::Sender<Result<(), CommitError>>>),
    Stopped,
}

impl Queue {
    pub(super) fn new(messages_max: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            phase: Phase::Open,
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            messages_max,
        }
    }

    pub(super) fn push(&self, message: Message) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Open) {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.messages_max {
            return Err(Refused::Busy);
        }
        state.waiting.push_back(message);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Moves up to `max` messages to `batch`. Waits up to `patience` for the first one.
    pub(super) fn take(&self, batch: &mut Vec<Message>, max: usize, patience: Duration) -> Next {
        let mut state = self.state.lock();
        if state.waiting.is_empty() && matches!(state.phase, Phase::Open) && !patience.is_zero() {
            self.wake.wait_for(&mut state, patience);
        }
        if !state.waiting.is_empty() {
            let count = state.waiting.len().min(max);
            batch.extend(state.waiting.drain(..count));
            return Next::Work;
        }
        match std::mem::replace(&mut state.phase, Phase::Stopped) {
            Phase::Open => {
                state.phase = Phase::Open;
                Next::Idle
            }
            Phase::Closing(replies) => Next::Close(replies),
            Phase::Stopped => Next::Stop,
        }
    }

    /// Takes no more, and has the writer close when it has done what waits.
    pub(super) fn close(&self, reply: oneshot::Sender<Result<(), CommitError>>) {
        let mut state = self.state.lock();
        match &mut state.phase {
            Phase::Open => state.phase = Phase::Closing(vec![reply]),
            Phase::Closing(replies) => replies.push(reply),
            Phase::Stopped => drop(reply.send(Err(CommitError::Fatal))),
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Takes no more; what waits is answered `Fatal`, for none of it was begun.
    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        let waiting = std::mem::take(&mut state.waiting);
        let phase = std::mem::replace(&mut state.phase, Phase::Stopped);
        drop(state);
        self.wake.notify_one();
        for message in waiting {
            refuse(message);
        }
        if let Phase::Closing(replies) = phase {
            for reply in replies {
                drop(reply.send(Err(CommitError::Fatal)));
            }
        }
    }
}

/// Whoever waited may have gone away; then nobody needs the answer.
fn refuse(message: Message) {
    match message {
        Message::Commit(queued) => drop(queued.reply.send(Err(CommitError::Fatal))),
        Message::Read(job) => job.fail(),
        Message::Trim(trim) => drop(trim.reply.send(Err(CommitError::Fatal))),
        #[cfg(test)]
        Message::Test(_) => (),
    }
}
