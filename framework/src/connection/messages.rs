//! What can be asked of a connection's actor.

use std::fmt;
use std::time::Duration;

use actix::Message;
use http::Method;

use super::Prewarmed;
use crate::error::Result;
use crate::request::Request;
use crate::services::ShutdownReport;
use crate::shown;

/// Opens a request: [`Connection::open_request`](crate::Connection::open_request) as a message.
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpOpenRequest")]
#[derive(Message)]
#[rtype(result = "Result<Request>")]
pub struct OpenRequest {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
}

/// Without the query, which may hold secrets.
impl fmt::Debug for OpenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenRequest({} {})", self.method, shown::url(&self.path))
    }
}

/// Dials ahead: [`Connection::prewarm`](crate::Connection::prewarm) as a message.
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Prewarmed>")]
pub struct Prewarm {
    /// How many wires are to stand.
    pub wires: usize,
}

/// Drains the connection: [`Connection::drain`](crate::Connection::drain) as a message.
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "ShutdownReport")]
pub struct Drain {
    /// How long work in flight may take.
    pub deadline: Duration,
}
