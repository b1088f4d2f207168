//! What must hold whatever a stranger sends: a property of a parser each, which panics where it does not hold.
//!
//! The fuzzer runs them (`framework/fuzz`, a target each), and so do the tests, over what it has found before. A property is more
//! than that nothing panics: the outcome is the same however the octets are cut, what was read can be written and read again, no
//! more comes out than may, and a second implementation does not contradict.

mod authentication;
mod bodies;
#[cfg(feature = "cookies")]
mod cookies;
#[cfg(test)]
mod costs;
mod fields;
mod http1;
mod pieces;
mod requests;
#[cfg(test)]
mod tests;
mod tunnels;
mod urls;
mod websocket;

pub use authentication::challenge;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
pub use bodies::coding;
pub use bodies::{byteranges, event_stream};
#[cfg(feature = "cookies")]
pub use cookies::{date, set_cookie};
pub use fields::fields;
pub use http1::response;
pub use requests::request;
pub use tunnels::tunnel;
pub use urls::url;
pub use websocket::{websocket, websocket_written};
