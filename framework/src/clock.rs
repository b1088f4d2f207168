//! The one place that reads the clock, so that simulated time reaches everything.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

/// The time now: tokio's, which a test may pause and step.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A limit of time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// Runs `work` for at most `limit`; `None` is for ever.
pub(crate) async fn within<F: Future + Unpin>(limit: Option<Duration>, work: F) -> Result<F::Output, Elapsed> {
    // One that cannot be told is too far off to matter.
    until(limit.and_then(|limit| now().checked_add(limit)), work).await
}

/// Runs `work` until `deadline` at most.
///
/// The caller pins the work: an `async fn` holds what it is given twice, as its argument and as what it awaits, and every such
/// layer would double the size of an operation. No timer is made unless the work has to wait.
pub(crate) async fn until<F: Future + Unpin>(deadline: Option<Instant>, mut work: F) -> Result<F::Output, Elapsed> {
    let mut timer = pin!(None::<Sleep>);
    poll_fn(|context| {
        if let Poll::Ready(done) = Pin::new(&mut work).poll(context) {
            return Poll::Ready(Ok(done));
        }
        let Some(deadline) = deadline else { return Poll::Pending };
        if timer.is_none() {
            timer.set(Some(sleep_until(deadline.into())));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(context).map(|()| Err(Elapsed)),
            None => Poll::Pending,
        }
    })
    .await
}
