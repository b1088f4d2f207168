//! How a wire is: the word for each state of its life.

use std::fmt;

use super::CloseReason;

/// How a connection to a server is.
///
/// Only one that is `Fresh`, `Active` or `Idle` is given further requests.
///
/// An example is at [`NotificationMask`](crate::NotificationMask).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WireHealth {
    /// It was opened and has served nothing yet.
    Fresh,
    /// Requests are in flight on it.
    Active,
    /// It has served, and no request is in flight on it.
    Idle,
    /// The server has been silent for too long: it was asked for a sign of life, and gave none in time.
    Suspect,
    /// This side wants it no more: it is closed when the requests in flight have ended.
    Retiring,
    /// The server is going away (GOAWAY, RFC 9113 6.8): it is closed when the requests in flight have ended.
    Draining,
    /// It is closed, and why.
    Closed(CloseReason),
}

impl WireHealth {
    /// May further requests be given to it?
    pub fn takes_requests(self) -> bool {
        matches!(self, Self::Fresh | Self::Active | Self::Idle)
    }
}

impl fmt::Display for WireHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "fresh",
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Suspect => "suspect",
            Self::Retiring => "retiring",
            Self::Draining => "draining",
            Self::Closed(reason) => return write!(f, "closed: {reason}"),
        })
    }
}
