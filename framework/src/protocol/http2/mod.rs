//! What a client adds to HTTP/2 (RFC 9113) above the frames, which the `h2` crate reads and writes.

pub(crate) mod head;
