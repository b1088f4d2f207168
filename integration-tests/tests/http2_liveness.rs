//! A wire on which nothing is heard gets no more requests, and one forgotten body does not stop the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::{Blame, CloseReason, DialOptions, Http2Options, Notification, Request, Status, WireHealth};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Settings, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all, receiving};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Wanted};
use integration_tests::{Gate, WatchedStream, patiently};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Asks soon, and does not wait long for an answer.
fn impatient() -> Http2Options {
    let mut http2 = Http2Options::default();
    http2.ping_every = Some(Duration::from_millis(50));
    http2.ping_timeout = Duration::from_millis(200);
    // No pings but these: what is measured by others would come at times of its own.
    http2.adaptive_window = false;
    http2
}

/// Says nothing more after so many answers, and hears nothing more either.
fn black_hole(answers: u32) -> Script {
    let script = Script::new().read_preface().send(frames::settings(&[]));
    answering(script, answers).stop_reading()
}

fn answering(script: Script, answers: u32) -> Script {
    (0..answers).fold(script, |script, n| script.read_streams(n as usize + 1).send(frames::answer(2 * n + 1, "hello")))
}

/// Answers every stream and every ping.
fn healthy() -> Script {
    answering(Script::new().read_preface().send(frames::settings(&[])), 20).keep().answering_pings()
}

async fn answered(request: &Request) -> hinternet::Result<Vec<u8>> {
    request.receive_response().await?;
    read_all(request).await
}

#[tokio::test]
async fn a_wire_that_answers_no_ping_gets_no_later_request() {
    let peer = ScriptedPeer::start_with_default(vec![black_hole(1)], healthy()).await;
    let scene = Scene::of(peer, builder().http2(impatient()));
    assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
    // Idempotent, on a reused wire, before any octet of an answer: sent again when the wire has been given up.
    let swallowed = scene.sent().await;
    let swallowed = receiving(&swallowed);
    patiently("the answer", swallowed).await.unwrap().unwrap();
    assert_eq!(scene.peer.connections(), 2);
    for _ in 0..5 {
        assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
    }
    assert_eq!(scene.peer.connections(), 2);
    // None, if the wire was missed before the request came to it.
    assert!(scene.recorder.count(|status| matches!(status, hinternet::Status::Retrying { .. })) <= 1);
    scene.end().await;
}

#[tokio::test]
async fn a_request_that_was_swallowed_and_may_not_be_repeated_is_a_typed_error() {
    let peer = ScriptedPeer::start_with_default(vec![black_hole(1)], healthy()).await;
    let scene = Scene::of(peer, builder().http2(impatient()));
    assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
    let post = scene.request(hinternet::Method::POST);
    post.send("body").await.unwrap();
    let error = scene.recorder.failure(post.id(), patiently("the end", post.receive_response()).await);
    assert!(error.is_timeout() || error.blame() == Blame::Network, "{error}");
    assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
    assert_eq!(scene.peer.connections(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_never_says_its_first_word_is_a_typed_error() {
    let scene = Scene::of(ScriptedPeer::always(Script::new().keep()).await, builder().http2(impatient()));
    let request = scene.request(hinternet::Method::GET);
    let result = async {
        request.send(()).await?;
        request.receive_response().await.map(|_| ())
    };
    let error = scene.recorder.failure(request.id(), patiently("the end", result).await);
    assert!(matches!(error.blame(), Blame::Peer | Blame::Network), "{error}");
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_is_slow_but_answers_pings_keeps_its_request() {
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
    // So many pings later a silent one would have been given up.
    let script =
        script.read_frames(Wanted::Of(Kind::Ping), 10).send(frames::answer(1, "late")).keep().answering_pings();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder().http2(impatient()));
    assert_eq!(patiently("the answer", answered(&scene.sent().await)).await.unwrap(), b"late");
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn f_frames_of_no_use_end_the_wire_and_the_next_one_serves() {
    let mut http2 = Http2Options::default();
    http2.control_frames = 1000;
    for frame in [frames::ping(*b"hinternt"), frames::settings(&[]), frames::window_update(0, 1)] {
        let flood = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
        let flood = flood.repeat(frame.repeat(100), 1000).keep().forgetful();
        let peer = ScriptedPeer::start_with_default(vec![flood], healthy()).await;
        let scene = Scene::of(peer, builder().http2(http2));
        // A wire that is new is not one on which a request is sent again.
        let request = scene.sent().await;
        let error = scene.recorder.failure(request.id(), patiently("the end", request.receive_response()).await);
        assert_eq!(error.blame(), Blame::Peer, "{error}");
        assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
        assert_eq!(scene.peer.connections(), 2);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_stop_sixty_three_others() {
    let far = Gate::new();
    let come = far.clone();
    let scene = Http2Scene::with(move |request| match request.path() {
        "/large" => Answer::in_parts().piece(vec![b'x'; 64 * 1024]).signal(&come).piece(vec![b'x'; 64 << 20]),
        _ => Reply::ok(vec![b'y'; 256 * 1024]).into(),
    })
    .await;
    let unread = scene.reading("/large").await;
    far.passed().await;
    let mut others = JoinSet::new();
    for _ in 0..63 {
        let (session, url) = (scene.session.clone(), scene.origin.url("/other"));
        others.spawn(async move { session.get(url)?.send().await?.bytes().await });
    }
    while let Some(other) = patiently("a sibling", others.join_next()).await {
        assert_eq!(other.unwrap().unwrap().len(), 256 * 1024);
    }
    assert_eq!(scene.origin.connections(), 1);
    unread.close().await.unwrap();
    scene.end().await;
}

/// Its streams panic when they are read, once they are told to.
#[derive(Debug)]
struct Dials(Arc<AtomicBool>);

impl Dialer for Dials {
    fn dial(&self, to: &Destination) -> Dialing {
        let (breaks, address) = (Arc::clone(&self.0), to.address);
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            let breaks = move || assert!(!breaks.swap(false, Ordering::SeqCst), "a fault of the caller's");
            Ok(Box::new(WatchedStream::new(stream, breaks)) as Box<dyn Stream>)
        })
    }
}

#[tokio::test]
async fn a_wire_that_was_silent_is_asked_when_it_is_used_and_only_if_that_is_wished() {
    for (ping_after, pings) in [(Some(Duration::from_nanos(1)), 1), (None, 0)] {
        let mut http2 = Http2Options::default();
        http2.ping_after = ping_after;
        // No pings but these.
        http2.adaptive_window = false;
        let script = answering(Script::new().read_preface().send(frames::settings(&[])), 1).read_streams(2);
        // One ping may do for both uses.
        let script = script.read_frames(Wanted::Of(Kind::Ping), pings).send(frames::answer(3, "hello"));
        let peer = ScriptedPeer::always(script.keep().answering_pings()).await;
        let scene = Scene::of(peer, builder().http2(http2));
        for _ in 0..2 {
            assert_eq!(patiently("an answer", answered(&scene.sent().await)).await.unwrap(), b"hello");
        }
        let read = scene.peer.connection(0).frames();
        let is_asked = read.iter().any(|frame| frame.kind == Kind::Ping && !frame.is_ack());
        assert_eq!(is_asked, ping_after.is_some());
        scene.end().await;
    }
}

#[tokio::test]
async fn rfc9113_5_2_what_takes_no_room_of_a_window_is_no_cause_to_measure_the_path() {
    let mut http2 = Http2Options::default();
    (http2.ping_after, http2.ping_every) = (None, None);
    for is_body in [false, true] {
        let large = || "x".repeat(8 << 10);
        let reply = move || if is_body { Reply::ok(large()) } else { Reply::ok("").field("x-large", large()) };
        let origin = Http2Origin::with(Settings::new(), move |_| reply().into()).await;
        let scene = Http2Scene::of(origin, builder().http2(http2));
        // As bodies these are half of what a stream may send unread.
        for _ in 0..http2.stream_window / 2 / (8 << 10) {
            scene.text("/").await.unwrap();
        }
        let is_asked = || scene.origin.wires()[0].pings() > 0;
        patiently("a ping", async {
            while is_body && !is_asked() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(is_asked(), is_body);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_wire_that_the_change_of_network_cut_off_is_found_out_before_a_request_comes_to_it() {
    let mut http2 = impatient();
    // Nobody asks but for the change.
    (http2.ping_every, http2.ping_after) = (None, None);
    let peer = ScriptedPeer::start_with_default(vec![black_hole(1)], healthy()).await;
    let scene = Scene::of(peer, builder().http2(http2));
    assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
    let change = scene.session.network_changed().await;
    assert_eq!((change.closed, change.asked), (0, 1));
    let given_up = WireHealth::Closed(CloseReason::PingTimeout);
    let is_given_up =
        |status: &Status| matches!(status, Status::WireHealthChanged { health, .. } if *health == given_up);
    scene.recorder.wait_for(|one| is_given_up(&one.status)).await;
    assert_eq!(answered(&scene.sent().await).await.unwrap(), b"hello");
    assert_eq!(scene.peer.connections(), 2);
    assert_eq!(scene.recorder.count(|status| matches!(status, Status::Retrying { .. })), 0);
    scene.end().await;
}

/// Its streams take no more, and panic when they are asked again, once they are told to.
#[derive(Debug)]
struct Chokes(Arc<AtomicUsize>);

impl Dialer for Chokes {
    fn dial(&self, to: &Destination) -> Dialing {
        let (writes, address) = (Arc::clone(&self.0), to.address);
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            let chokes = move |context: &mut Context<'_>| match writes.load(Ordering::SeqCst) {
                0 => Poll::Ready(()),
                1 => {
                    writes.store(2, Ordering::SeqCst);
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                _ => {
                    writes.store(0, Ordering::SeqCst);
                    panic!("a fault of the caller's")
                }
            };
            Ok(Box::new(WatchedStream::new(stream, || ()).before_write(chokes)) as Box<dyn Stream>)
        })
    }
}

#[tokio::test]
async fn b9_a_stream_that_panics_at_its_last_words_gives_its_place_back() {
    let writes = Arc::new(AtomicUsize::new(0));
    let origin = Http2Origin::start(|_| Reply::ok("ok").into()).await;
    let dial = DialOptions::default().dialer(Chokes(Arc::clone(&writes)));
    let scene = Http2Scene::of(origin, builder().dial(dial).wires_per_origin(1));
    for wires in 1..=3 {
        assert_eq!(patiently("an answer", scene.text("/")).await.unwrap(), "ok");
        assert_eq!(scene.origin.connections(), wires);
        writes.store(1, Ordering::SeqCst);
        assert_eq!(scene.session.evict_idle().await, 1);
        let mut closed = 0;
        let is_closed = |told: &Notification| {
            closed += usize::from(matches!(told.status, Status::ConnectionClosed));
            closed == wires
        };
        scene.recorder.wait_for(is_closed).await;
        assert_eq!(writes.load(Ordering::SeqCst), 0, "it broke");
    }
    scene.end().await;
}

#[tokio::test]
async fn b9_a_stream_that_panics_ends_its_wire_and_no_other() {
    let breaks = Arc::new(AtomicBool::new(false));
    let origin = Http2Origin::start(|_| Reply::ok("ok").into()).await;
    let dial = DialOptions::default().dialer(Dials(Arc::clone(&breaks)));
    let scene = Http2Scene::of(origin, builder().dial(dial));
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    breaks.store(true, Ordering::SeqCst);
    // Sent again or failed, as the moment has it; the wire is gone in any case.
    let _either = patiently("the end", scene.text("/")).await;
    assert!(!breaks.load(Ordering::SeqCst), "it broke");
    for _ in 0..3 {
        assert_eq!(patiently("an answer", scene.text("/")).await.unwrap(), "ok");
    }
    assert_eq!(scene.origin.connections(), 2);
    scene.end().await;
}
