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

/// Those whose turn it is now come this far first, and then their answers are sent one behind another: a client that is woken by
/// one finds the next ones there. tokio's `yield_now` would look for new requests first, which costs more than it brings.
pub(super) async fn after_the_others(mut looks: u8) {
    poll_fn(|context| {
        if looks == 0 {
            return Poll::Ready(());
        }
        looks -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// How many looks are left of a turn when a request is there as a whole: a body is there at the last only.
pub(super) const fn looks(payload: &Payload) -> u8 {
    match payload {
        Payload::None => 2,
        Payload::H1 { .. } | Payload::Stream { .. } => 1,
    }
}
