//! Actors that run on this very thread, and take their step at once when somebody here has sent them something.
//!
//! The scheduler would let an actor run after everybody else whose turn it is, and then whoever waits for its answer a second
//! time. Each is still an actor: it alone has its state, and its mailbox holds one message behind the other. Only the turn
//! in which it looks there is its sender's.

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};

use actix::dev::ContextFut;
use actix::{Actor, Context};
use futures_util::task::AtomicWaker;
use slab::Slab;

/// On which thread an actor is found, and under which number there.
#[derive(Debug)]
pub(super) struct Place {
    thread: AtomicUsize,
    number: AtomicUsize,
}

/// An actor and its context; `None` once it has ended.
struct Local<A: Actor<Context = Context<A>>> {
    bell: Arc<Bell>,
    waker: Waker,
    running: RefCell<Option<ContextFut<A, Context<A>>>>,
}

/// One of any kind.
trait Steps {
    fn step(&self) -> Poll<()>;
}

/// That an actor is found here, for as long as its task lasts.
struct Found(usize);

/// Lets the actor run when its turn comes, unless whoever rings is about to let it run anyway.
struct Bell(AtomicWaker);

/// The actors of this thread.
struct Here {
    thread: usize,
    actors: RefCell<Slab<Rc<dyn Steps>>>,
    /// Whether this thread is sending to one of them, which then takes its step: whoever rings on other threads is heard.
    is_sending: Cell<bool>,
}

/// Ends the sending, in a panic too.
struct Sending;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static HERE: Here = Here {
        thread: THREADS.fetch_add(1, Ordering::Relaxed),
        actors: RefCell::default(),
        is_sending: Cell::new(false),
    };
}

impl Place {
    pub(super) const fn nowhere() -> Self {
        Self {
            thread: AtomicUsize::new(usize::MAX),
            number: AtomicUsize::new(usize::MAX),
        }
    }

    /// Runs an actor on this thread until it ends, to be found here meanwhile.
    pub(super) fn run<A: Actor<Context = Context<A>>>(&self, actor: A, context: Context<A>) {
        let local = Rc::new(Local::new(actor, context));
        let found = HERE.with(|here| Found(here.insert(Rc::<Local<A>>::clone(&local), self)));
        actix::spawn(async move {
            poll_fn(|context| {
                local.bell.0.register(context.waker());
                local.step()
            })
            .await;
            drop(found);
        });
    }

    /// Sends something to the actor, and lets it run at once if it is on this thread. The sender must hold no lock that the
    /// actor takes, but for the sending itself.
    pub(super) fn deliver<T>(&self, send: impl FnOnce() -> T) -> T {
        let Some(local) = HERE.with(|here| here.find(self)) else {
            return send();
        };
        let sending = Sending::begin();
        let answer = send();
        drop(sending);
        // Where that was its last, its task has heard so.
        let _ = local.step();
        answer
    }
}

impl Here {
    fn insert(&self, actor: Rc<dyn Steps>, place: &Place) -> usize {
        let number = self.actors.borrow_mut().insert(actor);
        place.number.store(number, Ordering::Relaxed);
        place.thread.store(self.thread, Ordering::Relaxed);
        number
    }

    /// One that has ended meanwhile may have left its number to another, who then looks into its mailbox once more.
    fn find(&self, place: &Place) -> Option<Rc<dyn Steps>> {
        if place.thread.load(Ordering::Relaxed) != self.thread {
            return None;
        }
        let number = place.number.load(Ordering::Relaxed);
        self.actors.borrow().get(number).cloned()
    }
}

impl Sending {
    fn begin() -> Self {
        HERE.with(|here| here.is_sending.set(true));
        Self
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        HERE.with(|here| here.is_sending.set(false));
    }
}

impl<A: Actor<Context = Context<A>>> Local<A> {
    fn new(actor: A, context: Context<A>) -> Self {
        let bell = Arc::new(Bell(AtomicWaker::new()));
        Self {
            waker: Waker::from(Arc::clone(&bell)),
            bell,
            running: RefCell::new(Some(context.into_future(actor))),
        }
    }
}

impl<A: Actor<Context = Context<A>>> Steps for Local<A> {
    /// Lets the actor read its mailbox. Its panic ends it, and nobody else.
    fn step(&self) -> Poll<()> {
        let mut slot = self.running.borrow_mut();
        let Some(running) = slot.as_mut() else {
            return Poll::Ready(());
        };
        let mut context = std::task::Context::from_waker(&self.waker);
        let step = || Pin::new(running).poll(&mut context);
        let stepped = catch_unwind(AssertUnwindSafe(step)).unwrap_or(Poll::Ready(()));
        if stepped.is_ready() {
            drop(catch_unwind(AssertUnwindSafe(|| *slot = None)));
            self.bell.0.wake();
        }
        stepped
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        // At the end of the thread nobody is found any more.
        let gone = HERE.try_with(|here| here.actors.borrow_mut().remove(self.0));
        drop(gone);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_sending = HERE.try_with(|here| here.is_sending.get());
        if !is_sending.unwrap_or(false) {
            self.0.wake();
        }
    }
}
