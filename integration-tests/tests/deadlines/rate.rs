//! The minimum rate: what trickles is ended, and time in which nobody waits for the peer is not held against it.

use hinternet::{MinimumRate, Operation, Payload};

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";

fn demanding(peer: MemoryPeer, octets: u64) -> Scene {
    let rate = MinimumRate { octets, within: LIMIT };
    Scene::of(peer, Session::builder().timeouts(Timeouts::infinite()).minimum_rate(rate))
}

fn dripping(times: usize, each: Duration) -> MemoryPeer {
    MemoryPeer::playing(Script::new().read_request().send(HEAD).drip("x".repeat(times), each).keep())
}

#[test]
fn p9_a_body_that_drips_too_slowly() {
    in_virtual_time(async {
        let scene = demanding(dripping(100, SECOND), 10);
        let request = scene.reading().await;
        let error = scene.fails_on_time(&request, LIMIT, Stage::Body, request.read_exact(100)).await;
        assert_eq!(
            error.to_string(),
            "error 12002 TIMEOUT in WinHttpReadData (read), receiving the body: the body stalled: 8 octets in 7.5s of \
             waiting, of at least 10 [http://a.example/]"
        );
        assert!(error.is_retryable());
        scene.end().await;
    });
}

#[test]
fn p9_a_body_that_drips_fast_enough_comes_to_its_end() {
    in_virtual_time(async {
        let scene = demanding(dripping(100, SECOND), 7);
        let request = scene.reading().await;
        assert_eq!(request.read_exact(100).await.unwrap().len(), 100);
        scene.end().await;
    });
}

#[test]
fn p9_a_body_that_falls_silent_after_a_good_start_is_ended_a_window_later() {
    in_virtual_time(async {
        let scene = demanding(dripping(20, SECOND / 10), 10);
        let request = scene.reading().await;
        assert_eq!(request.read_exact(20).await.unwrap().len(), 20);
        // The last ten came between 1.0 s and 1.9 s; without the one at 1.0 s there are nine.
        let (began, deadline) = (Instant::now(), LIMIT - 9 * SECOND / 10);
        scene.fails_at(began, deadline, &request, LIMIT, Stage::Body, request.read()).await;
        scene.end().await;
    });
}

#[test]
fn p9_the_time_between_reads_does_not_count() {
    in_virtual_time(async {
        let scene = demanding(dripping(100, SECOND), 10);
        let request = scene.reading().await;
        // The caller comes once an hour, and there is always something for it.
        for _ in 0..50 {
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(request.read_at_most(1).await.unwrap().len(), 1);
        }
        scene.end().await;
    });
}

#[test]
fn p9_waiting_in_calls_that_are_given_up_counts() {
    in_virtual_time(async {
        let scene = demanding(dripping(0, SECOND), 10);
        let request = scene.reading().await;
        let began = Instant::now();
        for _ in 0..14 {
            tokio::time::timeout(SECOND / 2, request.read()).await.unwrap_err();
        }
        scene.fails_at(began, LIMIT, &request, LIMIT, Stage::Body, request.read()).await;
        scene.end().await;
    });
}

#[test]
fn p9_the_first_window_begins_behind_what_came_with_the_head() {
    in_virtual_time(async {
        let script = Script::new().read_request().wait(LIMIT).send(format!("{HEAD}0123456789")).keep();
        let scene = demanding(MemoryPeer::playing(script), 1);
        let response = scene.session.get("http://a.example/").unwrap().send().await.unwrap();
        let (id, began) = (response.handle().id(), Instant::now());
        let error = scene.recorder.failure(id, response.bytes().await);
        assert_on_time(began, LIMIT);
        assert_timeout(&error, Stage::Body, LIMIT);
        scene.end().await;
    });
}

#[test]
fn p9_an_upload_that_is_taken_too_slowly() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(Script::new().read_head().stop_reading()).in_flight(1000);
        let scene = demanding(peer, 5000);
        let request = scene.request(Method::POST);
        request.send(Payload::begin("", 100_000)).await.unwrap();
        let call = request.write(vec![b'x'; 100_000]);
        let error = scene.fails_on_time(&request, LIMIT, Stage::SendBody, call).await;
        assert_eq!(error.operation(), Operation::Write);
        assert!(
            error.to_string().contains("the body stalled: 1000 octets in 7.5s of waiting, of at least 5000"),
            "{error}"
        );
        scene.end().await;
    });
}

#[test]
fn p9_a_silence_is_named_by_the_idle_limit_if_that_is_not_longer() {
    in_virtual_time(async {
        for (idle, named) in [(LIMIT, "no end of it"), (LIMIT + SECOND / 1000, "the body stalled")] {
            let rate = MinimumRate { octets: 10, within: LIMIT };
            let timeouts = limits(|timeouts| timeouts.receive = Some(idle));
            let scene = Scene::of(dripping(0, SECOND), Session::builder().timeouts(timeouts).minimum_rate(rate));
            let request = scene.reading().await;
            let error = scene.fails_on_time(&request, LIMIT, Stage::Body, request.read()).await;
            assert!(error.to_string().contains(named), "{error}");
            scene.end().await;
        }
    });
}
