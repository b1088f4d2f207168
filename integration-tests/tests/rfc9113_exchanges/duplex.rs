//! Contract B.10: over HTTP/2 one call that sends and one that receives may overlap.

use std::io;

use futures_util::{Stream, stream};
use hinternet::{Bytes, Http2Options, Method, Payload, Request, SessionBuilder};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Settings, builder};
use integration_tests::patiently;
use integration_tests::scene::{read_all, sending};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// As little as a client may take.
fn narrow() -> SessionBuilder {
    let mut http2 = Http2Options::default();
    (http2.stream_window, http2.connection_window, http2.adaptive_window) = (65_535, 65_535, false);
    builder().http2(http2)
}

fn content(octets: usize) -> Bytes {
    (0..octets).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>().into()
}

/// A server that answers each piece as it comes: the recorder is told that sending and receiving may overlap.
async fn echoing() -> Http2Scene {
    let settings = Settings::new().stream_window(10_000).connection_window(65_535).at_head(|_| Some(Answer::echo()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Answer::echo()).await, narrow());
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// An echo of a stream that is being sent, with its head.
async fn echo(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> (Http2Scene, Request, JoinHandle<hinternet::Result<()>>) {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/");
    let sending = sending(&request, Payload::stream(pieces));
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    patiently("the head", request.receive_response()).await.unwrap();
    (scene, request, sending)
}

/// A body that a test gives piece by piece.
fn spoken() -> (mpsc::UnboundedSender<io::Result<Bytes>>, impl Stream<Item = io::Result<Bytes>> + Send + 'static) {
    let (say, said) = mpsc::unbounded_channel::<io::Result<Bytes>>();
    (say, stream::unfold(said, async |mut said| Some((said.recv().await?, said))))
}

#[tokio::test]
async fn b10_each_message_is_answered_before_the_next_is_sent() {
    let (say, pieces) = spoken();
    let (scene, request, sending) = echo(pieces).await;
    for n in 0..10 {
        let message = Bytes::from(format!("message {n}"));
        say.send(Ok(message.clone())).unwrap();
        assert_eq!(patiently("the echo", request.read_exact(message.len())).await.unwrap(), message);
    }
    drop(say);
    assert_eq!(patiently("the end", read_all(&request)).await.unwrap(), b"");
    patiently("the send", sending).await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test]
async fn b10_more_than_any_window_holds_is_under_way_both_ways() {
    let whole = content(1 << 20);
    let pieces: Vec<_> = whole.chunks(50_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let (scene, request, sending) = echo(stream::iter(pieces)).await;
    assert!(patiently("the echo", read_all(&request)).await.unwrap() == whole);
    patiently("the send", sending).await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test]
async fn b10_the_paved_path_gives_the_response_while_its_request_is_still_being_sent() {
    let scene = echoing().await;
    let (say, pieces) = spoken();
    let call = scene.session.post(scene.origin.url("/")).unwrap().body(Payload::stream(pieces)).send();
    let mut response = patiently("the head", call).await.unwrap();
    assert_eq!(response.status(), 200);
    for n in 0..10 {
        let message = Bytes::from(format!("message {n}"));
        say.send(Ok(message.clone())).unwrap();
        let mut echoed = Vec::new();
        while echoed.len() < message.len() {
            echoed.extend_from_slice(&patiently("the echo", response.chunk()).await.unwrap().unwrap());
        }
        assert_eq!(echoed, message);
    }
    drop(say);
    assert_eq!(patiently("the end", response.chunk()).await.unwrap(), None);
    let request = response.handle().clone();
    scene.recorder.wait_for_status(request.id(), "SendRequestComplete").await;
    scene.recorder.wait_for_status(request.id(), "WireReleased").await;
    drop((response, request));
    scene.end().await;
}
