//! Which statuses complete an operation, and how.

use super::status::Status;
use crate::error::{Error, Operation};

/// How an operation ended (`WINHTTP_ASYNC_RESULT`).
///
/// An example is at [`Notifications`](crate::Notifications).
#[doc(alias = "WINHTTP_WEB_SOCKET_ASYNC_RESULT")]
#[doc(alias = "WINHTTP_ASYNC_RESULT")]
#[derive(Clone, Debug)]
pub struct Completion {
    /// Which operation.
    pub operation: Operation,
    /// The octets it moved (0 for `send` and `receive_response`), or why it failed. (What WinINet's `INTERNET_ASYNC_RESULT` carried.)
    pub result: Result<u64, Error>,
}

impl Status {
    /// Which operation it completes, and how; `None` for all that completes nothing.
    pub fn completion(&self) -> Option<Completion> {
        let (operation, octets) = match self {
            Self::SendRequestComplete => (Operation::Send, 0),
            Self::WriteComplete(octets) => (Operation::Write, *octets),
            Self::HeadersAvailable => (Operation::Receive, 0),
            Self::DataAvailable(octets) => (Operation::QueryDataAvailable, *octets),
            Self::ReadComplete(octets) => (Operation::Read, *octets),
            Self::WebSocketReadComplete { octets, .. } => (Operation::WebSocketReceive, *octets),
            Self::WebSocketWriteComplete { octets, .. } => (Operation::WebSocketSend, *octets),
            Self::ShutdownComplete => (Operation::WebSocketShutdown, 0),
            Self::CloseComplete { .. } => (Operation::WebSocketClose, 0),
            Self::RequestError { operation, error } => {
                return Some(Completion { operation: *operation, result: Err(error.clone()) });
            }
            _ => return None,
        };
        Some(Completion { operation, result: Ok(octets) })
    }
}
