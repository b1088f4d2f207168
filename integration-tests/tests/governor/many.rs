//! Never more at once than the governor says, whatever becomes of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::{Engine, Waiting};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, builder};
use integration_tests::origin::{Log, Origin, Reply, Visit};
use integration_tests::scene::{read_all, sending};
use integration_tests::{Gate, patiently};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

const MOST: usize = 8;

/// How many of these were being answered at once, at most.
fn most_at_once(visits: &[Visit]) -> usize {
    // An end sorts before a beginning of the same moment.
    let ends = visits.iter().filter_map(|visit| visit.ended).map(|at| (at, false));
    let mut moments: Vec<_> = visits.iter().map(|visit| (visit.started, true)).chain(ends).collect();
    moments.sort_unstable();
    let mut now = 0_usize;
    let at_once = moments.into_iter().map(|(_, begins)| {
        now = if begins { now + 1 } else { now - 1 };
        now
    });
    at_once.max().unwrap_or_default()
}

/// A thousand requests at once, of which every seventh has its response dropped unread.
async fn thousand(session: &Session, url: String) {
    let mut calls = JoinSet::new();
    for n in 0..1000 {
        let (session, url) = (session.clone(), url.clone());
        calls.spawn(async move {
            let response = session.get(url)?.send().await?;
            if n % 7 == 0 { Ok(String::new()) } else { response.text().await }
        });
    }
    while let Some(answer) = patiently("an answer", calls.join_next()).await {
        answer.unwrap().unwrap();
    }
}

async fn in_line(session: &Session) -> usize {
    let waits = session.snapshot().await.requests.into_iter().filter_map(|request| request.waits_for);
    waits.filter(|waits| matches!(waits, Waiting::Governor { .. })).count()
}

async fn nobody_is_left(session: &Session) {
    let governors = session.snapshot().await.governors;
    assert!(governors.iter().all(|gate| (gate.under_way, gate.waiting) == (0, 0)), "{governors:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_so_many_at_once_over_http1() {
    for lanes in [1, 2] {
        let gate = Gate::new();
        let held = gate.clone();
        let origin = Origin::start(move |_| Reply::ok("ok").held(&held)).await;
        let recorder = Recorder::start();
        let engine = Engine::builder().shards(2).start().unwrap();
        let governor = Governor::new().concurrency(MOST);
        let session = recorder.session(Session::builder().engine(engine).lanes(lanes).governor(governor));
        let opens = async {
            origin.wait_for_requests(MOST).await;
            gate.open();
        };
        tokio::join!(thousand(&session, origin.url("/")), opens);
        assert_eq!(most_at_once(&origin.log()), MOST, "{lanes} lanes");
        nobody_is_left(&session).await;
        recorder.finish(session).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_so_many_at_once_over_http2() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Http2Origin::start(move |_| Reply::ok("ok").held(&held).into()).await;
    let scene = Http2Scene::of(origin, builder().governor(Governor::new().concurrency(MOST)));
    let opens = async {
        scene.origin.wait_for_requests(MOST).await;
        gate.open();
    };
    tokio::join!(thousand(&scene.session, scene.origin.url("/")), opens);
    assert_eq!(most_at_once(&scene.origin.log()), MOST);
    nobody_is_left(&scene.session).await;
    scene.end().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_stays_under_way_and_waits_for_no_second_turn() {
    let asked = AtomicUsize::new(0);
    let scene = Http2Scene::of(
        Http2Origin::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Answer::reset(Reason::REFUSED_STREAM),
            _ => Reply::ok("ok").into(),
        })
        .await,
        builder().governor(Governor::new().concurrency(1).rate(1, Duration::from_secs(3600))),
    );
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.recorder.count(|status| matches!(status, Status::Retrying { .. })), 2);
    nobody_is_left(&scene.session).await;
    scene.end().await;
}

#[tokio::test]
async fn an_unread_body_is_under_way() {
    let origin = Origin::start(|_| Reply::ok(vec![b'x'; 1_000_000])).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().governor(Governor::new().concurrency(1)));
    let connection = session.connect(&origin.origin()).unwrap();
    let open = || connection.open_request(Method::GET, "/").unwrap();
    let (first, second, third) = (open(), open(), open());
    first.send(()).await.unwrap();
    first.receive_response().await.unwrap();
    let sent = sending(&second, ());
    recorder.wait_for_status(second.id(), "Queued").await;
    assert_eq!(read_all(&first).await.unwrap().len(), 1_000_000);
    patiently("its turn", sent).await.unwrap().unwrap();
    second.receive_response().await.unwrap();
    let sent = sending(&third, ());
    recorder.wait_for_status(third.id(), "Queued").await;
    // Given up unread, which is an end too.
    second.close().await.unwrap();
    patiently("its turn", sent).await.unwrap().unwrap();
    third.receive_response().await.unwrap();
    // The same request once more.
    patiently("its next turn", third.send(())).await.unwrap();
    third.receive_response().await.unwrap();
    read_all(&third).await.unwrap();
    nobody_is_left(&session).await;
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn never_more_than_so_many_at_once_to_all_origins_together() {
    let (gate, log) = (Gate::new(), Log::new());
    let mut origins = Vec::new();
    for _ in 0..4 {
        let (held, listener) = (gate.clone(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        origins.push(Origin::serve(listener, log.clone(), move |_| Reply::ok("ok").held(&held)));
    }
    let recorder = Recorder::start();
    let governor = Governor::new().concurrency(4);
    let session = recorder.session(Session::builder().requests_at_once(6).governor(governor));
    let mut calls = JoinSet::new();
    for n in 0..100 {
        let (session, url) = (session.clone(), origins[n % 4].url("/"));
        // Also those without a governor of their own.
        let request = session.get(url).unwrap().governor((n % 3 > 0).then_some(governor));
        calls.spawn(async move { request.send().await?.text().await });
    }
    log.wait_for_requests(6).await;
    patiently("the others to be in line", async {
        while in_line(&session).await < 94 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gate.open();
    while let Some(answer) = patiently("an answer", calls.join_next()).await {
        answer.unwrap().unwrap();
    }
    assert_eq!(most_at_once(&log.visits()), 6);
    nobody_is_left(&session).await;
    recorder.finish(session).await;
}
