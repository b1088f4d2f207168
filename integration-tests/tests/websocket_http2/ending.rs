//! How a WebSocket by a stream ends: END_STREAM for FIN, RST_STREAM for a reset (RFC 8441 5), and with its wire.

use std::time::Duration;

use futures_util::StreamExt;
use hinternet::messages::ReceiveMessage;
use hinternet::{
    Blame, CloseReason, ErrorCode, Handle, Http2Options, Operation, Protocols, RequestOptions, Session, SessionBuilder,
    Status,
};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::http2_peer::{Frame, Kind, frames};
use integration_tests::origin::Reply;
use integration_tests::patiently;
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Wanted};
use integration_tests::websocket::{Message, close, frame};

use crate::place::{Place, announcing, asking, converse, data, open, scene};

fn ends(frame: &Frame) -> bool {
    frame.stream == 1 && frame.ends_stream()
}

fn resets(frame: &Frame) -> bool {
    frame.stream == 1 && frame.kind == Kind::Reset
}

#[tokio::test]
async fn close_sends_its_frame_then_ends_the_stream_and_leaves_the_wire_when_the_server_has_ended_it() {
    let scene = scene(Settings::new(), builder()).await;
    let websocket = open(&scene).await;
    patiently("a close", websocket.close(1000, "bye")).await.unwrap();
    assert_eq!(websocket.close_status().unwrap().code, 1000);
    scene.origin.wait_for_frame(0, ends).await;
    scene.recorder.wait_for_status(websocket.id(), "WireReleased").await;
    assert!(scene.origin.wires()[0].resets().is_empty());
    let names = scene.recorder.names(websocket.id());
    let closed = names.iter().position(|name| *name == "CloseComplete");
    assert!(closed < names.iter().position(|name| *name == "WireReleased"), "{names:?}");
    drop(websocket);
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_stream_that_the_server_never_ends_is_given_up_in_time() {
    let mut options = RequestOptions::default();
    options.websocket.close_timeout = Duration::from_millis(50);
    let builder = Session::builder().request_options(options).protocols(Protocols::RequireHttp2);
    let place =
        Place::of(builder, |script| script.read_frames(Wanted::Of(Kind::Data), 1).send(data(close(1000, ""))).keep())
            .await;
    patiently("a close", place.websocket.close(1000, "")).await.unwrap();
    place.recorder.wait_for_status(place.websocket.id(), "WireReleased").await;
    let frames = place.wait_for_frame(resets).await;
    let own: Vec<_> = frames.iter().filter(|frame| frame.stream == 1).collect();
    assert!(own.iter().any(|frame| ends(frame)) && own.last().unwrap().resets(Reason::CANCEL), "{own:?}");
    place.end().await;
}

#[tokio::test]
async fn the_servers_close_is_answered_and_the_stream_ended_also_when_nobody_receives() {
    let place = Place::with(|script| script.send(data(close(4000, "enough"))).keep()).await;
    place.wait_for_frame(ends).await;
    assert_eq!(place.frames(), [(0x88, 4000_u16.to_be_bytes().to_vec())]);
    assert!(place.websocket.receive().await.unwrap().is_close());
    assert_eq!(place.websocket.close_status().unwrap().code, 4000);
    place.out_of_order(place.websocket.send("late").await);
    place.websocket.close(1000, "").await.unwrap();
    place.end().await;
}

#[tokio::test]
async fn after_shutdown_the_stream_is_open_until_the_server_has_closed() {
    let place =
        Place::with(|script| script.read_frames(Wanted::Of(Kind::Data), 1).send(data(frame(0x81, "more"))).keep())
            .await;
    place.websocket.shutdown(1000, "").await.unwrap();
    assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().as_text(), Some("more"));
    assert!(!place.peer.connection(0).frames().iter().any(ends), "a server might take it for the end of all");
    place.end().await;
}

#[tokio::test]
async fn the_end_of_the_stream_without_a_close_frame_is_12030_after_all_that_came() {
    let last = frames::data(1, frame(0x81, "last words"), true);
    let place = Place::with(|script| script.send(last).keep()).await;
    assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().as_text(), Some("last words"));
    let error = place.failure(patiently("an end", place.websocket.receive()).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    place.out_of_order(place.websocket.receive().await);
    place.wait_for_frame(resets).await;
    place.end().await;
}

#[tokio::test]
async fn trailers_end_the_stream_as_data_does() {
    let last = [data(frame(0x81, "last words")), frames::headers(1, &[("x-moral", "be polite")], true)].concat();
    let place = Place::with(|script| script.send(last).keep()).await;
    assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().as_text(), Some("last words"));
    let error = place.failure(patiently("an end", place.websocket.receive()).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    place.end().await;
}

#[tokio::test]
async fn a_reset_is_12030_after_all_that_came_and_the_wire_serves_on() {
    for reason in [Reason::CANCEL, Reason::INTERNAL_ERROR, Reason::CONNECT_ERROR] {
        let last = [data(frame(0x81, "last words")), frames::rst(1, reason)].concat();
        let place = Place::with(|script| script.send(last).read_streams(2).send(frames::answer(3, "ok")).keep()).await;
        assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().as_text(), Some("last words"));
        let error = place.failure(patiently("an end", place.websocket.receive()).await);
        assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
        assert!(error.to_string().contains(&format!("{reason:?}")), "{error}");
        place.out_of_order(place.websocket.send("late").await);
        let url = format!("http://{}/", place.peer.address());
        let text = async { place.session.get(url).unwrap().send().await.unwrap().text().await.unwrap() };
        assert_eq!(patiently("an answer", text).await, "ok");
        assert_eq!(place.peer.connections(), 1);
        place.end().await;
    }
}

#[tokio::test]
async fn a_reset_ends_a_send_that_waits_for_room() {
    let reset = [frames::rst(1, Reason::CANCEL)].concat();
    let place = Place::with(|script| script.read_frames(Wanted::Of(Kind::Data), 4).send(reset).keep()).await;
    let error = place.failure(patiently("an end", place.websocket.send(vec![0; 200_000])).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    place.end().await;
}

#[tokio::test]
async fn a_reset_that_nobody_waited_for_is_told_by_the_next_operation() {
    for case in 0..3 {
        let place = Place::with(|script| script.send(frames::rst(1, Reason::CANCEL)).keep()).await;
        place.recorder.wait_for_status(place.websocket.id(), "WireReleased").await;
        let websocket = &place.websocket;
        let error = match case {
            0 => place.failure(websocket.receive().await),
            1 => place.failure(websocket.send("hello").await),
            _ => place.failure(websocket.close(1000, "").await),
        };
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        place.out_of_order(websocket.receive().await);
        place.end().await;
    }
}

#[tokio::test]
async fn rfc9113_6_8_a_websocket_lives_on_when_its_server_goes_away_and_others_go_to_a_new_wire() {
    let scene = scene(Settings::new(), builder()).await;
    let websocket = open(&scene).await;
    scene.origin.go_away();
    scene.origin.wait_for_frame(0, |frame| frame.kind == Kind::Ping && frame.is_ack()).await;
    converse(&websocket, "still here").await;
    let other = open(&scene).await;
    converse(&other, "elsewhere").await;
    assert_eq!(scene.origin.connections(), 2);
    converse(&websocket, "and still").await;
    drop(websocket);
    // Nobody needs it any more.
    scene.origin.wait_for_end(0).await;
    drop(other);
    scene.end().await;
}

#[tokio::test]
async fn a_wire_that_breaks_ends_its_websockets_with_12030() {
    for cut in [true, false] {
        let scene = scene(Settings::new(), builder()).await;
        let websockets = [open(&scene).await, open(&scene).await];
        let receiving = websockets.clone().map(|websocket| tokio::spawn(async move { websocket.receive().await }));
        if cut {
            scene.origin.cut()
        } else {
            scene.origin.break_off(Reason::INTERNAL_ERROR)
        }
        for (websocket, receiving) in websockets.iter().zip(receiving) {
            let result = patiently("an end", receiving).await.unwrap();
            let error = scene.recorder.failure(websocket.id(), result);
            assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::WebSocketReceive));
        }
        drop(websockets);
        scene.end().await;
    }
}

#[tokio::test]
async fn b5_closing_the_handle_resets_the_stream_and_fails_what_is_in_flight() {
    let place = Place::with(|script| script.read_streams(2).send(frames::answer(3, "ok")).keep()).await;
    let receiving = place.receiving().await;
    Handle::close(&place.websocket).await.unwrap();
    let error = place.failure(patiently("an end", receiving).await.unwrap());
    assert!(error.is_cancelled(), "{error}");
    place.wait_for_frame(|frame| frame.stream == 1 && frame.resets(Reason::CANCEL)).await;
    place.recorder.wait_for_closing(place.websocket.id()).await;
    let url = format!("http://{}/", place.peer.address());
    assert!(place.session.get(url).unwrap().send().await.is_ok(), "the wire serves on");
    place.end().await;
}

#[tokio::test]
async fn b6_the_close_of_the_session_ends_it_with_6_and_handle_closing_is_last() {
    let place = Place::with(Script::keep).await;
    let receiving = place.receiving().await;
    place.session.close().await.unwrap();
    let error = place.failure(patiently("an end", receiving).await.unwrap());
    assert_eq!(error.code(), ErrorCode::InvalidHandle, "{error}");
    place.recorder.wait_for_closing(place.websocket.id()).await;
    assert_eq!(place.recorder.names(place.websocket.id()).last(), Some(&"HandleClosing"));
    place.peer.wait_for_end(0).await;
    place.end().await;
}

#[tokio::test]
async fn a_drop_while_the_answer_is_awaited_resets_the_stream() {
    let script = announcing(&[]).read_streams(1).keep();
    let peer = ScriptedPeer::always(script).await;
    let scene = Scene::of(peer, builder());
    let asked = tokio::spawn(asking(&scene.session, &scene.peer).connect());
    scene.peer.wait_for_frame(0, Frame::opens_stream).await;
    asked.abort();
    scene.peer.wait_for_frame(0, |frame| frame.stream == 1 && frame.resets(Reason::CANCEL)).await;
    scene.end().await;
}

#[tokio::test]
async fn b8_a_drain_with_a_bound_ends_it() {
    let scene = scene(Settings::new(), builder()).await;
    let websocket = open(&scene).await;
    let receiving = tokio::spawn(websocket.addr().send(ReceiveMessage::default()));
    let report = patiently("a report", scene.session.shutdown(Duration::from_millis(50))).await;
    assert_eq!((report.completed, report.cancelled, report.never_sent), (0, 1, 0), "{report:?}");
    let result = patiently("an end", receiving).await.unwrap().unwrap();
    let error = scene.recorder.failure(websocket.id(), result);
    assert_eq!(error.code(), ErrorCode::InvalidHandle, "{error}");
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn a_wire_that_is_to_go_stays_until_its_websocket_has_ended() {
    let scene = scene(Settings::new(), builder()).await;
    let websocket = open(&scene).await;
    assert_eq!(scene.session.evict_idle().await, 0, "it is not idle");
    assert_eq!(scene.connection.expire().await, 1);
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 2, "it serves nothing new");
    converse(&websocket, "still here").await;
    drop(websocket);
    scene.origin.wait_for_end(0).await;
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_closes_first_sees_the_answer_and_then_the_end() {
    let settings = Settings::new().websockets(|mut served| async move {
        served.close(None).await.unwrap();
        // The answer, and then the end of the stream.
        while let Some(message) = served.next().await {
            assert!(matches!(message, Ok(Message::Close(_))), "{message:?}");
        }
    });
    let origin = Http2Origin::with(settings, |_| Reply::ok("ok").into()).await;
    let scene = Http2Scene::of(origin, builder());
    let websocket = open(&scene).await;
    assert!(patiently("a close", websocket.receive()).await.unwrap().is_close());
    scene.recorder.wait_for_status(websocket.id(), "WireReleased").await;
    assert!(scene.origin.wires()[0].resets().is_empty());
    let closed = scene.recorder.count(
        |status| matches!(status, Status::ClosingConnection { reason } if *reason != CloseReason::SessionClosed),
    );
    assert_eq!(closed, 0, "the wire is not its own");
    drop(websocket);
    scene.end().await;
}

/// Of the whole connection, and not of a WebSocket.
fn asks_for_a_sign_of_life(frame: &Frame) -> bool {
    frame.kind == Kind::Ping && !frame.is_ack()
}

/// A session in which the wire is asked for a sign of life by nobody but who doubts it.
fn trusting(options: RequestOptions) -> SessionBuilder {
    let mut http2 = Http2Options::default();
    (http2.ping_every, http2.adaptive_window) = (None, false);
    Session::builder().request_options(options).protocols(Protocols::RequireHttp2).http2(http2)
}

#[tokio::test]
async fn a_server_that_answers_no_ping_of_a_websocket_is_asked_for_a_sign_of_life_of_its_wire() {
    let mut options = RequestOptions::default();
    options.websocket.ping_every = Some(Duration::from_millis(50));
    options.websocket.ping_timeout = Duration::from_millis(50);
    let place = Place::of(trusting(options), Script::keep).await;
    assert!(!place.peer.connection(0).frames().iter().any(asks_for_a_sign_of_life));
    let error = place.failure(patiently("an end", place.websocket.receive()).await);
    assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
    place.wait_for_frame(asks_for_a_sign_of_life).await;
    place.end().await;
}

#[tokio::test]
async fn a_server_that_takes_nothing_of_a_websocket_is_asked_for_a_sign_of_life_of_its_wire() {
    let mut options = RequestOptions::default();
    options.timeouts.send = Some(Duration::from_millis(50));
    let place = Place::of(trusting(options), Script::keep).await;
    let error = place.failure(patiently("an end", place.websocket.send(vec![0; 200_000])).await);
    assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
    place.wait_for_frame(asks_for_a_sign_of_life).await;
    place.end().await;
}

/// What a send that waits for room, or a receive, fails with when the server says this and closes.
async fn told_of(last_words: Vec<u8>, sends: bool) -> String {
    let place = Place::with(|script| {
        let script = if sends { script.read_frames(Wanted::Of(Kind::Data), 4) } else { script };
        script.send(last_words).close()
    });
    let place = place.await;
    let result = match sends {
        true => patiently("an end", place.websocket.send(vec![0; 200_000])).await,
        false => patiently("an end", place.websocket.receive()).await.map(drop),
    };
    let error = place.failure(result);
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    place.end().await;
    error.to_string()
}

#[tokio::test]
async fn the_end_of_the_connection_is_told_in_the_servers_words_and_not_as_a_refusal() {
    for (last, sends) in [(0, true), (1, true), (0, false), (1, false)] {
        let told = told_of(frames::goaway(last, Reason::ENHANCE_YOUR_CALM).to_vec(), sends).await;
        assert!(told.contains("the server closed the connection: ENHANCE_YOUR_CALM"), "{last} {sends}: {told}");
    }
    for sends in [true, false] {
        let told = told_of(frames::rst(1, Reason::REFUSED_STREAM).to_vec(), sends).await;
        assert!(told.contains("the server gave the stream up: REFUSED_STREAM"), "{sends}: {told}");
    }
}
