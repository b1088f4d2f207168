//! RFC 9113 5.2: bodies through windows, both ways at the same time, and read in whatever portions.

use hinternet::{Bytes, Http2Options, Method, SessionBuilder};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Settings, builder};
use integration_tests::http2_peer::Kind;
use integration_tests::origin::Reply;
use integration_tests::scene::read_all;
use integration_tests::{Gate, dropped_after, patiently};

/// As little as a client may take.
fn narrow() -> SessionBuilder {
    let mut http2 = Http2Options::default();
    (http2.stream_window, http2.connection_window, http2.adaptive_window) = (65_535, 65_535, false);
    builder().http2(http2)
}

fn content(octets: usize) -> Bytes {
    (0..octets).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>().into()
}

#[tokio::test]
async fn rfc9113_5_2_a_large_body_comes_through_a_small_window() {
    let whole = content(3 << 20);
    let sent = whole.clone();
    let scene = Http2Scene::of(Http2Origin::start(move |_| Reply::ok(sent.clone()).into()).await, narrow());
    let request = scene.reading("/").await;
    assert!(patiently("the body", read_all(&request)).await.unwrap() == whole);
    let [wire] = &scene.origin.wires()[..] else { panic!("one wire") };
    assert!(wire.frames.iter().any(|frame| frame.kind == Kind::WindowUpdate && frame.stream == 1));
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_5_2_a_body_that_nobody_reads_stops_at_its_window() {
    let far = Gate::new();
    let come = far.clone();
    let origin = Http2Origin::start(move |request| match request.path() {
        // Three windows, and a word when they went out: they cannot, until somebody reads.
        "/large" => Answer::in_parts().piece(vec![b'x'; 3 * 65_535]).signal(&come),
        _ => Reply::ok("ok").into(),
    })
    .await;
    let mut http2 = Http2Options::default();
    (http2.stream_window, http2.adaptive_window) = (65_535, false);
    let scene = Http2Scene::of(origin, builder().http2(http2));
    let request = scene.reading("/large").await;
    // Ten round trips on the same wire, and all of them after the window was full or filling.
    for _ in 0..10 {
        assert_eq!(scene.text("/small").await.unwrap(), "ok");
    }
    assert!(!far.is_open(), "more was sent than a window holds");
    let wires = scene.origin.wires();
    assert!(!wires[0].frames.iter().any(|frame| frame.kind == Kind::WindowUpdate && frame.stream == 1));
    assert_eq!(read_all(&request).await.unwrap().len(), 3 * 65_535);
    far.passed().await;
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_5_2_a_large_body_goes_up_through_a_small_window() {
    let settings = Settings::new().stream_window(1000).connection_window(65_535);
    let origin = Http2Origin::with(settings, |request| Reply::ok(request.body.len().to_string()).into()).await;
    let scene = Http2Scene::of(origin, builder());
    // The window is known from here on: what is sent before the server's settings have come goes by the RFC's own.
    assert_eq!(scene.text("/").await.unwrap(), "0");
    let request = scene.request(Method::POST, "/");
    patiently("the send", request.send(vec![b'x'; 300_000])).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"300000");
    assert!(scene.origin.wires()[0].data(3).iter().all(|length| *length <= 1000));
    scene.end().await;
}

#[tokio::test]
async fn b11_reads_give_what_they_were_asked_for() {
    let scene =
        Http2Scene::with(|_| Reply::new(200).chunked(["hello, ", "wide and ", "wonderful ", "world"]).into()).await;
    let request = scene.reading("/").await;
    assert_eq!(request.read_exact(12).await.unwrap(), "hello, wide ");
    // In how many pieces the rest comes is the wire's; that nothing of it is lost is ours.
    let some = request.read_at_most(3).await.unwrap();
    assert!((1..=3).contains(&some.len()));
    let announced = request.query_data_available().await.unwrap();
    let piece = request.read().await.unwrap();
    assert!(announced > 0 && piece.len() as u64 == announced);
    let rest = read_all(&request).await.unwrap();
    assert_eq!([&some[..], &piece, &rest].concat(), b"and wonderful world");
    assert_eq!(request.query_data_available().await.unwrap(), 0);
    assert_eq!(request.read().await.unwrap(), "");
    scene.end().await;
}

#[tokio::test]
async fn b6_a_read_that_is_dropped_at_any_poll_loses_nothing() {
    let whole = content(100_000);
    let sent = whole.clone();
    let scene =
        Http2Scene::with(move |_| Reply::new(200).chunked(sent.chunks(777).map(Bytes::copy_from_slice)).into()).await;
    let request = scene.reading("/").await;
    let mut read = Vec::new();
    for polls in (0..8).cycle() {
        // A call that began and was given up has told its end: what it had read is there for the next.
        if let Some(piece) = dropped_after(polls, request.read_at_most(1000)).await {
            let piece = piece.unwrap();
            if piece.is_empty() {
                break;
            }
            read.extend_from_slice(&piece);
        }
    }
    assert!(read == whole, "{} octets of {}", read.len(), whole.len());
    scene.end().await;
}
