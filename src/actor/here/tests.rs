//! An actor is asked from its own thread and from another, while it waits, when it is gone, and when it panics.

use std::sync::Arc;
use std::time::Duration;

use actix::dev::channel::channel;
use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, System,
    WrapFuture,
};
use futures_util::FutureExt;
use tokio::sync::oneshot::{Receiver, Sender, channel as promise};
use tokio::time::{sleep, timeout};

use super::{HERE, Place};

/// Counts what it is told.
struct Counter(usize);

#[derive(Message)]
#[rtype(result = "usize")]
enum Tell {
    Count,
    CountLater,
    AnswerWhen(Receiver<()>, Sender<()>),
    Panic,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<Tell> for Counter {
    type Result = usize;

    fn handle(&mut self, told: Tell, ctx: &mut Context<Self>) -> usize {
        match told {
            Tell::Count => self.0 += 1,
            Tell::CountLater => {
                ctx.run_later(SOON, |actor, _| actor.0 += 10);
            }
            Tell::AnswerWhen(it, answer) => {
                let it = it.into_actor(self);
                ctx.spawn(it.map(|_, _, _| answer.send(()).unwrap()));
            }
            Tell::Panic => panic!("as it was told"),
        }
        self.0
    }
}

fn start() -> (Arc<Place>, Addr<Counter>) {
    let (address, mailbox) = channel(16);
    let place = Arc::new(Place::nowhere());
    place.run(Counter(0), Context::with_receiver(mailbox));
    (place, Addr::new(address))
}

fn here() -> usize {
    HERE.with(|here| here.actors.borrow().len())
}

#[test]
fn on_its_thread_it_answers_at_once() {
    System::new().block_on(async {
        let (place, actor) = start();
        for count in 1..4 {
            let answer = place.deliver(|| actor.send(Tell::Count)).now_or_never();
            assert_eq!(answer, Some(Ok(count)));
        }
        assert_eq!(actor.send(Tell::Count).now_or_never(), None);
    });
}

#[test]
fn what_it_waits_for_wakes_it() {
    System::new().block_on(async {
        let (place, actor) = start();
        let answer = place.deliver(|| actor.send(Tell::CountLater));
        assert_eq!(answer.now_or_never(), Some(Ok(0)));
        sleep(SOON * 5).await;
        let answer = place.deliver(|| actor.send(Tell::Count)).now_or_never();
        assert_eq!(answer, Some(Ok(11)));
    });
}

/// Whatever comes from another thread while it is sent to.
#[test]
fn what_another_thread_does_for_it_wakes_it() {
    System::new().block_on(async {
        let (place, actor) = start();
        let (todo, doing) = std::sync::mpsc::channel::<Sender<()>>();
        let other =
            std::thread::spawn(move || doing.iter().filter_map(|it| it.send(()).ok()).count());
        for round in 0..1000 {
            let ((done, waits), (answer, answered)) = (promise(), promise());
            drop(place.deliver(|| actor.send(Tell::AnswerWhen(waits, answer))));
            todo.send(done).unwrap();
            for _ in 0..round % 7 {
                drop(place.deliver(|| actor.send(Tell::Count)));
            }
            timeout(LATE, answered).await.unwrap().unwrap();
        }
        drop(todo);
        assert_eq!(other.join().unwrap(), 1000);
    });
}

/// Its number is another actor's there, or nobody's.
#[test]
fn from_another_thread_it_is_asked_all_the_same() {
    System::new().block_on(async {
        let (place, actor) = start();
        let others = [true, false].map(|has_one| {
            let (place, actor) = (Arc::clone(&place), actor.clone());
            std::thread::spawn(move || {
                System::new().block_on(async {
                    let other = has_one.then(start);
                    for _ in 0..1000 {
                        place.deliver(|| actor.send(Tell::Count)).await.unwrap();
                    }
                    drop(other);
                });
            })
        });
        while !others.iter().all(std::thread::JoinHandle::is_finished) {
            place.deliver(|| actor.send(Tell::Count)).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(place.deliver(|| actor.send(Tell::Count)).await.unwrap() > 2000);
    });
}

#[test]
fn on_another_thread_nobody_takes_a_step_for_it() {
    System::new().block_on(async {
        let (place, actor) = start();
        let other = std::thread::spawn(move || {
            System::new().block_on(async {
                let (_, stranger) = start();
                let unread = stranger.send(Tell::Count);
                drop(place.deliver(|| actor.send(Tell::Count)));
                unread.now_or_never()
            })
        });
        assert_eq!(other.join().unwrap(), None);
    });
}

/// Panics when it goes.
struct Fragile;

impl Actor for Fragile {
    type Context = Context<Self>;
}

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("as it does");
    }
}

impl Handler<Tell> for Fragile {
    type Result = usize;

    fn handle(&mut self, _: Tell, ctx: &mut Context<Self>) -> usize {
        ctx.stop();
        1
    }
}

#[test]
fn a_panic_as_it_goes_is_its_own() {
    System::new().block_on(async {
        let (address, mailbox) = channel(16);
        let (place, actor) = (Place::nowhere(), Addr::new(address));
        place.run(Fragile, Context::with_receiver(mailbox));
        let answer = place.deliver(|| actor.send(Tell::Count));
        assert_eq!(answer.now_or_never(), Some(Ok(1)));
        sleep(SOON).await;
        assert_eq!(here(), 0);
    });
}

#[test]
fn a_panic_ends_it_and_nobody_else() {
    System::new().block_on(async {
        let (place, actor) = start();
        let (neighbour, beside) = start();
        let answer = place.deliver(|| actor.send(Tell::Panic)).now_or_never();
        assert!(answer.expect("it is gone at once").is_err());
        assert!(!actor.connected());
        let answer = neighbour.deliver(|| beside.send(Tell::Count));
        assert_eq!(answer.now_or_never(), Some(Ok(1)));
        sleep(SOON).await;
        assert_eq!(here(), 1);
        // Its number may be another's by now.
        let (_, third) = start();
        let answer = place.deliver(|| actor.send(Tell::Count));
        assert!(answer.await.is_err());
        assert_eq!(third.send(Tell::Count).await, Ok(1));
    });
}

#[test]
fn nobody_is_found_who_has_no_address_any_more() {
    System::new().block_on(async {
        let (place, actor) = start();
        place.deliver(|| actor.send(Tell::Count)).await.unwrap();
        assert_eq!(here(), 1);
        drop(actor);
        sleep(SOON).await;
        assert_eq!(here(), 0);
    });
}

/// As everything does when a worker stops.
#[test]
fn it_goes_with_its_thread() {
    let actor = System::new().block_on(async {
        let (place, actor) = start();
        place.deliver(|| actor.send(Tell::Count)).await.unwrap();
        actor
    });
    assert!(!actor.connected());
    assert_eq!(here(), 0);
}

const SOON: Duration = Duration::from_millis(10);

const LATE: Duration = Duration::from_secs(10);
