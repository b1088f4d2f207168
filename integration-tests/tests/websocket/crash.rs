//! A crash of one WebSocket's actor, here by a stream of the caller's that panics (contract B.9).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::{DialOptions, ErrorCode, Session, WebSocketOptions};
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::frame;
use integration_tests::{Gate, patiently};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::place::{Place, url};

/// A TCP stream that panics when it is read, once it is told to.
struct Fragile {
    stream: TcpStream,
    breaks: Arc<AtomicBool>,
}

impl AsyncRead for Fragile {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        assert!(!self.breaks.swap(false, Ordering::SeqCst), "a fault of the caller's");
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl AsyncWrite for Fragile {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Stream for Fragile {}

/// The first stream is the fragile one: any other might be read first.
#[derive(Debug)]
struct Dials(Arc<AtomicBool>, AtomicBool);

impl Dials {
    fn once(breaks: &Arc<AtomicBool>) -> Self {
        Self(Arc::clone(breaks), AtomicBool::new(false))
    }
}

impl Dialer for Dials {
    fn dial(&self, to: &Destination) -> Dialing {
        let is_first = !self.1.swap(true, Ordering::SeqCst);
        let breaks = if is_first { Arc::clone(&self.0) } else { Arc::default() };
        let address = to.address;
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            Ok(Box::new(Fragile { stream, breaks }) as Box<dyn Stream>)
        })
    }
}

#[tokio::test]
async fn b9_a_crash_closes_that_handle_and_no_other() {
    let (breaks, speak) = (Arc::new(AtomicBool::new(false)), Gate::new());
    let builder = Session::builder().dial(DialOptions::default().dialer(Dials::once(&breaks)));
    let after = |script: Script| script.hold(&speak).send(frame(0x81, "hello")).keep();
    let place = Place::of(builder, WebSocketOptions::default(), after).await;
    let sibling = place.session.websocket(&url(&place.peer)).unwrap().connect().await.unwrap();
    breaks.store(true, Ordering::SeqCst);
    // Whatever makes it look at its stream.
    place.websocket.cancel();
    place.recorder.wait_for_closing(place.websocket.id()).await;
    assert!(!breaks.load(Ordering::SeqCst), "it broke");
    let gone = place.refusal(place.websocket.receive().await);
    assert!(gone.is_invalid_handle() && gone.to_string().contains("crashed"), "{gone}");
    speak.open();
    assert_eq!(sibling.receive().await.unwrap().as_text(), Some("hello"));
    place.peer.wait_for_end(0).await;
    drop(sibling);
    place.end().await;
}

#[tokio::test]
async fn b9_a_crash_fails_what_is_in_flight_with_12004_once() {
    let (breaks, speak) = (Arc::new(AtomicBool::new(false)), Gate::new());
    let builder = Session::builder().dial(DialOptions::default().dialer(Dials::once(&breaks)));
    let after = |script: Script| script.hold(&speak).send(frame(0x81, "hello")).keep();
    let place = Place::of(builder, WebSocketOptions::default(), after).await;
    let receiving = place.receiving().await;
    breaks.store(true, Ordering::SeqCst);
    speak.open();
    let error = place.failure(patiently("the receive", receiving).await.unwrap());
    assert_eq!(error.code(), ErrorCode::InternalError, "{error}");
    place.recorder.wait_for_closing(place.websocket.id()).await;
    let names = place.recorder.names(place.websocket.id());
    assert_eq!(names[names.len() - 4..], ["ClosingConnection", "ConnectionClosed", "RequestError", "HandleClosing"]);
    place.end().await;
}
