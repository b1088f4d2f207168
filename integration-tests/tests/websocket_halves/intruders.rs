//! Code of the caller's that runs while a half is at work: wakers that do more than to wake, octets whose drop calls back, and streams that
//! panic.

use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::{DialOptions, ErrorCode, WebSocketOptions, WebSocketSink, WebSocketStream};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{WebSocketOrigin, frame};
use integration_tests::{patiently, poll_once};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::place::{Place, switching, url};
use crate::{on_both_sides, on_its_thread, pinned};

type Halves = Arc<Mutex<Option<(WebSocketSink, WebSocketStream)>>>;

/// Uses both halves at once, on whatever thread and inside whatever call.
fn intrude(halves: &Halves) {
    // Not while the test itself has them.
    let Ok(mut halves) = halves.try_lock() else { return };
    if let Some((sink, stream)) = &mut *halves {
        let _refused = sink.feed("intruder".into()).now_or_never();
        let _nothing = stream.next().now_or_never();
        let _flushed = sink.flush().now_or_never();
    }
}

/// Octets that call back when they are dropped.
struct Intruding(Halves, Arc<AtomicUsize>);

impl AsRef<[u8]> for Intruding {
    fn as_ref(&self) -> &[u8] {
        b"octets of the program"
    }
}

impl Drop for Intruding {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
        intrude(&self.0);
    }
}

#[test]
fn octets_that_call_back_when_they_are_dropped_find_no_door_open_and_nothing_breaks() {
    on_both_sides(|builder| async move {
        let origin = WebSocketOrigin::echo().await;
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        let websocket = session.websocket(&origin.url()).unwrap().connect().await.unwrap();
        let (inner_sink, inner_stream) = websocket.clone().split();
        let halves: Halves = Arc::new(Mutex::new(Some((inner_sink, inner_stream))));
        let dropped = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let octets = Bytes::from_owner(Intruding(Arc::clone(&halves), Arc::clone(&dropped)));
            let (mut outer, stream) = halves.lock().unwrap().take().unwrap();
            *halves.lock().unwrap() = Some((websocket.clone().split().0, stream));
            patiently("the send", outer.send(octets.into())).await.unwrap();
            let (other, stream) = halves.lock().unwrap().take().unwrap();
            drop(other);
            *halves.lock().unwrap() = Some((outer, stream));
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 5);
        drop((halves.lock().unwrap().take(), websocket));
        recorder.finish(session).await;
    });
}

/// A waker that polls the halves in place of their task.
struct Meddler(Halves, AtomicUsize);

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::Relaxed);
        intrude(&self.0);
    }
}

#[test]
fn a_waker_that_calls_back_breaks_nothing() {
    on_its_thread(|builder| async move {
        let after = |switched: Script| switched.send([frame(0x81, "one"), frame(0x81, "two")].concat()).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (sink, mut stream) = place.websocket.clone().split();
        let halves: Halves = Arc::default();
        let meddler = Arc::new(Meddler(Arc::clone(&halves), AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&meddler));
        let mut context = Context::from_waker(&waker);
        let polled = futures_util::Stream::poll_next(pinned(&mut stream), &mut context);
        *halves.lock().unwrap() = Some((sink, stream));
        if polled.is_pending() {
            let id = place.websocket.id();
            place.recorder.wait_for_status(id, "WebSocketReadComplete").await;
        }
        // What it fed goes out, and the halves are as good as ever.
        let (mut sink, stream) = halves.lock().unwrap().take().unwrap();
        patiently("the flush", sink.flush()).await.unwrap();
        let sent = 1 + meddler.1.load(Ordering::Relaxed);
        sink.send("after all".into()).await.unwrap();
        assert_eq!(place.wait_for_frames(sent).await.last().unwrap().1, b"after all");
        drop((sink, stream));
        place.end().await;
    });
}

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

#[test]
fn b9_a_crash_while_a_half_is_polled_closes_that_handle_and_no_other() {
    on_its_thread(|builder| async move {
        let fatal = switching().read_exactly(6 + 7).send(frame(0x81, "!!")).keep();
        let other = switching().read_exactly(6 + 7).send(frame(0x81, "hello")).keep();
        let peer = ScriptedPeer::start(vec![fatal, other]).await;
        let recorder = Recorder::start();
        let session = recorder.session(builder().dial(DialOptions::default().dialer(Dials)));
        let (mut sink, mut stream) = session.websocket(&url(&peer)).unwrap().connect().await.unwrap().split();
        let sibling = session.websocket(&url(&peer)).unwrap().connect().await.unwrap();
        let id = sink.websocket().id();
        sink.send("go on !".into()).await.unwrap();
        // By the half's poll or by the actor's turn, whichever is first.
        let task = actix::spawn(async move {
            let item = stream.next().await;
            (item, stream)
        });
        patiently("the end", recorder.wait_for_closing(id)).await;
        if let Ok((item, _stream)) = task.await {
            let error = recorder.failure(id, item.unwrap());
            assert_eq!(error.code(), ErrorCode::InternalError, "{error}");
        }
        let told = recorder.trace_of(id);
        assert_eq!(told[told.len() - 2..], ["RequestError(WebSocketReceive, 12004)", "HandleClosing"]);
        let gone = recorder.refusal(id, sink.send("late".into()).await);
        assert!(gone.is_invalid_handle() && gone.to_string().contains("crashed"), "{gone}");
        sibling.send("go on !").await.unwrap();
        assert_eq!(sibling.receive().await.unwrap().as_text(), Some("hello"));
        drop((sink, sibling));
        recorder.finish(session).await;
    });
}

#[test]
fn a_half_polled_by_nobody_holds_up_nobody() {
    on_its_thread(|builder| async move {
        let after = |switched: Script| switched.send(frame(0x81, "for the clone")).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (sink, mut stream) = place.websocket.clone().split();
        let first = poll_once(pin!(stream.next())).await;
        let message = match first {
            Some(item) => item.unwrap().unwrap(),
            None => patiently("a message", stream.next()).await.unwrap().unwrap(),
        };
        assert_eq!(message.as_text(), Some("for the clone"));
        place.websocket.send("and back").await.unwrap();
        drop((sink, stream));
        place.end().await;
    });
}
