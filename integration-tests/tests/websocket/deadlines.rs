//! Servers that take nothing, or never stop talking: every call ends, and what is due is due.

use std::time::Duration;

use hinternet::messages::{ReceiveMessage, SendMessage};
use hinternet::tls::TlsOptions;
use hinternet::{
    Blame, ErrorCode, NotificationMask, Operation, Result, Session, Stage, Status, Timeouts, WebSocketOptions,
};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::websocket::{SWITCHING, close, frame};
use integration_tests::{Gate, Mailbox, patiently};
use tokio::task::JoinHandle;

use crate::in_memory::Server;
use crate::place::{Place, switching, url};

/// More than any socket's buffers hold.
const LARGE: usize = 32 << 20;
const SHORT: Duration = Duration::from_millis(100);

/// No time but that for sending.
fn impatient() -> Timeouts {
    let mut timeouts = Timeouts::infinite();
    timeouts.send = Some(SHORT);
    timeouts
}

fn without_pings() -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.ping_every = None;
    options
}

/// Begins to send, beside the test: it is in flight when this returns.
async fn sending(place: &Place, octets: usize) -> JoinHandle<Result<()>> {
    let answer = place.websocket.addr().send(SendMessage::new(vec![b'x'; octets]));
    place.out_of_order(place.websocket.send("a second one").await);
    tokio::spawn(async move { answer.await.expect("the actor answers") })
}

/// Sends more than goes, and gives it up when this gate says that a part of it has come.
async fn give_up_a_send(place: &Place, begun: &Gate) {
    tokio::select! {
        sent = place.websocket.send(vec![b'x'; LARGE]) => panic!("it is not read, but {sent:?}"),
        () = begun.passed() => {}
    }
    let error = place.recorder.wait_for_status(place.websocket.id(), "RequestError").await;
    assert!(matches!(error.status, Status::RequestError { operation: Operation::WebSocketSend, .. }), "{error:?}");
}

#[tokio::test]
async fn b7_a_send_behind_one_that_was_given_up_goes_out_as_soon_as_it_can() {
    let (begun, reads) = (Gate::new(), Gate::new());
    let after = |switched: Script| switched.read_exactly(1).signal(&begun).hold(&reads).keep();
    let place = Place::of(Session::builder().timeouts(Timeouts::infinite()), without_pings(), after).await;
    give_up_a_send(&place, &begun).await;
    let next = sending(&place, 4).await;
    reads.open();
    patiently("the send behind it", next).await.unwrap().unwrap();
    place.end().await;
}

#[tokio::test]
async fn a_send_ends_with_the_wire_that_the_server_closed() {
    let speaks = Gate::new();
    let mut options = without_pings();
    options.close_timeout = SHORT;
    let after = |switched: Script| switched.hold(&speaks).send(close(1000, "")).stop_reading();
    let place = Place::of(Session::builder().timeouts(Timeouts::infinite()), options, after).await;
    let send = sending(&place, LARGE).await;
    speaks.open();
    assert!(patiently("the close", place.websocket.receive()).await.unwrap().is_close());
    let error = place.failure(patiently("the send", send).await.unwrap());
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    place.end().await;
}

#[tokio::test]
async fn a_long_upload_is_no_silence_of_the_server() {
    let reads = Gate::new();
    let mut options = WebSocketOptions::default();
    (options.ping_every, options.ping_timeout) = (Some(Duration::from_millis(500)), Duration::from_millis(50));
    let place = Place::of(Session::builder(), options, |switched| switched.hold(&reads).keep()).await;
    let send = sending(&place, LARGE).await;
    // A ping is due, and more time has passed than a silent server has.
    tokio::time::sleep(Duration::from_millis(900)).await;
    reads.open();
    patiently("the upload", send).await.unwrap().unwrap();
    place.end().await;
}

#[tokio::test]
async fn a_flood_holds_up_no_deadline() {
    let mut options = without_pings();
    options.close_timeout = SHORT;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(Server::Floods.dial()));
    let websocket = session.websocket("ws://127.0.0.1/").unwrap().options(options).connect().await.unwrap();
    let closed = patiently("the close", websocket.close(1000, "")).await;
    let error = recorder.failure(websocket.id(), closed);
    assert_eq!((error.code(), error.waited()), (ErrorCode::Timeout, Some(SHORT)), "{error}");
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_shutdown_has_the_time_of_a_send() {
    let begun = Gate::new();
    let after = |switched: Script| switched.read_exactly(1).signal(&begun).stop_reading();
    let place = Place::of(Session::builder().timeouts(impatient()), without_pings(), after).await;
    give_up_a_send(&place, &begun).await;
    let shut = patiently("the shutdown", place.websocket.shutdown(1000, "")).await;
    let error = place.failure(shut);
    assert_eq!((error.code(), error.operation()), (ErrorCode::Timeout, Operation::WebSocketShutdown), "{error}");
    assert_eq!((error.waited(), error.stage()), (Some(SHORT), Stage::Messages), "{error}");
    place.end().await;
}

#[tokio::test]
async fn a_send_over_tls_has_its_time_also_where_tls_holds_its_octets() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["chat.example"]))).offering(&["http/1.1"]);
    let script = Script::new().start_tls(&tls).read_head().send_accepting(SWITCHING).stop_reading();
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start();
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let builder = Session::builder().dial(EveryName::here()).tls(trusting).timeouts(impatient());
    let session = recorder.session(builder);
    let url = format!("wss://chat.example:{}/", peer.address().port());
    let websocket = session.websocket(&url).unwrap().options(without_pings()).connect().await.unwrap();
    // Each is little enough for TLS to take it whole.
    let failed = loop {
        let sent = patiently("a send", websocket.send(vec![0; 10_000])).await;
        if sent.is_err() {
            break recorder.failure(websocket.id(), sent);
        }
    };
    assert_eq!((failed.code(), failed.waited()), (ErrorCode::Timeout, Some(SHORT)), "{failed}");
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn where_nothing_can_be_sent_any_more_a_silent_server_is_gone_all_the_same() {
    let mut options = WebSocketOptions::default();
    options.ping_timeout = SHORT;
    let place = Place::of(Session::builder().timeouts(impatient()), options, Script::stop_reading).await;
    let error = place.failure(patiently("the send", place.websocket.send(vec![b'x'; LARGE])).await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::Timeout, Operation::WebSocketSend), "{error}");
    let error = place.failure(patiently("the receive", place.websocket.receive()).await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::Timeout, Operation::WebSocketReceive), "{error}");
    assert!(error.to_string().contains("no sign of life"), "{error}");
    place.end().await;
}

#[tokio::test]
async fn c8_those_in_flight_go_on_those_in_line_have_their_time_and_a_close_never_waits() {
    let speaks = Gate::new();
    let after = switching().read_exactly(3 * 10).hold(&speaks).send(frame(0x81, "hello"));
    let peer = ScriptedPeer::always(after.read_until(&b"\x88"[..]).send(close(1000, "")).keep()).await;
    let recorder = Recorder::start();
    let slow = Mailbox::new();
    let mut timeouts = Timeouts::infinite();
    timeouts.queue = Some(SHORT);
    let builder = Session::builder().timeouts(timeouts).unhandled(1024, 3);
    let session = builder.subscriber(slow.subscriber(), NotificationMask::WRITE_COMPLETE).open().unwrap();
    recorder.join(&session);
    let websocket = session.websocket(&url(&peer)).unwrap().connect().await.unwrap();
    let receiving = websocket.addr().send(ReceiveMessage::default());
    for _ in 0..3 {
        websocket.send("told").await.unwrap();
    }
    let late = recorder.failure(websocket.id(), patiently("its time", websocket.send("late")).await);
    assert_eq!((late.code(), late.stage(), late.waited()), (ErrorCode::Timeout, Stage::Queue, Some(SHORT)), "{late}");
    speaks.open();
    let received = patiently("the receive", receiving).await.unwrap().unwrap();
    assert_eq!(received.as_text(), Some("hello"));
    let late = recorder.failure(websocket.id(), patiently("its time", websocket.receive()).await);
    assert_eq!((late.code(), late.stage()), (ErrorCode::Timeout, Stage::Queue), "{late}");
    patiently("the close", websocket.close(1000, "")).await.unwrap();
    drop((websocket, slow));
    recorder.finish(session).await;
}
