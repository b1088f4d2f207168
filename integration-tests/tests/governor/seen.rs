//! What can be seen of a governor: notifications, snapshots, and what a request says that it waits for.

use futures_util::FutureExt;
use hinternet::{NotificationMask as Mask, PauseReason, Priority, Snapshot, Waiting};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::scene::sending;

use super::*;

/// What a request and the snapshot say that it waits for: the same.
async fn waits_for(world: &World, request: &Request) -> Option<Waiting> {
    let snapshot = world.session.snapshot().await;
    let shown = snapshot.requests.iter().find(|shown| shown.id == request.id()).unwrap().waits_for;
    assert_eq!(request.why_waiting().await, shown);
    shown
}

#[test]
fn a_request_in_line_says_its_place_and_when_the_first_may_go() {
    in_virtual_time(async {
        let world = World::governed(after(SECOND), Governor::new().interval(10 * SECOND));
        let first = world.asking(A);
        tokio::task::yield_now().await;
        let mut line = Vec::new();
        for position in 1..=3 {
            let request = world.request(A);
            let sent = sending(&request, ());
            let queued = world.recorder.wait_for_status(request.id(), "Queued").await;
            assert!(matches!(queued.status, Status::Queued { position: told } if told == position), "{queued:?}");
            assert_eq!(waits_for(&world, &request).await, Some(Waiting::Governor { position, opens_in: None }));
            line.push((request, sent));
        }
        assert_eq!(first.await.unwrap(), 200);
        tokio::time::sleep(4 * SECOND).await;
        let opens_in = Some(6 * SECOND);
        assert_eq!(waits_for(&world, &line[1].0).await, Some(Waiting::Governor { position: 2, opens_in }));
        let gate = world.gate().await;
        assert_eq!((gate.under_way, gate.waiting, gate.opens_in), (0, 3, opens_in));
        let urgent = world.session.get(A).unwrap().priority(Priority::High).send();
        let urgent = actix::spawn(async move { urgent.await.unwrap().bytes().await.unwrap() });
        tokio::time::sleep(SECOND).await;
        assert!(matches!(waits_for(&world, &line[1].0).await, Some(Waiting::Governor { position: 3, .. })));
        for (request, sent) in line {
            sent.await.unwrap().unwrap();
            request.receive_response().await.unwrap();
            request.read().await.unwrap();
            request.close().await.unwrap();
        }
        urgent.await.unwrap();
        world.end().await;
    });
}

#[test]
fn a_snapshot_shows_limit_tokens_and_pause() {
    in_virtual_time(async {
        let busy = answers([answer(503, "retry-after: 30\r\n"), answer(200, "")]);
        let governor = Governor::new().concurrency(7).rate(1, SECOND).burst(5);
        let world = World::governed(busy, governor);
        assert!(world.gates().await.is_empty(), "nobody has asked");
        world.status(A).await;
        tokio::time::sleep(SECOND / 2).await;
        let gate = world.gate().await;
        assert_eq!((gate.origin.to_string().as_str(), gate.concurrency, gate.tokens), (A, Some(7), Some(4)));
        let pause = (gate.opens_in, gate.paused_for, gate.paused_by);
        assert_eq!(pause, (Some(SECOND * 59 / 2), Some(SECOND * 59 / 2), Some(PauseReason::RetryAfter)));
        assert_eq!(
            serialised(&world.session.snapshot().await),
            serde_json::json!([{
                "origin": A, "concurrency": 7, "under_way": 0, "waiting": 0, "tokens": 4, "opens_in": 29.5, "paused_for": 29.5,
                "paused_by": "retry_after",
            }])
        );
        world.end().await;
    });
}

fn serialised(snapshot: &Snapshot) -> serde_json::Value {
    serde_json::to_value(snapshot).unwrap()["governors"].clone()
}

#[test]
fn c7_places_and_pauses_are_told_under_one_flag_and_in_this_order() {
    in_virtual_time(async {
        let busy = answers([answer(503, "retry-after: 30\r\n"), answer(200, "")]);
        let world = World::governed(busy, Governor::new());
        let mut told = world.session.notifications(Mask::QUEUED).unwrap();
        world.status(A).await;
        world.status(A).await;
        let names: Vec<_> = std::iter::from_fn(|| told.next().now_or_never().flatten()).map(|one| one.name()).collect();
        assert_eq!(names, ["OriginPaused", "Queued"]);
        let paused = world.recorder.wait_for(|one| one.name() == "OriginPaused").await;
        assert_eq!((paused.status.code(), paused.status.mask()), (None, Some(Mask::QUEUED)));
        let names = world.recorder.names(paused.handle);
        let at = |name| names.iter().position(|told| *told == name).unwrap();
        assert!(
            at("ResponseReceived") < at("OriginPaused") && at("OriginPaused") < at("HeadersAvailable"),
            "{names:?}"
        );
        world.end().await;
    });
}
