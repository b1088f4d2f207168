//! Pings of our own: the round trip, and servers that are gone.

use std::time::Duration;

use hinternet::{CloseReason, ErrorCode, Session, Status, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{WebSocketOrigin, frame};

use crate::place::{Place, switching, url};

fn often() -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    (options.ping_every, options.ping_timeout) = (Some(Duration::from_millis(20)), Duration::from_millis(60));
    options
}

#[tokio::test]
async fn an_answered_ping_tells_the_round_trip() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut options = often();
    options.ping_timeout = Duration::from_secs(30);
    let websocket = session.websocket(&origin.url()).unwrap().options(options).connect().await.unwrap();
    assert_eq!(websocket.round_trip(), None);
    while websocket.round_trip().is_none() {
        websocket.send("are you there?").await.unwrap();
        websocket.receive().await.unwrap();
    }
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_server_that_gives_no_sign_of_life_is_gone() {
    let place = Place::of(Session::builder(), often(), Script::keep).await;
    let error = place.failure(place.websocket.receive().await);
    assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
    assert_eq!(error.waited(), Some(often().ping_timeout));
    let closing = place.recorder.wait_for_status(place.websocket.id(), "ClosingConnection").await;
    assert!(matches!(closing.status, Status::ClosingConnection { reason: CloseReason::PingTimeout }), "{closing:?}");
    assert_eq!(place.frames()[0].0, 0x89);
    place.end().await;
}

#[tokio::test]
async fn a_server_is_not_gone_because_its_message_is_not_received() {
    let place = Place::of(Session::builder(), often(), |switched| switched.send(frame(0x81, "unread")).keep()).await;
    place.wait_for_frames(1).await;
    // Longer than a silent server has, which is met later.
    let silent = ScriptedPeer::always(switching().keep()).await;
    let other = place.session.websocket(&url(&silent)).unwrap().options(often()).connect().await.unwrap();
    assert!(place.recorder.failure(other.id(), other.receive().await).is_timeout());
    assert_eq!(place.websocket.receive().await.unwrap().as_text(), Some("unread"));
    place.end().await;
}
