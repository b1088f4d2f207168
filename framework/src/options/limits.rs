//! How much a response may hold before it is refused.

use crate::error::{Error, Operation, Result};

/// How much a peer may make us hold.
///
/// ```
/// use hinternet::{Limits, Session};
///
/// let mut limits = Limits::default();
/// limits.gathered_body = Some(64 << 20); // `text`, `json` and `bytes` take no more than 64 MiB
/// let session = Session::builder().limits(limits).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a response head, and of all interim heads before it. Default 65,536.
    #[doc(alias = "WINHTTP_OPTION_MAX_RESPONSE_HEADER_SIZE")]
    pub response_head: usize,
    /// Header fields of a response. Default 100.
    pub header_fields: usize,
    /// Interim (1xx) responses before the final one. Default 10.
    #[doc(alias = "WINHTTP_OPTION_MAX_HTTP_STATUS_CONTINUE")]
    pub interim_responses: usize,
    /// What may be left of an unread body when its request closes, to be read away so that the wire can be used
    /// again. Only what has already arrived is read. Default 1 MiB.
    #[doc(alias = "WINHTTP_OPTION_MAX_RESPONSE_DRAIN_SIZE")]
    pub response_drain: u64,
    /// Octets of a body that is decoded (see [`Decompression`](crate::Decompression)); one that has more is an error (223).
    /// `None`: as many as it likes. Default 8 GiB: memory does not depend on it, as a body is decoded no faster than it is read,
    /// but whoever gathers a body that others send should say how much of it is welcome.
    pub decoded_body: Option<u64>,
    /// How many octets of a decoded body each octet that came may become, once it has more than 1 MiB; a body that is denser is an
    /// error (223). `None`: any number. Default 1,000: gzip ends at 1,032, which only one octet repeated gets to; text is seldom
    /// beyond 100.
    pub decoded_ratio: Option<u32>,
    /// Octets of a body that is gathered in memory ([`Response::bytes`](crate::Response::bytes), `text`, `json`, and `read_to_end` of
    /// the module `blocking`), decoded if it is; one that has more is an error (223): of a `Response` at once, where its length
    /// was announced. Default `None`: as many as there are. What is read piece by piece is not bound by it.
    pub gathered_body: Option<u64>,
    /// Addresses of a host that are tried, of the first 256 that its resolver finds. Default 5.
    #[doc(alias = "WINHTTP_OPTION_CONNECT_RETRIES")]
    pub addresses: usize,
}

/// The most names of header fields that a request, or the defaults of a session, may have: a third of what a map has room for, so
/// that what is put together of both, and what the library adds, has room too. A map that is full panics.
pub(crate) const MOST_FIELD_NAMES: usize = 8_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            response_head: 64 * 1024,
            header_fields: 100,
            interim_responses: 10,
            response_drain: 1024 * 1024,
            decoded_body: Some(8 * 1024 * 1024 * 1024),
            decoded_ratio: Some(1000),
            gathered_body: None,
            addresses: 5,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let refuse = |detail: &'static str| Err(Error::parameter(operation, detail));
        if self.response_head < 64 {
            return refuse("limits.response_head is under 64 octets: no response would pass");
        }
        if self.header_fields == 0 {
            return refuse("limits.header_fields is 0: no response would pass");
        }
        if self.decoded_body == Some(0) {
            return refuse("limits.decoded_body is 0: no decoded body would pass");
        }
        if self.decoded_ratio == Some(0) {
            return refuse("limits.decoded_ratio is 0: no decoded body would pass");
        }
        if self.gathered_body == Some(0) {
            return refuse("limits.gathered_body is 0: no body could be gathered");
        }
        if self.addresses == 0 {
            return refuse("limits.addresses is 0: nothing could be connected to");
        }
        Ok(())
    }
}
