//! Runs phases: threads, each with connections of its own, and nothing that two of them write.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Builder;

use super::clock::{self, Scheduled};
use super::connection::Connection;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::pace::{Pace, Schedule};
use super::plan::{Goal, Loop, Phase};
use super::profile::register;
use super::progress::Progress;
use super::record::Record;
use super::target::Target;
use super::worker::{Account, Crew, Seen, Settings, Worker};

pub(super) struct Engine<'a> {
    target: &'a Target,
    settings: &'a Settings,
    interrupt: &'a Interrupt,
    patience: Duration,
    numbers: AtomicU64,
    /// Those of each thread.
    accounts: Vec<Vec<Arc<Account>>>,
}

/// What became of a phase.
pub(super) struct Outcome {
    pub(super) record: Record,
    pub(super) lasted: Duration,
    /// What the operations of an open loop that were due and never began are called.
    pub(super) unsent: u64,
    /// The processor time of all threads.
    pub(super) scheduled: Option<Scheduled>,
}

struct Done {
    accounts: Vec<Arc<Account>>,
    record: Record,
    begun: u64,
    scheduled: Option<Scheduled>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        target: &'a Target,
        settings: &'a Settings,
        interrupt: &'a Interrupt,
        (threads, patience): (usize, Duration),
    ) -> Self {
        Self {
            target,
            settings,
            interrupt,
            patience,
            numbers: AtomicU64::new(0),
            accounts: (0..threads).map(|_| Vec::new()).collect(),
        }
    }

    pub(super) fn accounts(&self) -> usize {
        self.accounts.iter().map(Vec::len).sum()
    }

    pub(super) fn threads(&self) -> usize {
        self.accounts.len()
    }

    pub(super) fn run(&mut self, phase: &Phase, progress: &Progress) -> Result<Outcome, Failure> {
        let accounts = std::mem::take(&mut self.accounts);
        let seen: Vec<Seen> = accounts.iter().map(|_| Seen::default()).collect();
        let start = clock::now();
        let schedule = match (phase.shape, phase.goal) {
            (Loop::Open { rate, .. }, Goal::Traffic(_, lasting)) => {
                Some(Schedule::new(start, lasting, rate, accounts.len()))
            }
            _ => None,
        };
        let this = &*self;
        let (done, due) = thread::scope(|scope| {
            let mut threads: Vec<ScopedJoinHandle<'_, Result<Done, Failure>>> = Vec::new();
            for (thread, accounts) in accounts.into_iter().enumerate() {
                let part = Part {
                    phase,
                    thread,
                    of: seen.len(),
                    schedule: schedule.as_ref(),
                };
                let seen = &seen[thread];
                threads.push(scope.spawn(move || this.thread(&part, accounts, seen)));
            }
            let schedule = schedule.as_ref();
            let pacer = schedule.map(|all| scope.spawn(|| all.run(this.interrupt)));
            progress.watch(&seen, || threads.iter().all(ScopedJoinHandle::is_finished));
            let done: Vec<_> = threads.into_iter().map(join).collect();
            (done, pacer.map_or(0, join))
        });
        let lasted = clock::now().saturating_duration_since(start);
        self.add_up(done, due, lasted)
    }

    fn add_up(
        &mut self,
        all: Vec<Result<Done, Failure>>,
        due: u64,
        lasted: Duration,
    ) -> Result<Outcome, Failure> {
        let mut outcome = Outcome {
            record: Record::new(),
            lasted,
            unsent: due,
            scheduled: Some(Scheduled::default()),
        };
        for done in all {
            let done = done?;
            outcome.record.add(&done.record);
            outcome.unsent -= done.begun;
            outcome.scheduled = outcome.scheduled.zip(done.scheduled).map(|(mut sum, one)| {
                sum.add(one);
                sum
            });
            self.accounts.push(done.accounts);
        }
        Ok(outcome)
    }

    fn thread(
        &self,
        part: &Part<'_>,
        accounts: Vec<Arc<Account>>,
        seen: &Seen,
    ) -> Result<Done, Failure> {
        let before = Scheduled::of_this_thread();
        let crew = Crew {
            target: self.target,
            settings: self.settings,
            seen,
            accounts: RefCell::new(accounts),
            record: RefCell::new(Record::new()),
            numbers: &self.numbers,
            turn: Cell::new(0),
        };
        let pace = part.pace();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let workers = (0..part.share_of(part.phase.shape.connections())).map(|number| {
            let connection = Connection::new(self.target.address.socket, self.patience);
            let mut worker = Worker::new(&crew, connection);
            worker.turn = u64::try_from(number).unwrap_or_default();
            work(worker, part.phase.goal, &pace, self.interrupt)
        });
        runtime.block_on(join_all(workers));
        let after = Scheduled::of_this_thread();
        Ok(Done {
            begun: pace.begun(),
            accounts: crew.accounts.into_inner(),
            record: crew.record.into_inner(),
            scheduled: after.zip(before).map(|(after, before)| after.since(before)),
        })
    }
}

async fn work(mut worker: Worker<'_>, goal: Goal, pace: &Pace<'_>, interrupt: &Interrupt) {
    while let Some(due) = pace.next(interrupt).await {
        match goal {
            Goal::Traffic(traffic, _) => traffic.operate(&mut worker, due).await,
            Goal::Accounts(_) => {
                let account = register::operate(&mut worker, due).await;
                let mut accounts = worker.crew.accounts.borrow_mut();
                accounts.extend(account.map(Arc::new));
            }
        }
    }
}

/// A thread's part of a phase.
struct Part<'a> {
    phase: &'a Phase,
    thread: usize,
    of: usize,
    schedule: Option<&'a Schedule>,
}

impl<'a> Part<'a> {
    fn pace(&self) -> Pace<'a> {
        match (self.phase.goal, self.schedule) {
            (Goal::Accounts(count), _) => Pace::Count {
                left: Cell::new(self.share_of(count)),
            },
            (Goal::Traffic(..), Some(schedule)) => Pace::Schedule {
                schedule,
                thread: self.thread,
                begun: Cell::new(0),
            },
            (Goal::Traffic(_, lasting), None) => Pace::Until {
                end: clock::now() + lasting,
            },
        }
    }

    fn share_of(&self, all: usize) -> usize {
        all / self.of + usize::from(self.thread < all % self.of)
    }
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
