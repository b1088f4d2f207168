//! A frame of a WebSocket, as those hear of it who ask for frames.

/// A frame that went over a WebSocket: its header, as RFC 6455 section 5.2 has it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{NotificationMask, OpCode, Status};
///
/// let mut frames = session.notifications(NotificationMask::FRAMES)?;
/// let websocket = session.websocket("ws://www.example.com/")?.connect().await?;
/// websocket.send("hello").await?;
/// let told = frames.next().await.expect("a frame was sent");
/// match told.status {
///     Status::FrameSent(frame) => assert_eq!((frame.opcode, frame.fin, frame.length), (OpCode::Text, true, 5)),
///     other => panic!("{other:?}"),
/// }
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Frame {
    /// What it is.
    pub opcode: OpCode,
    /// Is it the last one of its message?
    pub fin: bool,
    /// The bit of permessage-deflate: it begins a compressed message (RFC 7692 section 6).
    pub rsv1: bool,
    /// Octets of its payload, as they go over the wire.
    pub length: u64,
}

/// What a frame is.
///
/// An example is at [`Frame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpCode {
    /// It goes on with the message before it.
    Continuation,
    /// It begins a text message.
    Text,
    /// It begins a binary message.
    Binary,
    /// It closes.
    Close,
    /// It asks for a pong.
    Ping,
    /// It answers a ping, or says that somebody is there.
    Pong,
}

impl OpCode {
    /// Its number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Is it of the protocol, and no part of a message?
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong]
            .into_iter()
            .find(|known| known.number() == number)
    }
}
