//! The closing handshake, and the ends of handles (RFC 6455 7; facts W-15 to W-30; contract B.5, B.6).

use std::time::Duration;

use hinternet::{Blame, CloseReason, ErrorCode, Handle, Operation, Session, Stage, Status, WebSocketOptions};
use integration_tests::Gate;
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{WebSocketOrigin, close, frame};

use crate::in_memory::Server;
use crate::place::{Place, honest};

#[tokio::test]
async fn w21_close_ends_a_receive_in_flight_with_12017_and_completes_when_the_server_has_closed() {
    let place = Place::with(|switched| switched.read_until(&b"\x88"[..]).send(close(1001, "going"))).await;
    let receiving = place.receiving().await;
    place.out_of_order(place.websocket.close_status());
    place.websocket.close(1000, "bye").await.unwrap();
    let error = place.failure(receiving.await.unwrap());
    assert!(error.is_cancelled() && error.operation() == Operation::WebSocketReceive, "{error}");
    let status = place.websocket.close_status().unwrap();
    assert_eq!((status.code, &*status.reason), (1001, "going"));
    assert_eq!(place.frames(), [(0x88, b"\x03\xe8bye".to_vec())]);
    place.recorder.wait_for_status(place.websocket.id(), "CloseComplete").await;
    let told = place.recorder.trace_of(place.websocket.id());
    let from = told.len() - 4;
    assert_eq!(
        told[from..],
        [
            "RequestError(WebSocketReceive, 12017)",
            "ClosingConnection",
            "ConnectionClosed",
            "CloseComplete(1001 \"going\")"
        ]
    );
    place.out_of_order(place.websocket.receive().await);
    place.out_of_order(place.websocket.close(1000, "").await);
    place.end().await;
}

#[tokio::test]
async fn w16_w22_after_shutdown_nothing_is_sent_and_what_the_server_sends_is_received() {
    let go = Gate::new();
    let place = Place::with(|switched| {
        switched.read_until(&b"\x88"[..]).hold(&go).send(frame(0x81, "more")).send(close(1000, "")).keep()
    })
    .await;
    let receiving = place.receiving().await;
    place.websocket.shutdown(1000, "").await.unwrap();
    place.out_of_order(place.websocket.send("late").await);
    place.out_of_order(place.websocket.shutdown(1000, "").await);
    place.out_of_order(place.websocket.close_status());
    go.open();
    assert_eq!(receiving.await.unwrap().unwrap().as_text(), Some("more"));
    let last = place.websocket.receive().await.unwrap();
    assert!(last.is_close() && last.octets().is_empty());
    place.out_of_order(place.websocket.receive().await);
    // W-24, W-36
    place.websocket.close(1000, "").await.unwrap();
    assert_eq!(place.websocket.close_status().unwrap().code, 1000);
    assert_eq!(place.frames().len(), 1, "one close frame");
    place.end().await;
}

#[tokio::test]
async fn rfc6455_5_5_1_the_servers_close_is_answered_also_when_nobody_receives() {
    let place = Place::with(|switched| switched.send(close(4000, "enough")).keep()).await;
    assert_eq!(place.wait_for_frames(1).await, [(0x88, 4000_u16.to_be_bytes().to_vec())]);
    assert!(place.websocket.receive().await.unwrap().is_close());
    assert_eq!(place.websocket.close_status().unwrap().code, 4000);
    place.out_of_order(place.websocket.send("late").await);
    place.websocket.close(1000, "").await.unwrap();
    place.end().await;
}

#[tokio::test]
async fn a_close_without_a_status_is_1005_and_answered_without_one() {
    let place = Place::with(|switched| switched.send(frame(0x88, "")).keep()).await;
    assert!(place.websocket.receive().await.unwrap().is_close());
    assert_eq!(place.websocket.close_status().unwrap().code, 1005);
    assert_eq!(place.wait_for_frames(1).await, [(0x88, vec![])]);
    place.end().await;
}

#[tokio::test]
async fn ws_close_then_data_nothing_behind_a_close_is_delivered() {
    let octets = [close(1000, ""), frame(0x81, "hi")].concat();
    let place = Place::with(|switched| switched.send(octets).keep()).await;
    assert!(place.websocket.receive().await.unwrap().is_close());
    place.out_of_order(place.websocket.receive().await);
    place.end().await;
}

#[tokio::test]
async fn w27_what_may_not_be_said_by_a_close_is_refused_with_87() {
    let place = Place::with(Script::keep).await;
    for (code, reason) in [(1000, "x".repeat(124)), (1006, String::new()), (999, String::new()), (1005, "why".into())] {
        for refused in [place.websocket.shutdown(code, &reason).await, place.websocket.close(code, &reason).await] {
            assert_eq!(place.refusal(refused).code(), ErrorCode::InvalidParameter, "{code}");
        }
    }
    place.websocket.shutdown(1000, &"x".repeat(123)).await.unwrap();
    place.end().await;
}

fn hasty() -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.close_timeout = Duration::from_millis(50);
    options
}

#[tokio::test]
async fn a_server_that_never_closes_is_given_its_time_and_no_more() {
    let place = Place::of(Session::builder(), hasty(), Script::keep).await;
    let error = place.failure(place.websocket.close(1000, "").await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::Timeout, Operation::WebSocketClose), "{error}");
    assert_eq!(error.waited(), Some(hasty().close_timeout));
    place.peer.wait_for_end(0).await;
    place.out_of_order(place.websocket.close(1000, "").await);
    place.end().await;
}

#[tokio::test]
async fn messages_that_come_while_it_closes_are_thrown_away() {
    let more = [frame(0x81, "unread"), frame(0x82, vec![0; 100_000])].concat();
    let place = Place::with(|switched| {
        switched.send(more).read_until(&b"\x88"[..]).send(frame(0x81, "late")).send(close(1000, ""))
    })
    .await;
    place.websocket.close(1000, "").await.unwrap();
    place.end().await;
}

/// The same again and again, for as long as there is somebody.
fn flood(script: Script, frame: Vec<u8>) -> Script {
    script.repeat(frame.repeat(100), usize::MAX).forgetful()
}

#[tokio::test]
async fn f_messages_and_pings_without_end_do_not_put_off_the_end_of_a_close() {
    for more in [frame(0x82, vec![0; 9000]), frame(0x89, "?")] {
        let place = Place::of(Session::builder(), hasty(), |switched| flood(switched, more)).await;
        let error = place.failure(patiently("the close", place.websocket.close(1000, "")).await);
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Closing), "{error}");
        place.peer.wait_for_end(0).await;
        place.end().await;
    }
}

#[tokio::test]
async fn f_a_flood_behind_the_servers_close_is_one_close_and_ends_the_wire_long_before_its_time() {
    let mut options = WebSocketOptions::default();
    options.close_timeout = Duration::from_secs(24 * 60 * 60);
    for more in [close(1000, "again"), frame(0x82, vec![0; 9000]), frame(0x89, "?"), b"\xff".to_vec()] {
        let recorder = Recorder::start().with_frames();
        let flooding = |switched: Script| flood(switched.send(close(4000, "enough")), more);
        let place = Place::recorded(recorder, Session::builder(), options, flooding).await;
        place.peer.wait_for_end(0).await;
        let id = place.websocket.id();
        place.recorder.wait_for_status(id, "ConnectionClosed").await;
        let frames = place.recorder.frames(id);
        assert_eq!(frames.len(), 2, "the server's close and the answer to it: {frames:?}");
        assert!(place.websocket.receive().await.unwrap().is_close());
        place.out_of_order(place.websocket.receive().await);
        let status = place.websocket.close_status().unwrap();
        assert_eq!((status.code, &*status.reason), (4000, "enough"), "the first one counts");
        assert_eq!(place.recorder.count_of(id, "WebSocketReadComplete"), 1);
        place.end().await;
    }
}

#[tokio::test]
async fn a_server_that_ends_the_wire_without_closing_fails_the_close() {
    let place = Place::with(|switched| switched.read_until(&b"\x88"[..]).close()).await;
    let error = place.failure(place.websocket.close(1000, "").await);
    assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
    place.end().await;
}

#[tokio::test]
async fn a_wire_that_the_server_closed_is_kept_for_it_to_end_but_not_for_ever() {
    let place = Place::of(Session::builder(), hasty(), |switched| switched.send(close(1000, "")).keep()).await;
    place.peer.wait_for_end(0).await;
    let closing = place.recorder.wait_for_status(place.websocket.id(), "ClosingConnection").await;
    let Status::ClosingConnection { reason } = closing.status else { panic!("{closing:?}") };
    assert_eq!(reason, CloseReason::WebSocketClosed);
    assert!(place.websocket.receive().await.unwrap().is_close(), "its close is told all the same");
    place.end().await;
}

#[tokio::test]
async fn w28_w29_closing_the_handle_fails_what_is_in_flight_and_then_tells_of_the_end() {
    for closes in [false, true] {
        let place = Place::with(Script::keep).await;
        let receiving = place.receiving().await;
        let websocket = place.websocket.clone();
        let closing = closes.then(|| tokio::spawn(async move { websocket.close(1000, "").await }));
        if closes {
            place.wait_for_frames(1).await;
            assert!(place.failure(receiving.await.unwrap()).is_cancelled());
            Handle::close(&place.websocket).await.unwrap();
            let error = place.failure(closing.unwrap().await.unwrap());
            assert!(error.is_cancelled() && error.operation() == Operation::WebSocketClose, "{error}");
        } else {
            Handle::close(&place.websocket).await.unwrap();
            assert!(place.failure(receiving.await.unwrap()).is_cancelled());
        }
        let gone = place.refusal(place.websocket.send("late").await);
        assert!(gone.is_invalid_handle(), "{gone}");
        place.recorder.wait_for_closing(place.websocket.id()).await;
        let names = place.recorder.winhttp_names(place.websocket.id());
        assert_eq!(names[names.len() - 1], "HandleClosing");
        assert_eq!(names.iter().filter(|name| **name == "RequestError").count(), 1 + usize::from(closes));
        place.peer.wait_for_end(0).await;
        place.end().await;
    }
}

#[tokio::test]
async fn b5_closing_a_handle_above_cascades_6_and_the_websocket_closes_first() {
    let place = Place::with(Script::keep).await;
    let receiving = place.receiving().await;
    place.session.close().await.unwrap();
    let error = place.failure(receiving.await.unwrap());
    assert!(error.is_invalid_handle() && error.to_string().contains("session"), "{error}");
    place.end().await;
}

#[tokio::test]
async fn b4_dropping_the_last_clone_closes_the_handle_and_the_wire() {
    let place = Place::with(Script::keep).await;
    let (id, Place { recorder, session, peer, websocket }) = (place.websocket.id(), place);
    let second = websocket.clone();
    drop(websocket);
    assert!(second.is_open());
    drop(second);
    recorder.wait_for_closing(id).await;
    peer.wait_for_end(0).await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn b8_a_shutdown_of_the_session_waits_for_websockets_and_counts_them() {
    let origin = WebSocketOrigin::echo().await;
    let (recorder, session, websocket) = honest(&origin).await;
    let other = session.websocket(&origin.url()).unwrap().connect().await.unwrap();
    let shutdown = session.shutdown(Duration::from_secs(30));
    assert_eq!(session.websocket(&origin.url()).unwrap_err().code(), ErrorCode::Shutdown);
    websocket.send("still").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("still"));
    websocket.close(1000, "").await.unwrap();
    drop(other);
    let report = patiently("the shutdown", shutdown).await;
    assert_eq!((report.completed, report.cancelled, report.never_sent), (1, 1, 0));
    recorder.settle().await;
}

#[tokio::test]
async fn a_message_that_a_close_began_to_throw_away_is_not_received_in_part() {
    let go = Gate::new();
    let more = [frame(0x80, "two"), frame(0x81, "next")].concat();
    let place =
        Place::with(|switched| switched.send(frame(0x01, "one ")).read_until(&b"\x88"[..]).hold(&go).send(more).keep())
            .await;
    assert_eq!(place.websocket.receive_at_most(2).await.unwrap().octets(), "on");
    tokio::select! {
        closed = place.websocket.close(1000, "") => panic!("the server has not closed, but {closed:?}"),
        _ = place.wait_for_frames(1) => {}
    }
    go.open();
    let next = patiently("the next message", place.websocket.receive()).await.unwrap();
    assert_eq!(next.as_text(), Some("next"));
    place.end().await;
}

#[tokio::test]
async fn what_has_not_gone_out_is_not_said_to_have() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(Server::IsDeaf(close(1000, "")).dial()));
    let websocket = session.websocket("ws://127.0.0.1/").unwrap().options(hasty()).connect().await.unwrap();
    assert!(websocket.receive().await.unwrap().is_close());
    let shut = patiently("the shutdown", websocket.shutdown(1000, "")).await;
    let error = recorder.failure(websocket.id(), shut);
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    let closing = recorder.wait_for_status(websocket.id(), "ClosingConnection").await;
    assert!(matches!(closing.status, Status::ClosingConnection { reason: CloseReason::TimedOut }), "{closing:?}");
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn b8_a_websocket_that_both_have_closed_is_complete_though_its_wire_is_kept() {
    let go = Gate::new();
    let place = Place::with(|switched| switched.hold(&go).send(close(1000, "")).keep()).await;
    let shutdown = place.session.shutdown(Duration::from_secs(30));
    go.open();
    place.wait_for_frames(1).await;
    let Place { recorder, session: _session, peer: _peer, websocket } = place;
    drop(websocket);
    let report = patiently("the shutdown", shutdown).await;
    assert_eq!((report.completed, report.cancelled, report.never_sent), (1, 0, 0));
    recorder.settle().await;
}

#[tokio::test]
async fn a_loss_found_by_writing_is_told_to_the_next_who_sends_once() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(Server::IsDeaf(frame(0x89, "?")).dial()));
    let websocket = session.websocket("ws://127.0.0.1/").unwrap().connect().await.unwrap();
    let error = recorder.failure(websocket.id(), patiently("the send", websocket.send("hello")).await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::WebSocketSend), "{error}");
    let again = recorder.refusal(websocket.id(), websocket.send("hello").await);
    assert_eq!(again.code(), ErrorCode::InvalidOperation, "{again}");
    drop(websocket);
    recorder.finish(session).await;
}
