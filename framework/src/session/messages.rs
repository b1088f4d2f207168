//! What can be asked of a session's actor.

use std::fmt;
use std::time::Duration;

use actix::Message;

use crate::connection::Connection;
use crate::error::Result;
use crate::services::ShutdownReport;
use crate::shown;

/// Creates a connection handle: [`Session::connect`](crate::Session::connect) as a message.
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpConnect")]
#[derive(Message)]
#[rtype(result = "Result<Connection>")]
pub struct Connect {
    /// Scheme, host and port.
    pub origin: String,
}

/// Nothing of what may hold a password, which is refused only later.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connect({})", shown::url(&self.origin))
    }
}

/// Drains the session: [`Session::shutdown`](crate::Session::shutdown) as a message.
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "ShutdownReport")]
pub struct Shutdown {
    /// How long work in flight may take.
    pub deadline: Duration,
}
