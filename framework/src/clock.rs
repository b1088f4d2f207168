//! The one place that reads the clock, so that simulated time reaches everything.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use tokio::time::{Sleep, sleep_until};

/// The time now: tokio's, which a test may pause and step.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time of day, to read dates by that a server names. It may jump.
pub(crate) fn time_of_day() -> SystemTime {
    SystemTime::now()
}

/// A limit of time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// A timer that is set anew as often as the next thing that is due changes.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Has this moment come? If not, the task is woken when it does.
    pub(crate) fn poll(&mut self, at: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
        let Some(at) = at.map(tokio::time::Instant::from) else {
            self.0 = None;
            return Poll::Pending;
        };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(context)
    }
}

/// Runs `work` for at most `limit`; `None` is for ever.
pub(crate) fn within<F: Future + Unpin>(
    limit: Option<Duration>,
    work: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    // One that cannot be told is too far off to matter.
    until_end(move || limit.and_then(|limit| now().checked_add(limit)), work)
}

/// Runs `work` until `deadline` at most.
///
/// The caller pins the work: an `async fn` holds what it is given twice, as its argument and as what it awaits, and every such
/// layer would double the size of an operation. No timer is made unless the work has to wait.
pub(crate) fn until<F: Future + Unpin>(
    deadline: Option<Instant>,
    work: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    until_end(move || deadline, work)
}

/// The same where the deadline depends on when the wait begins: work that is done at once never asks for it, nor for the time.
pub(crate) async fn until_end<F: Future + Unpin>(
    deadline: impl FnOnce() -> Option<Instant>,
    mut work: F,
) -> Result<F::Output, Elapsed> {
    let mut deadline = Some(deadline);
    let mut timer = pin!(None::<Sleep>);
    poll_fn(|context| {
        if let Poll::Ready(done) = Pin::new(&mut work).poll(context) {
            return Poll::Ready(Ok(done));
        }
        if let Some(deadline) = deadline.take() {
            timer.set(deadline().map(|deadline| sleep_until(deadline.into())));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(context).map(|()| Err(Elapsed)),
            None => Poll::Pending,
        }
    })
    .await
}
