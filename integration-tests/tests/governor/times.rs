//! How often, on a clock that is paused.

use futures_util::future::join_all;
use hinternet::Session;
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
