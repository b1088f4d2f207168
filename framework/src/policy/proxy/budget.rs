//! The time for connecting, shared by all routes that may be tried.

use std::time::Duration;

/// What is left of the time, and of the routes.
#[derive(Debug)]
pub(crate) struct Budget {
    /// `None`: there is no limit.
    left: Option<Duration>,
    routes: u32,
}

impl Budget {
    pub(crate) fn new(limit: Option<Duration>, routes: usize) -> Self {
        Self { left: limit, routes: u32::try_from(routes).unwrap_or(u32::MAX).max(1) }
    }

    /// How long the next route may take: its share of what is left, or the first that is silent would leave nothing to the others.
    pub(crate) fn share(&mut self) -> Option<Duration> {
        let share = self.left.map(|left| left / self.routes);
        self.routes = self.routes.saturating_sub(1).max(1);
        share
    }

    /// So long it took to connect, or to find that it cannot be done.
    pub(crate) fn spent(&mut self, time: Duration) {
        self.left = self.left.map(|left| left.saturating_sub(time));
    }
}
