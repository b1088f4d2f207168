//! RFC 9113 5.2: responses that nobody reads do not keep the other streams of their wire from going on, and who does not read is
//! told so.

use std::time::Duration;

use bytes::Bytes;
use hinternet::{
    Blame, ErrorCode, Http2Options, Http2Snapshot, NotificationMask as Mask, Request, Stage, StalledReader, Status,
    Waiting,
};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Reason, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Wanted};
use integration_tests::{Gate, patiently};
use tokio::task::JoinSet;

/// Small windows that stay as they are, so that few octets fill them.
fn small() -> Http2Options {
    let mut options = Http2Options::default();
    (options.stream_window, options.connection_window, options.adaptive_window) = (65_535, 100_000, false);
    options
}

/// `/n` is answered with so many octets.
async fn scene(options: Http2Options) -> Http2Scene {
    let body = Bytes::from(vec![b'x'; 16 << 20]);
    let origin = Http2Origin::start(move |request| {
        let length: usize = request.path()[1..].parse().unwrap();
        Reply::ok(body.slice(..length)).into()
    })
    .await;
    Http2Scene::of(origin, builder().http2(options))
}

/// So many responses whose head is read and nothing else.
async fn forgotten(scene: &Http2Scene, count: usize, length: usize) -> Vec<Request> {
    let mut forgotten = Vec::new();
    for _ in 0..count {
        forgotten.push(scene.reading(&format!("/{length}")).await);
    }
    forgotten
}

/// So many at once, each again and again, are read to their ends.
async fn siblings_finish(scene: &Http2Scene, count: usize, length: usize) {
    let mut siblings = JoinSet::new();
    for _ in 0..count {
        let (session, url) = (scene.session.clone(), scene.origin.url(&format!("/{length}")));
        siblings.spawn(async move {
            for _ in 0..3 {
                let body = session.get(&url).unwrap().send().await.unwrap().bytes().await.unwrap();
                assert_eq!(body.len(), length);
            }
        });
    }
    while let Some(sibling) = patiently("a sibling", siblings.join_next()).await {
        sibling.unwrap();
    }
}

async fn wire(scene: &Http2Scene) -> Http2Snapshot {
    let snapshot = scene.session.snapshot().await;
    snapshot.origins[0].wires[0].http2.clone().unwrap()
}

/// Looks until it is so.
async fn seen(scene: &Http2Scene, what: &str, mut is_so: impl FnMut(&Http2Snapshot) -> bool) -> Http2Snapshot {
    patiently(what, async {
        loop {
            let wire = wire(scene).await;
            if is_so(&wire) {
                return wire;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Is so much unread now, of all responses?
async fn unread(scene: &Http2Scene, octets: u64) {
    seen(scene, "unread octets", |wire| wire.unread >= octets).await;
}

async fn stalled(scene: &Http2Scene, request: &Request) -> u64 {
    let told = scene.recorder.wait_for_status(request.id(), "ReaderStalled").await;
    let Status::ReaderStalled { unread, .. } = told.status else { panic!("{told:?}") };
    unread
}

#[tokio::test]
async fn forgotten_bodies_do_not_keep_their_siblings_from_finishing() {
    for count in [1, 3, 16] {
        let scene = scene(small()).await;
        let forgotten = forgotten(&scene, count, 1 << 20).await;
        siblings_finish(&scene, 63, 100_000).await;
        assert_eq!(scene.origin.connections(), 1);
        unread(&scene, count as u64 * 60_000).await;
        // None is lost: what was forgotten can still be read.
        assert_eq!(patiently("the rest", read_all(&forgotten[0])).await.unwrap().len(), 1 << 20);
        drop(forgotten);
        scene.end().await;
    }
}

#[tokio::test]
async fn forgotten_bodies_do_not_keep_their_siblings_from_finishing_under_the_defaults() {
    let scene = scene(Http2Options::default()).await;
    let forgotten = forgotten(&scene, 16, 16 << 20).await;
    siblings_finish(&scene, 63, 300_000).await;
    assert_eq!(scene.origin.connections(), 1);
    let wire = wire(&scene).await;
    assert!(wire.unread <= (64 + 16) << 20, "{wire:?}");
    drop(forgotten);
    scene.end().await;
}

#[tokio::test]
async fn a_forgotten_body_that_fills_the_window_of_its_wire_and_not_its_own_is_made_up_for_and_told_of() {
    let mut options = small();
    (options.stream_window, options.connection_window) = (1 << 20, 65_535);
    options.stalled_after = Duration::from_millis(20);
    let scene = scene(options).await;
    let forgotten = forgotten(&scene, 1, 4 << 20).await;
    siblings_finish(&scene, 8, 100_000).await;
    stalled(&scene, &forgotten[0]).await;
    assert_eq!(patiently("the rest", read_all(&forgotten[0])).await.unwrap().len(), 4 << 20);
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_response_that_is_never_received_and_ends_that_are_never_read_are_made_up_for_too() {
    let scene = scene(small()).await;
    let mut forgotten = Vec::new();
    for n in 0..20 {
        // Small enough to come whole, and large enough to fill the wire's window together.
        forgotten.push(scene.sent(if n % 2 == 0 { "/30000" } else { "/1000000" }).await);
    }
    siblings_finish(&scene, 8, 100_000).await;
    for request in &forgotten {
        request.receive_response().await.unwrap();
        patiently("a body", read_all(request)).await.unwrap();
    }
    scene.end().await;
}

#[tokio::test]
async fn what_was_made_up_for_is_taken_back_when_it_is_read() {
    let scene = scene(small()).await;
    let forgotten = forgotten(&scene, 4, 300_000).await;
    unread(&scene, 4 * 60_000).await;
    assert!(wire(&scene).await.connection_window >= 300_000);
    for request in forgotten {
        patiently("a body", read_all(&request)).await.unwrap();
    }
    siblings_finish(&scene, 1, 1_000_000).await;
    let wire = wire(&scene).await;
    assert_eq!((wire.unread, wire.stream_window), (0, 65_535));
    // What the last look has seen may be a few pieces.
    assert!(wire.connection_window <= 100_000 + 65_535, "{wire:?}");
    scene.end().await;
}

#[tokio::test]
async fn nothing_is_made_up_for_beyond_the_limit_and_windows_are_small_from_half_of_it_on() {
    let mut options = small();
    (options.stream_window, options.unread_limit) = (200_000, 500_000);
    let scene = scene(options).await;
    let forgotten = forgotten(&scene, 2, 1 << 20).await;
    let shown = seen(&scene, "small windows", |wire| wire.stream_window == 65_535).await;
    assert!(shown.connection_window <= 600_000, "{shown:?}");
    siblings_finish(&scene, 8, 100_000).await;
    for request in forgotten {
        assert_eq!(patiently("a body", read_all(&request)).await.unwrap().len(), 1 << 20);
    }
    siblings_finish(&scene, 1, 1 << 20).await;
    seen(&scene, "the windows as they were", |wire| wire.stream_window == 200_000).await;
    scene.end().await;
}

/// Of two streams, of which the first is not read, the second was read far, and not so far that its window was opened anew; then the
/// windows are made small. The server has nothing left to send by, until it hears of what was read.
async fn read_before_the_windows_are_small(waits_behind: bool) {
    let (read, small) = (Gate::new(), Gate::new());
    let piece = |stream| frames::data(stream, [b'x'; 10_000], false);
    let script = Script::new().read_preface().send(frames::settings(&[])).send(frames::settings_ack()).read_streams(2);
    let script = script.send(frames::response(1, 200, false)).send(frames::response(3, 200, false));
    let script =
        script.repeat(piece(3), 10).hold(&read).repeat(piece(1), 20).read_frames(Wanted::Of(Kind::Settings), 2);
    let script = script.send(frames::settings_ack()).signal(&small);
    // The first one is of the connection's window, before anything else.
    let script = script.read_frames(Wanted::Of(Kind::WindowUpdate), 2);
    let peer = ScriptedPeer::always(script.send(frames::data(3, "end", true)).send(frames::data(1, "", true))).await;
    let mut options = Http2Options::default();
    (options.stream_window, options.connection_window, options.adaptive_window) = (400_000, 4 << 20, false);
    options.unread_limit = 200_000;
    let scene = Scene::of(peer, builder().http2(options));
    let (forgotten, request) = (scene.sent().await, scene.sent().await);
    forgotten.receive_response().await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(patiently("what was sent", request.read_exact(100_000)).await.unwrap().len(), 100_000);
    let reading = async {
        if waits_behind {
            small.passed().await;
        }
        request.read().await
    };
    let (rest, ()) = tokio::join!(patiently("the rest", reading), async { read.open() });
    assert_eq!(rest.unwrap(), "end");
    let frames = scene.peer.connection(0).frames();
    let opened: Vec<_> =
        frames.iter().filter(|frame| frame.kind == Kind::WindowUpdate).map(|frame| frame.stream).collect();
    assert_eq!(opened, [0, 3]);
    assert_eq!(patiently("a body", read_all(&forgotten)).await.unwrap().len(), 200_000);
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_6_9_2_who_waits_when_the_windows_are_made_small_goes_on() {
    read_before_the_windows_are_small(false).await;
}

#[tokio::test]
async fn rfc9113_6_9_2_who_reads_again_when_the_windows_were_made_small_goes_on() {
    read_before_the_windows_are_small(true).await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_told_so_and_again_after_it_read() {
    let mut options = small();
    options.stalled_after = Duration::from_millis(20);
    let scene = scene(options).await;
    let request = scene.reading("/1000000").await;
    let mut told = request.notifications(Mask::READERS).unwrap();
    assert!((32_767..=65_535).contains(&stalled(&scene, &request).await));
    assert_eq!(patiently("the first", told.next()).await.unwrap().name(), "ReaderStalled");
    assert_eq!(request.why_waiting().await, Some(Waiting::Consumer));
    assert_eq!(wire(&scene).await.stalled_readers, 1);
    patiently("a piece", request.read_exact(500_000)).await.unwrap();
    assert_eq!(patiently("the second", told.next()).await.unwrap().name(), "ReaderStalled");
    assert_eq!(patiently("the rest", read_all(&request)).await.unwrap().len(), 500_000);
    assert_eq!(wire(&scene).await.stalled_readers, 0);
    drop(told);
    scene.end().await;
}

#[tokio::test]
async fn with_stalled_readers_on_half_of_the_limit_the_next_requests_go_on_another_wire() {
    for (policy, wires) in [(StalledReader::NewWire, 2), (StalledReader::Shrink, 1)] {
        let mut options = small();
        (options.stalled_after, options.stalled_reader) = (Duration::from_millis(20), policy);
        options.unread_limit = 100_000;
        let scene = scene(options).await;
        let forgotten = forgotten(&scene, 2, 1 << 20).await;
        for request in &forgotten {
            stalled(&scene, request).await;
        }
        if wires == 2 {
            // It is there for requests when it is shown.
            patiently("the second wire", async {
                while scene.session.snapshot().await.origins[0].wires.len() < 2 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
        siblings_finish(&scene, 8, 100).await;
        assert_eq!(scene.origin.connections(), wires);
        let streams: Vec<_> = scene.origin.wires().iter().map(|wire| wire.streams()).collect();
        if wires == 2 {
            assert!(streams[1] >= 20, "{streams:?}");
        }
        drop(forgotten);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_stalled_reader_may_be_ended_and_hears_why() {
    let mut options = small();
    (options.stalled_after, options.stalled_reader) = (Duration::from_millis(20), StalledReader::Abort);
    let scene = scene(options).await;
    let request = scene.reading("/1000000").await;
    stalled(&scene, &request).await;
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 1);
    for _ in 0..2 {
        let error = request.read().await.unwrap_err();
        assert_eq!(
            (error.code(), error.stage(), error.blame()),
            (ErrorCode::Timeout, Stage::Body, Blame::Caller),
            "{error}"
        );
        assert_eq!(error.waited(), Some(Duration::from_millis(20)));
        assert!(error.to_string().contains("not read for 20ms while its server waited"), "{error}");
    }
    assert_eq!(scene.text("/2").await.unwrap(), "xx");
    scene.end().await;
}
