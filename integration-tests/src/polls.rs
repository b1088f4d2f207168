//! Futures that are polled so many times and then dropped, as a `select!` does with an arm that lost.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

/// Polls the future so many times, with a turn of the runtime after each, and drops it. What it gave, if it was ready
/// before.
///
/// A turn lets every other task run and looks for octets that have arrived; so where everything runs on one thread, all
/// numbers of polls together are all places where a caller can give up.
pub async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Some(value) = poll_once(future.as_mut()).await {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Polls the future once: what it gave, if it was ready.
pub async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
