//! What a body is coded with (RFC 9110 section 8.4), and undoing it: gzip, deflate, Brotli and Zstandard, stacked up to five high.
//!
//! ```text
//!   octets off the wire --> outermost coding --> ... --> innermost coding --> octets of the content
//!                           (the last listed)            (the first listed)
//! ```
//!
//! Output is made as it is asked for, so that what nobody reads is not expanded and what is expanded is never held: a decoder
//! keeps its window, one piece of its input and at most one octet of its output. Whoever does the decoding gives way after a
//! bounded amount of it.

mod decoder;
mod fault;
mod layer;
mod listed;
#[cfg(feature = "brotli")]
mod of_brotli;
#[cfg(feature = "gzip")]
mod of_zlib;
#[cfg(feature = "zstd")]
mod of_zstd;

pub(crate) use decoder::{Caps, Decoded, Decoder};
pub(crate) use fault::{Fault, FaultKind};
#[cfg(test)]
use listed::Coding;
pub(crate) use listed::{Listed, listed};

#[cfg(all(test, feature = "brotli", feature = "gzip", feature = "zstd"))]
mod tests;
