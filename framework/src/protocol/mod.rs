//! What bytes mean and in which order they may come: the protocols as pure machines, without I/O, clock or actor.

pub(crate) mod http1;
pub(crate) mod http2;
pub(crate) mod tunnel;
pub(crate) mod websocket;
