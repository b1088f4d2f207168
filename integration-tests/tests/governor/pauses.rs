//! What a server that is busy asks for: it is left alone, and no other one is.

use hinternet::{ErrorCode, PauseReason, Stage};
use integration_tests::memory_peer::in_virtual_time;

use super::*;

/// What was told of pauses.
fn pauses(world: &World) -> Vec<(Duration, PauseReason)> {
    let pause = |status| match status {
        Status::OriginPaused { length, reason } => Some((length, reason)),
        _ => None,
    };
    world.recorder.log().into_iter().filter_map(|one| pause(one.status)).collect()
}

/// How long the next one waits after an answer with these fields.
fn wait_after(status: u16, fields: &'static str, governor: Governor) -> (Duration, Vec<(Duration, PauseReason)>) {
    let (say, said) = std::sync::mpsc::channel();
    in_virtual_time(async move {
        let world = World::governed(answers([answer(status, fields), answer(200, "")]), governor);
        assert_eq!(world.status(A).await, (status, Duration::ZERO), "the answer is the caller's");
        assert_eq!(world.status(A).await.0, 200);
        say.send((world.times()[1], pauses(&world))).unwrap();
        world.end().await;
    });
    said.recv().unwrap()
}

#[test]
fn rfc9110_10_2_3_retry_after_pauses_all_requests_to_that_origin_and_to_no_other() {
    in_virtual_time(async {
        let busy = answers([answer(503, "retry-after: 30\r\n"), answer(200, ""), answer(200, ""), answer(200, "")]);
        let world = World::of(MemoryPeer::playing(busy).then(at_once()), Session::builder().governor(Governor::new()));
        assert_eq!(world.status(A).await.0, 503);
        let line: Vec<_> = (0..3).map(|_| world.asking(A)).collect();
        assert_eq!(world.status(B).await, (200, Duration::ZERO));
        for asked in line {
            assert_eq!(asked.await.unwrap(), 200);
        }
        assert_eq!(world.times(), [0, 0, 30, 30, 30].map(Duration::from_secs));
        assert_eq!(pauses(&world), [(30 * SECOND, PauseReason::RetryAfter)]);
        world.end().await;
    });
}

#[test]
fn rfc9110_10_2_3_retry_after_may_be_a_date_by_the_servers_clock() {
    let fields = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:47 GMT\r\n";
    assert_eq!(wait_after(429, fields, Governor::new()), (10 * SECOND, vec![(10 * SECOND, PauseReason::RetryAfter)]));
}

#[test]
fn any_failure_of_a_server_may_have_a_retry_after_and_a_success_may_not() {
    assert_eq!(wait_after(502, "retry-after: 7\r\n", Governor::new()).0, 7 * SECOND);
    assert_eq!(wait_after(500, "", Governor::new()), (Duration::ZERO, Vec::new()));
    assert_eq!(wait_after(200, "retry-after: 7\r\n", Governor::new()), (Duration::ZERO, Vec::new()));
}

#[test]
fn no_pause_is_longer_than_the_most() {
    for value in ["retry-after: 1000000000\r\n", "retry-after: 99999999999999999999999999\r\n"] {
        assert_eq!(wait_after(503, value, Governor::new()).0, 60 * SECOND);
        assert_eq!(wait_after(503, value, Governor::new().max_pause(5 * SECOND)).0, 5 * SECOND);
        assert_eq!(wait_after(503, value, Governor::new().max_pause(Duration::ZERO)), (Duration::ZERO, Vec::new()));
    }
}

#[test]
fn without_a_retry_after_it_backs_off_and_garbage_is_none() {
    for fields in ["", "retry-after: soon\r\n", "retry-after: -5\r\n", "retry-after: \u{fffd}\r\n"] {
        let (waited, told) = wait_after(503, fields, Governor::new().back_off(8 * SECOND));
        assert!((6 * SECOND..=10 * SECOND + Duration::from_millis(1)).contains(&waited), "{fields:?}: {waited:?}");
        assert!(matches!(told[..], [(length, PauseReason::Busy)] if waited - length <= Duration::from_millis(1)));
    }
    assert_eq!(wait_after(429, "", Governor::new().back_off(Duration::ZERO)), (Duration::ZERO, Vec::new()));
}

#[test]
fn a_back_off_doubles_and_returns_to_normal_after_successes() {
    in_virtual_time(async {
        let (busy, well) = (answer(503, ""), answer(200, ""));
        let all = [&busy, &busy, &busy, &well, &well, &well, &busy, &well].map(Clone::clone);
        let world = World::governed(answers(all), Governor::new().back_off(SECOND));
        for expected in [503, 503, 503, 200, 200, 200, 503, 200] {
            assert_eq!(world.status(A).await.0, expected);
        }
        let lengths: Vec<_> = pauses(&world).into_iter().map(|(length, _)| length.as_secs_f64()).collect();
        let is = |length: f64, about: f64| (0.75 * about..=1.25 * about).contains(&length);
        assert!(
            lengths.len() == 4 && lengths.iter().zip([1.0, 2.0, 4.0, 1.0]).all(|(length, about)| is(*length, about)),
            "{lengths:?}"
        );
        world.end().await;
    });
}

#[test]
fn an_adaptive_limit_falls_with_failures_and_recovers_with_successes() {
    in_virtual_time(async {
        // Each connection answers once, and closes: of the first eight two say that they are busy.
        let well = || Script::new().read_request().wait(SECOND).send(answer(200, "connection: close\r\n")).close();
        let busy = || Script::new().read_request().wait(SECOND).send(answer(429, "connection: close\r\n")).close();
        let peer = MemoryPeer::playing(busy()).then(busy()).then(well());
        let governor = Governor::new().adaptive(1..=8).concurrency(8).back_off(Duration::ZERO);
        let world = World::of(peer, Session::builder().governor(governor));
        let round = async |world: &World, count: usize| {
            let asked: Vec<_> = (0..count).map(|_| world.asking(A)).collect();
            for asked in asked {
                asked.await.unwrap();
            }
        };
        round(&world, 8).await;
        assert_eq!(world.gate().await.concurrency, Some(4), "once for both");
        tokio::time::sleep(SECOND).await;
        let mut limits = Vec::new();
        for _ in 0..6 {
            round(&world, 16).await;
            limits.push(world.gate().await.concurrency.unwrap());
        }
        assert!(limits.is_sorted() && limits[0] > 4 && limits[5] == 8, "{limits:?}");
        world.end().await;
    });
}

#[test]
fn an_adaptive_limit_falls_when_time_runs_out_or_the_server_refuses() {
    in_virtual_time(async {
        let mut timeouts = hinternet::Timeouts::infinite();
        timeouts.receive_response = Some(SECOND);
        let governor = Governor::new().adaptive(1..=8).concurrency(8);
        let builder = Session::builder().governor(governor).timeouts(timeouts);
        let world = World::of(MemoryPeer::playing(Script::new().read_request().keep()), builder);
        for expected in [4, 2, 1, 1] {
            let request = world.request(A);
            request.send(()).await.unwrap();
            let error = world.recorder.failure(request.id(), request.receive_response().await);
            assert_eq!(error.code(), ErrorCode::Timeout);
            assert_eq!(world.gate().await.concurrency, Some(expected));
            tokio::time::sleep(SECOND).await;
        }
        world.end().await;
    });
    in_virtual_time(async {
        let governor = Governor::new().adaptive(1..=8).concurrency(8);
        let world = World::of(MemoryPeer::that_refuses(), Session::builder().governor(governor));
        for expected in [4, 2] {
            let request = world.request(A);
            let error = world.recorder.failure(request.id(), request.send(()).await);
            assert_eq!((error.code(), error.is_connect()), (ErrorCode::CannotConnect, true));
            assert_eq!(world.gate().await.concurrency, Some(expected));
            tokio::time::sleep(SECOND).await;
        }
        world.end().await;
    });
}

#[test]
fn an_adaptive_limit_does_not_fall_for_what_is_of_this_sides_own_making() {
    in_virtual_time(async {
        let governor = Governor::new().adaptive(1..=8).concurrency(8);
        let body = "HTTP/1.1 200 So\r\ncontent-length: 2\r\n\r\no";
        let builder = Session::builder().governor(governor).wires_per_origin(1);
        let world = World::of(MemoryPeer::playing(Script::new().read_request().send(body).keep()), builder);
        let reads = world.request(A);
        let mut options = reads.options();
        options.timeouts.total = Some(10 * SECOND);
        reads.set_options(options).unwrap();
        reads.send(()).await.unwrap();
        reads.receive_response().await.unwrap();
        let waits = world.request(A);
        let mut options = waits.options();
        options.timeouts.queue = Some(SECOND);
        waits.set_options(options).unwrap();
        let error = world.recorder.failure(waits.id(), waits.send(()).await);
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Queue));
        assert_eq!(world.gate().await.concurrency, Some(8), "there was no place for a wire");
        reads.read().await.unwrap();
        let error = world.recorder.failure(reads.id(), reads.read().await);
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Body));
        assert_eq!(world.gate().await.concurrency, Some(8), "the deadline for all of it");
        drop(reads);
        world.end().await;
    });
}
