//! Bodies that can be sent again, and those that the caller has to send again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream;
use hinternet::{ErrorCode, HeaderMap, HeaderValue, Method, Payload, RedirectDecider, RedirectDecision, WireState};
use integration_tests::origin::{Origin, Reply};
use integration_tests::scene::read_all;

use crate::world::{Watched, asked, moved_by, redirecting};

async fn posted(world: &Watched, origin: &Origin, status: u16, payload: impl Into<Payload>) -> String {
    let url = origin.url(&moved_by(status, "/echo"));
    let response = world.session.post(url.as_str()).unwrap().body(payload).send().await.unwrap();
    response.text().await.unwrap()
}

#[tokio::test]
async fn octets_files_and_streams_that_can_be_reopened_are_sent_again() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from a file").unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&opened);
    let reopened = Payload::reopen(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        stream::iter(["from ", "a stream"].map(|piece| Ok::<_, io::Error>(Bytes::from(piece))))
    });
    assert_eq!(posted(&world, &origin, 307, "octets").await, "POST octets");
    assert_eq!(posted(&world, &origin, 308, Payload::file(file.path())).await, "POST from a file");
    assert_eq!(posted(&world, &origin, 307, reopened).await, "POST from a stream");
    assert_eq!(opened.load(Ordering::Relaxed), 2, "once for each exchange");
    world.end().await;
}

#[tokio::test]
async fn a_303_and_a_post_after_301_and_302_leave_the_body_and_its_fields_behind() {
    let (world, origin) = (Watched::new(), redirecting().await);
    for status in [301, 302, 303] {
        let url = origin.url(&moved_by(status, "/echo"));
        let post = world.session.post(url.as_str()).unwrap().header("content-type", "text/plain").body("octets");
        let post = post.header("content-language", "en").header("x-own", "1");
        assert_eq!(post.send().await.unwrap().text().await.unwrap(), "GET ");
        let last = origin.log().pop().unwrap();
        let names: Vec<_> = last.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert!(!names.iter().any(|name| name.starts_with("content-") || *name == "transfer-encoding"), "{names:?}");
        assert_eq!((last.body_octets, last.field("x-own")), (0, Some("1")));
    }
    let stream = Payload::stream(stream::iter([Ok(Bytes::from("only once"))]));
    assert_eq!(posted(&world, &origin, 303, stream).await, "GET ", "nothing has to be given again");
    world.end().await;
}

#[tokio::test]
async fn winhttp_12032_a_body_that_was_written_by_hand_is_the_callers_to_write_again_and_goes_on_to_the_target() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, &moved_by(307, "/echo")).unwrap();
    let write = async || {
        request.send(Payload::begin("a", 3)).await.unwrap();
        request.write("bc").await.unwrap();
        request.receive_response().await
    };
    let error = world.recorder.failure(request.id(), write().await);
    assert_eq!((error.code(), error.wire_state()), (ErrorCode::ResendRequest, WireState::ResponseStarted));
    assert_eq!(write().await.unwrap().status(), 200);
    assert_eq!(read_all(&request).await.unwrap(), b"POST abc");
    assert_eq!(request.url(), origin.url("/echo"));
    let targets: Vec<_> = asked(&origin).into_iter().map(|(_, target)| target).collect();
    assert_eq!(targets, [moved_by(307, "/echo"), "/echo".to_owned()]);
    assert_eq!(origin.connections(), 1, "what was not delivered was read away");

    // From then on the request is what it was.
    request.send("abc").await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"POST abc");
    assert_eq!(asked(&origin).len(), 4);
    world.end().await;
}

#[tokio::test]
async fn winhttp_12032_what_a_decider_has_edited_goes_along_with_the_send_that_follows() {
    let (world, a, b) = (Watched::new(), redirecting().await, redirecting().await);
    let connection = world.session.connect(&a.origin()).unwrap();
    // From a to b, and from there on to another path of b: each by a send of the caller's.
    let there = moved_by(307, "/echo");
    let request = connection.open_request(Method::POST, &moved_by(307, &b.url(&there))).unwrap();
    let mut options = request.options();
    options.redirects.decider = Some(RedirectDecider::function(|mut redirect| {
        if redirect.hops() == 0 {
            redirect.headers.insert("authorization", HeaderValue::from_static("for b"));
            redirect.headers.insert("x-own", HeaderValue::from_static("edited"));
            redirect.headers.remove("x-gone");
        } else {
            redirect.headers.insert("x-more", HeaderValue::from_static("second"));
        }
        RedirectDecision::Follow(redirect)
    }));
    request.set_options(options).unwrap();
    for (name, value) in [("x-own", "first"), ("x-gone", "1"), ("cookie", "a=b")] {
        request.add_header(name, value).unwrap();
    }
    let write = async || {
        request.send(Payload::begin("a", 2)).await.unwrap();
        request.write("b").await.unwrap();
        request.receive_response().await
    };
    for _ in 0..2 {
        let error = world.recorder.failure(request.id(), write().await);
        assert_eq!(error.code(), ErrorCode::ResendRequest);
    }
    assert_eq!(write().await.unwrap().status(), 200);
    assert_eq!(read_all(&request).await.unwrap(), b"POST ab");
    let visits = b.log();
    let fields =
        |at: usize| ["authorization", "x-own", "x-gone", "cookie", "x-more"].map(|name| visits[at].field(name));
    assert_eq!(fields(0), [Some("for b"), Some("edited"), None, None, None]);
    assert_eq!(fields(1), [Some("for b"), Some("edited"), None, None, Some("second")]);

    // From then on the request is what it was.
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(a.log().last().unwrap().field("x-own"), Some("first"));
    drop((request, connection));
    world.end().await;
}

#[tokio::test]
async fn winhttp_12032_a_send_that_is_refused_leaves_it_where_the_next_one_goes() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, &moved_by(307, "/echo")).unwrap();
    let write = async || {
        request.send(Payload::begin("ab", 3)).await.unwrap();
        request.write("c").await.unwrap();
        request.receive_response().await
    };
    let error = world.recorder.failure(request.id(), write().await);
    assert_eq!(error.code(), ErrorCode::ResendRequest);
    let wrong = HeaderMap::from_iter([(http::header::CONTENT_LENGTH, HeaderValue::from_static("4"))]);
    let refused = request.send_with(wrong, Payload::begin("abc", 3), 0).await;
    assert_eq!(world.recorder.refusal(request.id(), refused).code(), ErrorCode::InvalidParameter);
    assert_eq!(write().await.unwrap().status(), 200);
    assert_eq!(read_all(&request).await.unwrap(), b"POST abc");
    assert_eq!(request.url(), origin.url("/echo"));
    drop((request, connection));
    world.end().await;
}

#[tokio::test]
async fn winhttp_12032_a_loop_of_such_sends_meets_the_limit_all_the_same() {
    let (world, origin) = (Watched::new(), Origin::start(|_| Reply::redirect(307, "/again")).await);
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    for _ in 0..10 {
        request.send(Payload::begin("", 1)).await.unwrap();
        request.write("a").await.unwrap();
        let error = world.recorder.failure(request.id(), request.receive_response().await);
        assert_eq!(error.code(), ErrorCode::ResendRequest);
    }
    request.send(Payload::begin("", 1)).await.unwrap();
    request.write("a").await.unwrap();
    let error = world.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!(error.code(), ErrorCode::RedirectFailed);
    world.end().await;
}

#[tokio::test]
async fn a_stream_that_is_gone_is_no_upload_that_succeeded() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let stream = Payload::stream(stream::iter([Ok(Bytes::from("only once"))]));
    let url = origin.url(&moved_by(307, "/echo"));
    let error = world.session.post(url.as_str()).unwrap().body(stream).send().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ResendRequest);
    assert_eq!(origin.log().len(), 1);
    world.end().await;
}
