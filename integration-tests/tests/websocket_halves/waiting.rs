//! Who waits at a half is woken, by everything that it waits for and by nothing else, whoever has held it up.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use futures_util::future::{Either, select};
use futures_util::{Sink, SinkExt, StreamExt};
use hinternet::{ErrorCode, Handle, MessageKind, MessagePart, WebSocketOptions};
use integration_tests::scripted_peer::{Script, Step};
use integration_tests::websocket::{close, frame};
use integration_tests::{Gate, patiently, poll_once};

use crate::place::Place;
use crate::{on_both_sides, on_its_thread, pinned};

/// More than any socket's buffers hold.
fn large() -> Vec<u8> {
    vec![b'x'; 32 << 20]
}

/// The header of a large frame.
const BEGINNING: usize = 14;

/// Another clone's send of something large is given up when it has begun, and holds up all that follows.
async fn with_a_send_given_up(place: &Place) {
    let head = place.peer.received(0).len();
    let begun = place.peer.wait_until(|all| all[0].received.len() >= head + BEGINNING);
    assert!(matches!(select(pin!(place.websocket.send(large())), pin!(begun)).await, Either::Right(_)));
    // The actor hears of it.
    tokio::task::yield_now().await;
}

#[test]
fn a_sink_behind_a_send_that_was_given_up_is_woken_when_there_is_room() {
    on_its_thread(|builder| async move {
        let reads_on = Gate::new();
        let after = |switched: Script| switched.read_exactly(BEGINNING).hold(&reads_on).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        with_a_send_given_up(&place).await;
        let sending = tokio::spawn(async move { (sink.send("behind".into()).await, sink) });
        // It waits.
        tokio::task::yield_now().await;
        assert!(!sending.is_finished());
        reads_on.open();
        let (sent, sink) = patiently("room", sending).await.unwrap();
        sent.unwrap();
        assert!(place.wait_for_frames(2).await == [(0x82, large()), (0x81, b"behind".to_vec())]);
        drop(sink);
        place.end().await;
    });
}

#[test]
fn what_a_sink_had_taken_before_a_cancel_goes_out_and_what_follows_is_not_mixed_with_it() {
    on_both_sides(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::keep).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        sink.feed(large().into()).await.unwrap();
        assert!(poll_once(pin!(sink.flush())).await.is_none());
        // Unsent as yet: it begins a message.
        pinned(&mut sink).start_send(MessagePart::new(MessageKind::TextFragment, "be")).unwrap();
        pinned(&mut sink).start_send("hind".into()).unwrap();
        let _pending = poll_once(pin!(sink.flush())).await;
        place.websocket.cancel();
        let error = place.failure(patiently("the cancel", sink.flush()).await);
        assert_eq!(error.code(), ErrorCode::OperationCancelled);
        patiently("the end of it", sink.flush()).await.unwrap();
        patiently("room", sink.send("after".into())).await.unwrap();
        let frames = place.wait_for_frames(4).await;
        let small: Vec<_> = frames[1..].iter().map(|(first, octets)| (*first, &octets[..])).collect();
        assert!(frames[0] == (0x82, large()));
        assert_eq!(small, [(0x01, &b"be"[..]), (0x80, b"hind"), (0x81, b"after")]);
        drop(sink);
        place.end().await;
    });
}

#[test]
fn the_end_of_the_handle_is_told_to_a_sink_that_waits_for_room() {
    on_its_thread(|builder| async move {
        let stops = |switched: Script| switched.read_exactly(BEGINNING).step(Step::StopReading);
        let place = Place::of(builder(), WebSocketOptions::default(), stops).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        let mut second = place.websocket.clone().split().0;
        with_a_send_given_up(&place).await;
        let waits = tokio::spawn(async move { sink.feed("never".into()).await });
        let also_waits = tokio::spawn(async move { second.feed("never".into()).await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished() && !also_waits.is_finished());
        Handle::close(&place.websocket).await.unwrap();
        for task in [waits, also_waits] {
            assert!(patiently("its end", task).await.unwrap().unwrap_err().is_invalid_handle());
        }
        place.end().await;
    });
}

#[test]
fn a_piece_behind_a_frame_that_is_half_sent_waits_for_its_end() {
    on_its_thread(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::keep).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        poll_fn(|context| pinned(&mut sink).poll_ready(context)).await.unwrap();
        with_a_send_given_up(&place).await;
        pinned(&mut sink).start_send("behind".into()).unwrap();
        patiently("the flush", sink.flush()).await.unwrap();
        let frames = place.wait_for_frames(2).await;
        assert!(frames == [(0x82, large()), (0x81, b"behind".to_vec())]);
        drop(sink);
        place.end().await;
    });
}

#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_flush_that_is_held_up_does_not_wake_itself() {
    on_its_thread(|builder| async move {
        let stops = |switched: Script| switched.step(Step::StopReading);
        let place = Place::of(builder(), WebSocketOptions::default(), stops).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        sink.feed(large().into()).await.unwrap();
        let counting = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&counting));
        for _ in 0..10 {
            assert!(pinned(&mut sink).poll_flush(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(counting.0.load(Ordering::Relaxed), 0);
        }
        place.websocket.cancel();
        place.failure(patiently("the flush", sink.flush()).await);
        assert_eq!(counting.0.load(Ordering::Relaxed), 0, "another task waits now");
        drop(sink);
        place.end().await;
    });
}

#[test]
fn what_a_sink_took_on_the_thread_of_the_wire_goes_out_when_it_is_dropped_on_another() {
    on_its_thread(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::keep).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        poll_fn(|context| pinned(&mut sink).poll_ready(context)).await.unwrap();
        pinned(&mut sink).start_send("goes out".into()).unwrap();
        std::thread::spawn(move || drop(sink)).join().unwrap();
        assert_eq!(place.wait_for_frames(1).await, [(0x81, b"goes out".to_vec())]);
        place.end().await;
    });
}

#[test]
fn what_came_for_a_stream_that_was_dropped_is_the_next_ones() {
    on_its_thread(|builder| async move {
        let after = |switched: Script| {
            switched.read_exactly(6 + 2).send(frame(0x81, "one")).read_exactly(6 + 2).send(frame(0x81, "two")).keep()
        };
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let id = place.websocket.id();
        let (mut sink, mut first) = place.websocket.clone().split();
        assert!(poll_once(pin!(first.next())).await.is_none());
        sink.send("go".into()).await.unwrap();
        place.recorder.wait_for_status(id, "WebSocketReadComplete").await;
        drop(first);
        let mut second = place.websocket.clone().split().1;
        assert_eq!(patiently("it", second.next()).await.unwrap().unwrap().as_text(), Some("one"));
        assert!(poll_once(pin!(second.next())).await.is_none());
        drop(second);
        // What ended that is nobody's, and nothing is in flight any more.
        let mut third = place.websocket.clone().split().1;
        assert!(poll_once(pin!(third.next())).await.is_none());
        sink.send("go".into()).await.unwrap();
        assert_eq!(patiently("it", third.next()).await.unwrap().unwrap().as_text(), Some("two"));
        drop((sink, third));
        place.end().await;
    });
}

#[test]
fn a_refused_piece_is_told_when_what_went_before_it_is_through() {
    const COUNT: usize = 400;
    on_both_sides(|builder| async move {
        let reads_on = Gate::new();
        let after = |switched: Script| switched.read_exactly(BEGINNING).hold(&reads_on).keep();
        let mut options = WebSocketOptions::default();
        // There is room for all of it.
        options.write_queue = 2 * large().len();
        let place = Place::of(builder(), options, after).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        let piece = vec![b'x'; 1 << 15];
        for _ in 0..COUNT {
            sink.feed(piece.clone().into()).await.unwrap();
        }
        let not_text = MessagePart::new(MessageKind::Text, &b"\xff"[..]);
        // On the thread of the wire it is known at once.
        let refused = pinned(&mut sink).start_send(not_text);
        let mut flush = Box::pin(sink.flush());
        for _ in 0..100 {
            assert!(poll_once(flush.as_mut()).await.is_none(), "what went before is not through");
            tokio::task::yield_now().await;
        }
        reads_on.open();
        let error = refused.and(patiently("the flush", flush).await).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
        patiently("the flush", sink.flush()).await.unwrap();
        place.websocket.send("after").await.unwrap();
        // All before it is through: nothing else is looked for until then.
        place.peer.wait_until(|all| all[0].received.len() > COUNT * piece.len() + COUNT * 8).await;
        let frames = place.wait_for_frames(COUNT + 1).await;
        assert!(frames[..COUNT].iter().all(|frame| *frame == (0x82, piece.clone())));
        assert!(frames[COUNT..] == [(0x81, b"after".to_vec())]);
        drop(sink);
        place.end().await;
    });
}

#[test]
fn what_waits_behind_a_frame_when_the_server_closes_is_told_of_and_the_frame_goes_out() {
    on_its_thread(|builder| async move {
        let reads_on = Gate::new();
        let after =
            |switched: Script| switched.read_exactly(BEGINNING).send(close(1001, "away")).hold(&reads_on).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        sink.feed(large().into()).await.unwrap();
        pinned(&mut sink).start_send("never".into()).unwrap();
        assert!(poll_once(pin!(sink.flush())).await.is_none());
        assert!(patiently("the end", stream.next()).await.is_none());
        let error = place.failure(patiently("the failure", sink.flush()).await);
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        reads_on.open();
        patiently("the frame", sink.flush()).await.unwrap();
        let frames = place.wait_for_frames(2).await;
        assert!(frames == [(0x82, large()), (0x88, b"\x03\xe9".to_vec())]);
        drop((sink, stream));
        place.end().await;
    });
}
