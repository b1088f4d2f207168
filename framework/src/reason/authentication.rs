//! Why credentials are shown.

use std::fmt;

/// Why credentials are shown to a server or a proxy.
///
/// An example is at [`NotificationMask`](crate::NotificationMask).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AuthReason {
    /// The caller named the scheme, which is shown without being asked for.
    CallerAsked,
    /// They were accepted before where the request goes.
    Remembered,
    /// They were asked for.
    Challenged,
    /// They were asked for again, for only the nonce was too old.
    Stale,
    /// A handshake goes on that was begun: NTLM and Negotiate have several legs.
    Continued,
}

impl fmt::Display for AuthReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CallerAsked => "the caller named the scheme",
            Self::Remembered => "they were accepted before",
            Self::Challenged => "they were asked for",
            Self::Stale => "only the nonce was too old",
            Self::Continued => "the handshake goes on",
        })
    }
}
