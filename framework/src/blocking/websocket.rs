//! A WebSocket whose calls wait.

use super::waiting::wait;
use crate::error::{Operation, Result};
use crate::websocket::{self, CloseStatus, MessagePart};

/// One WebSocket, whose calls wait: see [`WebSocket`](crate::WebSocket).
///
/// One thread may send and another receive, each with a clone.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// let websocket = session.websocket("ws://chat.example.com/")?;
/// websocket.send("hello")?;
/// assert_eq!(websocket.receive()?.as_text(), Some("hello"));
/// websocket.close(1000, "")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WebSocket(websocket::WebSocket);

impl WebSocket {
    pub(super) fn of(websocket: websocket::WebSocket) -> Self {
        Self(websocket)
    }

    /// Sends a message, or a fragment of one.
    ///
    /// # Errors
    /// See [`WebSocket::send`](crate::WebSocket::send); 4317 among async code.
    #[doc(alias = "HttpWebSocketSend")]
    #[doc(alias = "WinHttpWebSocketSend")]
    pub fn send(&self, part: impl Into<MessagePart>) -> Result<()> {
        wait(Operation::WebSocketSend, self.0.send(part))
    }

    /// Receives a whole message. The last is the server's close.
    ///
    /// # Errors
    /// See [`WebSocket::receive`](crate::WebSocket::receive); 4317 among async code.
    #[doc(alias = "HttpWebSocketReceive")]
    #[doc(alias = "WinHttpWebSocketReceive")]
    pub fn receive(&self) -> Result<MessagePart> {
        wait(Operation::WebSocketReceive, self.0.receive())
    }

    /// Receives what has come of a message, up to `max` octets.
    ///
    /// # Errors
    /// See [`WebSocket::receive_at_most`](crate::WebSocket::receive_at_most); 4317 among async code.
    pub fn receive_at_most(&self, max: usize) -> Result<MessagePart> {
        wait(Operation::WebSocketReceive, self.0.receive_at_most(max))
    }

    /// Closes the sending side.
    ///
    /// # Errors
    /// See [`WebSocket::shutdown`](crate::WebSocket::shutdown); 4317 among async code.
    #[doc(alias = "HttpWebSocketShutdown")]
    #[doc(alias = "WinHttpWebSocketShutdown")]
    pub fn shutdown(&self, code: u16, reason: &str) -> Result<()> {
        wait(Operation::WebSocketShutdown, self.0.shutdown(code, reason))
    }

    /// Closes it, and returns when the server has closed too.
    ///
    /// # Errors
    /// See [`WebSocket::close`](crate::WebSocket::close); 4317 among async code.
    #[doc(alias = "HttpWebSocketClose")]
    #[doc(alias = "WinHttpWebSocketClose")]
    pub fn close(&self, code: u16, reason: &str) -> Result<()> {
        wait(Operation::WebSocketClose, self.0.close(code, reason))
    }

    /// What the server's close frame said.
    ///
    /// # Errors
    /// 4317 before it has come.
    #[doc(alias = "HttpWebSocketQueryCloseStatus")]
    pub fn close_status(&self) -> Result<CloseStatus> {
        self.0.close_status()
    }

    /// The handle behind it, for all that takes no waiting.
    pub fn handle(&self) -> &websocket::WebSocket {
        &self.0
    }
}

impl From<websocket::WebSocket> for WebSocket {
    fn from(websocket: websocket::WebSocket) -> Self {
        Self(websocket)
    }
}
