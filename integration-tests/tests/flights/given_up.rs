//! The future of `send` is dropped, or its own code panics (contract B.7, B.9).

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver};
use hinternet::transport::MemoryStream;
use hinternet::{DialOptions, ErrorCode, Operation, Session};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all, receiving};
use integration_tests::scripted_peer::{Ending, Script, ScriptedPeer};
use integration_tests::{FakeDialer, Gate, answering, dropped_after, patiently, poll_once};

use super::{HELLO, ended_with_one_error, flying, get, handle, silent};

#[tokio::test]
async fn b7_dropped_while_it_waits_for_the_head_its_wire_is_closed() {
    let peer = ScriptedPeer::start_with_default(vec![silent()], Script::answering(HELLO)).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let (request, call) = flying(&scene, 0).await;
    let id = request.id();
    drop(request);
    call.abort();
    ended_with_one_error(&scene.recorder, id).await;
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
    let next = patiently("the next", get(&scene)).await.unwrap().unwrap();
    assert_eq!(next.bytes().await.unwrap(), "hello");
    scene.end().await;
}

#[tokio::test]
async fn b7_dropped_while_another_holds_the_handle_its_response_can_still_be_received() {
    let gate = Gate::new();
    let held = Script::new().read_request().hold(&gate).send(HELLO).again();
    let scene = Scene::of(ScriptedPeer::always(held).await, Session::builder().wires_per_origin(1));
    let (request, call) = flying(&scene, 0).await;
    call.abort();
    let error = scene.recorder.wait_for_status(request.id(), "RequestError").await;
    assert!(matches!(error.completion().unwrap().operation, Operation::Receive), "{error:?}");
    assert!(request.is_open());
    let receive = receiving(&request);
    gate.open();
    assert_eq!(patiently("a response", receive).await.unwrap().unwrap().status(), 200);
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    assert_eq!((scene.peer.connections(), scene.peer.requests().len()), (1, 1));
    assert_eq!(scene.recorder.count_of(request.id(), "RequestError"), 1);
    scene.end().await;
}

#[tokio::test]
async fn b7_dropped_and_cancelled_at_once_its_wire_is_closed_though_another_holds_the_handle() {
    const TIMES: usize = 50;
    let scene = Scene::of(ScriptedPeer::always(silent()).await, Session::builder().wires_per_origin(1));
    for n in 0..TIMES {
        let mut send = Box::pin(scene.session.get(scene.peer.url("/")).unwrap().send());
        assert!(poll_once(send.as_mut()).await.is_none());
        let id = scene.recorder.request(n).await;
        scene.recorder.wait_for_status(id, "ReceivingResponse").await;
        let request = handle(&scene.session, id);
        drop(send);
        request.cancel();
        scene.peer.wait_for_end(n).await;
        scene.recorder.wait_for_status(id, "RequestError").await;
        assert!(request.is_open());
        drop(request);
        ended_with_one_error(&scene.recorder, id).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn b7_dropped_in_line_it_leaves_its_place() {
    let gate = Gate::new();
    let held = Script::new().read_request().hold(&gate).send(HELLO).again();
    let scene = Scene::of(ScriptedPeer::always(held).await, Session::builder().wires_per_origin(1));
    let (_first, call) = flying(&scene, 0).await;
    let in_line = get(&scene);
    let id = scene.recorder.request(1).await;
    scene.recorder.wait_for_status(id, "Queued").await;
    let last = get(&scene);
    let last_id = scene.recorder.request(2).await;
    scene.recorder.wait_for_status(last_id, "Queued").await;
    in_line.abort();
    ended_with_one_error(&scene.recorder, id).await;
    gate.open();
    for call in [call, last] {
        let response = patiently("a response", call).await.unwrap().unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello");
    }
    assert_eq!((scene.peer.connections(), scene.peer.requests().len()), (1, 2));
    scene.end().await;
}

#[tokio::test]
async fn b7_dropped_while_it_dials_its_place_is_free() {
    let (recorder, (dialer, mut attempts)) = (Recorder::start(), FakeDialer::new());
    let dial = DialOptions::default().resolver(Known).dialer(dialer);
    let session = recorder.session(Session::builder().dial(dial).wires_per_origin(1));
    let send = || session.get("http://a.example/").unwrap().send();
    let mut first = Box::pin(send());
    assert!(poll_once(first.as_mut()).await.is_none());
    let attempt = attempts.next().await;
    drop(first);
    ended_with_one_error(&recorder, recorder.request(0).await).await;
    // The place is free, or the wire that is under way is for the next.
    let next = tokio::spawn(send());
    if attempt.is_given_up() {
        attempts.next().await.connect(HELLO);
    } else {
        attempt.connect(HELLO);
    }
    let response = patiently("the next", next).await.unwrap().unwrap();
    assert_eq!(response.bytes().await.unwrap(), "hello");
    recorder.finish(session).await;
}

/// Wherever it is dropped the wire serves again, or is closed, and the next is answered.
#[test]
fn b7_dropped_after_any_number_of_polls_it_leaves_nothing_behind() {
    actix::System::new().block_on(async {
        for whole in [true, false] {
            let half = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell").keep();
            let script = if whole { Script::answering(HELLO) } else { half };
            let peer = ScriptedPeer::always(script).await;
            let scene = Scene::of(peer, Session::builder().on_current_arbiter().wires_per_origin(1));
            for polls in 0..10_000 {
                let send = scene.session.get(scene.peer.url("/")).unwrap().send();
                let was_sent = dropped_after(polls, send).await.is_some();
                let next = scene.session.get(scene.peer.url("/")).unwrap().send();
                assert_eq!(patiently("the next", next).await.unwrap().status(), 200, "after {polls} polls");
                if was_sent {
                    break;
                }
            }
            scene.end().await;
        }
    });
}

/// Panics where it is told to, the first three times.
#[derive(Clone, Debug)]
struct Explosive {
    left: Arc<AtomicUsize>,
    at: Where,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Dial,
    Dialing,
    Resolve,
    Resolving,
}

impl Explosive {
    fn explodes(&self, here: Where) -> bool {
        let fewer = |left: usize| left.checked_sub(1);
        self.at == here && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }
}

impl Dialer for Explosive {
    fn dial(&self, _: &Destination) -> Dialing {
        assert!(!self.explodes(Where::Dial), "the dialer explodes");
        let this = self.clone();
        Box::pin(async move {
            assert!(!this.explodes(Where::Dialing), "the dialing explodes");
            let (ours, theirs) = MemoryStream::pair();
            tokio::spawn(answering(theirs, HELLO));
            Ok(Box::new(ours) as _)
        })
    }
}

impl Resolver for Explosive {
    fn resolve(&self, _: &str) -> Lookup {
        assert!(!self.explodes(Where::Resolve), "the resolver explodes");
        let this = self.clone();
        Box::pin(async move {
            assert!(!this.explodes(Where::Resolving), "the look-up explodes");
            known()
        })
    }
}

#[derive(Debug)]
struct Known;

impl Resolver for Known {
    fn resolve(&self, _: &str) -> Lookup {
        Box::pin(std::future::ready(known()))
    }
}

fn known() -> io::Result<Vec<IpAddr>> {
    Ok(vec![IpAddr::from([127, 0, 0, 1])])
}

#[tokio::test]
async fn b9_a_dialer_or_resolver_that_panics_fails_the_send_and_its_place_is_free() {
    for at in [Where::Dial, Where::Dialing, Where::Resolve, Where::Resolving] {
        let explosive = Explosive { left: Arc::new(AtomicUsize::new(3)), at };
        let dial = DialOptions::default().resolver(explosive.clone()).dialer(explosive);
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().dial(dial).wires_per_origin(1));
        for n in 0..3 {
            let result = patiently("the send", session.get("http://a.example/").unwrap().send()).await;
            let id = recorder.request(n).await;
            let error = recorder.failure(id, result);
            assert_eq!(error.code(), ErrorCode::InternalError, "{at:?}: {error}");
            ended_with_one_error(&recorder, id).await;
        }
        let response = patiently("the next", session.get("http://a.example/").unwrap().send()).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello", "{at:?}");
        recorder.finish(session).await;
    }
}
