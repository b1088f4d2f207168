//! HTTP/2 frame by frame: frames to put into the scripts of a [`ScriptedPeer`](crate::scripted_peer::ScriptedPeer), and what it
//! read taken apart into frames again.
//!
//! ```no_run
//! # async fn example() {
//! use integration_tests::http2_peer::{Reason, frames};
//! use integration_tests::scripted_peer::{Script, ScriptedPeer};
//!
//! let going = Script::new()
//!     .read_preface()
//!     .send(frames::settings(&[]))
//!     .read_streams(1)
//!     .send(frames::goaway(0, Reason::NO_ERROR))
//!     .close();
//! let peer = ScriptedPeer::start(vec![going]).await;
//! // ... a client calls at peer.url("/") ...
//! peer.wait_for_end(0).await;
//! assert!(peer.connection(0).frames().iter().any(|frame| frame.opens_stream()));
//! # }
//! ```

mod frame;
pub mod frames;
#[cfg(test)]
mod tests;

pub use frame::{Frame, Frames, Kind, PREFACE};
pub use h2::Reason;
