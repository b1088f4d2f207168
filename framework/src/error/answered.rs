//! An answer that is none of those that were hoped for, as the source of an error.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::Error;

/// What the server answered in place of consenting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
}

impl Error {
    /// The status of an answer that was none of those that were hoped for: to an upgrade to WebSocket that the server refused, to a
    /// request that is sent again by its [`RetryPolicy`](crate::RetryPolicy), to one of a download or an event source.
    pub fn answered(&self) -> Option<StatusCode> {
        self.answer().map(|answer| answer.status)
    }

    /// Of the same, for how long the server wants to be left alone: the `Retry-After` of a busy one (RFC 9110 10.2.3).
    #[doc(alias = "WINHTTP_QUERY_RETRY_AFTER")]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer()?.retry_after
    }

    fn answer(&self) -> Option<&Answered> {
        self.0.source.as_deref()?.downcast_ref()
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}", self.status)
    }
}

impl StdError for Answered {}
