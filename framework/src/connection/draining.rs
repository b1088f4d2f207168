//! The orderly end of a connection.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Connection;
use crate::services::{ShutdownReport, drain};

impl Connection {
    /// Drains and closes the connection. No new work is taken from the call on (12012); work in flight may finish until the deadline;
    /// then it is cancelled as by [`close`](Self::close). Other connections of the session, and its wires, go on.
    ///
    /// A response that is still to be read counts as work in flight until it is read or dropped.
    pub fn drain(&self, deadline: Duration) -> impl Future<Output = ShutdownReport> + Send + use<> {
        let (work, node) = (Arc::clone(&self.inner.services.work), Arc::clone(&self.inner.node));
        let (report, reported) = oneshot::channel();
        let drain = drain(work, node, deadline);
        let _stopped = self.inner.services.engine.next_shard().spawn(async move {
            // Whoever asked may have lost interest; the drain goes on.
            let _left = report.send(drain.await);
        });
        async move { reported.await.unwrap_or_default() }
    }
}
