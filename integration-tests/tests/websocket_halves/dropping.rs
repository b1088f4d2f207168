//! What the drop of a half ends, and what it does not.

use std::future::poll_fn;
use std::pin::pin;

use futures_util::{Sink, SinkExt, StreamExt};
use hinternet::{Notification, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{WebSocketOrigin, frame};
use integration_tests::{patiently, poll_once};

use crate::place::{Place, switching, url};
use crate::{on_both_sides, on_its_thread, pinned};

#[test]
fn what_a_dropped_sink_has_taken_goes_out_and_is_told_of() {
    on_both_sides(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::keep).await;
        let (mut sink, stream) = place.websocket.clone().split();
        for _ in 0..3 {
            poll_fn(|context| pinned(&mut sink).poll_ready(context)).await.unwrap();
            pinned(&mut sink).start_send("goes out".into()).unwrap();
        }
        drop((sink, stream));
        assert_eq!(place.wait_for_frames(3).await, vec![(0x81, b"goes out".to_vec()); 3]);
        let id = place.websocket.id();
        place.websocket.send("and this").await.unwrap();
        let mut told = 0;
        let is_fourth = |notification: &Notification| {
            told += usize::from(notification.handle == id && notification.status.name() == "WebSocketWriteComplete");
            told == 4
        };
        place.recorder.wait_for(is_fourth).await;
        place.end().await;
    });
}

#[test]
fn a_dropped_stream_ends_what_is_in_flight_and_the_sink_goes_on() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| switched.read_exactly(6 + 2).send(frame(0x81, "answer")).keep();
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        assert!(poll_once(pin!(stream.next())).await.is_none());
        drop(stream);
        let id = place.websocket.id();
        place.recorder.wait_for_status(id, "RequestError").await;
        sink.send("hi".into()).await.unwrap();
        let answer = patiently("the answer", place.websocket.receive()).await.unwrap();
        assert_eq!(answer.as_text(), Some("answer"));
        drop(sink);
        place.end().await;
    });
}

#[test]
fn b4_the_handle_closes_with_the_last_half() {
    on_both_sides(|builder| async move {
        let peer = ScriptedPeer::always(switching().keep()).await;
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        let websocket = session.websocket(&url(&peer)).unwrap().connect().await.unwrap();
        let id = websocket.id();
        let (mut sink, stream) = websocket.split();
        drop(stream);
        sink.send("still open".into()).await.unwrap();
        drop(sink);
        patiently("the end", recorder.wait_for_closing(id)).await;
        recorder.finish(session).await;
    });
}

/// A half may be sent to another thread at any time, and back, with what it has in flight.
#[test]
fn halves_go_from_thread_to_thread() {
    on_its_thread(|builder| async move {
        let origin = WebSocketOrigin::echo().await;
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        let (mut sink, mut stream) = session.websocket(&origin.url()).unwrap().connect().await.unwrap().split();
        let elsewhere = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        for round in 0..5_u8 {
            assert!(poll_once(pin!(stream.next())).await.is_none());
            sink.feed(vec![round, 0].into()).await.unwrap();
            let there = elsewhere();
            let task = there.spawn(async move {
                sink.feed(vec![round, 1].into()).await.unwrap();
                sink.flush().await.unwrap();
                let first = stream.next().await.unwrap().unwrap();
                sink.feed(vec![round, 2].into()).await.unwrap();
                let waiting = poll_once(pin!(stream.next())).await;
                (sink, stream, first, waiting)
            });
            let (sink_again, stream_again, first, waiting) = patiently("the other thread", task).await.unwrap();
            there.shutdown_background();
            (sink, stream) = (sink_again, stream_again);
            sink.flush().await.unwrap();
            let mut all = vec![first];
            all.extend(waiting.map(|item| item.unwrap().unwrap()));
            while all.len() < 3 {
                all.push(patiently("an echo", stream.next()).await.unwrap().unwrap());
            }
            let all: Vec<_> = all.into_iter().map(|part| part.into_octets().to_vec()).collect();
            assert_eq!(all, [[round, 0], [round, 1], [round, 2]]);
        }
        drop((sink, stream));
        recorder.finish(session).await;
    });
}

#[test]
fn the_halves_are_used_by_two_tasks() {
    on_both_sides(|builder| async move {
        let origin = WebSocketOrigin::echo().await;
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        let (mut sink, mut stream) = session.websocket(&origin.url()).unwrap().connect().await.unwrap().split();
        let sending = tokio::spawn(async move {
            for number in 0..2_000_u32 {
                sink.feed(number.to_be_bytes().to_vec().into()).await.unwrap();
            }
            sink.close().await.unwrap();
        });
        let mut number = 0_u32;
        while let Some(message) = patiently("a message", stream.next()).await {
            assert_eq!(message.unwrap().octets()[..], number.to_be_bytes());
            number += 1;
        }
        assert_eq!(number, 2_000);
        sending.await.unwrap();
        drop(stream);
        recorder.finish(session).await;
    });
}
