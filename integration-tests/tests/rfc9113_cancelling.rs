//! RFC 9113 5.4.2, 8.1: what is given up is reset with CANCEL, and neither the wire nor who shares it is hurt (contract B.7).

use std::time::Duration;

use hinternet::{Method, Payload, Request};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::http2_peer::Kind;
use integration_tests::origin::Reply;
use integration_tests::scene::{read_all, receiving, sending};
use integration_tests::{Gate, dropped_after, patiently};

/// `/held` waits for the gate, `/begun` sends a piece and then waits, anything else is answered.
async fn scene(gate: &Gate) -> Http2Scene {
    let held = gate.clone();
    Http2Scene::with(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held).into(),
        "/begun" => Answer::in_parts().piece("begun").hold(&held).piece(", done"),
        _ => Reply::ok("ok").into(),
    })
    .await
}

/// Sends a request and a sibling that both wait, gives the first up, and looks what came of all three: it, its sibling, the wire.
async fn given_up(path: &str, deed: impl AsyncFnOnce(&Http2Scene, Request)) {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let sibling = scene.sent("/held").await;
    let request = scene.sent(path).await;
    scene.origin.wait_for_requests(3).await;
    deed(&scene, request).await;
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 5);
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    gate.open();
    sibling.receive_response().await.unwrap();
    assert_eq!(read_all(&sibling).await.unwrap(), b"late");
    let [wire] = &scene.origin.wires()[..] else { panic!("one wire") };
    // Stream 7 is that of a request that was sent again, and given up with its handle.
    assert!(wire.resets().iter().all(|(stream, reason)| *stream >= 5 && *reason == Reason::CANCEL));
    assert!(!wire.ended);
    scene.end().await;
}

/// The same with a request whose body has begun to be read.
async fn given_up_reading(deed: impl AsyncFnOnce(Request)) {
    given_up("/begun", async |_, request| {
        request.receive_response().await.unwrap();
        assert_eq!(request.read().await.unwrap(), "begun");
        deed(request).await;
    })
    .await;
}

#[tokio::test]
async fn b7_cancel_resets_the_stream() {
    given_up("/held", async |scene, request| {
        let receiving = receiving(&request);
        scene.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
        request.cancel();
        let error = scene.recorder.failure(request.id(), patiently("the end", receiving).await.unwrap());
        assert!(error.is_cancelled(), "{error}");
        assert!(request.is_open());
    })
    .await;
}

#[tokio::test]
async fn b7_a_cancelled_request_may_be_sent_again_on_the_same_wire() {
    given_up_reading(async |request| {
        request.cancel();
        request.send(()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        assert_eq!(request.read_exact(5).await.unwrap(), "begun");
    })
    .await;
}

#[tokio::test]
async fn b5_close_resets_the_stream() {
    given_up("/held", async |_, request| request.close().await.unwrap()).await;
}

#[tokio::test]
async fn b5_close_in_the_middle_of_a_body_resets_the_stream() {
    given_up_reading(async |request| request.close().await.unwrap()).await;
}

#[tokio::test]
async fn b4_a_handle_that_is_dropped_resets_the_stream() {
    given_up("/held", async |_, request| drop(request)).await;
}

#[tokio::test]
async fn b4_a_response_of_the_paved_path_that_is_dropped_resets_the_stream() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    let response = scene.session.get(scene.origin.url("/begun")).unwrap().send().await.unwrap();
    drop(response);
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 1);
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn b4_a_paved_call_that_is_dropped_resets_the_stream() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let url = scene.origin.url("/held");
    let call = scene.session.get(url).unwrap().send();
    let mut call = Box::pin(call);
    tokio::select! {
        result = &mut call => panic!("answered: {result:?}"),
        () = scene.origin.wait_for_requests(2) => {}
    }
    drop(call);
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 3);
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn e_the_end_of_the_total_time_resets_the_stream() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let request = scene.request(Method::GET, "/held");
    let mut options = request.options();
    options.timeouts.total = Some(Duration::from_millis(100));
    request.set_options(options).unwrap();
    request.send(()).await.unwrap();
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert!(error.is_timeout(), "{error}");
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 3);
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn b7_cancel_ends_an_upload_that_waits_for_its_window() {
    let settings = Settings::new().stream_window(1000).at_head(|request| {
        // Held for good: nothing of the body is ever read.
        (request.method == "POST").then(|| Reply::ok("").held(&Gate::new()).into())
    });
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Reply::ok("ok").into()).await, builder());
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let request = scene.request(Method::POST, "/");
    let sent = sending(&request, Payload::bytes(vec![b'x'; 1 << 20]));
    scene.origin.wait_for("a window of body", |wires| wires[0].data(3).iter().sum::<usize>() == 1000).await;
    request.cancel();
    let error = scene.recorder.failure(request.id(), patiently("the send", sent).await.unwrap());
    assert!(error.is_cancelled(), "{error}");
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 3);
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    assert_eq!(scene.origin.wires()[0].data(3).iter().sum::<usize>(), 1000, "the rest was thrown away");
    scene.end().await;
}

#[tokio::test]
async fn b6_a_call_that_is_dropped_at_any_poll_hurts_nobody_else() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    let sibling = scene.sent("/held").await;
    for polls in 0..30 {
        let url = scene.origin.url("/begun");
        dropped_after(polls, scene.session.get(url).unwrap().send()).await;
        assert_eq!(scene.text("/next").await.unwrap(), "ok", "after {polls} polls");
    }
    gate.open();
    sibling.receive_response().await.unwrap();
    assert_eq!(read_all(&sibling).await.unwrap(), b"late");
    let [wire] = &scene.origin.wires()[..] else { panic!("one wire") };
    assert!(wire.resets().iter().all(|(_, reason)| *reason == Reason::CANCEL));
    assert!(wire.frames.iter().all(|frame| frame.kind != Kind::GoAway));
    scene.end().await;
}
