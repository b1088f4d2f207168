//! WebSocket beside software that others wrote: the Autobahn suite, Node's `ws`, Python's `websockets`, and nginx between.
//!
//! `.ci/run peers` installs what they need into a folder of tools.

mod autobahn;
mod closing;
mod compression;
mod messages;
mod nginx;
#[allow(dead_code, reason = "the peers of HTTP/2 use all of it")]
#[path = "../real_http2_peers/peer.rs"]
mod peer;
mod place;
mod servers;
