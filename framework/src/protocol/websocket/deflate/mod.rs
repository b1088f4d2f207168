//! Messages compressed one by one (permessage-deflate, RFC 7692): what is offered and agreed to, and both directions.
//!
//! zlib does the work, by `zlib-rs`: it is written in Rust and its windows have the sizes that RFC 7692 wants, which `miniz_oxide` has
//! not. Its smallest window is one of 9 bits. That serves for 8 too: to what it has not read yet zlib leaves 262 octets of every
//! window, so that of 512 octets it refers no further back than 250.
//!
//! Without the feature `deflate` all of it is `absent`: the types are there, and have no values.

#[cfg(not(feature = "deflate"))]
mod absent;
#[cfg(feature = "deflate")]
mod deflater;
#[cfg(feature = "deflate")]
mod extensions;
#[cfg(feature = "deflate")]
mod inflater;
#[cfg(feature = "deflate")]
mod offer;

#[cfg(not(feature = "deflate"))]
pub(crate) use absent::{Agreed, Deflater, Inflater, Offer};
#[cfg(feature = "deflate")]
pub(crate) use deflater::Deflater;
#[cfg(feature = "deflate")]
pub(crate) use inflater::Inflater;
#[cfg(feature = "deflate")]
pub(crate) use offer::{Agreed, Offer};

use bytes::Bytes;

/// A frame's payload, made of the front of what is to go out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Deflated {
    pub(crate) payload: Bytes,
    /// Is it the first frame of a compressed message?
    pub(crate) rsv1: bool,
    /// Does another frame follow, before the piece of the message is through?
    pub(crate) more: bool,
}

/// What expanding gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inflated {
    /// So much of the input was used.
    pub(crate) used: usize,
    pub(crate) octets: Bytes,
    pub(crate) then: Then,
}

/// What follows on what was expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "without it nothing is expanded"))]
pub(crate) enum Then {
    /// More input is needed.
    Input,
    /// There are more octets to be had without more input.
    More,
    /// The next octet of the input is wrong: asked again, that is the answer. What came before it comes first, however the input
    /// was cut.
    Flaw,
    /// The message has ended with these octets.
    End,
}

/// The four octets that end every flush, and are not sent at the end of a message (RFC 7692 section 7.2.1).
#[cfg(feature = "deflate")]
const FLUSH_END: [u8; 4] = [0, 0, 0xff, 0xff];

#[cfg(all(test, feature = "deflate"))]
mod tests;
