//! What is otherwise for some origins of a session: the most specific pattern counts, when a handle is made (contract C.4, E).

use std::time::Duration;

use hinternet::{
    CloseReason, DialOptions, ErrorCode, Method, Notification, OriginOptions, RequestOptions, Session, SessionBuilder,
    Status,
};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::tls::EveryName;

/// Told apart by how often a request is sent again.
fn resending(resends: u32) -> OriginOptions {
    OriginOptions::new().request(with_resends(resends))
}

fn with_resends(resends: u32) -> RequestOptions {
    let mut options = RequestOptions::default();
    options.dial = EveryName::here();
    options.resends = resends;
    options
}

fn refused(builder: SessionBuilder) -> hinternet::Error {
    let error = builder.open().expect_err("it was taken");
    assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
    error
}

#[tokio::test]
async fn the_most_specific_pattern_counts_and_of_two_that_are_alike_the_later_one() {
    let session = Session::builder()
        .request_options(with_resends(0))
        .for_origins("*.example.com", resending(2))
        .for_origins("API.example.com", resending(3))
        .for_origins("*.example.com:8443", resending(4))
        .for_origins("*.other", resending(9))
        .for_origins("*.OTHER", resending(5))
        .open()
        .unwrap();
    for (origin, resends) in [
        ("http://example.com", 0),
        ("http://www.example.com", 2),
        ("http://api.example.com:8443", 3),
        ("https://www.example.com:8443", 4),
        ("http://a.other", 5),
    ] {
        let connection = session.connect(origin).unwrap();
        assert_eq!(connection.options().request.resends, resends, "{origin}");
    }
    let mut later = session.options();
    later.resends = 7;
    session.set_options(later).unwrap();
    assert_eq!(session.connect("http://www.example.com").unwrap().options().request.resends, 2);
    assert_eq!(session.connect("http://example.com").unwrap().options().request.resends, 7);
    session.close().await.unwrap();
}

#[tokio::test]
async fn requests_on_the_paved_path_and_the_pool_obey_them() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let port = origin.url("/").rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let recorder = Recorder::start();
    let few = OriginOptions::new().request(with_resends(1)).wire_max_requests(2);
    let session =
        recorder.session(Session::builder().request_options(RequestOptions::default()).for_origins("few.test", few));
    // Only the options of that origin know its name.
    for _ in 0..5 {
        let response = session.get(format!("http://few.test:{port}/")).unwrap().send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
    }
    assert_eq!(origin.connections(), 3);
    for _ in 0..5 {
        let response = session.get(origin.url("/")).unwrap().send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
    }
    assert_eq!(origin.connections(), 4, "another origin has its wires for ever");
    recorder.finish(session).await;
}

#[tokio::test]
async fn an_origin_may_have_fewer_wires_than_the_others() {
    let gate = integration_tests::Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |_| Reply::ok("hello").held(&held)).await;
    let recorder = Recorder::start();
    let one = OriginOptions::new().wires_per_origin(1);
    let session = recorder.session(Session::builder().for_origins("127.0.0.1", one));
    let connection = session.connect(&origin.origin()).unwrap();
    let requests: Vec<_> = (0..2).map(|_| connection.open_request(Method::GET, "/").unwrap()).collect();
    requests[0].send(()).await.unwrap();
    let waiting = integration_tests::scene::sending(&requests[1], ());
    let queued = recorder.wait_for_status(requests[1].id(), "Queued").await;
    assert!(matches!(queued.status, Status::Queued { position: 1 }), "{queued:?}");
    gate.open();
    requests[0].receive_response().await.unwrap();
    read_all(&requests[0]).await.unwrap();
    waiting.await.unwrap().unwrap();
    requests[1].receive_response().await.unwrap();
    read_all(&requests[1]).await.unwrap();
    assert_eq!(origin.connections(), 1);
    drop((connection, requests));
    recorder.finish(session).await;
}

#[tokio::test]
async fn the_wires_of_an_origin_have_an_age_and_a_rest_of_their_own() {
    let old = OriginOptions::new().wire_max_age(Duration::from_nanos(1));
    let restless = OriginOptions::new().idle_timeout(Duration::from_millis(1));
    for (own, reason) in [(old, CloseReason::Retired), (restless, CloseReason::IdleTimeout)] {
        let (its, another) = (Origin::start(|_| Reply::ok("hello")).await, Origin::start(|_| Reply::ok("hello")).await);
        let pattern = its.origin().trim_start_matches("http://").to_owned();
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().for_origins(&pattern, own));
        let text = async |origin: &Origin| session.get(origin.url("/"))?.send().await?.text().await;
        assert_eq!(text(&another).await.unwrap(), "hello");
        for mut missing in 1..=2 {
            assert_eq!(text(&its).await.unwrap(), "hello");
            let ended = |status: &Status| matches!(status, Status::ClosingConnection { reason: why } if *why == reason);
            let so_many = |one: &Notification| {
                missing -= usize::from(ended(&one.status));
                missing == 0
            };
            recorder.wait_for(so_many).await;
        }
        assert_eq!(text(&another).await.unwrap(), "hello");
        assert_eq!((its.connections(), another.connections()), (2, 1), "{reason:?}");
        recorder.finish(session).await;
    }
}

#[tokio::test]
async fn an_origin_may_have_wires_ready_where_the_others_have_none() {
    let (its, another) = (Origin::start(|_| Reply::ok("hello")).await, Origin::start(|_| Reply::ok("hello")).await);
    let pattern = its.origin().trim_start_matches("http://").to_owned();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().for_origins(&pattern, OriginOptions::new().min_wires(2)));
    let (its_handle, others) = (session.connect(&its.origin()).unwrap(), session.connect(&another.origin()).unwrap());
    let mut missing = 2;
    let ready = |one: &Notification| one.handle == its_handle.id() && one.status.name() == "ConnectedToServer";
    let so_many = |one: &Notification| {
        missing -= usize::from(ready(one));
        missing == 0
    };
    recorder.wait_for(so_many).await;
    // Where this is answered, wires would have been dialed before.
    let request = others.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    read_all(&request).await.unwrap();
    assert_eq!((another.connections(), recorder.count_of(others.id(), "ConnectingToServer")), (1, 0));
    drop((its_handle, others, request));
    recorder.finish(session).await;
}

#[test]
fn what_cannot_be_meant_is_told_when_the_session_is_opened() {
    let error = refused(Session::builder().for_origins("a*.example.com", OriginOptions::new()));
    assert!(error.to_string().contains("a*.example.com"), "{error}");
    assert!(
        !refused(Session::builder().for_origins("http://me:secret@a", OriginOptions::new()))
            .to_string()
            .contains("secret")
    );
    refused(Session::builder().for_origins("*", OriginOptions::new().wires_per_origin(0)));
    refused(Session::builder().for_origins("*", OriginOptions::new().min_wires(257)));
    refused(Session::builder().for_origins("*", OriginOptions::new().idle_timeout(Duration::ZERO)));
    refused(Session::builder().for_origins("*", resending(11)));
    refused(Session::builder().lanes(2).for_origins("*", OriginOptions::new().wires_per_origin(9)));
    refused(Session::builder().min_wires(3).wires_per_origin(2));
    let dial = DialOptions::default().attempt_delay(Duration::ZERO);
    let mut options = RequestOptions::default();
    options.dial = dial;
    refused(Session::builder().for_origins("*", OriginOptions::new().request(options)));
}
