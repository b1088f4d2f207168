//! How long a head is waited for over HTTP/2, where one timer of the wire serves for all of its requests.

use hinternet::Protocols;
use integration_tests::dropped_after;
use integration_tests::http2_peer::frames;
use tokio::time::sleep;

use super::*;

/// Takes the heads of so many requests, and then does this; answers pings.
fn playing(streams: usize, play: impl FnOnce(Script) -> Script) -> Scene {
    let script = play(Script::new().read_preface().send(frames::settings(&[])).read_streams(streams));
    let builder = Session::builder().timeouts(limits(|_| ())).protocols(Protocols::RequireHttp2);
    let scene = Scene::of(MemoryPeer::playing(script.keep().answering_pings()), builder);
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// A request that was sent, and waits so long for its head.
async fn sent(scene: &Scene, limit: Duration) -> Request {
    let request = scene.request(Method::GET);
    let mut options = request.options();
    options.timeouts.receive_response = Some(limit);
    request.set_options(options).unwrap();
    request.send(()).await.unwrap();
    request
}

#[test]
fn p9_a_head_that_never_comes() {
    in_virtual_time(async {
        let scene = playing(1, |script| script);
        let began = Instant::now();
        let request = sent(&scene, LIMIT).await;
        let head = request.receive_response();
        scene.fails_at(began, LIMIT, &request, LIMIT, Stage::FirstByte, head).await;
        scene.end().await;
    });
}

#[test]
fn p9_each_request_of_a_wire_has_a_limit_of_its_own_whichever_came_first() {
    in_virtual_time(async {
        let scene = playing(4, |script| script.wait(3 * SECOND).send(frames::response(5, 200, true)));
        let began = Instant::now();
        let (long, short) = (sent(&scene, 2 * LIMIT).await, sent(&scene, LIMIT).await);
        let (answered, same) = (sent(&scene, LIMIT).await, sent(&scene, LIMIT).await);
        let fails = async |request: &Request, limit| {
            let head = request.receive_response();
            scene.fails_at(began, limit, request, limit, Stage::FirstByte, head).await;
        };
        let heads = async { assert_eq!(answered.receive_response().await.unwrap().status(), 200) };
        tokio::join!(fails(&long, 2 * LIMIT), fails(&short, LIMIT), heads, fails(&same, LIMIT));
        scene.end().await;
    });
}

#[test]
fn p9_a_wait_that_was_given_up_and_begun_again_is_not_longer_for_that() {
    in_virtual_time(async {
        let scene = playing(2, |script| script);
        let began = Instant::now();
        let (request, other) = (sent(&scene, LIMIT).await, sent(&scene, LIMIT).await);
        assert!(dropped_after(3, request.receive_response()).await.is_none());
        sleep(3 * SECOND).await;
        scene.fails_at(began, LIMIT, &request, LIMIT, Stage::FirstByte, request.receive_response()).await;
        // Nobody waited for this one when its time was over.
        let head = other.receive_response();
        scene.fails_at(began, LIMIT, &other, LIMIT, Stage::FirstByte, head).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_head_that_came_in_time_is_taken_later() {
    in_virtual_time(async {
        let scene = playing(1, |script| script.wait(SECOND).send(frames::response(1, 200, true)));
        let began = Instant::now();
        let request = sent(&scene, LIMIT).await;
        sleep(2 * LIMIT).await;
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        let came = request.timings().unwrap().head_received.unwrap();
        assert_eq!(came - began.into_std(), SECOND, "it is told when it came, and not when it was taken");
        scene.end().await;
    });
}
