//! Why no request to an origin is let go for a while.

use std::fmt;

/// Why no request to an origin is let go for a while.
///
/// An example is at [`NotificationMask`](crate::NotificationMask).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PauseReason {
    /// The server named a time (`Retry-After`, RFC 9110 10.2.3).
    RetryAfter,
    /// The server said that it is busy (429, 503) and named no time.
    Busy,
    /// The program asked for it.
    Program,
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RetryAfter => "the server asked to be left alone for a time",
            Self::Busy => "the server said that it is busy",
            Self::Program => "the program asked for a pause",
        })
    }
}
