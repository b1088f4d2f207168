//! Which mistakes of a server are forgiven.

use std::fmt;

use bitflags::bitflags;

bitflags! {
    /// Which mistakes of a server are forgiven where it says, in HTTP/1, what is a line and where a body ends. Default
    /// [`NONE`](Self::NONE): each of them is an error (12152), because two readers of one response may disagree on it, and what one
    /// takes for a body the other takes for the next response.
    ///
    /// Browsers and curl forgive them all, so that a program which has to read whatever there is may want to as well. One that
    /// shares proxies with others, or shows what it read to somebody who trusts it, should not.
    ///
    /// The wire of a response whose framing was forgiven serves no other request, were it a single line of chunks or trailers that
    /// ended in LF alone: who wrote that may have meant another end than was read, and sent what would be taken for the next answer.
    /// That a line of a head ended so does not count, since RFC 9112 section 2.2 allows to read it. HTTP/2 has none of these mistakes,
    /// and the answer to `CONNECT` is read strictly in any case.
    ///
    /// ```
    /// use hinternet::{Leniency, RequestOptions};
    ///
    /// let mut options = RequestOptions::default();
    /// options.leniency = Leniency::BARE_LINE_FEED | Leniency::STRANGE_LENGTHS;
    /// assert!(!options.leniency.contains(Leniency::NO_LENGTHS));
    /// ```
    #[doc(alias = "WINHTTP_OPTION_UNSAFE_HEADER_PARSING")]
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Leniency: u8 {
        /// A line of a head, of a chunk or of trailers may end in LF alone (RFC 9112 section 2.2). A CR without LF stays an error.
        /// [`ResponseHead::raw`](crate::ResponseHead::raw) has CRLF in its place.
        const BARE_LINE_FEED = 0x1;
        /// With a `Transfer-Encoding`, any `Content-Length` is passed over (RFC 9112 section 6.3, rule 3).
        const BOTH_FRAMINGS = 0x2;
        /// In `Transfer-Encoding` the name `identity`, which is no coding, is passed over in front of others, and `chunked` twice is
        /// once.
        const REPEATED_CODINGS = 0x4;
        /// One length that is spelled in several ways (`6, 06`) is that length, and one beyond 64 bits is none: the body runs until
        /// the server closes. Two that differ stay an error.
        const STRANGE_LENGTHS = 0x8;
        /// No `Content-Length` is believed, whatever it says: a body without chunks runs until the server closes, and nobody can tell whether it was
        /// cut short.
        const NO_LENGTHS = 0x10;
    }
}

impl Leniency {
    /// Nothing is forgiven.
    pub const NONE: Self = Self::empty();
}

impl Default for Leniency {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leniency(")?;
        bitflags::parser::to_writer(self, &mut *f)?;
        f.write_str(")")
    }
}
