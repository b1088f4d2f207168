//! RFC 9110 10.1.1 and RFC 9112 9.5: what a server may say before it has the whole request.

use std::time::Duration;

use hinternet::{Method, Payload, Request};
use integration_tests::scene::sending;
use integration_tests::scripted_peer::{Ending, Script};
use integration_tests::{Gate, HANG};

use crate::answer::Scene;
use crate::reasons;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A POST that asks for a 100 and waits for it this long.
fn expecting(scene: &Scene, patience: Duration) -> Request {
    let request = scene.request(Method::POST);
    let mut options = request.options();
    options.expect_continue = Some(patience);
    request.set_options(options).unwrap();
    request
}

#[tokio::test]
async fn the_body_waits_for_the_100_and_then_follows() {
    let may_go_on = Gate::new();
    let script = Script::new().read_head().hold(&may_go_on).send("HTTP/1.1 100 Continue\r\n\r\n");
    let scene = Scene::with(vec![script.read_exactly(5).send(OK).keep()]).await;
    let request = expecting(&scene, HANG);
    let sending = sending(&request, "hello");
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    scene.peer.wait_for_octets(0, 1).await;
    let head = String::from_utf8(scene.peer.received(0)).unwrap();
    assert!(head.contains("expect: 100-continue\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    may_go_on.open();
    let answer = scene.read(request, sending.await.unwrap()).await;
    assert_eq!((answer.text(), answer.interims[0].0), ("ok", 100));
    assert!(scene.peer.received(0).ends_with(b"\r\n\r\nhello"));
    assert!(!scene.closed_the_wire(answer.id));
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_knows_no_100_gets_the_body_after_a_while() {
    let script = Script::new().read_head().read_exactly(5).send(OK).keep();
    let scene = Scene::with(vec![script]).await;
    let request = expecting(&scene, Duration::from_millis(10));
    let sent = request.send("hello").await;
    assert_eq!(scene.read(request, sent).await.text(), "ok");
    scene.end().await;
}

#[tokio::test]
async fn a_final_answer_instead_of_the_100_spares_the_body_and_costs_the_wire() {
    reasons::listen();
    for status in [417, 200, 302, 500] {
        let octets = format!("HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\nno");
        let scene = Scene::with(vec![Script::new().read_head().send(octets).keep()]).await;
        let request = expecting(&scene, HANG);
        let sent = request.send("hello").await;
        let answer = scene.read(request, sent).await;
        assert_eq!((answer.status(), answer.text()), (status, "no"));
        assert!(scene.closed_the_wire(answer.id));
        assert_eq!(reasons::of(&scene.recorder, answer.id), "the server answered before the request was complete");
        assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
        assert!(scene.peer.received(0).ends_with(b"\r\n\r\n"), "none of the body was sent");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_request_without_a_body_expects_nothing() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    let request = expecting(&scene, HANG);
    let answer = scene.play(request).await;
    assert_eq!(answer.text(), "ok");
    assert!(!scene.peer.requests()[0].fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("expect")));
    scene.end().await;
}

#[tokio::test]
async fn d4_an_answer_during_the_upload_is_worth_more_than_the_error_of_a_write() {
    let refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig";
    let early = || Script::new().read_head().read_exactly(1).send(refusal);
    for script in [early().close(), early().reset(), early().keep()] {
        let scene = Scene::with(vec![script]).await;
        let request = scene.request(Method::POST);
        request.send(Payload::chunked()).await.unwrap();
        for _ in 0..100 {
            request.write(vec![b'w'; 64 * 1024]).await.unwrap();
        }
        let answer = scene.read(request, Ok(())).await;
        assert_eq!((answer.status(), answer.text()), (413, "big"));
        assert!(scene.closed_the_wire(answer.id));
        scene.end().await;
    }
}

#[tokio::test]
async fn an_early_success_is_delivered_after_the_upload_and_costs_the_wire() {
    reasons::listen();
    let answered = Gate::new();
    let script = Script::new().read_head().send(OK).signal(&answered).read_until("0\r\n\r\n").keep();
    let scene = Scene::with(vec![script]).await;
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    answered.passed().await;
    request.write("hello").await.unwrap();
    request.write(" world").await.unwrap();
    let answer = scene.read(request, Ok(())).await;
    // What was written is in the kernel; the peer has read it when it has seen the end.
    scene.peer.wait_for_end(0).await;
    assert_eq!(answer.text(), "ok");
    let sent = String::from_utf8(scene.peer.received(0)).unwrap();
    assert!(sent.ends_with("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "{sent}");
    assert!(scene.closed_the_wire(answer.id));
    assert_eq!(reasons::of(&scene.recorder, answer.id), "the server answered before the request was complete");
    scene.end().await;
}
