//! One limit at a time, each with a peer that never comes to the end of that phase.

use hinternet::{Payload, RequestOptions};

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn drip(octets: &'static str) -> Script {
    Script::new().read_request().drip(octets, SECOND).keep()
}

#[test]
fn p9_a_look_up() {
    in_virtual_time(async {
        let scene = Scene::limited(MemoryPeer::that_never_resolves(), |timeouts| timeouts.resolve = Some(LIMIT));
        let request = scene.request(Method::GET);
        scene.fails_on_time(&request, LIMIT, Stage::Resolve, request.send(())).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_connection_to_a_black_hole() {
    in_virtual_time(async {
        let scene = Scene::limited(MemoryPeer::that_never_connects(), |timeouts| timeouts.connect = Some(LIMIT));
        let request = scene.request(Method::GET);
        scene.fails_on_time(&request, LIMIT, Stage::Connect, request.send(())).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_handshake_has_what_connecting_has_left() {
    in_virtual_time(async {
        let scene =
            Scene::limited(MemoryPeer::playing(Script::new().keep()), |timeouts| timeouts.connect = Some(LIMIT));
        let request = scene.session.connect("https://a.example").unwrap().open_request(Method::GET, "/").unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::Tls, request.send(())).await;
        drop(request);
        scene.end().await;
    });
}

#[test]
fn p9_a_head_that_nobody_takes() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(Script::new().stop_reading()).in_flight(10);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::GET);
        scene.fails_on_time(&request, LIMIT, Stage::SendHead, request.send(())).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_body_that_nobody_takes() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(Script::new().read_head().stop_reading()).in_flight(1000);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::POST);
        request.send(Payload::begin("", 5000)).await.unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::SendBody, request.write(vec![b'x'; 5000])).await;
        scene.end().await;
    });
}

#[test]
fn p9_first_data_behind_the_head_that_nobody_takes() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(Script::new().read_head().stop_reading()).in_flight(1000);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::POST);
        scene.fails_on_time(&request, LIMIT, Stage::SendBody, request.send(vec![b'x'; 20_000])).await;
        scene.end().await;
    });
}

#[test]
fn p9_the_end_of_a_chunked_body_that_nobody_takes() {
    in_virtual_time(async {
        // The head and the chunk fill the pipe to the last octet.
        let peer = MemoryPeer::playing(Script::new().read_head().stop_reading()).in_flight(1000);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::POST);
        request.send(Payload::chunked()).await.unwrap();
        request.write(vec![b'x'; 1000 - "3e1\r\n\r\n".len()]).await.unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::SendBody, request.finish(Default::default())).await;
        scene.end().await;
    });
}

#[test]
fn p9_the_end_of_a_chunked_body_that_nobody_takes_in_calls_that_are_given_up() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(Script::new().read_head().stop_reading()).in_flight(1000);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::POST);
        request.send(Payload::chunked()).await.unwrap();
        request.write(vec![b'x'; 1000 - "3e1\r\n\r\n".len()]).await.unwrap();
        let began = Instant::now();
        for _ in 0..7 {
            tokio::time::timeout(SECOND, request.receive_response()).await.unwrap_err();
        }
        scene.fails_at(began, LIMIT, &request, LIMIT, Stage::SendBody, request.receive_response()).await;
        scene.end().await;
    });
}

#[test]
fn p9_an_upload_is_idle_only_while_the_peer_takes_nothing() {
    in_virtual_time(async {
        let slow = Script::new().read_head().read_exactly(1000).wait(6 * SECOND).read_exactly(1000).wait(6 * SECOND);
        let peer = MemoryPeer::playing(slow.stop_reading()).in_flight(1000);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::POST);
        request.send(Payload::begin("", 9000)).await.unwrap();
        let call = request.write(vec![b'x'; 9000]);
        // What it takes last it takes after the first pause.
        scene.fails_at(Instant::now(), 6 * SECOND + LIMIT, &request, LIMIT, Stage::SendBody, call).await;
        scene.end().await;
    });
}

#[test]
fn p9_an_upload_whose_peer_answers_octet_by_octet_and_takes_none_is_idle() {
    in_virtual_time(async {
        let chatter = Script::new().read_head().drip("HTTP/1.1 103 Early Hints\r\nlink: a\r\n", SECOND).stop_reading();
        let peer = MemoryPeer::playing(chatter).in_flight(1000);
        let scene = Scene::limited(peer, |timeouts| timeouts.send = Some(LIMIT));
        let request = scene.request(Method::POST);
        request.send(Payload::begin("", 5000)).await.unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::SendBody, request.write(vec![b'x'; 5000])).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_100_that_does_not_come_holds_a_body_back_for_so_long() {
    in_virtual_time(async {
        for answer in ["", "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"] {
            let script =
                Script::new().read_head().drip(answer, SECOND / 8).read_exactly(5).send("HTTP/1.1 204 \r\n\r\n");
            let mut options = RequestOptions::default();
            (options.timeouts, options.expect_continue) = (Timeouts::infinite(), Some(LIMIT));
            let scene = Scene::of(MemoryPeer::playing(script), Session::builder().request_options(options));
            let request = scene.request(Method::POST);
            let began = Instant::now();
            request.send("hello").await.unwrap();
            assert_on_time(began, LIMIT);
            scene.end().await;
        }
    });
}

#[test]
fn p9_a_response_that_does_not_begin() {
    in_virtual_time(async {
        let silent = Script::new().read_request().keep();
        let scene = Scene::playing(silent, |timeouts| timeouts.receive_response = Some(LIMIT));
        let request = scene.sent().await;
        scene.fails_on_time(&request, LIMIT, Stage::FirstByte, request.receive_response()).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_head_that_drips() {
    in_virtual_time(async {
        for octets in [HEAD, "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\n"] {
            let scene = Scene::playing(drip(octets), |timeouts| timeouts.receive_response = Some(LIMIT));
            let request = scene.sent().await;
            scene.fails_on_time(&request, LIMIT, Stage::Head, request.receive_response()).await;
            scene.end().await;
        }
    });
}

#[test]
fn p9_interim_responses_without_end() {
    in_virtual_time(async {
        let hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
        let hints = Script::new().read_request();
        let hints = (0..9).fold(hints, |hints, _| hints.send(hint).wait(SECOND));
        let scene = Scene::playing(hints.keep(), |timeouts| timeouts.receive_response = Some(LIMIT));
        let request = scene.sent().await;
        scene.fails_on_time(&request, LIMIT, Stage::Head, request.receive_response()).await;
        assert_eq!(scene.recorder.count_of(request.id(), "IntermediateResponse"), 8);
        scene.end().await;
    });
}

#[test]
fn p9_the_time_for_the_head_begins_with_the_end_of_the_request() {
    in_virtual_time(async {
        let silent = Script::new().read_request().keep();
        let scene = Scene::playing(silent, |timeouts| timeouts.receive_response = Some(LIMIT));
        let request = scene.request(Method::POST);
        request.send(Payload::chunked()).await.unwrap();
        tokio::time::sleep(10 * LIMIT).await;
        request.finish(Default::default()).await.unwrap();
        let began = Instant::now();
        tokio::time::sleep(3 * SECOND).await;
        scene.fails_at(began, LIMIT, &request, LIMIT, Stage::FirstByte, request.receive_response()).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_response_that_came_in_time_is_received_however_late_it_is_asked_for() {
    in_virtual_time(async {
        let script = Script::new().read_request().wait(LIMIT - SECOND).send(HEAD).keep();
        let scene = Scene::playing(script, |timeouts| timeouts.receive_response = Some(LIMIT));
        let request = scene.sent().await;
        tokio::time::sleep(10 * LIMIT).await;
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        scene.end().await;
    });
}

#[test]
fn p9_a_body_that_falls_silent() {
    in_virtual_time(async {
        let silent = Script::new().read_request().send(format!("{HEAD}hello")).keep();
        let scene = Scene::playing(silent, |timeouts| timeouts.receive = Some(LIMIT));
        let request = scene.reading().await;
        assert_eq!(request.read().await.unwrap(), "hello");
        // The caller's own time does not count.
        tokio::time::sleep(10 * LIMIT).await;
        scene.fails_on_time(&request, LIMIT, Stage::Body, request.read()).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_query_of_a_body_that_falls_silent() {
    in_virtual_time(async {
        let silent = Script::new().read_request().send(HEAD).keep();
        let scene = Scene::playing(silent, |timeouts| timeouts.receive = Some(LIMIT));
        let request = scene.reading().await;
        scene.fails_on_time(&request, LIMIT, Stage::Body, request.query_data_available()).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_body_that_drips_is_not_silent_but_its_framing_is() {
    in_virtual_time(async {
        let whole = Script::new().read_request().send(HEAD).drip("x".repeat(100), 6 * SECOND).keep();
        let scene = Scene::playing(whole, |timeouts| timeouts.receive = Some(LIMIT));
        let request = scene.reading().await;
        assert_eq!(request.read_exact(100).await.unwrap().len(), 100);
        scene.end().await;

        for framing in ["5;an=extension;without=end", "0\r\ntrailer: value\r\n"] {
            let script = Script::new().read_request().send(CHUNKED).drip(framing, SECOND).keep();
            let scene = Scene::playing(script, |timeouts| timeouts.receive = Some(LIMIT));
            let request = scene.reading().await;
            scene.fails_on_time(&request, LIMIT, Stage::Body, request.read()).await;
            scene.end().await;
        }
    });
}
