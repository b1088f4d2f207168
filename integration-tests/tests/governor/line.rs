//! The line before a gate: who is first, and that whoever leaves it leaves nothing.

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use hinternet::{Engine, ErrorCode, Payload, Priority, RequestOptions, Stage, Timeouts, WireState};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::origin::{Origin, Reply};
use integration_tests::scene::sending;
use integration_tests::{Gate, dropped_after, patiently};

use super::*;

/// A governed server that holds `/held`.
async fn held(builder: SessionBuilder) -> (Origin, Gate, Recorder, Session) {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held),
        _ => Reply::ok("ok"),
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(builder.governor(Governor::new().concurrency(1)));
    (origin, gate, recorder, session)
}

async fn text(session: Session, url: String) -> hinternet::Result<String> {
    session.get(url)?.send().await?.text().await
}

async fn is_empty(session: &Session) -> bool {
    session.snapshot().await.governors.iter().all(|gate| (gate.under_way, gate.waiting) == (0, 0))
}

#[test]
fn higher_priorities_go_first_and_nobody_starves() {
    in_virtual_time(async {
        let world = World::governed(after(SECOND), Governor::new().concurrency(1));
        let first = world.asking(A);
        tokio::time::sleep(SECOND / 2).await;
        let priorities = [Priority::Low, Priority::Normal, Priority::High];
        let mut asked = Vec::new();
        for priority in priorities.into_iter().cycle().take(60) {
            let request = world.request(A);
            let mut options = request.options();
            options.priority = priority;
            request.set_options(options).unwrap();
            asked.push((
                request.id(),
                priority,
                actix::spawn(async move {
                    request.send(()).await.unwrap();
                    request.receive_response().await.unwrap();
                    request.read().await.unwrap();
                }),
            ));
        }
        first.await.unwrap();
        let of: std::collections::HashMap<_, _> = asked.iter().map(|(id, priority, _)| (*id, *priority)).collect();
        join_all(asked.into_iter().map(|(_, _, done)| done)).await;
        let went: Vec<_> = world.sent().into_iter().filter_map(|(id, _)| of.get(&id).copied()).collect();
        assert_eq!(went.len(), 60);
        let count = |wanted| went[..26].iter().filter(|went| **went == wanted).count();
        assert_eq!((count(Priority::High), count(Priority::Normal), count(Priority::Low)), (16, 8, 2), "{went:?}");
        world.end().await;
    });
}

#[test]
fn a_deadline_ends_the_wait_on_time() {
    in_virtual_time(async {
        let set: [fn(&mut Timeouts); 2] = [|it| it.queue = Some(7 * SECOND), |it| it.total = Some(7 * SECOND)];
        for set in set {
            let world = World::governed(after(60 * SECOND), Governor::new().concurrency(1));
            let first = world.asking(A);
            tokio::task::yield_now().await;
            let request = world.request(A);
            let mut options: RequestOptions = request.options();
            options.timeouts = Timeouts::infinite();
            set(&mut options.timeouts);
            request.set_options(options).unwrap();
            let began = Instant::now();
            let error = world.recorder.failure(request.id(), request.send(()).await);
            assert_eq!(
                (error.code(), error.stage(), error.wire_state()),
                (ErrorCode::Timeout, Stage::Queue, WireState::NotSent)
            );
            let took = began.elapsed();
            assert!(took >= 7 * SECOND && took <= 7 * SECOND + Duration::from_millis(1), "{took:?}");
            assert_eq!(world.gate().await.waiting, 0);
            first.await.unwrap();
            world.end().await;
        }
    });
}

#[tokio::test]
async fn cancel_close_and_drop_leave_no_place_in_the_line() {
    let (origin, gate, recorder, session) = held(Session::builder()).await;
    let first = tokio::spawn(text(session.clone(), origin.url("/held")));
    origin.wait_for_requests(1).await;
    let connection = session.connect(&origin.origin()).unwrap();
    let other = session.connect(&origin.origin()).unwrap();
    for (code, end) in
        [(ErrorCode::OperationCancelled, 0), (ErrorCode::OperationCancelled, 1), (ErrorCode::InvalidHandle, 2)]
    {
        let request = if end == 2 { &other } else { &connection }.open_request(Method::GET, "/").unwrap();
        let sent = sending(&request, ());
        recorder.wait_for_status(request.id(), "Queued").await;
        match end {
            0 => request.cancel(),
            1 => request.close().await.unwrap(),
            _ => other.close().await.unwrap(),
        }
        let error = recorder.failure(request.id(), patiently("the send", sent).await.unwrap());
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(session.snapshot().await.governors[0].waiting, 0);
    }
    gate.open();
    assert_eq!(patiently("the first", first).await.unwrap().unwrap(), "late");
    assert_eq!(text(session.clone(), origin.url("/")).await.unwrap(), "ok");
    drop((connection, other));
    assert!(is_empty(&session).await);
    recorder.finish(session).await;
}

/// Everything on one thread, so that each count of polls is a place where a caller may give up.
#[test]
fn a_send_that_is_dropped_after_any_number_of_polls_leaves_nothing() {
    actix::System::new().block_on(async {
        let (origin, _, recorder, session) = held(Session::builder().on_current_arbiter()).await;
        for polls in 0.. {
            let one = session.get(origin.url("/")).unwrap().send();
            let other = session.get(origin.url("/")).unwrap().send();
            let (one, given_up) = tokio::join!(
                async { one.await.unwrap().text().await.unwrap() },
                dropped_after(polls, async { other.await.unwrap().text().await.unwrap() }),
            );
            assert_eq!(one, "ok");
            // Whoever is given up is let go by what comes after.
            assert_eq!(patiently("the next", text(session.clone(), origin.url("/"))).await.unwrap(), "ok");
            assert!(is_empty(&session).await, "after {polls} polls");
            if given_up.is_some() {
                assert!(polls > 3, "it waits in line");
                break;
            }
        }
        recorder.finish(session).await;
    });
}

#[tokio::test]
async fn a_shutdown_that_ends_before_the_line_does_has_never_sent_the_rest() {
    let (origin, gate, recorder, session) = held(Session::builder()).await;
    let first = tokio::spawn(text(session.clone(), origin.url("/held")));
    origin.wait_for_requests(1).await;
    let calls: Vec<_> = (0..3).map(|_| tokio::spawn(text(session.clone(), origin.url("/")))).collect();
    recorder.wait_for(|one| matches!(one.status, Status::Queued { position: 3 })).await;
    let report = session.shutdown(Duration::from_millis(1)).await;
    assert_eq!((report.completed, report.cancelled, report.never_sent), (0, 1, 3));
    for call in calls.into_iter().chain([first]) {
        assert!(patiently("a call", call).await.unwrap().unwrap_err().is_invalid_handle());
    }
    gate.open();
    assert_eq!(origin.log().len(), 1);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_shutdown_lets_the_line_finish_within_its_deadline() {
    let (origin, gate, recorder, session) = held(Session::builder()).await;
    let first = tokio::spawn(text(session.clone(), origin.url("/held")));
    origin.wait_for_requests(1).await;
    let calls: Vec<_> = (0..3).map(|_| tokio::spawn(text(session.clone(), origin.url("/")))).collect();
    recorder.wait_for(|one| matches!(one.status, Status::Queued { position: 3 })).await;
    let shutdown = session.shutdown(Duration::from_secs(20));
    gate.open();
    let report = shutdown.await;
    assert_eq!((report.completed, report.cancelled, report.never_sent), (4, 0, 0));
    for call in calls.into_iter().chain([first]) {
        patiently("a call", call).await.unwrap().unwrap();
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn an_engine_that_stops_ends_those_in_line_with_12012() {
    let engine = Engine::builder().shards(1).start().unwrap();
    let (origin, _gate, recorder, session) = held(Session::builder().engine(engine.clone())).await;
    let mut calls = vec![tokio::spawn(text(session.clone(), origin.url("/held")))];
    origin.wait_for_requests(1).await;
    calls.extend((0..3).map(|_| tokio::spawn(text(session.clone(), origin.url("/")))));
    recorder.wait_for(|one| matches!(one.status, Status::Queued { position: 3 })).await;
    engine.stop();
    for call in calls {
        assert_eq!(patiently("a call", call).await.unwrap().unwrap_err().code(), ErrorCode::Shutdown);
    }
    patiently("the end", recorder.finish(session)).await;
}

#[tokio::test]
async fn a_request_that_crashes_makes_place_for_the_next() {
    let (origin, _gate, recorder, session) = held(Session::builder()).await;
    let crashing = stream::poll_fn(|_| -> std::task::Poll<Option<std::io::Result<Bytes>>> { panic!("on purpose") });
    let crashed = session.post(origin.url("/")).unwrap().body(Payload::stream(crashing)).send().await;
    assert_eq!(crashed.unwrap_err().code(), ErrorCode::InternalError);
    assert_eq!(text(session.clone(), origin.url("/")).await.unwrap(), "ok");
    assert!(is_empty(&session).await);
    recorder.finish(session).await;
}
