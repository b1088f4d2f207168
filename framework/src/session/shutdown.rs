//! The orderly end of a session: work in flight may finish, for so long.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::handle::Ending;
use crate::services::{Services, WorkEnd};

/// What became of the work that was in flight when a shutdown began.
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

/// Runs on a shard, where there is a timer, whatever the caller runs on.
pub(super) async fn drain(services: Arc<Services>, deadline: Duration) -> ShutdownReport {
    services.work.drain();
    let all_ended = clock::within(Some(deadline), pin!(services.work.all_ended())).await;
    tracing::debug!(session = services.session.id().value(), in_time = all_ended.is_ok(), "shutdown");
    services.session.close(Ending::Closed);
    services.session.closing_posted().await;
    ShutdownReport {
        completed: services.work.count(WorkEnd::Completed),
        cancelled: services.work.count(WorkEnd::Cancelled),
        never_sent: services.work.count(WorkEnd::NeverSent),
    }
}
