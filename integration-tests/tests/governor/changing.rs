//! A governor that is changed while requests wait, and pauses by the program.

use hinternet::{ErrorCode, PauseReason};
use integration_tests::memory_peer::in_virtual_time;

use super::*;

#[test]
fn a_governor_that_is_changed_holds_for_those_who_wait_already() {
    in_virtual_time(async {
        let world = World::governed(after(SECOND), Governor::new().concurrency(1));
        let connection = world.session.connect(A).unwrap();
        let line: Vec<_> = (0..6).map(|_| world.asking(A)).collect();
        tokio::time::sleep(SECOND / 2).await;
        connection.govern(Governor::new().concurrency(3)).unwrap();
        for asked in line {
            assert_eq!(asked.await.unwrap(), 200);
        }
        let times = world.times();
        assert_eq!(times[..3], [Duration::ZERO, SECOND / 2, SECOND / 2]);
        drop(connection);
        world.end().await;
    });
}

#[test]
fn requests_that_are_opened_later_start_from_it_and_those_of_other_handles_do_not() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(at_once()), Session::builder());
        let connection = world.session.connect(A).unwrap();
        connection.govern(Governor::new().interval(SECOND)).unwrap();
        for _ in 0..2 {
            let request = connection.open_request(Method::GET, "/").unwrap();
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
            request.read().await.unwrap();
        }
        assert_eq!(world.status(A).await, (200, SECOND));
        connection.govern(None).unwrap();
        assert_eq!(connection.options().request.governor, None);
        assert_eq!(world.times(), [0, 1, 1].map(Duration::from_secs));
        drop(connection);
        world.end().await;
    });
}

#[test]
fn what_a_program_steers_holds_until_it_is_steered_again_whatever_requests_bring() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new());
        let connection = world.session.connect(A).unwrap();
        connection.govern(Governor::new().interval(10 * SECOND)).unwrap();
        for _ in 0..3 {
            world.status(A).await;
        }
        assert_eq!(world.times(), [0, 10, 20].map(Duration::from_secs));
        let line: Vec<_> = (0..2).map(|_| world.asking(A)).collect();
        tokio::time::sleep(SECOND).await;
        connection.govern(Governor::new().interval(2 * SECOND)).unwrap();
        for asked in line {
            assert_eq!(asked.await.unwrap(), 200);
        }
        assert_eq!(world.times()[3..], [22, 24].map(Duration::from_secs));
        connection.govern(None).unwrap();
        assert_eq!(world.status(A).await, (200, 24 * SECOND), "its own is in force again");
        drop(connection);
        world.end().await;
    });
}

#[test]
fn those_in_line_are_let_go_when_no_governor_is_left() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(at_once()), Session::builder());
        let connection = world.session.connect(A).unwrap();
        connection.govern(Governor::new().interval(3600 * SECOND)).unwrap();
        let asking = || {
            let request = connection.open_request(Method::GET, "/").unwrap();
            actix::spawn(async move {
                request.send(()).await.unwrap();
                request.receive_response().await.unwrap();
                request.read().await.unwrap();
            })
        };
        let line = [asking(), asking(), asking()];
        tokio::time::sleep(SECOND).await;
        connection.govern(None).unwrap();
        for asked in line {
            asked.await.unwrap();
        }
        assert_eq!(world.times(), [0, 1, 1].map(Duration::from_secs));
        drop(connection);
        world.end().await;
    });
}

#[test]
fn a_pause_by_the_program_may_be_for_ever() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new());
        let connection = world.session.connect(A).unwrap();
        connection.pause_for(Duration::MAX).unwrap();
        let waits = world.asking(A);
        tokio::time::sleep(3600 * SECOND).await;
        connection.resume().unwrap();
        assert_eq!(waits.await.unwrap(), 200);
        assert_eq!(world.times(), [3600 * SECOND]);
        drop(connection);
        world.end().await;
    });
}

#[test]
fn a_program_pauses_an_origin_and_resumes_it() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new());
        let connection = world.session.connect(A).unwrap();
        connection.pause_for(3600 * SECOND).unwrap();
        let gate = world.gate().await;
        assert_eq!((gate.paused_for, gate.paused_by), (Some(3600 * SECOND), Some(PauseReason::Program)));
        let waits = world.asking(A);
        assert_eq!(world.status(B).await, (200, Duration::ZERO));
        tokio::time::sleep(10 * SECOND).await;
        connection.resume().unwrap();
        assert_eq!(waits.await.unwrap(), 200);
        connection.pause_for(5 * SECOND).unwrap();
        assert_eq!(world.status(A).await, (200, 15 * SECOND));
        drop(connection);
        world.end().await;
    });
}

#[test]
fn a_governor_that_cannot_be_meant_is_refused_with_87() {
    in_virtual_time(async {
        let world = World::governed(at_once(), Governor::new());
        let connection = world.session.connect(A).unwrap();
        let new = Governor::new;
        let (year, zero) = (Duration::from_secs(367 * 24 * 3600), Duration::ZERO);
        let refused = [
            new().concurrency(0),
            new().burst(0),
            new().rate(0, SECOND),
            new().rate(1, zero),
            new().rate(2, Duration::from_nanos(1)),
            new().rate(1, year),
            new().adaptive(0..=3),
            #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
            new().adaptive(4..=3),
            new().interval(year),
            new().back_off(year),
            new().max_pause(year),
        ];
        for governor in refused {
            let by_builder = Session::builder().governor(governor).on_current_arbiter().open().map(drop);
            let by_request = world.session.get(A).unwrap().governor(governor).send().await.map(drop);
            for result in [by_builder, by_request, connection.govern(governor)] {
                assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidParameter, "{governor:?}");
            }
        }
        assert_eq!(connection.options().request.governor, Some(new()), "what was refused changed nothing");
        connection.close().await.unwrap();
        let closed = [connection.govern(new()), connection.pause_for(SECOND), connection.resume()];
        assert!(closed.into_iter().all(|result| result.unwrap_err().is_invalid_handle()));
        world.end().await;
    });
}
