//! C.6: whose notification it is.

use std::net::{SocketAddr, ToSocketAddrs};

use hinternet::{Method, Session, Status};
use integration_tests::Gate;
use integration_tests::recorder::Recorder;
use integration_tests::scene::Nobody;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const DIAL: [&str; 4] = ["ResolvingName", "NameResolved", "ConnectingToServer", "ConnectedToServer"];

/// A server whose line of connections not yet accepted is full: connecting to it takes until it has room.
struct Busy {
    listener: socket2::Socket,
    address: SocketAddr,
    in_line: Vec<socket2::Socket>,
}

impl Busy {
    fn new() -> Self {
        let socket = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let in_line = (0..4).map(|_| {
            let waiting = socket();
            waiting.set_nonblocking(true).unwrap();
            // Under way, or done; either way it takes its place.
            let _under_way = waiting.connect(&address.into());
            waiting
        });
        let in_line = in_line.collect();
        Self { listener, address, in_line }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes room: the next attempt of who is in line succeeds.
    fn make_room(&mut self) {
        self.listener.set_nonblocking(true).unwrap();
        self.in_line.clear();
        while self.listener.accept().is_ok() {}
    }
}

#[tokio::test]
async fn c6_a_dial_reports_to_the_request_that_started_it_while_that_waits() {
    let peer = ScriptedPeer::always(Script::answering(OK)).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&peer.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    recorder.wait_for_status(request.id(), "SendRequestComplete").await;
    assert_eq!(recorder.names(request.id())[1..5], DIAL);
    assert_eq!(recorder.names(connection.id()), ["HandleCreated"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_a_dial_that_outlives_its_request_reports_to_the_connection() {
    let mut busy = Busy::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&busy.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let sending = tokio::spawn({
        let request = request.clone();
        async move { request.send(()).await }
    });
    recorder.wait_for_status(request.id(), "ConnectingToServer").await;
    request.cancel();
    recorder.failure(request.id(), sending.await.unwrap());
    busy.make_room();
    recorder.wait_for_status(connection.id(), "ConnectedToServer").await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_a_paved_dial_that_outlives_its_request_reports_to_the_session() {
    let mut busy = Busy::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let sending = tokio::spawn(session.get(busy.origin().as_str()).unwrap().send());
    let request = recorder.request(0).await;
    recorder.wait_for_status(request, "ConnectingToServer").await;
    sending.abort();
    recorder.wait_for_closing(request).await;
    busy.make_room();
    recorder.wait_for_status(session.id(), "ConnectedToServer").await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_a_dial_whose_connection_is_closed_reports_to_the_session() {
    let mut busy = Busy::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&busy.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let sending = tokio::spawn({
        let request = request.clone();
        async move { request.send(()).await }
    });
    recorder.wait_for_status(request.id(), "ConnectingToServer").await;
    connection.close().await.unwrap();
    recorder.failure(request.id(), sending.await.unwrap());
    busy.make_room();
    recorder.wait_for_status(session.id(), "ConnectedToServer").await;
    recorder.finish(session).await;
}

/// A peer that answers once, and closes when the gate opens.
async fn closing(when: &Gate) -> ScriptedPeer {
    ScriptedPeer::always(Script::new().read_request().send(OK).hold(when).close()).await
}

const WIRE_ENDS: [&str; 2] = ["ClosingConnection", "ConnectionClosed"];

#[tokio::test]
async fn c6_the_end_of_an_idle_wire_is_told_to_the_connection_that_dialed_it() {
    let end = Gate::new();
    let peer = closing(&end).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&peer.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    request.close().await.unwrap();
    end.open();
    recorder.wait_for_status(connection.id(), "ConnectionClosed").await;
    assert_eq!(recorder.names(connection.id())[1..], WIRE_ENDS);
    assert_eq!(recorder.names(session.id()), ["HandleCreated"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_the_end_of_an_idle_wire_is_told_to_the_session_if_its_connection_is_closed() {
    let end = Gate::new();
    let peer = closing(&end).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&peer.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    request.read().await.unwrap();
    connection.close().await.unwrap();
    end.open();
    recorder.wait_for_status(session.id(), "ConnectionClosed").await;
    assert_eq!(recorder.names(session.id())[1..], WIRE_ENDS);
    assert_eq!(recorder.names(connection.id()), ["HandleCreated", "HandleClosing"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_the_end_of_an_idle_wire_of_a_paved_request_is_told_to_the_session() {
    let end = Gate::new();
    let peer = closing(&end).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    session.get(peer.url("/").as_str()).unwrap().send().await.unwrap().bytes().await.unwrap();
    end.open();
    recorder.wait_for_status(session.id(), "ConnectionClosed").await;
    assert_eq!(recorder.names(session.id())[1..], WIRE_ENDS);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_each_address_attempt_ends_in_connected_or_attempt_ended() {
    // A name with whatever addresses this machine has for it, where nobody listens.
    let nobody = Nobody::new();
    let port = nobody.address().port();
    let addresses: Vec<_> = ("localhost", port).to_socket_addrs().unwrap().collect();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&format!("http://localhost:{port}")).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    recorder.failure(request.id(), request.send(()).await);
    recorder.wait_for_status(request.id(), "RequestError").await;
    let attempts: Vec<_> = recorder
        .of(request.id())
        .into_iter()
        .filter_map(|one| match one.status {
            Status::ConnectingToServer(address) => Some((address, "begins")),
            Status::ConnectAttemptEnded(address, _) => Some((address, "ends")),
            _ => None,
        })
        .collect();
    assert!(!addresses.is_empty());
    assert_eq!(attempts.len() / 2, addresses.len(), "{attempts:?}");
    for (pair, address) in attempts.chunks(2).zip(addresses) {
        assert_eq!(pair, [(address, "begins"), (address, "ends")]);
    }
    recorder.finish(session).await;
}
