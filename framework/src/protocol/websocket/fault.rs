//! What can go wrong on a WebSocket, by who is to blame: a [`Fault`] and a [`HandshakeFault`] are the peer's, the others the
//! caller's.

use thiserror::Error;

/// What the peer did wrong after the handshake. It is told so by a close frame, and the connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("a reserved bit is set where no extension that was negotiated has a meaning for it")]
    ReservedBits,
    #[error("the opcode {0} is reserved")]
    OpCode(u8),
    #[error("a frame of the server is masked")]
    Masked,
    #[error("the length of a frame is not written in the fewest octets, or has its highest bit set")]
    Length,
    #[error("a control frame is fragmented")]
    FragmentedControl,
    #[error("a control frame is longer than 125 octets")]
    LongControl,
    #[error("a message begins before the last one has ended")]
    UnexpectedBegin,
    #[error("a message goes on that has not begun")]
    UnexpectedContinuation,
    #[error("a close frame holds one octet, which is no status")]
    CloseLength,
    #[error("a close frame holds the status {0}, which may not be sent")]
    CloseCode(u16),
    #[error("the reason of a close frame is not UTF-8")]
    CloseReason,
    #[error("a text message is not UTF-8")]
    NotText,
    #[error("a frame is longer than {limit} octets")]
    FrameTooLong { limit: u64 },
    #[error("a message is longer than {limit} octets")]
    MessageTooLong { limit: u64 },
    #[error("a message has more than {limit} fragments")]
    TooManyFragments { limit: u32 },
    #[cfg(feature = "deflate")]
    #[error("a compressed message is not what DEFLATE makes of one")]
    NotDeflated,
}

impl Fault {
    /// The status of the close frame that tells the peer (RFC 6455 section 7.4.1).
    pub(crate) fn close_code(self) -> u16 {
        match self {
            Self::NotText | Self::CloseReason => 1007,
            // RFC 7692 leaves the status open. The octets are not what they are said to be, as with text that is none.
            #[cfg(feature = "deflate")]
            Self::NotDeflated => 1007,
            Self::FrameTooLong { .. } | Self::MessageTooLong { .. } | Self::TooManyFragments { .. } => 1009,
            _ => 1002,
        }
    }
}

/// What is wrong with a 101 (RFC 6455 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum HandshakeFault {
    #[error("the 101 is not of HTTP/1.1")]
    Version,
    #[error("the Upgrade field of the 101 is not \"websocket\"")]
    Upgrade,
    #[error("the Connection field of the 101 does not name \"Upgrade\"")]
    Connection,
    #[error("the Sec-WebSocket-Accept of the 101 is missing, repeated, or not the answer to the key")]
    Accept,
    #[error("the 101 names an extension that was not offered, or names one twice")]
    Extension,
    #[cfg(feature = "deflate")]
    #[error("the Sec-WebSocket-Extensions of the 101 is not written as RFC 6455 section 9.1 has it")]
    ExtensionSyntax,
    #[cfg(feature = "deflate")]
    #[error("a parameter of permessage-deflate in the 101 is unknown, or comes twice")]
    UnknownParameter,
    #[cfg(feature = "deflate")]
    #[error("{name} of permessage-deflate in the 101 has a value that it may not have")]
    ParameterValue { name: &'static str },
    #[cfg(feature = "deflate")]
    #[error("{name} of permessage-deflate was asked for, and the 101 says nothing of it")]
    MissingParameter { name: &'static str },
    #[error("the 101 names a subprotocol that was not offered, or several")]
    Subprotocol,
}

/// What an upgrade may not be asked for with; nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum OfferMisuse {
    #[error("the field {name} is the library's to write in an upgrade to WebSocket")]
    Field { name: &'static str },
    #[error("a subprotocol is not a token, or is offered twice")]
    Subprotocol,
}

/// What may not be sent; nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SendMisuse {
    #[error("a message of the other type is open: end it first")]
    MixedTypes,
    #[error("a text message is not UTF-8")]
    NotText,
    #[error("a close is sent by close or shutdown")]
    Close,
    #[error("the close status {0} may not be sent")]
    CloseCode(u16),
    #[error("a close without a status has no reason")]
    ReasonWithoutCode,
    #[error("the reason of a close is longer than 123 octets")]
    LongReason,
}
