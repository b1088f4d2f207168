//! The limits around operations: the line for a wire, an idle wire, a shutdown.

use hinternet::CloseReason;
use hinternet::Status;

use super::*;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[test]
fn p9_the_line_for_a_wire() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(Script::new().read_request().keep());
        let timeouts = limits(|timeouts| timeouts.queue = Some(LIMIT));
        let scene = Scene::of(peer, Session::builder().timeouts(timeouts).wires_per_origin(1));
        let _busy = scene.sent().await;
        let request = scene.request(Method::GET);
        scene.fails_on_time(&request, LIMIT, Stage::Queue, request.send(())).await;
        scene.end().await;
    });
}

#[test]
fn p9_the_wait_for_a_wire_that_is_dialed() {
    in_virtual_time(async {
        let scene = Scene::limited(MemoryPeer::that_never_connects(), |timeouts| timeouts.queue = Some(LIMIT));
        let request = scene.request(Method::GET);
        scene.fails_on_time(&request, LIMIT, Stage::Queue, request.send(())).await;
        scene.end().await;
    });
}

/// Idle wires are looked at once a second, so that ten thousand of them need one timer: one may outlive its time by that.
#[test]
fn p9_an_idle_wire_is_closed_at_the_first_tick_after_its_time() {
    in_virtual_time(async {
        let tick = SECOND;
        for (before, idle) in [(Duration::ZERO, LIMIT), (SECOND / 4, LIMIT), (SECOND / 4, SECOND / 10)] {
            let peer = MemoryPeer::playing(Script::answering(HELLO));
            let builder = Session::builder().timeouts(Timeouts::infinite()).idle_timeout(idle);
            let scene = Scene::of(peer, builder);
            let request = scene.reading().await;
            tokio::time::sleep(before).await;
            assert_eq!(request.read().await.unwrap(), "hello");
            let began = Instant::now();
            let closing = scene.recorder.wait_for_status(scene.connection.id(), "ClosingConnection").await;
            assert!(matches!(closing.status, Status::ClosingConnection { reason: CloseReason::IdleTimeout }));
            let took = began.elapsed();
            assert!(took >= idle && took <= idle + tick + Duration::from_millis(1), "{idle:?}: {took:?}");
            scene.end().await;
        }
    });
}

#[test]
fn p9_a_shutdown() {
    in_virtual_time(async {
        let silent = Script::new().read_request().keep();
        let scene = Scene::playing(silent, |_| {});
        let request = scene.sent().await;
        let (waiting, began) = (request.receive_response(), Instant::now());
        let (report, result) = tokio::join!(scene.session.shutdown(LIMIT), waiting);
        assert_on_time(began, LIMIT);
        assert_eq!((report.completed, report.cancelled), (0, 1));
        assert!(scene.recorder.failure(request.id(), result).is_invalid_handle());
        scene.end().await;
    });
}
