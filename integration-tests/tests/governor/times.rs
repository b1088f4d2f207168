//! How often, on a clock that is paused.

use futures_util::future::join_all;
use hinternet::{ErrorCode, Payload, RedirectDecider, RedirectDecision, RedirectOptions, Session};
use integration_tests::memory_peer::in_virtual_time;

use super::*;

#[test]
fn a_rate_is_kept_exactly() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new().rate(4, SECOND));
        join_all((0..9).map(|_| world.status(A))).await;
        assert_eq!(world.times(), (0..9).map(|n| SECOND / 4 * n).collect::<Vec<_>>());
        world.end().await;
    });
}

#[test]
fn a_burst_goes_at_once_and_the_rest_by_the_rate() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new().rate(1, SECOND).burst(3));
        join_all((0..5).map(|_| world.status(A))).await;
        assert_eq!(world.times(), [0, 0, 0, 1, 2].map(Duration::from_secs));
        world.end().await;
    });
}

#[test]
fn an_interval_counts_from_the_answer_and_each_origin_has_its_own() {
    in_virtual_time(async {
        let world = World::governed(after(3 * SECOND), Governor::new().interval(2 * SECOND));
        join_all([A, A, A, B].map(|origin| world.status(origin))).await;
        assert_eq!(world.times(), [0, 0, 5, 10].map(Duration::from_secs));
        world.end().await;
    });
}

#[test]
fn one_without_a_governor_neither_waits_nor_counts() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new().interval(SECOND));
        world.status(A).await;
        world.session.get(A).unwrap().governor(None).send().await.unwrap().bytes().await.unwrap();
        world.status(A).await;
        assert_eq!(world.times(), [0, 0, 1].map(Duration::from_secs));
        world.end().await;
    });
}

#[test]
fn requests_with_other_options_share_their_origins_governor() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new().interval(SECOND));
        world.status(A).await;
        let mut options = world.session.options();
        options.dial = options.dial.no_delay(false);
        world.session.get(A).unwrap().options(options).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(world.times(), [0, 1].map(Duration::from_secs));
        assert_eq!(world.peer.connections().len(), 2, "they share no wire");
        world.end().await;
    });
}

#[test]
fn two_sessions_share_nothing() {
    in_virtual_time(async {
        let governor = Governor::new().concurrency(1).interval(100 * SECOND);
        let one = World::governed(after(SECOND), governor);
        let other = World::governed(after(SECOND), governor);
        tokio::join!(one.status(A), other.status(A));
        assert_eq!((one.times(), other.times()), (vec![Duration::ZERO], vec![Duration::ZERO]));
        one.end().await;
        other.end().await;
    });
}

#[test]
fn who_waits_in_vain_after_its_turn_gives_its_share_of_the_rate_back() {
    in_virtual_time(async {
        let governor = Governor::new().rate(1, 3600 * SECOND);
        let builders = [Session::builder().requests_at_once(1), Session::builder().wires_per_session(1)];
        for builder in builders {
            let world = World::of(MemoryPeer::playing(after(60 * SECOND)), builder.governor(governor));
            let first = world.asking(B);
            tokio::task::yield_now().await;
            let request = world.request(A);
            let mut options = request.options();
            options.timeouts.queue = Some(SECOND);
            request.set_options(options).unwrap();
            let error = world.recorder.failure(request.id(), request.send(()).await);
            assert_eq!(error.stage(), hinternet::Stage::Queue);
            first.await.unwrap();
            world.status(A).await;
            assert_eq!(world.times(), [0, 60].map(Duration::from_secs));
            world.end().await;
        }
    });
}

#[test]
fn a_pause_that_begins_in_the_line_of_all_origins_holds_those_of_its_own_back_and_no_others() {
    in_virtual_time(async {
        let builder = Session::builder().requests_at_once(1).governor(Governor::new());
        let world = World::of(MemoryPeer::playing(after(60 * SECOND)), builder);
        let first = world.asking(B);
        tokio::task::yield_now().await;
        let paused = world.asking(A);
        tokio::task::yield_now().await;
        let behind_it = world.asking(B);
        tokio::task::yield_now().await;
        world.session.connect(A).unwrap().pause_for(200 * SECOND).unwrap();
        for asking in [first, behind_it, paused] {
            asking.await.unwrap();
        }
        assert_eq!(world.times(), [0, 60, 200].map(Duration::from_secs));
        world.end().await;
    });
}

/// One of them is woken by the time, and has the others woken.
#[test]
fn a_line_goes_on_when_the_one_that_keeps_the_time_for_it_leaves() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new().interval(SECOND));
        world.status(A).await;
        let line: Vec<_> = (0..5).map(|_| world.asking(A)).collect();
        tokio::time::sleep(SECOND / 2).await;
        line[0].abort();
        line[3].abort();
        for asked in [1, 2, 4] {
            while !line[asked].is_finished() {
                tokio::time::sleep(SECOND / 8).await;
            }
        }
        assert_eq!(world.times(), [0, 1, 2, 3].map(Duration::from_secs));
        world.end().await;
    });
}

#[test]
fn ten_thousand_origins_are_forgotten_after_use() {
    in_virtual_time(async {
        let builder = Session::builder()
            .governor(Governor::new().concurrency(1).interval(SECOND))
            .unhandled(1_000_000, 1_000_000);
        let world =
            World::of(MemoryPeer::playing(Script::answering_once(answer(200, "connection: close\r\n"))), builder);
        for n in 0..10_000 {
            assert_eq!(world.status(&format!("http://h{n}.example")).await.0, 200);
        }
        assert!(world.gates().await.len() > 1_000);
        tokio::time::sleep(200 * SECOND).await;
        assert_eq!(world.gates().await.len(), 0);
        world.end().await;
    });
}

/// Every server redirects to b. What a request is held to at a says nothing about b.
#[test]
fn a_redirect_waits_at_its_origin_by_the_governor_that_its_decider_names() {
    in_virtual_time(async {
        let redirect = Script::answering(answer(302, "location: http://b.example/\r\n"));
        let world = World::governed(redirect, Governor::new().interval(SECOND));
        let by = |governor: Option<Governor>| {
            let mut options = RedirectOptions::default();
            options.decider = Some(RedirectDecider::function(move |mut redirect| match redirect.hops() {
                0 => {
                    redirect.governor = governor;
                    RedirectDecision::Follow(redirect)
                }
                _ => RedirectDecision::Deliver,
            }));
            options
        };
        for governor in [Some(Governor::new().interval(5 * SECOND)), Some(Governor::new().interval(5 * SECOND)), None] {
            let get = world.session.get(A).unwrap().redirects(by(governor)).send().await.unwrap();
            get.bytes().await.unwrap();
        }
        assert_eq!(world.times(), [0, 0, 1, 5, 5, 6].map(Duration::from_secs), "a, b, and so on");

        let refused = world.session.get(A).unwrap().redirects(by(Some(Governor::new().concurrency(0)))).send();
        assert_eq!(refused.await.unwrap_err().code(), ErrorCode::InvalidParameter);
        world.end().await;
    });
}

/// A body that was written by hand goes there with the next send.
#[test]
fn a_send_that_a_redirect_has_left_to_the_caller_waits_by_the_governor_that_its_decider_named() {
    in_virtual_time(async {
        let redirect = Script::answering(answer(307, "location: http://b.example/\r\n"));
        let world = World::governed(redirect, Governor::new().interval(SECOND));
        for _ in 0..2 {
            let request = world.session.connect(A).unwrap().open_request(Method::POST, "/").unwrap();
            let mut options = request.options();
            options.redirects.decider = Some(RedirectDecider::function(|mut redirect| match redirect.hops() {
                0 => {
                    redirect.governor = Some(Governor::new().interval(5 * SECOND));
                    RedirectDecision::Follow(redirect)
                }
                _ => RedirectDecision::Deliver,
            }));
            request.set_options(options).unwrap();
            let write = async || {
                request.send(Payload::begin("", 1)).await.unwrap();
                request.write("a").await.unwrap();
                request.receive_response().await
            };
            let error = world.recorder.failure(request.id(), write().await);
            assert_eq!(error.code(), ErrorCode::ResendRequest);
            assert_eq!(write().await.unwrap().status(), 307);
            request.close().await.unwrap();
        }
        assert_eq!(world.times(), [0, 0, 1, 5].map(Duration::from_secs), "a, b, a, b");
        world.end().await;
    });
}
