//! Wires that are there before a request comes: those that are dialed ahead once, and those that are kept ready (contract C.6).

use std::time::Duration;

use hinternet::tls::TlsOptions;
use hinternet::{Connection, DialOptions, ErrorCode, HandleId, Operation, Session, SessionBuilder, Timeouts};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, builder};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, read_all};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::{FakeDialer, patiently};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// How many wires stand, and the code of what failed.
async fn prewarmed(connection: &Connection, wires: usize) -> (usize, Option<ErrorCode>) {
    let result = patiently("the wires", connection.prewarm(wires)).await.unwrap();
    (result.wires, result.failure.map(|error| error.code()))
}

async fn get(connection: &Connection) -> hinternet::HandleId {
    let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
    patiently("a send", request.send(())).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    request.id()
}

/// So many have been recorded, and no more.
async fn recorded(recorder: &Recorder, handle: HandleId, name: &str, times: usize) {
    let so_many = async {
        while recorder.count_of(handle, name) < times {
            tokio::task::yield_now().await;
        }
    };
    patiently(name, so_many).await;
    assert_eq!(recorder.count_of(handle, name), times);
}

#[tokio::test]
async fn wires_that_were_dialed_ahead_serve_and_no_request_is_told_of_a_dial() {
    let origin = Origin::start(|_| Reply::ok("ok")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap();
    assert_eq!(prewarmed(&connection, 3).await, (3, None));
    assert_eq!(prewarmed(&connection, 2).await, (3, None), "they stand already");
    recorded(&recorder, connection.id(), "ConnectedToServer", 3).await;
    for _ in 0..3 {
        let id = get(&connection).await;
        assert_eq!(recorder.count_of(id, "ConnectingToServer"), 0);
    }
    assert_eq!(origin.connections(), 3);
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn over_http2_one_wire_is_as_good_as_any_number() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    assert_eq!(prewarmed(&scene.connection, 5).await, (1, None));
    get(&scene.connection).await;
    assert_eq!(prewarmed(&scene.connection, 5).await, (1, None));
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn what_a_server_speaks_is_found_out_by_the_first_of_them() {
    for (offered, wires) in [(&["h2"][..], 1), (&["http/1.1"], 4)] {
        let authority = Authority::new("The test's own authority");
        let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"]))).offering(offered);
        let trusting = TlsOptions::new().trust_only([authority.certificate()]);
        let builder = Session::builder().dial(EveryName::here()).tls(trusting);
        let scene = Http2Scene::of(Http2Origin::secure(&tls, |_| Reply::ok("ok").into()).await, builder);
        assert_eq!(prewarmed(&scene.connection, 4).await, (wires, None));
        assert_eq!(scene.origin.connections(), wires);
        scene.end().await;
    }
}

#[tokio::test]
async fn limits_hold_and_a_dial_that_fails_is_the_last_one() {
    let origin = Origin::start(|_| Reply::ok("ok")).await;
    let nobody = Nobody::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().wires_per_origin(2));
    let connection = session.connect(&origin.origin()).unwrap();
    assert_eq!(prewarmed(&connection, 5).await, (2, None));
    let dead = session.connect(&nobody.origin()).unwrap();
    let refused = patiently("the wires", dead.prewarm(1)).await.unwrap();
    let failure = refused.failure.expect("nobody is there");
    assert_eq!((refused.wires, failure.code(), failure.operation()), (0, ErrorCode::CannotConnect, Operation::Connect));
    assert_eq!(prewarmed(&dead, 0).await, (0, None));
    recorded(&recorder, dead.id(), "ConnectingToServer", 1).await;
    assert_eq!(recorder.count_of(dead.id(), "RequestError"), 0);
    dead.close().await.unwrap();
    let refused = dead.prewarm(1).await.unwrap_err();
    assert!(refused.is_invalid_handle(), "{refused}");
    drop(connection.drain(Duration::from_secs(600)));
    let refused = connection.prewarm(1).await.unwrap_err();
    assert!(refused.code() == ErrorCode::Shutdown || refused.is_invalid_handle(), "{refused}");
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_prewarm_whose_session_closes_ends() {
    let (dialer, mut attempts) = FakeDialer::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(DialOptions::default().dialer(dialer)));
    let connection = session.connect("http://127.0.0.1").unwrap();
    let warming = tokio::spawn(async move { connection.prewarm(2).await });
    let (_one, _other) = (attempts.next().await, attempts.next().await);
    session.close().await.unwrap();
    let ended = patiently("the end", warming).await.unwrap();
    let error = ended.map_or_else(Some, |prewarmed| prewarmed.failure);
    assert!(error.is_some_and(|error| error.is_invalid_handle()));
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_prewarm_ends_with_its_handle_though_a_dial_goes_on() {
    let (dialer, mut attempts) = FakeDialer::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(DialOptions::default().dialer(dialer)));
    let connection = session.connect("http://127.0.0.1").unwrap();
    let warmed = connection.clone();
    let warming = tokio::spawn(async move { warmed.prewarm(1).await });
    let black_hole = attempts.next().await;
    connection.close().await.unwrap();
    let ended = patiently("the end", warming).await.unwrap();
    assert!(ended.unwrap().failure.is_some_and(|error| error.is_invalid_handle()));
    assert!(!black_hole.is_given_up(), "it may serve others");
    recorder.finish(session).await;
}

/// A session on a clock that jumps, whose dials the test ends.
fn jumping(builder: SessionBuilder) -> (Recorder, Session, integration_tests::Attempts) {
    let (dialer, attempts) = FakeDialer::new();
    let recorder = Recorder::on_current_arbiter();
    let builder = builder.dial(DialOptions::default().dialer(dialer)).on_current_arbiter();
    let session = recorder.session(builder);
    (recorder, session, attempts)
}

#[test]
fn wires_that_are_kept_ready_outlive_the_idle_timeout_and_are_dialed_again() {
    in_virtual_time(async {
        let (recorder, session, mut attempts) =
            jumping(Session::builder().min_wires(2).idle_timeout(Duration::from_secs(5)));
        let connection = session.connect("http://127.0.0.1").unwrap();
        for _ in 0..2 {
            attempts.next().await.connect(OK);
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(attempts.is_empty());
        get(&connection).await;
        assert_eq!(session.evict_idle().await, 2);
        for _ in 0..2 {
            attempts.next().await.connect(OK);
        }
        drop(connection);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(session.evict_idle().await, 0, "nobody wants them any more, and they were idle");
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(attempts.is_empty());
        recorder.finish(session).await;
    });
}

#[test]
fn dials_of_wires_that_are_kept_ready_come_later_and_later_while_they_fail() {
    in_virtual_time(async {
        let (recorder, session, mut attempts) = jumping(Session::builder().min_wires(1));
        let connection = session.connect("http://127.0.0.1").unwrap();
        let mut last = attempts.next().await;
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            let before = last.at;
            last.refuse();
            let pause = Duration::from_secs(pause);
            // The look for what is missing is once a second.
            tokio::time::sleep(pause + Duration::from_secs(2)).await;
            assert!(!attempts.is_empty(), "none within {pause:?}");
            last = attempts.next().await;
            assert!(last.at - before >= pause / 2, "{pause:?}: {:?}", last.at - before);
        }
        last.connect(OK);
        get(&connection).await;
        assert_eq!(session.evict_idle().await, 1);
        attempts.next().await.refuse();
        drop(connection);
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(attempts.is_empty(), "no handle to the origin is left");
        recorder.finish(session).await;
    });
}

#[test]
fn a_dial_ahead_ends_though_the_requests_of_its_handle_would_wait_for_ever() {
    in_virtual_time(async {
        let (recorder, session, mut attempts) = jumping(Session::builder().min_wires(1).timeouts(Timeouts::infinite()));
        let connection = session.connect("http://127.0.0.1").unwrap();
        let black_hole = attempts.next().await;
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert!(black_hole.is_given_up());
        tokio::time::sleep(Duration::from_secs(3)).await;
        attempts.next().await.connect(OK);
        get(&connection).await;
        recorder.finish(session).await;
    });
}

#[test]
fn many_that_fail_together_are_one_failure() {
    in_virtual_time(async {
        let (recorder, session, mut attempts) = jumping(Session::builder().min_wires(8));
        let connection = session.connect("http://127.0.0.1").unwrap();
        for _ in 0..8 {
            attempts.next().await.refuse();
        }
        // The pause is a second at most, and the look for what is missing is once a second.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!attempts.is_empty());
        for _ in 0..8 {
            attempts.next().await.connect(OK);
        }
        get(&connection).await;
        recorder.finish(session).await;
    });
}

#[test]
fn origins_that_keep_wires_ready_do_not_take_their_places_from_each_other() {
    in_virtual_time(async {
        let (recorder, session, mut attempts) = jumping(Session::builder().min_wires(1).wires_per_session(1));
        let connection = session.connect("http://127.0.0.1").unwrap();
        attempts.next().await.connect(OK);
        let other = session.connect("http://127.0.0.2").unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(attempts.is_empty(), "the only place is taken");
        assert_eq!(prewarmed(&other, 1).await, (0, None));
        get(&connection).await;
        assert!(attempts.is_empty());
        recorder.finish(session).await;
    });
}

#[test]
fn nothing_is_dialed_ahead_for_a_connection_or_a_session_that_drains() {
    for all in [false, true] {
        in_virtual_time(async move {
            let (recorder, session, mut attempts) = jumping(Session::builder().min_wires(2));
            let connection = session.connect("http://127.0.0.1").unwrap();
            for _ in 0..2 {
                attempts.next().await.connect(OK);
            }
            let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
            let long = Duration::from_secs(3600);
            if all {
                drop(session.shutdown(long))
            } else {
                drop(connection.drain(long))
            }
            assert_eq!(session.evict_idle().await, 1);
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert!(attempts.is_empty());
            assert!(connection.is_open(), "a response is still to be read");
            assert_eq!(read_all(&request).await.unwrap(), b"ok");
            recorder.finish(session).await;
        });
    }
}

#[tokio::test]
async fn a_wire_of_http2_that_is_lost_is_dialed_again() {
    let scene = Http2Scene::of(Http2Origin::start(|_| Reply::ok("ok").into()).await, builder().min_wires(3));
    scene.origin.wait_for("the first", |wires| wires.len() == 1).await;
    scene.origin.cut();
    scene.origin.wait_for("the second", |wires| wires.len() == 2).await;
    scene.end().await;
}
