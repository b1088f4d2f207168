//! What can be asked of a session's actor.

use std::time::Duration;

use actix::Message;

use super::ShutdownReport;
use crate::connection::Connection;
use crate::error::Result;

/// Creates a connection handle: [`Session::connect`](crate::Session::connect) as a message.
#[doc(alias = "WinHttpConnect")]
#[derive(Debug, Message)]
#[rtype(result = "Result<Connection>")]
pub struct Connect {
    /// Scheme, host and port.
    pub origin: String,
}

/// Drains the session: [`Session::shutdown`](crate::Session::shutdown) as a message.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "ShutdownReport")]
pub struct Shutdown {
    /// How long work in flight may take.
    pub deadline: Duration,
}
