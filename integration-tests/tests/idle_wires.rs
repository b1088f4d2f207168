//! What came on an idle wire is found out before the next request (contract F), also if the reactor has not seen it yet.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use hinternet::{Engine, Method, Session};
use integration_tests::recorder::Recorder;
use tokio::task::LocalSet;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const FORGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";

/// Answers one request on each of two connections; on the idle first one it says what nobody asked for, when it is told to.
struct Peer {
    address: SocketAddr,
    speak: Sender<()>,
    spoken: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Peer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (speak, told) = channel();
        let (tell, spoken) = channel();
        let thread = std::thread::spawn(move || {
            let mut first = answered(&listener);
            told.recv().unwrap();
            first.write_all(FORGED.as_bytes()).unwrap();
            tell.send(()).unwrap();
            answered(&listener);
        });
        Self { address, speak, spoken, thread }
    }

    /// When it returns the octets have arrived. The calling thread was not given away meanwhile: its reactor had no turn.
    fn says_what_nobody_asked_for(&self) {
        self.speak.send(()).unwrap();
        self.spoken.recv().unwrap();
    }
}

fn answered(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        let mut some = [0; 1024];
        let count = stream.read(&mut some).unwrap();
        assert!(count > 0, "the request ended early");
        received.extend_from_slice(&some[..count]);
    }
    stream.write_all(OK.as_bytes()).unwrap();
    stream
}

/// A GET, then `between`, then another request: its answer is not what came in between.
fn answered_on_another_wire(method: Method, between: impl AsyncFnOnce(&Peer)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let engine = Engine::on_current_thread().unwrap();
        let recorder = Recorder::on(&engine);
        let session = recorder.session(Session::builder().engine(engine));
        let peer = Peer::start();
        let url = format!("http://{}/", peer.address);
        let text = async |method| session.request(method, &url)?.send().await?.text().await;
        assert_eq!(text(Method::GET).await.unwrap(), "ok");
        between(&peer).await;
        assert_eq!(text(method).await.unwrap(), "ok");
        peer.thread.join().unwrap();
        recorder.finish(session).await;
    });
}

#[test]
fn f_what_came_on_an_idle_wire_is_found_out_though_the_reactor_had_no_turn_since() {
    for method in [Method::GET, Method::POST] {
        answered_on_another_wire(method, async |peer| peer.says_what_nobody_asked_for());
    }
}
