//! How a WebSocket's messages are compressed (permessage-deflate, RFC 7692), and what that costs.

use crate::error::{Error, Operation, Result};

/// How a WebSocket's messages are compressed: what is offered to the server, which may accept it or not, and what is ours alone.
///
/// What compresses and what expands has memory of its own, its *context*: up to 376 KiB to compress, less with a smaller window,
/// and 48 KiB to expand. It is made with the first message that needs it, and given up behind every message where it is not taken
/// over to the next. With the takeover a message may refer to those before it, which is what makes short messages shorter.
///
/// Compressed text gives away something of its content by its length: do not send a secret and text of somebody else's choice
/// over one WebSocket (RFC 7692 section 8).
///
/// ```
/// use hinternet::{Compression, Session, WebSocketOptions};
///
/// let mut options = WebSocketOptions::default();
/// options.compression = Some(Compression::default());
/// let session = Session::open()?;
/// let websocket = session.websocket("wss://feed.example.com/")?.options(options);
/// // Once it is connected, `compression()` tells what was agreed.
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compression {
    /// How far back a message that is sent may refer, as a power of two in octets: 8 to 15 (`client_max_window_bits`). The server
    /// may ask for less. Default 15.
    pub client_window_bits: u8,
    /// The same of a message that is received (`server_max_window_bits`): a server that does not want to keep to it does not
    /// accept the offer. Default 15, which asks for nothing.
    pub server_window_bits: u8,
    /// May a message that is sent refer to those before it? The server may ask that it does not (`client_no_context_takeover`).
    /// Default `true`.
    pub client_context_takeover: bool,
    /// May a message that is received refer to those before it (`server_no_context_takeover`)? Default `true`.
    pub server_context_takeover: bool,
    /// How hard to try: 1 is fast, 9 is small. Default 6.
    pub level: u8,
    /// A message of fewer octets is sent as it is. Default 64; 0 compresses everything.
    pub least: usize,
    /// Octets that both contexts of a WebSocket may take. `client_window_bits` is lowered until they do. Default 512 KiB, which is
    /// enough for any; the least is 190 KiB.
    pub context_memory: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            client_window_bits: LARGEST_WINDOW,
            server_window_bits: LARGEST_WINDOW,
            client_context_takeover: true,
            server_context_takeover: true,
            level: 6,
            least: 64,
            context_memory: 512 * 1024,
        }
    }
}

impl Compression {
    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        let Self { client_window_bits, server_window_bits, level, context_memory, .. } = *self;
        for (name, bits) in [("client_window_bits", client_window_bits), ("server_window_bits", server_window_bits)] {
            if !(SMALLEST_WINDOW..=LARGEST_WINDOW).contains(&bits) {
                let detail = format!("websocket.compression.{name} is {bits}, which is not within 8 to 15");
                return Err(Error::parameter(operation, detail));
            }
        }
        if !(1..=9).contains(&level) {
            let detail = format!("websocket.compression.level is {level}, which is not within 1 to 9");
            return Err(Error::parameter(operation, detail));
        }
        if self.client_window().is_none() {
            let detail = format!("websocket.compression.context_memory is {context_memory}: no window is so small");
            return Err(Error::parameter(operation, detail));
        }
        Ok(())
    }

    /// The largest window to compress with whose context has room; `None`: there is none.
    pub(crate) fn client_window(&self) -> Option<u8> {
        let windows = (SMALLEST_WINDOW..=self.client_window_bits).rev();
        windows.into_iter().find(|bits| EXPANDING + compressing(*bits) <= self.context_memory)
    }
}

/// What the server has agreed to: [`WebSocket::compression`](crate::WebSocket::compression).
///
/// An example is at [`Compression`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgreedCompression {
    /// How far back a message that is sent may refer, as a power of two in octets.
    pub client_window_bits: u8,
    /// The same of a message that is received.
    pub server_window_bits: u8,
    /// May a message that is sent refer to those before it?
    pub client_context_takeover: bool,
    /// May a message that is received?
    pub server_context_takeover: bool,
}

/// What of zlib's memory goes with the window; see [`memory_level`].
fn compressing(bits: u8) -> usize {
    let window = 1_usize << bits.max(SMALLEST_OF_ZLIB);
    4 * window + (7 << (memory_level(bits) + 6)) + HASHES
}

/// How much zlib holds before it writes a block, as its `memLevel`: as much as a window of this size is worth.
pub(crate) fn memory_level(bits: u8) -> u8 {
    bits.max(SMALLEST_OF_ZLIB) - 7
}

/// RFC 7692 section 7.1.2.
pub(crate) const SMALLEST_WINDOW: u8 = 8;
/// The same.
pub(crate) const LARGEST_WINDOW: u8 = 15;
/// zlib has no smaller one for DEFLATE without a header.
pub(crate) const SMALLEST_OF_ZLIB: u8 = 9;
/// What zlib takes to compress whatever the window: its table of hashes, and its trees.
const HASHES: usize = 136 * 1024;
/// And to expand.
const EXPANDING: usize = 48 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_lowered_until_its_contexts_have_room() {
        let window = |context_memory| Compression { context_memory, ..Compression::default() }.client_window();
        assert_eq!(window(512 * 1024), Some(15));
        assert_eq!(window(EXPANDING + compressing(15)), Some(15));
        assert_eq!(window(EXPANDING + compressing(15) - 1), Some(14));
        assert_eq!(window(190 * 1024), Some(9));
        assert_eq!(window(100 * 1024), None);
        assert_eq!(Compression { client_window_bits: 8, ..Compression::default() }.client_window(), Some(8));
    }

    #[test]
    fn what_no_window_or_level_is_is_refused() {
        let check = |compression: Compression| compression.check(Operation::SetOption);
        assert!(check(Compression::default()).is_ok());
        for bits in [0, 7, 16, 255] {
            assert!(check(Compression { client_window_bits: bits, ..Compression::default() }).is_err(), "{bits}");
            assert!(check(Compression { server_window_bits: bits, ..Compression::default() }).is_err(), "{bits}");
        }
        for level in [0, 10] {
            assert!(check(Compression { level, ..Compression::default() }).is_err(), "{level}");
        }
        assert!(check(Compression { context_memory: 1, ..Compression::default() }).is_err());
    }
}
