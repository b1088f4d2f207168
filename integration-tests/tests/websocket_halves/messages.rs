//! What goes and comes by the halves: all of it, in order, told once, and no more than there is room for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::{Sink, SinkExt, StreamExt};
use hinternet::{ErrorCode, MessageKind, MessagePart, NotificationMask, Status, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split, Step};
use integration_tests::websocket::{WebSocketOrigin, frame, frames_of};
use integration_tests::{Mailbox, Seeded, dropped_after, patiently, poll_once};

use crate::place::{Place, switching, url};
use crate::{on_both_sides, on_its_thread, pinned};

#[test]
fn messages_of_every_size_come_back_in_order() {
    on_both_sides(|builder| async move {
        let origin = WebSocketOrigin::echo().await;
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        let (mut sink, mut stream) = session.websocket(&origin.url()).unwrap().connect().await.unwrap().split();
        for size in [0, 1, 125, 126, 127, 4096, 65_535, 65_536, 1_000_000] {
            let octets: Vec<u8> = (0..size).map(|n: u32| n as u8).collect();
            let text = "\u{20ac}".repeat(size as usize / 3);
            sink.feed(octets.clone().into()).await.unwrap();
            sink.send(text.as_str().into()).await.unwrap();
            let back = patiently("an echo", stream.next()).await.unwrap().unwrap();
            assert!(back.kind() == MessageKind::Binary && back.octets() == &octets, "{size} octets");
            assert_eq!(stream.next().await.unwrap().unwrap().as_text(), Some(text.as_str()));
        }
        let id = sink.websocket().id();
        drop((sink, stream));
        assert_eq!(recorder.count_of(id, "RequestError(WebSocketReceive, 12017)"), 0);
        recorder.finish(session).await;
    });
}

/// Hands in, flushes, receives and gives up as a seed says: each message comes back once, in order, and is told of once.
#[test]
fn whatever_the_order_of_calls_nothing_is_lost_or_doubled() {
    on_both_sides(|builder| async move {
        let origin = WebSocketOrigin::echo().await;
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        for seed in 0..20 {
            let mut choices = Seeded::new(seed);
            let mut options = WebSocketOptions::default();
            options.write_queue = [1, 100, 65_536][seed as usize % 3];
            let connecting = session.websocket(&origin.url()).unwrap().options(options).connect();
            let (mut sink, mut stream) = connecting.await.unwrap().split();
            let (mut sent, mut received) = (0_u32, 0_u32);
            let message = |number: u32| {
                let length = 4 + (number as usize * 7919) % if number.is_multiple_of(10) { 100_000 } else { 300 };
                number.to_be_bytes().into_iter().cycle().take(length).collect::<Vec<u8>>()
            };
            while received < 100 {
                match choices.below(5) {
                    0 | 1 if sent < 100 => {
                        sink.feed(message(sent).into()).await.unwrap();
                        sent += 1;
                    }
                    2 => drop(dropped_after(choices.below(3), sink.flush()).await),
                    3 => patiently("a flush", sink.flush()).await.unwrap(),
                    _ => {
                        let polls = choices.below(4);
                        if let Some(item) = dropped_after(polls, stream.next()).await {
                            assert!(item.unwrap().unwrap().octets() == &message(received), "seed {seed}, {received}");
                            received += 1;
                        }
                    }
                }
            }
            let id = sink.websocket().id();
            patiently("the last flush", sink.flush()).await.unwrap();
            drop((sink, stream));
            recorder.wait_for_closing(id).await;
            let told = |name| recorder.of(id).iter().filter(|one| one.status.name() == name).count();
            let done = (told("WebSocketWriteComplete"), told("WebSocketReadComplete"));
            assert_eq!(done, (100, 100), "seed {seed}");
        }
        recorder.finish(session).await;
    });
}

#[test]
fn b7_a_dropped_next_loses_nothing() {
    on_both_sides(|builder| async move {
        let all = [frame(0x81, "hello"), frame(0x02, "one "), frame(0x80, "two"), frame(0x81, ""), frame(0x82, "end")];
        for polls in 0..20 {
            let octets = all.concat();
            let after = |script: Script| script.send(octets).split(Split::OneOctet).keep();
            let place = Place::of(builder(), WebSocketOptions::default(), after).await;
            let (_sink, mut stream) = place.websocket.clone().split();
            let mut told = Vec::new();
            while told.len() < 4 {
                let part = match dropped_after(polls, stream.next()).await {
                    Some(part) => part.unwrap().unwrap(),
                    None => patiently("a message", stream.next()).await.unwrap().unwrap(),
                };
                told.push(String::from_utf8(part.into_octets().to_vec()).unwrap());
            }
            assert_eq!(told, ["hello", "one two", "", "end"], "given up after {polls} polls");
            place.end().await;
        }
    });
}

#[test]
fn what_a_server_does_not_read_is_bounded_and_told_when_it_is_given_up() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| switched.step(Step::StopReading);
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        // More than any socket's buffers hold.
        sink.feed(vec![b'x'; 32 << 20].into()).await.unwrap();
        assert!(poll_once(pin!(sink.flush())).await.is_none());
        let mut octets = 0;
        while poll_once(pin!(poll_fn(|context| pinned(&mut sink).poll_ready(context)))).await.is_some() {
            pinned(&mut sink).start_send(vec![b'x'; 1000].into()).unwrap();
            octets += 1000;
        }
        // One queue here, and one on the thread of the wire.
        assert!(octets < 3 * WebSocketOptions::default().write_queue, "{octets} octets");
        place.websocket.cancel();
        let error = place.failure(patiently("the flush", sink.flush()).await);
        assert_eq!(error.code(), ErrorCode::OperationCancelled, "{error}");
        drop(sink);
        place.end().await;
    });
}

#[test]
fn what_may_not_be_sent_is_refused_and_the_rest_goes_out() {
    on_both_sides(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::keep).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        sink.feed("first".into()).await.unwrap();
        let not_text = MessagePart::new(MessageKind::Text, &b"\xff"[..]);
        let refused = match sink.feed(not_text).await {
            Ok(()) => sink.flush().await,
            refused => refused,
        };
        assert_eq!(place.refusal(refused).code(), ErrorCode::InvalidParameter);
        let close = MessagePart::new(MessageKind::Close, "");
        assert_eq!(place.refusal(sink.feed(close).await).code(), ErrorCode::InvalidParameter);
        sink.send("second".into()).await.unwrap();
        let frames = place.wait_for_frames(2).await;
        assert_eq!(frames, [(0x81, b"first".to_vec()), (0x81, b"second".to_vec())]);
        drop(sink);
        place.end().await;
    });
}

#[test]
fn b10_one_send_and_one_receive_are_in_flight_whoever_asked() {
    on_both_sides(|builder| async move {
        let place =
            Place::of(builder(), WebSocketOptions::default(), |switched| switched.step(Step::StopReading)).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        assert!(poll_once(pin!(stream.next())).await.is_none());
        place.out_of_order(place.websocket.receive().await);
        let large = vec![b'x'; 32 << 20];
        assert!(poll_once(pin!(sink.send(large.into()))).await.is_none());
        place.out_of_order(place.websocket.send("between").await);
        place.out_of_order(place.websocket.close(1000, "").await);
        let (_other_sink, mut other) = place.websocket.clone().split();
        let waiting = tokio::spawn(async move { (stream.next().await, stream) });
        tokio::task::yield_now().await;
        place.out_of_order(other.next().await.unwrap());
        assert!(other.next().await.is_none());
        place.websocket.cancel();
        // Whoever was refused has not taken its place.
        let (item, stream) = patiently("the stream", waiting).await.unwrap();
        assert!(place.failure(item.unwrap()).is_cancelled());
        drop((sink, stream, other));
        place.end().await;
    });
}

#[test]
fn c8_a_slow_subscriber_holds_up_what_is_handed_in_and_they_say_so() {
    on_both_sides(|builder| async move {
        let peer = ScriptedPeer::always(switching().keep()).await;
        let recorder = Recorder::start();
        let mut slow = Mailbox::new();
        let builder = builder().unhandled(1024, 3).subscriber(slow.subscriber(), NotificationMask::WRITE_COMPLETE);
        let session = builder.open().unwrap();
        recorder.join(&session);
        let (mut sink, stream) = session.websocket(&url(&peer)).unwrap().connect().await.unwrap().split();
        for _ in 0..3 {
            sink.send("told".into()).await.unwrap();
        }
        let id = sink.websocket().id();
        let queued = recorder.wait_for_status(id, "Queued");
        let (queued, ()) = futures_util::join!(queued, async {
            let mut waits = Box::pin(sink.send("waits".into()));
            assert!(poll_once(waits.as_mut()).await.is_none());
            recorder.wait_for_status(id, "Queued").await;
            assert!(poll_once(waits.as_mut()).await.is_none());
            drop(slow.next().await);
            patiently("the send", waits).await.unwrap();
        });
        assert!(matches!(queued.status, Status::Queued { position: 0 }), "{queued:?}");
        peer.wait_until(|all| frames_of(&all[0].received).len() == 4).await;
        drop((sink, stream, slow));
        recorder.finish(session).await;
    });
}

/// Also by a task that polled once and does something else now.
#[test]
fn rfc6455_5_5_2_pings_are_answered_while_a_stream_waits_and_while_it_does_not() {
    on_both_sides(|builder| async move {
        let after = |switched: Script| {
            switched
                .send(frame(0x89, "one"))
                .read_until(&b"\x8a"[..])
                .send(frame(0x89, "two"))
                .read_until(&b"\x8a"[..])
                .keep()
        };
        let place = Place::of(builder(), WebSocketOptions::default(), after).await;
        let (_sink, mut stream) = place.websocket.clone().split();
        assert!(poll_once(pin!(stream.next())).await.is_none());
        let frames = place.wait_for_frames(2).await;
        assert_eq!(frames, [(0x8a, b"one".to_vec()), (0x8a, b"two".to_vec())]);
        drop(stream);
        place.end().await;
    });
}

#[test]
fn a_batch_of_small_messages_goes_out_in_one_write() {
    on_its_thread(|builder| async move {
        let place = Place::of(builder(), WebSocketOptions::default(), Script::keep).await;
        let (mut sink, _stream) = place.websocket.clone().split();
        for _ in 0..100 {
            poll_fn(|context| pinned(&mut sink).poll_ready(context)).await.unwrap();
            pinned(&mut sink).start_send("hello".into()).unwrap();
        }
        // Nothing went out without being flushed, and all of it by one poll of the flush.
        assert_eq!(place.frames().len(), 0);
        let flushed = poll_fn(|context| Poll::Ready(pinned(&mut sink).poll_flush(context))).await;
        assert!(matches!(flushed, Poll::Ready(Ok(()))), "{flushed:?}");
        assert_eq!(place.wait_for_frames(100).await.len(), 100);
        drop(sink);
        place.end().await;
    });
}
