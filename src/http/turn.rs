//! The turns of a connection: actix looks at a new request twice in the turn in which it comes, first when its head is read,
//! then with the body that came along. Later there is one look a turn.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use actix_http::Payload;

/// What is there at the second look: a small body comes with its head, and needs no timer.
pub(super) async fn soon<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut looks = 0;
    poll_fn(move |context| {
        looks += 1;
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if looks < 2 => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(None),
        }
    })
    .await
}

/// At the second look, also where no body comes along: what is done at the first would be answered at the second, before the
/// others have had their turn.
pub(super) async fn second_look(payload: &Payload) {
    if matches!(payload, Payload::None) {
        next_look().await;
    }
}

/// Those whose turn it is now come this far first, and then their answers are sent one behind another: a client that is woken by
/// one finds the next ones there. tokio's `yield_now` would look for new requests first, which costs more than it brings.
pub(super) async fn after_the_others() {
    next_look().await;
}

async fn next_look() {
    let mut has_waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
