//! A crash of one WebSocket's actor, here by a stream of the caller's that panics (contract B.9).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hinternet::messages::ReceiveMessage;
use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::{DialOptions, ErrorCode, Session};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::ScriptedPeer;
use integration_tests::websocket::frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::place::{switching, url};

/// A TCP stream that panics when it reads `!!`.
struct Fragile(TcpStream);

impl AsyncRead for Fragile {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(context, buf);
        assert!(!buf.filled().ends_with(b"!!"), "a fault of the caller's");
        read
    }
}

impl AsyncWrite for Fragile {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl Stream for Fragile {}

#[derive(Debug)]
struct Dials;

impl Dialer for Dials {
    fn dial(&self, to: &Destination) -> Dialing {
        let address = to.address;
        Box::pin(async move { Ok(Box::new(Fragile(TcpStream::connect(address).await?)) as Box<dyn Stream>) })
    }
}

#[tokio::test]
async fn b9_a_crash_fails_what_is_in_flight_with_12004_closes_that_handle_and_no_other() {
    let fatal = switching().read_exactly(6 + 7).send(frame(0x81, "!!")).keep();
    let other = switching().read_exactly(6 + 7).send(frame(0x81, "hello")).keep();
    let peer = ScriptedPeer::start(vec![fatal, other]).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(DialOptions::default().dialer(Dials)));
    let websocket = session.websocket(&url(&peer)).unwrap().connect().await.unwrap();
    let sibling = session.websocket(&url(&peer)).unwrap().connect().await.unwrap();
    // The messages come in this order.
    let receiving = websocket.addr().send(ReceiveMessage::default());
    websocket.send("go on !").await.unwrap();
    let id = websocket.id();
    recorder.wait_for_closing(id).await;
    let error = recorder.failure(id, patiently("the receive", receiving).await.unwrap());
    assert_eq!(error.code(), ErrorCode::InternalError, "{error}");
    let told = recorder.trace_of(id);
    let last = ["ClosingConnection", "ConnectionClosed", "RequestError(WebSocketReceive, 12004)", "HandleClosing"];
    assert_eq!(told[told.len() - 4..], last);
    let gone = recorder.refusal(id, websocket.receive().await);
    assert!(gone.is_invalid_handle() && gone.to_string().contains("crashed"), "{gone}");
    peer.wait_for_end(0).await;
    sibling.send("go on !").await.unwrap();
    assert_eq!(sibling.receive().await.unwrap().as_text(), Some("hello"));
    drop((websocket, sibling));
    recorder.finish(session).await;
}
