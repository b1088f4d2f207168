//! What is given up is given up on the wire too; what takes too long ends.

use std::time::Duration;

use hinternet::tower::CallOptions;
use hinternet::{RequestOptions, Stage, Timeouts};
use http::Request;
use http_body_util::BodyExt;
use integration_tests::http2_origin::{Answer, Http2Scene, Reason};
use integration_tests::origin::{Origin, Reply};
use integration_tests::{Gate, patiently};

use super::{Scene, Server, by_hand, call, collected, data, empty};

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

#[tokio::test]
async fn a_call_that_is_dropped_resets_the_stream() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    let mut calling = Box::pin(call(&scene.connection, Request::get("/held").body(empty()).unwrap()));
    tokio::select! {
        result = &mut calling => panic!("answered: {result:?}"),
        () = scene.origin.wait_for_requests(1) => {}
    }
    drop(calling);
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 1);
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_while_its_body_goes_out_resets_the_stream() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    let (give, body) = by_hand();
    let mut calling = Box::pin(call(&scene.connection, Request::post("/held").body(body).unwrap()));
    tokio::select! {
        result = &mut calling => panic!("answered: {result:?}"),
        _ = async {
            give.send(data("one")).await.unwrap();
            scene.origin.wait_for_frame(0, |frame| frame.length == 3).await
        } => {}
    }
    drop(calling);
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 1);
    patiently("the end of the body", give.closed()).await;
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    scene.end().await;
}

#[tokio::test]
async fn a_response_body_that_is_dropped_resets_the_stream() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    for (n, stream) in [1, 3, 5].into_iter().enumerate() {
        let response = call(&scene.connection, Request::get("/begun").body(empty()).unwrap()).await.unwrap();
        let mut body = response.into_body();
        // At rest before a frame and after it, and in the middle of a read.
        if n > 0 {
            assert_eq!(patiently("a frame", body.frame()).await.unwrap().unwrap().into_data().unwrap(), "begun");
        }
        if n > 1 {
            assert!(integration_tests::poll_once(Box::pin(body.frame()).as_mut()).await.is_none());
        }
        drop(body);
        let is_it =
            |frame: &integration_tests::http2_peer::Frame| frame.stream == stream && frame.resets(Reason::CANCEL);
        scene.origin.wait_for_frame(0, is_it).await;
    }
    assert_eq!(scene.text("/next").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn over_http1_the_wire_goes_with_a_body_that_is_dropped() {
    let scene = Scene::of(Server::Http1(Origin::start(|_| Reply::ok(vec![0; 8 * 1024 * 1024])).await));
    let response = scene.get("/").await;
    assert_eq!(response.status(), 200);
    drop(response);
    drop(collected(scene.get("/").await.into_body()).await.unwrap());
    let Server::Http1(server) = &scene.server else { unreachable!() };
    let connections: Vec<_> = server.log().iter().map(|visit| visit.connection).collect();
    assert_eq!(connections, [1, 2]);
    scene.end().await;
}

#[tokio::test]
async fn a_call_obeys_the_options_among_its_extensions() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    // So that the time is not spent on a wire.
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let short = Duration::from_millis(250);
    let (mut timeouts, mut options) = (Timeouts::default(), RequestOptions::default());
    timeouts.total = Some(short);
    options.timeouts = timeouts;
    options.protocols = hinternet::Protocols::RequireHttp2;
    let given =
        [CallOptions::new().timeout(short), CallOptions::new().timeouts(timeouts), CallOptions::new().options(options)];
    for (n, given) in given.into_iter().enumerate() {
        let mut request = Request::get("/held").body(empty()).unwrap();
        request.extensions_mut().insert(given.context(7 + n as u64));
        let error = call(&scene.connection, request).await.unwrap_err();
        assert_eq!(
            (error.is_timeout(), error.stage(), error.waited()),
            (true, Stage::FirstByte, Some(short)),
            "{error}"
        );
        let handle = scene.recorder.request(n + 1).await;
        scene.recorder.failure::<()>(handle, Err(error));
        scene.recorder.wait_for_closing(handle).await;
        let told = scene.recorder.of(handle);
        assert_eq!(told.last().unwrap().context, 7 + n as u64);
    }
    let mut request = Request::get("/").body(empty()).unwrap();
    request.extensions_mut().insert(CallOptions::new().timeout(Duration::ZERO));
    let error = call(&scene.connection, request).await.unwrap_err();
    assert_eq!(error.code(), hinternet::ErrorCode::InvalidParameter, "{error}");
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn the_deadline_of_a_call_is_that_of_its_body_too() {
    let gate = Gate::new();
    let scene = scene(&gate).await;
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let mut request = Request::get("/begun").body(empty()).unwrap();
    request.extensions_mut().insert(CallOptions::new().timeout(Duration::from_millis(500)));
    let response = call(&scene.connection, request).await.unwrap();
    let error = collected(response.into_body()).await.unwrap_err();
    assert_eq!((error.is_timeout(), error.stage()), (true, Stage::Body), "{error}");
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn a_closed_handle_takes_no_calls_and_a_session_that_drains_no_new_ones() {
    for scene in Scene::both().await {
        let held = scene.connection.clone();
        scene.connection.close().await.unwrap();
        let error = call(&held, Request::get("/sized").body(empty()).unwrap()).await.unwrap_err();
        assert!(error.is_invalid_handle(), "{error}");
        let report = patiently("the drain", scene.session.shutdown(Duration::from_secs(5))).await;
        assert_eq!(report.cancelled, 0);
        let error = call(&scene.session, Request::get(scene.url("/sized")).body(empty()).unwrap()).await.unwrap_err();
        assert!(matches!(error.code().number(), 6 | 12012), "{error}");
        scene.end().await;
    }
}
