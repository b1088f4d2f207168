//! How often: attempts, the budget that all requests to an origin share, and the total deadline.

use integration_tests::memory_peer::in_virtual_time;

use super::*;

#[test]
fn after_the_last_attempt_the_answer_is_the_callers() {
    in_virtual_time(async {
        for attempts in [1, 2, 5] {
            let world =
                World::of(MemoryPeer::playing(always(503, "")), Session::builder().retry(policy().attempts(attempts)));
            assert_eq!(world.status(world.get()).await, 503);
            assert_eq!(world.sent(), attempts as usize);
            world.end().await;
        }
    });
}

#[test]
fn all_requests_to_an_origin_pay_from_one_budget() {
    in_virtual_time(async {
        let builder = Session::builder().retry(policy().attempts(3).budget(budget(5.0)));
        let world = World::of(MemoryPeer::playing(always(503, "")), builder);
        for _ in 0..10 {
            assert_eq!(world.status(world.get()).await, 503);
        }
        assert_eq!(world.sent(), 10 + 5, "without it they would be thirty");
        let elsewhere = world.session.get("http://b.example/").unwrap();
        assert_eq!(world.status(elsewhere).await, 503);
        assert_eq!(world.sent(), 15 + 3, "another origin has one of its own");
        world.end().await;
    });
}

#[test]
fn a_tenth_of_the_requests_and_one_a_second_may_be_sent_again_by_default() {
    in_virtual_time(async {
        let builder =
            Session::builder().retry(RetryPolicy::new().longest_pause(SECOND).longest_retry_after(Duration::ZERO));
        let world = World::of(MemoryPeer::playing(always(503, "")), builder);
        for _ in 0..500 {
            assert_eq!(world.status(world.get()).await, 503);
        }
        let (again, seconds) = (world.sent() - 500, world.began.elapsed().as_secs() as usize);
        let most = 20 + 50 + seconds + 1;
        assert!(again > 50 && again <= most, "{again} of at most {most} in {seconds} s");
        world.end().await;
    });
}

#[test]
fn no_pause_begins_that_would_outlast_the_total_deadline() {
    in_virtual_time(async {
        let world = World::retrying(always(503, "retry-after: 30\r\n"));
        assert_eq!(world.status(world.get().timeout(20 * SECOND)).await, 503);
        assert_eq!((world.sent(), world.began.elapsed()), (1, Duration::ZERO), "at once, and not at the deadline");
        assert_eq!(world.status(world.get().timeout(40 * SECOND)).await, 503);
        assert_eq!(world.sent(), 3, "one pause has room, and a second has none");
        world.end().await;
    });
}
