//! C.6: whose notification it is.

use std::net::ToSocketAddrs;

use hinternet::{Connection, Method, Request, Session, Status};
use integration_tests::Gate;
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Busy, Nobody, Scene, read_all, sending};
use integration_tests::scripted_peer::Script;
use tokio::task::JoinHandle;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const DIAL: [&str; 4] = ["ResolvingName", "NameResolved", "ConnectingToServer", "ConnectedToServer"];

#[tokio::test]
async fn c6_a_dial_reports_to_the_request_that_started_it_while_that_waits() {
    let scene = Scene::with(Script::answering(OK)).await;
    let request = scene.sent().await;
    scene.recorder.wait_for_status(request.id(), "SendRequestComplete").await;
    assert_eq!(scene.recorder.names(request.id())[1..5], DIAL);
    assert_eq!(scene.recorder.names(scene.connection.id()), ["HandleCreated"]);
    scene.end().await;
}

/// A send that dials, which takes until the server has room.
struct Dialing {
    busy: Busy,
    recorder: Recorder,
    session: Session,
    connection: Connection,
    request: Request,
    send: JoinHandle<hinternet::Result<()>>,
}

impl Dialing {
    async fn begin() -> Self {
        let busy = Busy::new();
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        let connection = session.connect(&busy.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        let send = sending(&request, ());
        recorder.wait_for_status(request.id(), "ConnectingToServer").await;
        Self { busy, recorder, session, connection, request, send }
    }
}

#[tokio::test]
async fn c6_a_dial_that_outlives_its_request_reports_to_the_connection() {
    let Dialing { mut busy, recorder, session, connection, request, send } = Dialing::begin().await;
    request.cancel();
    recorder.failure(request.id(), send.await.unwrap());
    busy.make_room();
    recorder.wait_for_status(connection.id(), "ConnectedToServer").await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_a_dial_whose_connection_is_closed_reports_to_the_session() {
    let Dialing { mut busy, recorder, session, connection, request, send } = Dialing::begin().await;
    connection.close().await.unwrap();
    recorder.failure(request.id(), send.await.unwrap());
    busy.make_room();
    recorder.wait_for_status(session.id(), "ConnectedToServer").await;
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

/// A peer that answers once on each connection, and closes it when the gate opens.
async fn closing(when: &Gate) -> Scene {
    Scene::with(Script::new().read_request().send(OK).hold(when).close()).await
}

const WIRE_ENDS: [&str; 2] = ["ClosingConnection", "ConnectionClosed"];

#[tokio::test]
async fn c6_the_end_of_an_idle_wire_is_told_to_the_connection_that_dialed_it() {
    let end = Gate::new();
    let scene = closing(&end).await;
    scene.reading().await.close().await.unwrap();
    end.open();
    scene.recorder.wait_for_status(scene.connection.id(), "ConnectionClosed").await;
    assert_eq!(scene.recorder.names(scene.connection.id())[1..], WIRE_ENDS);
    assert_eq!(scene.recorder.names(scene.session.id()), ["HandleCreated"]);
    scene.end().await;
}

#[tokio::test]
async fn c6_the_end_of_an_idle_wire_is_told_to_the_session_if_its_connection_is_closed() {
    let end = Gate::new();
    let scene = closing(&end).await;
    read_all(&scene.reading().await).await.unwrap();
    scene.connection.close().await.unwrap();
    end.open();
    scene.recorder.wait_for_status(scene.session.id(), "ConnectionClosed").await;
    assert_eq!(scene.recorder.names(scene.session.id())[1..], WIRE_ENDS);
    assert_eq!(scene.recorder.names(scene.connection.id()), ["HandleCreated", "HandleClosing"]);
    scene.end().await;
}

#[tokio::test]
async fn c6_the_end_of_an_idle_wire_of_a_paved_request_is_told_to_the_session() {
    let end = Gate::new();
    let scene = closing(&end).await;
    scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap().bytes().await.unwrap();
    end.open();
    scene.recorder.wait_for_status(scene.session.id(), "ConnectionClosed").await;
    assert_eq!(scene.recorder.names(scene.session.id())[1..], WIRE_ENDS);
    scene.end().await;
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
