//! How halves end: by a closing handshake from either side, by a loss, and with a handle above.

use std::pin::pin;

use futures_util::future::{Either, select};
use futures_util::{SinkExt, StreamExt};
use hinternet::{ErrorCode, Handle, WebSocketOptions};
use integration_tests::scripted_peer::{Script, Step};
use integration_tests::websocket::{close, frame};
use integration_tests::{patiently, poll_once};

use crate::on_both_sides;
use crate::place::Place;

#[test]
fn a_sink_that_is_closed_says_so_and_the_stream_ends_with_the_servers_close() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| {
            switched.read_until(&b"\x88"[..]).send([frame(0x81, "last"), close(1000, "bye")].concat()).keep()
        };
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        sink.feed("and out".into()).await.unwrap();
        patiently("the close", sink.close()).await.unwrap();
        sink.close().await.unwrap();
        place.out_of_order(sink.send("late".into()).await);
        assert_eq!(patiently("the last", stream.next()).await.unwrap().unwrap().as_text(), Some("last"));
        assert!(patiently("the end", stream.next()).await.is_none());
        assert!(stream.next().await.is_none());
        assert_eq!(&*place.websocket.close_status().unwrap().reason, "bye");
        let frames = place.wait_for_frames(2).await;
        assert_eq!(frames, [(0x81, b"and out".to_vec()), (0x88, b"\x03\xe8".to_vec())]);
        drop((sink, stream));
        place.end().await;
    });
}

#[test]
fn the_servers_close_ends_the_stream_and_refuses_the_sink() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| switched.send([frame(0x81, "hello"), close(1001, "away")].concat()).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        assert_eq!(patiently("a message", stream.next()).await.unwrap().unwrap().as_text(), Some("hello"));
        assert!(patiently("the end", stream.next()).await.is_none());
        assert_eq!(place.websocket.close_status().unwrap().code, 1001);
        place.out_of_order(sink.send("late".into()).await);
        assert_eq!(place.wait_for_frames(1).await, [(0x88, b"\x03\xe9".to_vec())]);
        drop((sink, stream));
        place.end().await;
    });
}

#[test]
fn a_close_by_another_clone_ends_what_the_stream_waits_for() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| switched.read_until(&b"\x88"[..]).send(close(1000, "")).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (sink, mut stream) = place.websocket.clone().split();
        assert!(poll_once(pin!(stream.next())).await.is_none());
        patiently("the close", place.websocket.close(1000, "")).await.unwrap();
        assert!(place.failure(stream.next().await.unwrap()).is_cancelled());
        place.out_of_order(stream.next().await.unwrap());
        assert!(stream.next().await.is_none());
        drop((sink, stream));
        place.end().await;
    });
}

#[test]
fn a_loss_is_told_to_the_half_that_waits() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| switched.read_exactly(6 + 10).reset();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        assert!(poll_once(pin!(stream.next())).await.is_none());
        sink.send(vec![0; 10].into()).await.unwrap();
        let error = place.failure(patiently("the loss", stream.next()).await.unwrap());
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        assert!(stream.next().await.is_none());
        place.out_of_order(sink.send("late".into()).await);
        drop((sink, stream));
        place.end().await;
    });
}

#[test]
fn an_end_without_a_close_frame_is_an_error_and_then_the_end() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| switched.send(frame(0x81, "last words")).close();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        assert_eq!(patiently("a message", stream.next()).await.unwrap().unwrap().as_text(), Some("last words"));
        let error = place.failure(patiently("the end", stream.next()).await.unwrap());
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        assert!(stream.next().await.is_none());
        place.out_of_order(sink.send("late".into()).await);
        drop((sink, stream));
        place.end().await;
    });
}

#[test]
fn a_loss_that_nobody_waited_for_is_told_by_the_sink() {
    on_both_sides(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::reset).await;
        place.recorder.wait_for_status(place.websocket.id(), "ConnectionClosed").await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        let error = place.failure(sink.send("hello".into()).await);
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        place.out_of_order(stream.next().await.unwrap());
        drop((sink, stream));
        place.end().await;
    });
}

#[test]
fn b5_b6_a_parents_end_fails_both_halves_with_6_and_is_the_last_that_is_told() {
    on_both_sides(|builder| async move {
        for own in [false, true] {
            let stops = |switched: Script| switched.read_exactly(BEGINNING).step(Step::StopReading);
            let place = Place::of(builder(), WebSocketOptions::default(), stops).await;
            let head = place.peer.received(0).len();
            place.recorder.sending_and_receiving_overlap();
            let (mut sink, mut stream) = place.websocket.clone().split();
            let id = place.websocket.id();
            assert!(poll_once(pin!(stream.next())).await.is_none());
            let large = vec![b'x'; 32 << 20];
            let mut sending = Box::pin(sink.send(large.into()));
            // It is under way when the server has some of it.
            let begun = place.peer.wait_until(|all| all[0].received.len() >= head + BEGINNING);
            assert!(matches!(select(sending.as_mut(), pin!(begun)).await, Either::Right(_)));
            let expected = if own { ErrorCode::OperationCancelled } else { ErrorCode::InvalidHandle };
            if own {
                Handle::close(&place.websocket).await.unwrap()
            } else {
                place.session.close().await.unwrap()
            };
            let sent = place.failure(patiently("the sink", sending).await);
            let received = place.failure(patiently("the stream", stream.next()).await.unwrap());
            assert_eq!((sent.code(), received.code()), (expected, expected), "{sent}, {received}");
            let gone = sink.send("late".into()).await.unwrap_err();
            assert!(gone.is_invalid_handle(), "{gone}");
            let last = stream.next().await;
            assert!(last.is_none_or(|last| last.is_err_and(|gone| gone.is_invalid_handle())));
            assert!(stream.next().await.is_none());
            place.recorder.wait_for_closing(id).await;
            assert_eq!(place.recorder.names(id).last(), Some(&"HandleClosing"));
            drop((sink, stream));
            place.end().await;
        }
    });
}

/// The header of a large frame.
const BEGINNING: usize = 14;
