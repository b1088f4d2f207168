//! What a piece that goes over a WebSocket is.

/// What a piece that goes over a WebSocket is (`WINHTTP_WEB_SOCKET_BUFFER_TYPE`).
///
/// A fragment is a part of a message that has more to come, be it that the sender cut it or that the receiver asked for less of it.
/// The last part has the kind of the whole message.
///
/// An example is at [`MessagePart`](crate::MessagePart).
#[doc(alias = "WINHTTP_WEB_SOCKET_BUFFER_TYPE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A whole binary message, or the last part of one.
    #[doc(alias = "WINHTTP_WEB_SOCKET_BINARY_MESSAGE_BUFFER_TYPE")]
    Binary,
    /// A part of a binary message.
    #[doc(alias = "WINHTTP_WEB_SOCKET_BINARY_FRAGMENT_BUFFER_TYPE")]
    BinaryFragment,
    /// A whole text message, or the last part of one.
    #[doc(alias = "WINHTTP_WEB_SOCKET_UTF8_MESSAGE_BUFFER_TYPE")]
    Text,
    /// A part of a text message; it may end inside a character.
    #[doc(alias = "WINHTTP_WEB_SOCKET_UTF8_FRAGMENT_BUFFER_TYPE")]
    TextFragment,
    /// The server's close frame. It is received, and sent by `close` and `shutdown` only.
    #[doc(alias = "WINHTTP_WEB_SOCKET_CLOSE_BUFFER_TYPE")]
    Close,
}

impl MessageKind {
    pub(crate) fn of_part(is_text: bool, last: bool) -> Self {
        match (is_text, last) {
            (false, true) => Self::Binary,
            (false, false) => Self::BinaryFragment,
            (true, true) => Self::Text,
            (true, false) => Self::TextFragment,
        }
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::TextFragment)
    }

    /// Is it a part that has more to come?
    pub fn is_fragment(self) -> bool {
        matches!(self, Self::TextFragment | Self::BinaryFragment)
    }
}
