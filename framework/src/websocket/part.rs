//! A message, or a part of one.

use std::fmt;

use bytes::Bytes;

use crate::notification::MessageKind;
use crate::shown;

/// A message of a WebSocket, or a part of one: what it is, and its octets.
///
/// Text makes a text message of itself (`"hello".into()`), octets a binary one. A message is sent in parts by any number of fragments
/// and an end, which has the kind of the whole message and may be empty.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{MessageKind, MessagePart};
///
/// let websocket = session.websocket("ws://www.example.com/")?.connect().await?;
/// // One message in two parts; the last has the kind of the whole.
/// websocket.send(MessagePart::new(MessageKind::TextFragment, "hel")).await?;
/// websocket.send(MessagePart::new(MessageKind::Text, "lo")).await?;
/// let message = websocket.receive().await?;
/// assert_eq!((message.kind(), message.as_text()), (MessageKind::Text, Some("hello")));
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_WEB_SOCKET_STATUS")]
#[derive(Clone, PartialEq, Eq)]
pub struct MessagePart {
    kind: MessageKind,
    octets: Bytes,
}

impl MessagePart {
    /// These octets as what they are said to be. Of a text message they are checked when it is sent.
    pub fn new(kind: MessageKind, octets: impl Into<Bytes>) -> Self {
        Self { kind, octets: octets.into() }
    }

    /// What it is.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Its octets.
    pub fn octets(&self) -> &Bytes {
        &self.octets
    }

    /// Its octets, for good.
    pub fn into_octets(self) -> Bytes {
        self.octets
    }

    /// The text, if it is one: a whole text message always is, a part of one if it is not cut inside a character.
    pub fn as_text(&self) -> Option<&str> {
        if self.kind.is_text() { std::str::from_utf8(&self.octets).ok() } else { None }
    }

    /// Is it the server's close frame?
    pub fn is_close(&self) -> bool {
        self.kind == MessageKind::Close
    }

    /// The same to be kept for long: not with all that was received beside it, if it is short.
    pub(super) fn kept(&self) -> Self {
        let octets = &self.octets;
        let short = octets.len() <= SHORT;
        Self::new(self.kind, if short { Bytes::copy_from_slice(octets) } else { octets.clone() })
    }

    pub(super) fn close() -> Self {
        Self::new(MessageKind::Close, Bytes::new())
    }
}

impl From<&str> for MessagePart {
    fn from(text: &str) -> Self {
        Self::new(MessageKind::Text, text.to_owned())
    }
}

impl From<String> for MessagePart {
    fn from(text: String) -> Self {
        Self::new(MessageKind::Text, text)
    }
}

impl From<Bytes> for MessagePart {
    fn from(octets: Bytes) -> Self {
        Self::new(MessageKind::Binary, octets)
    }
}

impl From<Vec<u8>> for MessagePart {
    fn from(octets: Vec<u8>) -> Self {
        Self::new(MessageKind::Binary, octets)
    }
}

/// What is cheaper copied than kept where it came.
const SHORT: usize = 1024;

/// How many octets, not which: they are the program's.
impl fmt::Debug for MessagePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessagePart({:?}, {:?})", self.kind, shown::count(&self.octets))
    }
}
