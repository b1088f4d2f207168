//! What an error says, and what a head keeps (contract D.1, D.5).

use std::error::Error as _;
use std::time::Duration;

use hinternet::{
    Blame, DialOptions, Error, ErrorCode, Method, Operation, Payload, Session, Stage, Timeouts, WireState,
};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Busy, Nobody, Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::{FakeResolver, Gate};

fn facts(error: &Error) -> (ErrorCode, Operation, Stage, Blame) {
    (error.code(), error.operation(), error.stage(), error.blame())
}

#[tokio::test]
async fn d1_a_name_that_is_not_resolved() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    // A label this long cannot exist, so that no server has to be asked.
    let host = format!("{}.invalid", "a".repeat(64));
    let request = session.connect(&format!("http://{host}")).unwrap().open_request(Method::GET, "/p?q=secret").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!(facts(&error), (ErrorCode::NameNotResolved, Operation::Send, Stage::Resolve, Blame::Network));
    assert!(error.is_connect() && error.is_retryable() && !error.is_timeout());
    assert_eq!(error.wire_state(), WireState::NotSent);
    assert_eq!(error.url(), Some(&*format!("http://{host}/p?q=secret")));
    let reason = error.source().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "error 12007 NAME_NOT_RESOLVED in WinHttpSendRequest (send), resolving {host}: no address was found: {reason} \
             [http://{host}/p]"
        )
    );
    recorder.finish(session).await;
}

#[tokio::test]
async fn d1_a_connection_that_is_refused() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let nobody = Nobody::new();
    let request = session.connect(&nobody.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!(facts(&error), (ErrorCode::CannotConnect, Operation::Send, Stage::Connect, Blame::Network));
    assert!(error.is_connect() && error.is_retryable());
    let (address, reason) = (nobody.address(), error.source().unwrap());
    assert_eq!(
        error.to_string(),
        format!(
            "error 12029 CANNOT_CONNECT in WinHttpSendRequest (send), connecting {address}: no address accepted a \
             connection; the last one: {reason} [http://{address}/]"
        )
    );
    recorder.finish(session).await;
}

const WAIT: Duration = Duration::from_millis(50);

/// The error of a stage that took too long, by its own sentence.
fn assert_timeout(error: &Error, operation: Operation, stage: Stage, sentence: &str) {
    assert_eq!(facts(error), (ErrorCode::Timeout, operation, stage, Blame::Network), "{error}");
    assert!(error.is_timeout() && error.is_retryable());
    assert_eq!(error.waited(), Some(WAIT));
    let expected = format!("error 12002 TIMEOUT in {operation}, {sentence}: no end of it after 50ms [http://");
    assert!(error.to_string().starts_with(&expected), "{error}\nis not\n{expected}");
}

fn impatient(set: impl FnOnce(&mut Timeouts)) -> Timeouts {
    let mut timeouts = Timeouts::infinite();
    set(&mut timeouts);
    timeouts
}

async fn impatient_scene(script: Script, set: impl FnOnce(&mut Timeouts)) -> Scene {
    let builder = Session::builder().timeouts(impatient(set)).wires_per_origin(1);
    Scene::of(ScriptedPeer::always(script).await, builder)
}

#[tokio::test]
async fn d1_a_look_up_that_takes_too_long() {
    let (recorder, resolver) = (Recorder::start(), FakeResolver::held_by(&Gate::new()));
    let timeouts = impatient(|timeouts| timeouts.resolve = Some(WAIT));
    let dial = DialOptions::default().resolver(resolver.clone());
    let session = recorder.session(Session::builder().timeouts(timeouts).dial(dial));
    let request = session.connect("http://slow.example").unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_timeout(&error, Operation::Send, Stage::Resolve, "resolving slow.example");
    resolver.wait_until_left().await;
    recorder.finish(session).await;
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux's way with a full accept queue")]
async fn d1_a_connect_that_takes_too_long() {
    let busy = Busy::new();
    let address = busy.address();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().timeouts(impatient(|timeouts| timeouts.connect = Some(WAIT))));
    let request = session.connect(&busy.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_timeout(&error, Operation::Send, Stage::Connect, &format!("connecting {address}"));
    assert!(error.is_connect());
    drop(busy);
    recorder.finish(session).await;
}

#[tokio::test]
async fn d1_a_wait_for_a_wire_that_takes_too_long() {
    let scene = impatient_scene(Script::new().read_head().keep(), |timeouts| timeouts.queue = Some(WAIT)).await;
    let _busy = scene.sent().await;
    let request = scene.request(Method::GET);
    let error = scene.recorder.failure(request.id(), request.send(()).await);
    assert_timeout(&error, Operation::Send, Stage::Queue, "waiting for a wire");
    assert_eq!(error.wire_state(), WireState::NotSent);
    scene.end().await;
}

#[tokio::test]
async fn d1_a_body_that_nobody_takes_for_too_long() {
    let scene = impatient_scene(Script::new().read_head().stop_reading(), |timeouts| timeouts.send = Some(WAIT)).await;
    let request = scene.request(Method::POST);
    request.send(Payload::begin("", 64 << 20)).await.unwrap();
    let error = scene.recorder.failure(request.id(), request.write(vec![b'x'; 64 << 20]).await);
    assert_timeout(&error, Operation::Write, Stage::SendBody, "sending the body");
    assert!(matches!(error.wire_state(), WireState::BodyPartly(1..)), "{:?}", error.wire_state());
    scene.end().await;
}

#[tokio::test]
async fn d1_a_response_that_takes_too_long() {
    let silent = Script::new().read_request().keep();
    let scene = impatient_scene(silent, |timeouts| timeouts.receive_response = Some(WAIT)).await;
    let request = scene.sent().await;
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_timeout(&error, Operation::Receive, Stage::FirstByte, "waiting for the response");
    assert_eq!(error.wire_state(), WireState::BodySent);
    scene.end().await;
}

#[tokio::test]
async fn d1_a_response_head_whose_end_takes_too_long() {
    let slow = Script::new().read_request().send("HTTP/1.1 200 OK\r\nserver: slow").keep();
    let scene = impatient_scene(slow, |timeouts| timeouts.receive_response = Some(WAIT)).await;
    let request = scene.sent().await;
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_timeout(&error, Operation::Receive, Stage::Head, "receiving the head");
    assert_eq!(error.wire_state(), WireState::ResponseStarted);
    scene.end().await;
}

#[tokio::test]
async fn d1_a_response_body_that_falls_silent_for_too_long() {
    let silent = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello").keep();
    let scene = impatient_scene(silent, |timeouts| timeouts.receive = Some(WAIT)).await;
    let request = scene.reading().await;
    let error = scene.recorder.failure(request.id(), read_all(&request).await);
    assert_timeout(&error, Operation::Read, Stage::Body, "receiving the body");
    scene.end().await;
}

/// What a GET meets that gets these octets and then the end.
async fn failed_by(octets: impl Into<bytes::Bytes>) -> Error {
    let scene = Scene::with(Script::answering_once(octets)).await;
    let request = scene.sent().await;
    let story = async {
        request.receive_response().await?;
        read_all(&request).await
    };
    let error = scene.recorder.failure(request.id(), story.await);
    assert_eq!(error.url(), Some(scene.peer.url("/").as_str()));
    scene.end().await;
    error
}

/// Code and stage, blame, and the pinned end of the sentence.
async fn assert_failed_by(
    octets: impl Into<bytes::Bytes>,
    code: ErrorCode,
    stage: Stage,
    blame: Blame,
    sentence: &str,
) {
    let error = failed_by(octets).await;
    assert_eq!((error.code(), error.stage(), error.blame()), (code, stage, blame), "{error}");
    let start =
        format!("error {} {} in {}, {stage}: {sentence} [http://", code.number(), code.name(), error.operation());
    assert!(error.to_string().starts_with(&start), "{error}\nis not\n{start}");
}

#[tokio::test]
async fn d1_a_premature_end_is_the_networks_and_names_its_stage() {
    let with = |octets: &'static str, stage, sentence: &'static str| {
        assert_failed_by(octets, ErrorCode::ConnectionError, stage, Blame::Network, sentence)
    };
    with("", Stage::FirstByte, "the peer closed the connection without sending a response").await;
    with("HTTP/1.1 2", Stage::Head, "the peer closed the connection before its response head was complete").await;
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello";
    with(short, Stage::Body, "the peer closed the connection 4 octets short of the announced Content-Length").await;
    let no_end = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    with(no_end, Stage::Body, "the peer closed the connection before the last chunk").await;
}

#[tokio::test]
async fn d1_a_bad_answer_is_the_peers() {
    let with = |octets: &'static str, stage, sentence: &'static str| {
        assert_failed_by(octets, ErrorCode::InvalidServerResponse, stage, Blame::Peer, sentence)
    };
    let line = "the response does not begin with a status line of HTTP/1.1 or an earlier version";
    with("220 mail.example ESMTP\r\n", Stage::Head, line).await;
    with("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Stage::Head, "a field line is malformed").await;
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n";
    with(chunk, Stage::Body, "a chunk size is not a hexadecimal number of at most 16 digits").await;
    let upgrade = "the peer switched protocols without having been asked to";
    with("HTTP/1.1 101 Switching Protocols\r\n\r\n", Stage::Head, upgrade).await;
}

#[tokio::test]
async fn d1_a_head_beyond_its_limits_is_the_peers() {
    let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(64 * 1024));
    let sentence = "the response head is larger than 65536 octets";
    assert_failed_by(large, ErrorCode::HeaderSizeOverflow, Stage::Head, Blame::Peer, sentence).await;
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(101));
    let sentence = "the response has more than 100 header fields";
    assert_failed_by(many, ErrorCode::HeaderCountExceeded, Stage::Head, Blame::Peer, sentence).await;
    let extension = "y".repeat(17 * 1024);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;{extension}\r\nx\r\n0\r\n\r\n");
    let sentence = "the chunk extensions are larger than 16384 octets";
    assert_failed_by(chunked, ErrorCode::ChunkedEncodingHeaderSizeOverflow, Stage::Body, Blame::Peer, sentence).await;
    let interims = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(11);
    let sentence = "more than 10 interim responses came before the final one";
    assert_failed_by(interims, ErrorCode::InvalidServerResponse, Stage::Head, Blame::Peer, sentence).await;
}

#[tokio::test]
async fn d5_a_head_keeps_its_octets_as_they_came() {
    let head = "HTTP/1.1 200 Fine  and\tDandy\r\nX-MiXeD: One\r\nb: 2\r\nx-mixed:\t two \r\nEmpty:\r\nContent-Length: 4\r\n\r\n";
    for split in [Split::Whole, Split::OneOctet, Split::EveryOffset(40)] {
        let scene = Scene::with(Script::answering(format!("{head}body")).split(split)).await;
        let request = scene.sent().await;
        let received = request.receive_response().await.unwrap();
        assert_eq!(received.raw(), head.as_bytes());
        assert_eq!(received.reason(), b"Fine  and\tDandy");
        let both: Vec<_> = received.headers().get_all("x-mixed").iter().collect();
        assert_eq!(both, ["One", "two"]);
        assert_eq!(received.headers().get("empty").unwrap(), "");
        assert_eq!(received.headers().get("missing"), None, "not an error");
        assert_eq!(read_all(&request).await.unwrap(), b"body");
        assert_eq!(request.head().unwrap().raw(), head.as_bytes(), "it is still there");
        scene.end().await;
    }
}

#[tokio::test]
async fn d5_a_head_may_have_no_reason_phrase() {
    for line in ["HTTP/1.1 204\r\n\r\n", "HTTP/1.1 204 \r\n\r\n"] {
        let scene = Scene::with(Script::answering(line)).await;
        let response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
        assert_eq!((response.head().reason(), &response.head().raw()[..]), (&b""[..], line.as_bytes()));
        drop(response);
        scene.end().await;
    }
}
