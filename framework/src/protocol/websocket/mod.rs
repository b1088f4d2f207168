//! The client's half of WebSocket (RFC 6455): octets in, messages and control frames out, and the other way round.
//!
//! Frames are our own: tungstenite's `FrameHeader` takes lengths that are not minimal and says nothing of masks, and what is
//! left of it is one page. Start at [`reader`] and [`writer`]; the other modules are what they are made of.

pub(crate) mod closing;
pub(crate) mod deflate;
pub(crate) mod fault;
pub(crate) mod handshake;
mod header;
pub(crate) mod liveness;
pub(crate) mod outgoing;
pub(crate) mod reader;
pub(crate) mod stall;
mod utf8;
pub(crate) mod writer;

pub(crate) use header::OpCode;
