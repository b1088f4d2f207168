//! The tree for programs without async: each call returns when it is done.
//!
//! The same handles, options, errors and notifications, and the same machinery, which has threads of its own; only the waiting is
//! different. What takes no waiting is asked of the handle behind: [`Session::handle`] and its kin.
//!
//! ```no_run
//! use hinternet::blocking::Session;
//!
//! fn main() -> hinternet::Result<()> {
//!     let session = Session::open()?;
//!     let response = session.get("http://www.example.com/")?.send()?;
//!     println!("{} {}", response.status(), response.text()?);
//!     session.close()
//! }
//! ```
//!
//! # Not among async code
//!
//! A call that blocks a thread of an async runtime may wait for what that thread itself has to do. So on a thread where a runtime of
//! tokio is entered every call here that would wait fails with 4317, and nothing is begun: in a task, in a subscriber, in
//! `spawn_blocking` too. So it does on a thread whose own arbiter or `LocalSet` a session lives on
//! ([`Engine::on_current_arbiter`](crate::Engine::on_current_arbiter), [`on_current_thread`](crate::Engine::on_current_thread)), also
//! while that does not run, and on one that is about to end. There the async handles are at hand. A plain thread may block, also in a program that has a runtime elsewhere.
//!
//! # Time
//!
//! A call waits as long as the [`Timeouts`](crate::Timeouts) of the session say, and no longer. Another thread ends it with
//! [`Handle::cancel`](crate::Handle::cancel) or by closing the handle.

mod download;
mod event_source;
mod request;
mod response;
mod session;
mod waiting;
mod websocket;

pub use download::{Download, DownloadBuilder};
pub use event_source::{EventSource, EventSourceBuilder, ResponseEvents};
pub use request::{Request, RequestBuilder};
pub use response::Response;
pub use session::{Connection, Session};
pub use websocket::WebSocket;
