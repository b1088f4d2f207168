//! Servers that hold their answers back until they are told to give them, and WebSockets on which nothing is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use integration_tests::Gate;
use integration_tests::http2_origin::{Http2Origin, Settings};
use integration_tests::origin::{Origin, Reply};
use integration_tests::request::Request;
use integration_tests::websocket::WebSocketOrigin;

use crate::Failed;

/// `/hold` is answered when `/open` was asked for; `/arrived` says how many wait.
pub(super) async fn serve() -> Result<(), Failed> {
    let (gate, arrived) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
    let answer = move |request: &Request| match request.path() {
        "/hold" => {
            arrived.fetch_add(1, Ordering::Relaxed);
            Reply::ok("hello").held(&gate)
        }
        "/open" => {
            gate.open();
            Reply::ok("")
        }
        "/arrived" => Reply::ok(arrived.load(Ordering::Relaxed).to_string()),
        _ => Reply::ok("hello"),
    };
    let http1 = Origin::start(answer.clone()).await;
    let settings = Settings::new().max_concurrent_streams(100);
    let http2 = Http2Origin::with(settings, move |request| answer(request).into()).await;
    let websocket = WebSocketOrigin::echo().await;
    let places = [("http1", http1.origin()), ("http2", http2.origin()), ("websocket", websocket.origin())];
    super::stay(&places).await
}
