//! The one place that reads the clock, so that simulated time reaches everything.

use std::future::Future;
use std::time::{Duration, Instant};

/// The time now: tokio's, which a test may pause and step.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A limit of time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// Runs `work` for at most `limit`; `None` is for ever. The timer is armed only when `work` has to wait.
pub(crate) async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| Elapsed),
        None => Ok(work.await),
    }
}

/// Runs `work` until `deadline` at most.
pub(crate) async fn until<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline.into(), work).await.map_err(|_| Elapsed),
        None => Ok(work.await),
    }
}
