//! The halves of a WebSocket: a sink and a stream, on the thread of the wire and on others.

mod closing;
mod compression;
mod dropping;
mod intruders;
mod messages;
#[allow(dead_code, reason = "the tests of its calls use all of it")]
#[path = "../websocket/place.rs"]
mod place;
mod waiting;

use std::pin::Pin;

use hinternet::{Session, SessionBuilder};
use tokio::runtime::Runtime;

/// Runs a test where the halves work on the wire themselves, and where they send messages for it.
fn on_both_sides<F: Future<Output = ()>>(test: impl Fn(fn() -> SessionBuilder) -> F) {
    on_its_thread(&test);
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(test(Session::builder));
}

/// Runs a test on the thread of the wire.
fn on_its_thread<F: Future<Output = ()>>(test: impl Fn(fn() -> SessionBuilder) -> F) {
    actix::System::new().block_on(test(|| Session::builder().on_current_arbiter()));
}

fn pinned<T: Unpin>(half: &mut T) -> Pin<&mut T> {
    Pin::new(half)
}
