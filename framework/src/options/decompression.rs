//! Which content codings are undone by the library.

use std::fmt;

use bitflags::bitflags;

bitflags! {
    /// Which content codings (RFC 9110 section 8.4) are asked for and undone by the library: a body so coded is read as what it was
    /// before.
    ///
    /// A flag exists where its feature was compiled in; the default is all of them. With [`NONE`](Self::NONE) a body is read as it
    /// came off the wire, and no `Accept-Encoding` is sent.
    ///
    /// - `Accept-Encoding` names what is in here, unless the request or its session has such a field of its own, which is sent in
    ///   its place. WinHTTP replaces the caller's. What is undone does not depend on it.
    /// - A request with a `Range` asks for `identity`, and the answer 206 is read as it came: a part of a coded body cannot be decoded
    ///   by itself. The handshake of a WebSocket asks for nothing.
    /// - The fields of the response stay as they were sent, as WinHTTP has it: `Content-Encoding` goes on naming what was undone,
    ///   and `Content-Length` counts what came, not what is read.
    /// - A body with a coding that is unknown, or not in here, is read as it came, whatever else it is coded with.
    /// - A body that is cut short, damaged, or followed by something else is an error (12152), and its wire is closed. So is one
    ///   with more than five codings, over all fields together. One of no octets is empty, whatever it says it is coded with.
    ///
    /// Memory is bounded whatever is sent: output is made as it is read, and a decoder keeps its window. That is 32 KiB of gzip and
    /// deflate, up to 8 MiB of Zstandard (RFC 9659) and up to 16 MiB of Brotli (RFC 7932), of which larger ones are refused; while it
    /// grows Brotli's takes half as much again. Brotli's decoder works ahead of what is read: seldom far, and until its window is full
    /// at worst. How much a body may become is said in [`Limits`](crate::Limits).
    ///
    /// ```
    /// use hinternet::{Decompression, Session};
    ///
    /// let session = Session::builder().decompression(Decompression::NONE).open()?; // bodies as they came
    /// # Ok::<_, hinternet::Error>(())
    /// ```
    #[doc(alias = "WINHTTP_OPTION_DECOMPRESSION")]
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Decompression: u32 {
        /// gzip (RFC 1952), all its members; `x-gzip` is the same.
        #[cfg(feature = "gzip")]
        #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
        #[doc(alias = "WINHTTP_DECOMPRESSION_FLAG_GZIP")]
        const GZIP = 0x1;
        /// deflate: with the frame of zlib (RFC 1950), or without it (RFC 1951), which some servers send.
        #[cfg(feature = "gzip")]
        #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
        #[doc(alias = "WINHTTP_DECOMPRESSION_FLAG_DEFLATE")]
        const DEFLATE = 0x2;
        /// Brotli (RFC 7932), `br`. WinHTTP does not have it.
        #[cfg(feature = "brotli")]
        #[cfg_attr(docsrs, doc(cfg(feature = "brotli")))]
        const BROTLI = 0x4;
        /// Zstandard (RFC 8878), `zstd`. WinHTTP does not have it.
        #[cfg(feature = "zstd")]
        #[cfg_attr(docsrs, doc(cfg(feature = "zstd")))]
        const ZSTD = 0x8;
    }
}

impl Decompression {
    /// Bodies are read as they come off the wire (WinHTTP's default).
    pub const NONE: Self = Self::empty();
    /// All that were compiled in.
    #[doc(alias = "WINHTTP_DECOMPRESSION_FLAG_ALL")]
    pub const ALL: Self = Self::all();
}

impl Default for Decompression {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Debug for Decompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decompression(")?;
        bitflags::parser::to_writer(self, &mut *f)?;
        f.write_str(")")
    }
}
