//! What can be asked of a connection's actor.

use actix::Message;
use http::Method;

use crate::error::Result;
use crate::request::Request;

/// Opens a request: [`Connection::open_request`](crate::Connection::open_request) as a message.
#[doc(alias = "WinHttpOpenRequest")]
#[derive(Debug, Message)]
#[rtype(result = "Result<Request>")]
pub struct OpenRequest {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
}
