//! WebSocket by a stream of HTTP/2 (RFC 8441): asked for when the server has said that it takes that, carried beside other streams, and
//! ended as a connection would be.

mod choosing;
mod compression;
mod ending;
mod halves;
mod handshake;
mod messages;
mod place;
mod sharing;
