//! What can be asked of a connection's actor.

use std::fmt;

use actix::Message;
use http::Method;

use crate::error::Result;
use crate::request::Request;
use crate::shown;

/// Opens a request: [`Connection::open_request`](crate::Connection::open_request) as a message.
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
