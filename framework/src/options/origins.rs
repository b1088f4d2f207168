//! What may be otherwise for some origins of a session.

use std::sync::Arc;
use std::time::Duration;

use super::timeouts::check_one;
use super::{RequestOptions, SessionOptions, SharedOptions};
use crate::error::{Error, Operation, Result};

/// What is otherwise for some origins than for the rest of a session; what is not set is as the session has it. For
/// [`SessionBuilder::for_origins`](crate::SessionBuilder::for_origins).
///
/// ```
/// use std::time::Duration;
/// use hinternet::{OriginOptions, Session};
///
/// let slow = OriginOptions::new().wires_per_origin(2).idle_timeout(Duration::from_secs(5));
/// let session = Session::builder().for_origins("*.example.com", slow).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it says nothing before a session is opened with it"]
pub struct OriginOptions {
    request: Option<SharedOptions>,
    wires_per_origin: Option<Option<usize>>,
    min_wires: Option<usize>,
    idle_timeout: Option<Duration>,
    wire_max_age: Option<Option<Duration>>,
    wire_max_requests: Option<Option<u64>>,
}

impl OriginOptions {
    /// Nothing is otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// What connections and requests start from, wholly: nothing of the session's own request options is left.
    pub fn request(mut self, options: RequestOptions) -> Self {
        self.request = Some(Arc::new(options));
        self
    }

    /// See [`SessionOptions::wires_per_origin`]. Not together with [`lanes`](SessionOptions::lanes) (87).
    pub fn wires_per_origin(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.wires_per_origin = Some(limit.into());
        self
    }

    /// See [`SessionOptions::min_wires`].
    pub fn min_wires(mut self, wires: usize) -> Self {
        self.min_wires = Some(wires);
        self
    }

    /// See [`SessionOptions::idle_timeout`].
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// See [`SessionOptions::wire_max_age`].
    pub fn wire_max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.wire_max_age = Some(age.into());
        self
    }

    /// See [`SessionOptions::wire_max_requests`].
    pub fn wire_max_requests(mut self, requests: impl Into<Option<u64>>) -> Self {
        self.wire_max_requests = Some(requests.into());
        self
    }

    /// What connections and requests to these origins start from; `None` is as to any other.
    pub(crate) fn request_options(&self) -> Option<&SharedOptions> {
        self.request.as_ref()
    }

    /// The limits of these origins.
    pub(crate) fn over(&self, session: PoolLimits) -> PoolLimits {
        PoolLimits {
            wires_per_origin: self.wires_per_origin.unwrap_or(session.wires_per_origin),
            min_wires: self.min_wires.unwrap_or(session.min_wires),
            idle_timeout: self.idle_timeout.unwrap_or(session.idle_timeout),
            wire_max_age: self.wire_max_age.unwrap_or(session.wire_max_age),
            wire_max_requests: self.wire_max_requests.unwrap_or(session.wire_max_requests),
        }
    }

    /// As it is in a session with these options.
    pub(crate) fn check(&self, session: &SessionOptions) -> Result<()> {
        let operation = Operation::Open;
        if session.lanes > 1 && self.wires_per_origin.is_some() {
            let detail = "wires_per_origin of some origins and lanes of all do not go together";
            return Err(Error::parameter(operation, detail));
        }
        self.request.as_deref().map_or(Ok(()), |options| options.check(operation))?;
        self.over(PoolLimits::of(session)).check(operation)
    }
}

/// How many wires an origin may have, and how long they live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolLimits {
    pub(crate) wires_per_origin: Option<usize>,
    pub(crate) min_wires: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) wire_max_age: Option<Duration>,
    pub(crate) wire_max_requests: Option<u64>,
}

impl PoolLimits {
    pub(crate) fn of(options: &SessionOptions) -> Self {
        let SessionOptions { wires_per_origin, min_wires, idle_timeout, wire_max_age, wire_max_requests, .. } =
            *options;
        Self { wires_per_origin, min_wires, idle_timeout, wire_max_age, wire_max_requests }
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        let refuse = |detail: &'static str| Err(Error::parameter(operation, detail));
        check_one("idle_timeout", self.idle_timeout, operation)?;
        self.wire_max_age.map_or(Ok(()), |age| check_one("wire_max_age", age, operation))?;
        if self.wire_max_requests == Some(0) {
            return refuse("wire_max_requests is 0: no request could ever be sent");
        }
        if self.wires_per_origin == Some(0) {
            return refuse("wires_per_origin is 0: no request could ever be sent");
        }
        if self.wires_per_origin.is_some_and(|most| most < self.min_wires) {
            return refuse("min_wires is more than wires_per_origin");
        }
        Ok(())
    }
}
