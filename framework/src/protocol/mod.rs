//! What bytes mean and in which order they may come: the protocols as pure machines, without I/O, clock or actor.

pub(crate) mod http1;
#[cfg_attr(not(test), expect(dead_code, reason = "the driver of HTTP/2 wires comes next"))]
pub(crate) mod http2;
