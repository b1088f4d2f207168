//! How streams are opened: from where, over what, and by whom (contract E, C.9).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::transport::{MemoryListener, in_memory};
use hinternet::{Blame, DialOptions, ErrorCode, HandleId, Method, RequestOptions, Session, SessionBuilder, Stage};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{read_all, sending};
use integration_tests::{FakeDialer, FakeResolver, answering, patiently};
use tokio::task::JoinHandle;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn with(dial: DialOptions) -> SessionBuilder {
    Session::builder().dial(dial)
}

/// A GET, read to its end.
async fn get(request: &hinternet::Request) -> Vec<u8> {
    patiently("a send", request.send(())).await.unwrap();
    request.receive_response().await.unwrap();
    read_all(request).await.unwrap()
}

/// What the request was told until it was sent.
async fn dialed_for(recorder: &Recorder, request: HandleId) -> Vec<&'static str> {
    recorder.wait_for_status(request, "RequestSent").await;
    let names = recorder.names(request);
    names[..NEW_WIRE.len()].to_vec()
}

/// What every new wire tells, and its request (C.9).
const NEW_WIRE: [&str; 8] = [
    "HandleCreated",
    "ResolvingName",
    "NameResolved",
    "ConnectingToServer",
    "ConnectedToServer",
    "WireAcquired",
    "SendingRequest",
    "RequestSent",
];

#[tokio::test]
async fn e_connections_are_made_from_the_local_address_and_show_it() {
    let (recorder, origin) = (Recorder::start(), Origin::start(|_| Reply::ok("hello")).await);
    let local = IpAddr::from([127, 0, 0, 9]);
    let session = recorder.session(with(DialOptions::default().local_address(local)));
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    assert_eq!(request.connection_info(), None, "R-28: there was no wire");
    assert_eq!(get(&request).await, b"hello");
    let both_ends = request.connection_info().unwrap();
    assert_eq!(both_ends.local.unwrap().ip(), local);
    assert_eq!(both_ends.remote, Some(origin.address()));
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_addresses_of_another_family_than_the_local_one_are_not_tried() {
    let (recorder, origin) = (Recorder::start(), Origin::start(|_| Reply::ok("hello")).await);
    let resolver = FakeResolver::knowing("both.example", &["::1", "127.0.0.1"]).and("six.example", &["::1"]);
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let session = recorder.session(with(DialOptions::default().resolver(resolver).local_address(local)));
    let connect = |host: &str| session.connect(&format!("http://{host}:{}", origin.address().port())).unwrap();

    let request = connect("both.example").open_request(Method::GET, "/").unwrap();
    assert_eq!(get(&request).await, b"hello");
    recorder.wait_for_status(request.id(), "NameResolved").await;
    assert!(recorder.trace_of(request.id()).contains(&format!("NameResolved([{}])", origin.address())));

    for host in ["six.example", "[::1]"] {
        let request = connect(host).open_request(Method::GET, "/").unwrap();
        let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
        assert_eq!(
            (error.code(), error.stage(), error.blame()),
            (ErrorCode::CannotConnect, Stage::Connect, Blame::Caller)
        );
        assert!(!error.is_retryable());
        let words = format!("connecting {host}: none of its addresses is of the family of the local address 127.0.0.1");
        assert!(error.to_string().contains(&words), "{error}");
    }
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_a_local_address_that_is_not_ours_fails_with_the_systems_words() {
    let (recorder, origin) = (Recorder::start(), Origin::start(|_| Reply::ok("hello")).await);
    // Of the documentation's range: no machine has it.
    let session = recorder.session(with(DialOptions::default().local_address(IpAddr::from([192, 0, 2, 7]))));
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
    assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect));
    assert_eq!(origin.connections(), 0);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c9_a_dead_ipv6_address_is_told_of_and_the_next_one_answers() {
    let (recorder, origin) = (Recorder::start(), Origin::start(|_| Reply::ok("hello")).await);
    let resolver = FakeResolver::knowing("both.example", &["::1", "127.0.0.1"]);
    let session = recorder.session(with(DialOptions::default().resolver(resolver)));
    let port = origin.address().port();
    let connection = session.connect(&format!("http://both.example:{port}")).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    assert_eq!(get(&request).await, b"hello");
    drop(connection);
    recorder.wait_for_status(request.id(), "ConnectedToServer").await;
    let told: Vec<_> = recorder.trace_of(request.id()).into_iter().filter(|one| one.starts_with("Connect")).collect();
    let dead = format!("[{}]:{port}", Ipv6Addr::LOCALHOST);
    assert_eq!(told[0], format!("ConnectingToServer({dead})"));
    // Refused, or no such family on this machine.
    assert!(told[1].starts_with(&format!("ConnectAttemptEnded({dead}: ")), "{told:?}");
    assert_eq!(
        told[2..],
        [format!("ConnectingToServer({})", origin.address()), format!("ConnectedToServer({})", origin.address())]
    );
    drop(request);
    recorder.finish(session).await;
}

/// Answers on every stream in memory, and keeps what was meant.
fn serve(mut listener: MemoryListener) -> JoinHandle<Vec<Destination>> {
    tokio::spawn(async move {
        let mut meant = Vec::new();
        while let Some((stream, to)) = listener.accept().await {
            meant.push(to);
            tokio::spawn(answering(stream, HELLO));
        }
        meant
    })
}

#[tokio::test]
async fn a_server_in_memory_answers_requests_and_hears_which_host_was_meant() {
    let recorder = Recorder::start();
    let (dialer, listener) = in_memory();
    let server = serve(listener);
    let session = recorder.session(with(DialOptions::default().dialer(dialer)));
    for origin in ["http://one.example", "http://one.example", "http://127.0.0.1:81"] {
        let request = session.connect(origin).unwrap().open_request(Method::GET, "/").unwrap();
        assert_eq!(get(&request).await, b"hello");
        let both_ends = request.connection_info().unwrap();
        assert_eq!((both_ends.local, both_ends.remote), (None, None));
    }
    assert_eq!(dialed_for(&recorder, recorder.request(0).await).await, NEW_WIRE);
    recorder.finish(session).await;
    let meant: Vec<_> = patiently("the server", server).await.unwrap();
    let meant: Vec<_> = meant.iter().map(|to| (to.host.as_str(), to.address.port())).collect();
    assert_eq!(meant, [("one.example", 80), ("127.0.0.1", 81)], "one wire served both requests to the first");
}

#[tokio::test]
async fn a_listener_in_memory_that_is_gone_refuses() {
    let recorder = Recorder::start();
    let (dialer, listener) = in_memory();
    drop(listener);
    let session = recorder.session(with(DialOptions::default().dialer(dialer)));
    let request = session.connect("http://any.example").unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
    assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect));
    assert!(error.to_string().contains("the listener in memory is gone"), "{error}");
    recorder.finish(session).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_on_a_unix_socket_answers_requests_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answering(stream, HELLO));
        }
    });
    let recorder = Recorder::start();
    let unix = |path| with(DialOptions::default().dialer(hinternet::transport::UnixDialer::new(path)));
    let session = recorder.session(unix(path));
    let connection = session.connect("http://service").unwrap();
    for _ in 0..2 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        assert_eq!(get(&request).await, b"hello");
        recorder.wait_for_status(request.id(), "HeadersAvailable").await;
    }
    assert_eq!(dialed_for(&recorder, recorder.request(0).await).await, NEW_WIRE);
    assert_eq!(recorder.count(|status| status.name() == "ConnectedToServer"), 1, "the second request reused the wire");
    drop(connection);
    session.close().await.unwrap();

    let missing = folder.path().join("missing.sock");
    let lost = recorder.session(unix(missing.clone()));
    let request = lost.connect("http://service").unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
    assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect));
    assert!(error.to_string().contains(&missing.display().to_string()), "{error}");
    recorder.finish(lost).await;
    server.abort();
}

#[tokio::test]
async fn b7_cancel_ends_a_send_that_is_connecting_and_the_wire_serves_the_next() {
    let recorder = Recorder::start();
    let (dialer, mut attempts) = FakeDialer::new();
    let session = recorder.session(with(DialOptions::default().dialer(dialer)).wires_per_origin(1));
    let connection = session.connect("http://127.0.0.1").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let send = sending(&request, ());
    let attempt = attempts.next().await;
    request.cancel();
    let error = recorder.failure(request.id(), patiently("the send", send).await.unwrap());
    assert!(error.is_cancelled() && !attempt.is_given_up(), "{error}");
    attempt.connect(HELLO);
    assert_eq!(get(&request).await, b"hello");
    assert!(attempts.is_empty());
    // The end of the dial is told to who is left (C.6).
    recorder.wait_for_status(connection.id(), "ConnectedToServer").await;
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn b4_a_session_that_closes_gives_up_the_attempts_under_way() {
    let recorder = Recorder::start();
    let (dialer, mut attempts) = FakeDialer::new();
    let session = recorder.session(with(DialOptions::default().dialer(dialer)));
    let request = session.connect("http://127.0.0.1").unwrap().open_request(Method::GET, "/").unwrap();
    let send = sending(&request, ());
    let attempt = attempts.next().await;
    recorder.wait_for_status(request.id(), "ConnectingToServer").await;
    session.close().await.unwrap();
    assert!(recorder.failure(request.id(), patiently("the send", send).await.unwrap()).is_invalid_handle());
    patiently("the end of the attempt", attempt.given_up()).await;
    recorder.finish(session).await;
}

/// Panics in the middle of a dial.
#[derive(Debug)]
struct Crash;

impl Dialer for Crash {
    fn dial(&self, _to: &Destination) -> Dialing {
        Box::pin(async { panic!("a fault of the caller's") as io::Result<Box<dyn Stream>> })
    }
}

#[tokio::test]
async fn b9_a_dialer_that_panics_fails_its_request_and_the_next_one_too() {
    let recorder = Recorder::start();
    let session = recorder.session(with(DialOptions::default().dialer(Crash)).wires_per_origin(1));
    let connection = session.connect("http://127.0.0.1").unwrap();
    for _ in 0..2 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
        assert_eq!((error.code(), error.blame()), (ErrorCode::InternalError, Blame::Caller));
    }
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c6_an_attempt_that_no_limit_would_end_is_given_up_with_its_request() {
    let (dialer, mut attempts) = FakeDialer::new();
    let mut options = RequestOptions::default();
    options.timeouts.connect = None;
    options.dial = DialOptions::default().dialer(dialer);
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().request_options(options).wires_per_origin(1));
    for _ in 0..3 {
        let attempt = tokio::select! {
            answer = session.get("http://127.0.0.1:9/").unwrap().send() => panic!("nobody answers: {answer:?}"),
            attempt = attempts.next() => attempt,
        };
        // The origin's only place is free again.
        attempt.given_up().await;
    }
    recorder.finish(session).await;
}
