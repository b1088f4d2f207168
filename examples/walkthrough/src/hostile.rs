//! Servers that do not do what a naive client hopes for, each on a port of its own.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use integration_tests::scripted_peer::{Script, ScriptedPeer};

/// Starts them, on a thread of their own: what each does, and where it listens. They are there until the program ends.
///
/// # Panics
/// When there is no thread or no port for them.
pub fn hostile() -> Vec<(&'static str, String)> {
    start(|| {
        let field = format!("x-more: {}\r\n", "more ".repeat(200));
        let drips = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n");
        vec![
            ("closes", Script::answering_once("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")),
            ("keeps", Script::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")),
            (
                "chunks",
                Script::answering_once("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            ),
            ("cuts", Script::answering_once("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nhello")),
            (
                "babbles",
                Script::new().forgetful().read_request().send("HTTP/1.1 200 OK\r\n").repeat(field, 1000).close(),
            ),
            ("silent", Script::new().read_request().keep()),
            ("drips", drips.drip(vec![b'.'; 5000], Duration::from_millis(100))),
        ]
    })
}

/// A server that says 503 twice, on connections that it then closes, and is well from then on.
///
/// # Panics
/// When there is no thread or no port for it.
pub fn recovering() -> String {
    let (started, origin) = mpsc::channel();
    serve(move || async move {
        let busy = || Script::answering_once("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
        let well = Script::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        let peer = ScriptedPeer::start_with_default(vec![busy(), busy()], well).await;
        started.send(peer.origin()).expect("the caller waits for it");
        peer
    });
    origin.recv().expect("a free port on loopback")
}

fn start(scripts: impl FnOnce() -> Vec<(&'static str, Script)> + Send + 'static) -> Vec<(&'static str, String)> {
    let (started, origins) = mpsc::channel();
    serve(move || async move {
        let (mut peers, mut named) = (Vec::new(), Vec::new());
        for (name, script) in scripts() {
            let peer = ScriptedPeer::always(script).await;
            named.push((name, peer.origin()));
            peers.push(peer);
        }
        started.send(named).expect("the caller waits for it");
        peers
    });
    origins.recv().expect("free ports on loopback")
}

/// Runs what is made on a thread of its own, and keeps it.
fn serve<T, F: Future<Output = T>>(make: impl FnOnce() -> F + Send + 'static) {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let _kept = make().await;
            std::future::pending::<()>().await;
        });
    });
}
