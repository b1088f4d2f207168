//! While the body of a request is open over HTTP/2, nothing of its response is due: only the total limit counts.

use hinternet::{HeaderMap, Http2Options, Payload, Protocols};
use integration_tests::dropped_after;
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::scripted_peer::Wanted;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use super::*;

/// Plays this when the head of a request has come; answers pings.
fn playing(play: impl FnOnce(Script) -> Script, set: impl FnOnce(&mut Timeouts)) -> Scene {
    let script = play(Script::new().read_preface().send(frames::settings(&[])).read_streams(1));
    let builder = Session::builder().timeouts(limits(set)).protocols(Protocols::RequireHttp2);
    let scene = Scene::of(MemoryPeer::playing(script.keep().answering_pings()), builder);
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// A request whose body is open.
async fn open(scene: &Scene) -> Request {
    let request = scene.request(Method::POST);
    request.send(Payload::duplex()).await.unwrap();
    request
}

/// A call that is in flight while the test goes on.
async fn begun<T: 'static>(
    request: &Request,
    call: impl AsyncFnOnce(Request) -> hinternet::Result<T> + 'static,
) -> JoinHandle<hinternet::Result<T>> {
    let request = request.clone();
    let begun = spawn_local(async move { call(request).await });
    sleep(SECOND).await;
    begun
}

const LONG: Duration = Duration::from_secs(100);

#[test]
fn p9_a_head_has_time_while_its_request_is_open() {
    in_virtual_time(async {
        let scene = playing(
            |script| script.wait(LONG).send(frames::response(1, 200, true)),
            |timeouts| timeouts.receive_response = Some(LIMIT),
        );
        let request = open(&scene).await;
        let began = Instant::now();
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        assert!(began.elapsed() >= LONG);
        scene.end().await;
    });
}

#[test]
fn p9_a_head_that_is_waited_for_is_due_when_its_request_has_ended() {
    in_virtual_time(async {
        let scene = playing(|script| script, |timeouts| timeouts.receive_response = Some(LIMIT));
        let request = open(&scene).await;
        let receiving = begun(&request, async |request| request.receive_response().await).await;
        sleep(LONG).await;
        request.write("the last").await.unwrap();
        request.finish(HeaderMap::new()).await.unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::FirstByte, async { receiving.await.unwrap() }).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_stream_may_be_silent_while_its_request_is_open() {
    in_virtual_time(async {
        let scene = playing(
            |script| {
                let script = script.send(frames::response(1, 200, false)).wait(LONG);
                script.send(frames::data(1, "late", false)).read_frames(Wanted::Of(Kind::Data), 1)
            },
            |timeouts| timeouts.receive = Some(LIMIT),
        );
        let request = open(&scene).await;
        request.receive_response().await.unwrap();
        assert_eq!(request.read().await.unwrap(), "late");
        let reading = begun(&request, async |request| request.read().await).await;
        sleep(LONG).await;
        request.finish(HeaderMap::new()).await.unwrap();
        // From here on the silence is the server's.
        scene.fails_on_time(&request, LIMIT, Stage::Body, async { reading.await.unwrap() }).await;
        scene.end().await;
    });
}

#[test]
fn p9_the_total_limit_ends_both_sides() {
    in_virtual_time(async {
        let scene =
            playing(|script| script.send(frames::response(1, 200, false)), |timeouts| timeouts.total = Some(LIMIT));
        let request = open(&scene).await;
        let began = Instant::now();
        request.receive_response().await.unwrap();
        let reading = begun(&request, async |request| request.read().await).await;
        let writing = begun(&request, async |request| request.write(vec![b'x'; 1 << 20]).await).await;
        let errors = [
            scene.recorder.failure(request.id(), reading.await.unwrap()),
            scene.recorder.failure(request.id(), writing.await.unwrap()),
        ];
        for error in errors {
            assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
        }
        assert_on_time(began, LIMIT);
        scene.end().await;
    });
}

/// A head, and nothing more; not even a ping is sent but for a doubt.
fn stalling(set: impl FnOnce(&mut Timeouts)) -> Scene {
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
    let script = script.send(frames::response(1, 200, false)).keep().answering_pings();
    let mut http2 = Http2Options::default();
    (http2.ping_after, http2.adaptive_window) = (None, false);
    let builder = Session::builder().timeouts(limits(set)).protocols(Protocols::RequireHttp2).http2(http2);
    let scene = Scene::of(MemoryPeer::playing(script), builder);
    scene.recorder.sending_and_receiving_overlap();
    scene
}

fn pings(scene: &Scene) -> usize {
    let frames = scene.peer.connections()[0].frames();
    frames.iter().filter(|frame| frame.kind == Kind::Ping && !frame.is_ack()).count()
}

#[test]
fn p9_a_write_that_takes_too_long_puts_the_wire_in_doubt() {
    in_virtual_time(async {
        let sets: [fn(&mut Timeouts); 2] =
            [|timeouts| timeouts.send = Some(LIMIT), |timeouts| timeouts.total = Some(LIMIT)];
        for (set, beside_a_read) in sets.into_iter().flat_map(|set| [(set, false), (set, true)]) {
            let scene = stalling(set);
            let request = open(&scene).await;
            request.receive_response().await.unwrap();
            let writing = begun(&request, async |request| request.write(vec![b'x'; 1 << 20]).await).await;
            // Posted behind the write, and stopped by it.
            let reading = match beside_a_read {
                true => Some(begun(&request, async |request| request.read().await).await),
                false => None,
            };
            assert_eq!(pings(&scene), 0);
            let error = scene.recorder.failure(request.id(), writing.await.unwrap());
            assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
            if let Some(reading) = reading {
                scene.recorder.failure(request.id(), reading.await.unwrap());
            }
            sleep(SECOND).await;
            assert_eq!(pings(&scene), 1, "{error}");
            scene.end().await;
        }
    });
}

#[test]
fn p9_a_write_has_its_limit_after_a_receive_that_was_given_up() {
    in_virtual_time(async {
        let mut given_up = 0;
        for polls in 1..20 {
            let scene = playing(|script| script, |timeouts| timeouts.send = Some(LIMIT));
            let request = scene.request(Method::POST);
            request.send(Payload::chunked()).await.unwrap();
            dropped_after(polls, request.receive_response()).await;
            let began = Instant::now();
            let writing = begun(&request, async |request| request.write(vec![b'x'; 1 << 20]).await).await;
            if writing.is_finished() {
                // The receive had ended the body by then.
                let refused = scene.recorder.refusal(request.id(), writing.await.unwrap());
                assert!(refused.is_incorrect_state(), "after {polls} polls: {refused}");
            } else {
                given_up += 1;
                // Sending and receiving overlap as they did before.
                let receiving = begun(&request, async |request| request.receive_response().await).await;
                assert!(!receiving.is_finished(), "after {polls} polls");
                let written = writing.await.unwrap();
                scene.fails_at(began, LIMIT, &request, LIMIT, Stage::SendBody, async { written }).await;
                scene.recorder.failure(request.id(), receiving.await.unwrap());
            }
            scene.end().await;
        }
        assert!(given_up > 0);
    });
}
