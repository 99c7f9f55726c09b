//! Actors that run on this very thread, and take their step at once when somebody here has sent them something.
//!
//! The scheduler would let an actor run after everybody else whose turn it is, and then whoever waits for its answer a second
//! time. Each is still an actor: it alone has its state, and its mailbox holds one message behind the other. Only the turn
//! in which it looks there is its sender's.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};

use actix::dev::ContextFut;
use actix::{Actor, Context};
use futures_util::task::AtomicWaker;
use slab::Slab;

/// Under which number an actor is found by those on its thread. Elsewhere the number means nothing, and does no harm.
#[derive(Debug)]
pub(super) struct Place(AtomicUsize);

/// An actor and its context; `None` once it has ended.
struct Local<A: Actor<Context = Context<A>>> {
    bell: Arc<Bell>,
    waker: Waker,
    running: RefCell<Option<ContextFut<A, Context<A>>>>,
}

/// One of any kind.
trait Steps {
    fn step(&self) -> Poll<()>;
    fn bell(&self) -> &Bell;
}

/// That an actor is found here, for as long as its task lasts.
struct Found(usize);

/// Lets the actor run when its turn comes, unless whoever rings is about to let it run anyway.
struct Bell {
    task: AtomicWaker,
    is_muted: AtomicBool,
}

thread_local! {
    static HERE: RefCell<Slab<Rc<dyn Steps>>> = const { RefCell::new(Slab::new()) };
}

impl Place {
    pub(super) const fn nowhere() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }

    /// Runs an actor on this thread until it ends, to be found here meanwhile.
    pub(super) fn run<A: Actor<Context = Context<A>>>(&self, actor: A, context: Context<A>) {
        let local = Rc::new(Local::new(actor, context));
        let key = HERE.with_borrow_mut(|here| here.insert(Rc::<Local<A>>::clone(&local)));
        self.0.store(key, Ordering::Relaxed);
        let found = Found(key);
        actix::spawn(async move {
            poll_fn(|context| {
                local.bell.task.register(context.waker());
                local.step()
            })
            .await;
            drop(found);
        });
    }

    /// Sends something to the actor, and lets it run at once if it is on this thread.
    pub(super) fn deliver<T>(&self, send: impl FnOnce() -> T) -> T {
        let key = self.0.load(Ordering::Relaxed);
        let Some(local) = HERE.with_borrow(|here| here.get(key).cloned()) else {
            return send();
        };
        let answer = local.bell().muted(send);
        if local.step().is_ready() {
            local.bell().task.wake();
        }
        answer
    }
}

impl<A: Actor<Context = Context<A>>> Local<A> {
    fn new(actor: A, context: Context<A>) -> Self {
        let bell = Arc::new(Bell {
            task: AtomicWaker::new(),
            is_muted: AtomicBool::new(false),
        });
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
            *slot = None;
        }
        stepped
    }

    fn bell(&self) -> &Bell {
        &self.bell
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        // At the end of the thread nobody is found any more.
        let gone = HERE.try_with(|here| here.borrow_mut().remove(self.0));
        drop(gone);
    }
}

impl Bell {
    /// Whoever rings meanwhile has put a message into the mailbox, and the actor looks there afterwards.
    fn muted<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_muted.store(true, Ordering::Release);
        let done = work();
        self.is_muted.store(false, Ordering::Release);
        done
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_muted.load(Ordering::Acquire) {
            self.task.wake();
        }
    }
}
