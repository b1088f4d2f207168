//! What a server can do wrong with a wire of HTTP/2 as a whole; what is wrong with one response is a `Fault` of its own.

use thiserror::Error;

/// What the server did wrong; nothing more is sent on the wire, nor taken from it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum WireFault {
    /// RFC 9113 section 3.4.
    #[error("the server's first frame is not SETTINGS but of type {kind}")]
    NotSettings { kind: u8 },
    /// Most servers without HTTP/2 say so with a 400 of HTTP/1.1.
    #[error("the server answered in HTTP/1, it does not speak HTTP/2")]
    SpokeHttp1,
    /// RFC 9113 section 6.5.2.
    #[error("the server's settings enable push, which only a client may")]
    EnabledPush,
    #[error("the server sent more than {limit} frames in a second without anything of a response")]
    TooManyControlFrames { limit: u32 },
    /// Nobody had asked for them yet.
    #[error("the server sent more than {limit} interim responses on a stream before any was asked for")]
    TooManyHeads { limit: usize },
}
