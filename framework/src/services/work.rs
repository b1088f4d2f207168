//! The work of a handle that is under way, and the orderly end of that handle.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::{Ending, Node};

/// The exchanges below a handle that are under way, and how those ended that its shutdown waited for.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The session's, of which this is a part; `None` for that itself.
    above: Option<Arc<Self>>,
    draining: AtomicBool,
    under_way: AtomicUsize,
    ended: Notify,
    completed: AtomicU64,
    cancelled: AtomicU64,
    never_sent: AtomicU64,
}

/// How an exchange ended, for the report of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkEnd {
    Completed,
    Cancelled,
    NeverSent,
}

/// One exchange under way; ends with it, whatever happens to it.
#[derive(Debug)]
pub(crate) struct WorkGuard {
    work: Arc<Work>,
    end: WorkEnd,
}

impl Work {
    /// That of a connection is the session's too.
    pub(super) fn below(above: &Arc<Self>) -> Self {
        Self { above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// Refuses new work while the handle, or the session, shuts down (12012).
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let refuse =
            |detail: &'static str| Err(Error::new(ErrorCode::Shutdown, operation, Stage::State, Blame::Caller, detail));
        match (self.draining.load(Ordering::SeqCst), &self.above) {
            (false, None) => Ok(()),
            (false, Some(session)) => session.check(operation),
            (true, None) => refuse("the session is shutting down and takes no new work"),
            (true, Some(_)) => refuse("the connection is being drained and takes no new work"),
        }
    }

    /// An exchange that is counted until it [ends](Self::ends): how it would be reported if it did so now.
    #[inline]
    pub(crate) fn begin(&self, operation: Operation) -> Result<WorkEnd> {
        // Counted before the look: a shutdown that begins in between sees it.
        self.enter();
        if let Err(error) = self.check(operation) {
            self.leave();
            return Err(error);
        }
        Ok(WorkEnd::NeverSent)
    }

    /// An exchange is under way no more.
    pub(crate) fn ends(&self, end: WorkEnd) {
        self.count_if_draining(end);
        self.leave();
    }

    /// One that has begun ends with this.
    pub(crate) fn guard(self: &Arc<Self>, end: WorkEnd) -> WorkGuard {
        WorkGuard { work: Arc::clone(self), end }
    }

    fn enter(&self) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        if let Some(above) = &self.above {
            above.enter();
        }
    }

    /// From here on no new work begins.
    fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Resolves when nothing is under way.
    pub(crate) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.under_way.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// How the work ended that was under way when [`drain`](Self::drain) was called.
    pub(crate) fn count(&self, end: WorkEnd) -> u64 {
        self.counter(end).load(Ordering::Acquire)
    }

    fn counter(&self, end: WorkEnd) -> &AtomicU64 {
        match end {
            WorkEnd::Completed => &self.completed,
            WorkEnd::Cancelled => &self.cancelled,
            WorkEnd::NeverSent => &self.never_sent,
        }
    }

    fn count_if_draining(&self, end: WorkEnd) {
        if self.draining.load(Ordering::Acquire) {
            self.counter(end).fetch_add(1, Ordering::AcqRel);
        }
        if let Some(above) = &self.above {
            above.count_if_draining(end);
        }
    }

    fn leave(&self) {
        if self.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.notify_waiters();
        }
        if let Some(above) = &self.above {
            above.leave();
        }
    }
}

impl WorkGuard {
    /// How it would be reported if it ended now.
    pub(crate) fn is_now(&mut self, end: WorkEnd) {
        self.end = end;
    }
}

impl Drop for WorkGuard {
    fn drop(&mut self) {
        self.work.ends(self.end);
    }
}

/// What became of the work that was in flight when a shutdown or a drain began.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// session.get("http://www.example.com/")?.send().await?.bytes().await?;
/// let report = session.shutdown(std::time::Duration::from_secs(5)).await;
/// assert_eq!((report.cancelled, report.never_sent), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Requests whose response was read to its end, and WebSockets that both sides closed.
    pub completed: u64,
    /// Requests that had begun to be sent and did not complete, and WebSockets that were not closed by both sides: cancelled at the
    /// deadline, failed, or given up.
    pub cancelled: u64,
    /// Requests of which no octet was sent: safe to repeat.
    pub never_sent: u64,
}

/// The orderly end of a handle: from now on no new work begins, and what is in flight may finish, for so long. What is returned runs
/// on a shard, where there is a timer, whatever the caller runs on.
pub(crate) fn drain(
    work: Arc<Work>,
    node: Arc<Node>,
    deadline: Duration,
) -> impl Future<Output = ShutdownReport> + Send {
    work.drain();
    node.drain();
    end_after(work, node, deadline)
}

async fn end_after(work: Arc<Work>, node: Arc<Node>, deadline: Duration) -> ShutdownReport {
    let all_ended = clock::within(Some(deadline), pin!(work.all_ended())).await;
    tracing::debug!(handle = node.id().value(), in_time = all_ended.is_ok(), "shutdown");
    node.close(Ending::Closed);
    node.closing_posted().await;
    ShutdownReport {
        completed: work.count(WorkEnd::Completed),
        cancelled: work.count(WorkEnd::Cancelled),
        never_sent: work.count(WorkEnd::NeverSent),
    }
}
