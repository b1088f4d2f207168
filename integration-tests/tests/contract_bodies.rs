//! The forms of a body, out and in (contract B.11).

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hinternet::{ErrorCode, Handle, HeaderMap, HeaderValue, Method, Payload, Request, Session, Stage};
use integration_tests::origin::Origin;
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all, sending};
use integration_tests::scripted_peer::{Script, Split};
use integration_tests::{Gate, patiently};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

async fn answered(request: &Request) {
    assert_eq!(patiently("the response", request.receive_response()).await.unwrap().status(), 200);
    assert_eq!(read_all(request).await.unwrap(), b"hello");
}

/// What the peer got of the first request: framing and body.
fn got(scene: &Scene) -> (Option<String>, Option<String>, Bytes) {
    let request = scene.peer.requests().remove(0);
    let field = |name: &str| request.field(name).map(str::to_owned);
    (field("content-length"), field("transfer-encoding"), request.body.clone())
}

fn with_length(length: usize, body: &'static str) -> (Option<String>, Option<String>, Bytes) {
    (Some(length.to_string()), None, body.into())
}

fn chunked(body: &'static str) -> (Option<String>, Option<String>, Bytes) {
    (None, Some("chunked".to_owned()), body.into())
}

#[tokio::test]
async fn b11_an_empty_body_is_announced_only_where_one_could_be_expected() {
    for (method, length) in
        [(Method::GET, None), (Method::DELETE, None), (Method::POST, Some("0")), (Method::PUT, Some("0"))]
    {
        let scene = Scene::with(Script::answering(HELLO)).await;
        let request = scene.request(method);
        request.send(Payload::empty()).await.unwrap();
        answered(&request).await;
        assert_eq!(got(&scene), (length.map(str::to_owned), None, Bytes::new()));
        scene.end().await;
    }
}

#[tokio::test]
async fn b11_bytes_go_out_with_their_length() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    request.send("some octets").await.unwrap();
    answered(&request).await;
    assert_eq!(got(&scene), with_length(11, "some octets"));
    scene.end().await;
}

#[tokio::test]
async fn b11_begin_announces_a_total_that_writes_make_up() {
    for (first, writes) in [("", &["abc", "def"][..]), ("abc", &["def"]), ("abcdef", &[]), ("a", &["", "bcde", "f"])] {
        let scene = Scene::with(Script::answering(HELLO)).await;
        let request = scene.request(Method::POST);
        request.send(Payload::begin(first, 6)).await.unwrap();
        for piece in writes {
            request.write(*piece).await.unwrap();
        }
        answered(&request).await;
        assert_eq!(got(&scene), with_length(6, "abcdef"), "{first:?} {writes:?}");
        scene.end().await;
    }
}

#[tokio::test]
async fn b11_a_write_beyond_the_total_is_refused_with_87_and_nothing_of_it_is_written() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    request.send(Payload::begin("ab", 4)).await.unwrap();
    for _ in 0..2 {
        let error = scene.recorder.refusal(request.id(), request.write("xyz").await);
        assert_eq!(error.code(), ErrorCode::InvalidParameter);
    }
    request.write("cd").await.unwrap();
    answered(&request).await;
    assert_eq!(got(&scene), with_length(4, "abcd"));
    scene.end().await;
}

#[tokio::test]
async fn b11_a_response_cannot_be_received_before_the_total_is_written() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    request.send(Payload::begin("ab", 4)).await.unwrap();
    let error = scene.recorder.refusal(request.id(), request.receive_response().await);
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    assert!(error.to_string().contains("2 octets short"), "{error}");
    request.write("cd").await.unwrap();
    answered(&request).await;
    scene.end().await;
}

#[tokio::test]
async fn b11_a_content_length_that_differs_from_the_total_is_refused_with_87_before_anything_is_sent() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    request.add_header("content-length", "4").unwrap();
    for payload in [Payload::bytes("abc"), Payload::begin("ab", 5), Payload::empty(), Payload::chunked()] {
        let error = scene.recorder.refusal(request.id(), request.send(payload).await);
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
    }
    assert_eq!(scene.peer.connections(), 0);
    request.send("four").await.unwrap();
    answered(&request).await;
    assert_eq!(got(&scene), with_length(4, "four"));
    scene.end().await;
}

#[tokio::test]
async fn b11_a_chunked_body_ends_with_finish_and_its_trailers_or_with_receive_response() {
    for trailers in [None, Some("sum")] {
        let scene = Scene::with(Script::answering(HELLO)).await;
        let request = scene.request(Method::POST);
        request.send(Payload::chunked()).await.unwrap();
        for piece in ["one, ", "", "two"] {
            request.write(piece).await.unwrap();
        }
        if let Some(name) = trailers {
            let mut fields = HeaderMap::new();
            fields.insert(name, HeaderValue::from_static("8"));
            request.finish(fields).await.unwrap();
        }
        answered(&request).await;
        assert_eq!(got(&scene), chunked("one, two"));
        let expected: Vec<_> = trailers.map(|name| (name.to_owned(), "8".to_owned())).into_iter().collect();
        assert_eq!(scene.peer.requests()[0].trailers, expected);
        scene.end().await;
    }
}

#[tokio::test]
async fn b11_a_field_that_may_not_be_a_trailer_is_refused_with_87_and_the_body_goes_on() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    for name in ["content-length", "transfer-encoding", "host", "authorization", "content-type"] {
        let mut fields = HeaderMap::new();
        fields.insert(name, HeaderValue::from_static("1"));
        let error = scene.recorder.refusal(request.id(), request.finish(fields).await);
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name}");
    }
    request.write("body").await.unwrap();
    answered(&request).await;
    assert_eq!(got(&scene), chunked("body"));
    scene.end().await;
}

#[tokio::test]
async fn b11_a_stream_goes_out_chunked_and_its_error_fails_the_send() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    let pieces = stream::iter(["a", "", "bc"]).map(|piece| Ok::<_, io::Error>(Bytes::from_static(piece.as_bytes())));
    request.send(Payload::stream(pieces)).await.unwrap();
    answered(&request).await;
    assert_eq!(got(&scene), chunked("abc"));

    let failing = stream::iter([Ok(Bytes::from_static(b"a")), Err(io::Error::other("the tap ran dry"))]);
    let error = scene.recorder.failure(request.id(), request.send(Payload::stream(failing)).await);
    assert_eq!((error.stage(), error.blame()), (Stage::SendBody, hinternet::Blame::Caller));
    assert!(error.to_string().contains("the tap ran dry"), "{error}");
    scene.peer.wait_for_end(0).await;
    request.send(()).await.unwrap();
    answered(&request).await;
    scene.end().await;
}

#[tokio::test]
async fn b11_a_stream_is_polled_at_the_peers_pace() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_head().hold(&gate).send(HELLO).keep()).await;
    let request = scene.request(Method::POST);
    let given = Arc::new(Mutex::new(0));
    let count = Arc::clone(&given);
    let total = 1024;
    let pieces = stream::iter(0..total).map(move |_| {
        *count.lock().unwrap() += 1;
        Ok::<_, io::Error>(Bytes::from(vec![b'x'; 1 << 16]))
    });
    let call = sending(&request, Payload::stream(pieces));
    scene.peer.wait_for_octets(0, 1).await;
    // No event tells that nothing more happens: that all of it did not fit while nobody read is what is asserted.
    assert!(*given.lock().unwrap() < total);
    gate.open();
    patiently("the send", call).await.unwrap().unwrap();
    assert_eq!(*given.lock().unwrap(), total);
    answered(&request).await;
    scene.end().await;
}

#[tokio::test]
async fn b11_a_file_goes_out_with_its_length_and_a_missing_one_is_refused() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("b11_body");
    std::fs::write(&path, "the file's content").unwrap();
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::PUT);
    request.send(Payload::file(&path)).await.unwrap();
    answered(&request).await;
    assert_eq!(got(&scene), with_length(18, "the file's content"));

    let missing = path.with_extension("missing");
    let error = scene.recorder.failure(request.id(), request.send(Payload::file(&missing)).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, hinternet::Blame::Caller));
    assert_eq!(scene.peer.requests().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn b11_send_with_replaces_headers_of_the_same_name_and_the_context_unless_it_is_0() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::GET).context(5);
    request.add_header("x-own", "old").unwrap();
    request.add_header("x-kept", "kept").unwrap();
    let mut headers = HeaderMap::new();
    headers.append("x-own", HeaderValue::from_static("new"));
    headers.append("x-own", HeaderValue::from_static("newer"));
    request.send_with(headers, (), 0).await.unwrap();
    assert_eq!(Handle::context(&request), 5);
    answered(&request).await;
    request.send_with(HeaderMap::new(), (), 9).await.unwrap();
    assert_eq!(Handle::context(&request), 9);
    answered(&request).await;

    let sent = scene.peer.requests();
    assert_eq!((sent[0].fields_named("x-own"), sent[0].field("x-kept")), (vec!["new", "newer"], Some("kept")));
    assert_eq!(sent[1].fields_named("x-own"), ["old"], "only for that send");
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(request.id()).await;
    let of_sends = scene.recorder.of(request.id()).into_iter().filter(|one| one.name() == "SendingRequest");
    assert_eq!(of_sends.map(|one| one.context).collect::<Vec<_>>(), [5, 9]);
    scene.end().await;
}

#[tokio::test]
async fn b11_after_a_query_the_read_gives_exactly_that_much() {
    let body = "x".repeat(300);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for split in [Split::Whole, Split::Twenty, Split::OneOctet, Split::Seeded(1), Split::EveryOffset(60)] {
        let scene = Scene::with(Script::answering(answer.clone()).split(split)).await;
        let request = scene.reading().await;
        let mut total = 0;
        loop {
            let announced = request.query_data_available().await.unwrap();
            assert_eq!(request.query_data_available().await.unwrap(), announced, "asking again changes nothing");
            let piece = request.read().await.unwrap();
            assert_eq!(piece.len() as u64, announced);
            total += piece.len();
            if announced == 0 {
                break;
            }
        }
        assert_eq!(total, body.len(), "{split:?}");
        assert_eq!(request.read().await.unwrap(), "", "the end stays the end");
        scene.end().await;
    }
}

#[tokio::test]
async fn b11_read_at_most_and_read_exact_keep_their_word_and_leave_the_rest() {
    let answer =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n4\r\nijkl\r\n0\r\n\r\n";
    for split in [Split::Whole, Split::OneOctet, Split::Twenty] {
        let scene = Scene::with(Script::answering(answer).split(split)).await;
        let request = scene.reading().await;
        assert_eq!(request.read_exact(6).await.unwrap(), "abcdef");
        assert_eq!(request.read_at_most(1).await.unwrap(), "g");
        assert_eq!(request.query_data_available().await.unwrap(), 1);
        assert_eq!(request.read_at_most(100).await.unwrap(), "h", "what was announced");
        assert_eq!(request.read_exact(100).await.unwrap(), "ijkl", "fewer only at the end");
        assert_eq!(request.read_exact(1).await.unwrap(), "");
        assert_eq!(request.query_data_available().await.unwrap(), 0);
        scene.end().await;
    }
}

#[tokio::test]
async fn b11_the_paved_path_takes_whole_bodies_only() {
    let origin = Origin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    for payload in [Payload::begin("a", 2), Payload::chunked()] {
        let result = session.post(origin.url("/")).unwrap().body(payload).send().await;
        assert_eq!(recorder.refusal(session.id(), result).code(), ErrorCode::InvalidParameter);
    }
    let big = vec![b'x'; 3 << 20];
    let body =
        stream::iter(big.chunks(100_000).map(Bytes::copy_from_slice).collect::<Vec<_>>()).map(Ok::<_, io::Error>);
    let response = session.post(origin.url("/")).unwrap().body(Payload::stream(body)).send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), big);
    recorder.finish(session).await;
}
