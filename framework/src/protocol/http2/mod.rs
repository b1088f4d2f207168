//! What a client adds to HTTP/2 (RFC 9113) above the frames, which the `h2` crate reads and writes.

mod bucket;
pub(crate) mod budget;
mod by_stream;
pub(crate) mod fault;
pub(crate) mod head;
pub(crate) mod health;
pub(crate) mod keepalive;
pub(crate) mod unread;
pub(crate) mod window;
