//! Giving calls up, after every count of polls: what it cancels, and what it must not lose (contract B.7).

use std::pin::pin;
use std::task::Poll;

use futures_util::poll;
use hinternet::{ErrorCode, Handle, MessageKind, NotificationMask, Session, Status, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::websocket::{frame, frames_of};
use integration_tests::{Gate, dropped_after, patiently, poll_once};

use crate::place::{Place, switching, url};

/// Everything on one thread, where a turn of the runtime is a turn of the library.
fn on_one_thread(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}

#[test]
fn b7_a_dropped_receive_loses_nothing() {
    on_one_thread(async {
        let all = [frame(0x81, "hello"), frame(0x02, "one "), frame(0x80, "two"), frame(0x81, ""), frame(0x82, "end")];
        for at_most in [None, Some(2)] {
            for polls in 0..40 {
                let octets = all.concat();
                let builder = Session::builder().on_current_arbiter();
                let after = |script: Script| script.send(octets).split(Split::OneOctet).keep();
                let place = Place::of(builder, WebSocketOptions::default(), after).await;
                let websocket = &place.websocket;
                let (mut told, mut open) = (Vec::new(), Vec::new());
                while told.len() < 4 {
                    let receive = async {
                        match at_most {
                            None => websocket.receive().await,
                            Some(most) => websocket.receive_at_most(most).await,
                        }
                    };
                    let part = match dropped_after(polls, receive).await {
                        Some(part) => part.unwrap(),
                        // One in earnest, so that it ends whatever the polls.
                        None if at_most.is_none() => patiently("a receive", websocket.receive()).await.unwrap(),
                        None => patiently("a receive", websocket.receive_at_most(2)).await.unwrap(),
                    };
                    let (kind, octets) = (part.kind(), part.into_octets());
                    open.extend_from_slice(&octets);
                    if !kind.is_fragment() {
                        told.push((kind, String::from_utf8(std::mem::take(&mut open)).unwrap()));
                    }
                }
                let (text, binary) = (MessageKind::Text, MessageKind::Binary);
                let expected = [(text, "hello"), (binary, "one two"), (text, ""), (binary, "end")];
                let expected = expected.map(|(kind, text)| (kind, text.to_owned()));
                assert_eq!(told, expected, "given up after {polls} polls");
                place.end().await;
            }
        }
    });
}

#[test]
fn b7_a_dropped_send_is_given_up_whole_and_the_next_goes_out_whole() {
    on_one_thread(async {
        for size in [10, 3_000_000] {
            for polls in 0..12 {
                let builder = Session::builder().on_current_arbiter();
                let place = Place::of(builder, WebSocketOptions::default(), Script::keep).await;
                let given_up = dropped_after(polls, place.websocket.send(vec![b'x'; size])).await;
                patiently("the next send", place.websocket.send("next")).await.unwrap();
                let was_sent = given_up.is_some();
                place.peer.wait_until(|all| frames_of(&all[0].received).iter().any(|one| one.1 == b"next")).await;
                let frames = place.frames();
                assert!(!was_sent || frames.len() == 2, "{polls} polls");
                assert!(frames.iter().all(|(_, octets)| octets == b"next" || octets.len() == size), "{polls} polls");
                place.end().await;
            }
        }
    });
}

#[test]
fn b7_a_dropped_send_that_has_begun_goes_out_whole_before_the_next() {
    on_one_thread(async {
        // More than there is room for on the way.
        let large = vec![b'x'; 16_000_000];
        for by_cancel in [false, true] {
            let gate = Gate::new();
            let builder = Session::builder().on_current_arbiter();
            let place = Place::of(builder, WebSocketOptions::default(), |script| script.hold(&gate).keep()).await;
            let mut begun = place.websocket.notifications(NotificationMask::FRAMES).unwrap();
            let mut sending = Box::pin(place.websocket.send(large.clone()));
            assert!(poll_once(sending.as_mut()).await.is_none());
            assert_eq!(patiently("the frame to begin", begun.next()).await.unwrap().name(), "FrameSent");
            if by_cancel {
                place.websocket.cancel();
                let error = place.failure(patiently("the send", sending).await);
                assert_eq!(error.code(), ErrorCode::OperationCancelled);
            } else {
                drop(sending);
            }
            let next = async { place.websocket.send("next").await.unwrap() };
            let opened = async {
                tokio::task::yield_now().await;
                gate.open();
            };
            patiently("the next send", async { tokio::join!(next, opened) }).await;
            drop(begun);
            let frames = place.wait_for_frames(2).await;
            assert!(frames == [(0x82, large.clone()), (0x81, b"next".to_vec())], "by cancel: {by_cancel}");
            place.end().await;
        }
    });
}

#[test]
fn b7_a_dropped_connect_leaves_nothing_behind() {
    on_one_thread(async {
        let peer = ScriptedPeer::always(switching().keep()).await;
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().on_current_arbiter().wires_per_origin(1));
        let mut polls = 0;
        loop {
            let connect = session.websocket(&url(&peer)).unwrap().connect();
            if let Some(websocket) = dropped_after(polls, connect).await {
                // There is but one place for a wire: whoever was given up has left it.
                drop(websocket.unwrap());
                break;
            }
            polls += 1;
            assert!(polls < 1_000, "there is no end to the polls");
        }
        recorder.finish(session).await;
    });
}

#[test]
fn b7_a_dropped_close_goes_on_and_can_be_waited_for_again() {
    on_one_thread(async {
        for polls in 0..12 {
            let builder = Session::builder().on_current_arbiter();
            let after = |script: Script| script.read_until(&b"\x88"[..]).send(b"\x88\x02\x03\xe8".to_vec()).keep();
            let place = Place::of(builder, WebSocketOptions::default(), after).await;
            if dropped_after(polls, place.websocket.close(1000, "")).await.is_none() {
                // It may have been over when its caller went away.
                let again = patiently("the close", place.websocket.close(1000, "")).await;
                assert!(again.map_or_else(|error| error.code() == ErrorCode::InvalidOperation, |()| true));
            }
            assert_eq!(place.websocket.close_status().unwrap().code, 1000);
            assert_eq!(place.frames().len(), 1);
            place.end().await;
        }
    });
}

#[test]
fn b7_a_dropped_shutdown_goes_out_all_the_same_and_once() {
    on_one_thread(async {
        for polls in 0..12 {
            let builder = Session::builder().on_current_arbiter();
            let after = |script: Script| script.read_until(&b"\x88"[..]).send(b"\x88\x02\x03\xe8".to_vec()).keep();
            let place = Place::of(builder, WebSocketOptions::default(), after).await;
            if dropped_after(polls, place.websocket.shutdown(1000, "")).await.is_none() {
                // It had not begun, or goes on.
                let again = patiently("the shutdown", place.websocket.shutdown(1000, "")).await;
                assert!(again.map_or_else(|error| error.code() == ErrorCode::InvalidOperation, |()| true));
            }
            assert!(patiently("the server's close", place.websocket.receive()).await.unwrap().is_close());
            assert_eq!(place.frames().len(), 1, "after {polls} polls");
            place.end().await;
        }
    });
}

#[tokio::test]
async fn b7_cancel_stops_what_is_in_flight_and_closes_nothing() {
    let place = Place::with(Script::keep).await;
    let receiving = place.receiving().await;
    place.websocket.cancel();
    let error = place.failure(receiving.await.unwrap());
    assert_eq!(error.code(), ErrorCode::OperationCancelled);
    place.websocket.send("go on").await.unwrap_or_else(|error| panic!("{error}"));
    place.end().await;
}

#[test]
fn b7_a_cancel_between_the_servers_consent_and_the_websocket_is_12017() {
    on_one_thread(patiently("an end", async {
        let peer = ScriptedPeer::always(switching().keep()).await;
        let recorder = Recorder::on_current_arbiter();
        let session = recorder.session(Session::builder().on_current_arbiter());
        let mut connecting = pin!(session.websocket(&url(&peer)).unwrap().connect());
        let mut is_cancelled = false;
        let result = loop {
            // The library does all it can do before whoever connects looks again.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let consent = recorder.log().into_iter().find(|told| matches!(told.status, Status::HeadersAvailable));
            if let Some(consent) = consent.filter(|_| !is_cancelled) {
                session.handle(consent.handle).unwrap().cancel();
                is_cancelled = true;
            } else if let Poll::Ready(result) = poll!(connecting.as_mut()) {
                break result;
            }
        };
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.answered()), (ErrorCode::OperationCancelled, None), "{error}");
        recorder.finish(session).await;
    }));
}
