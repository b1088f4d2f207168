//! WebSocket (RFC 6455), with an honest server and with scripted ones.

mod cancelling;
mod closing;
mod compression;
mod crash;
mod deadlines;
mod handshake;
mod in_memory;
mod liveness;
mod messages;
mod place;
