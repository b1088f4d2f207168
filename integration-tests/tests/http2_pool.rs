//! Which wires there are over HTTP/2, and which of them a request gets (contract E; issue: wires per origin).

use std::time::Duration;

use hinternet::tls::TlsOptions;
use hinternet::{Blame, ErrorCode, Protocols, Request, Session, SessionBuilder, Status};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::{Gate, patiently};
use tokio::task::JoinSet;

/// A server's side of TLS that offers these, and a session that trusts it.
fn offering(protocols: &[&str]) -> (Tls, SessionBuilder) {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"]))).offering(protocols);
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    (tls, Session::builder().dial(EveryName::here()).tls(trusting))
}

/// So many requests at once; all of them are answered.
async fn burst(scene: &Http2Scene, count: usize) {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (session, url) = (scene.session.clone(), scene.origin.url("/"));
        calls.spawn(async move { session.get(url)?.send().await?.text().await });
    }
    while let Some(answer) = patiently("an answer", calls.join_next()).await {
        assert_eq!(answer.unwrap().unwrap(), "ok");
    }
}

async fn answered(request: &Request) -> Vec<u8> {
    request.receive_response().await.unwrap();
    read_all(request).await.unwrap()
}

/// `/n` waits for the n-th gate; anything else is answered.
fn gated(gates: &[Gate]) -> impl Fn(&integration_tests::request::Request) -> Answer + Send + Sync + 'static + use<> {
    let held = gates.to_vec();
    move |request| match request.path()[1..].parse::<usize>() {
        Ok(n) => Reply::ok(n.to_string()).held(&held[n]).into(),
        Err(_) => Reply::ok("ok").into(),
    }
}

fn gates(count: usize) -> Vec<Gate> {
    (0..count).map(|_| Gate::new()).collect()
}

#[tokio::test]
async fn a_burst_to_a_new_origin_opens_one_wire_by_prior_knowledge() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    burst(&scene, 1000).await;
    let [wire] = &scene.origin.wires()[..] else { panic!("{} wires", scene.origin.connections()) };
    assert_eq!(wire.streams(), 1000);
    scene.end().await;
}

#[tokio::test]
async fn a_burst_to_a_new_origin_opens_one_wire_by_alpn() {
    for offered in [&["h2"][..], &["h2", "http/1.1"], &["http/1.1", "h2"]] {
        let (tls, builder) = offering(offered);
        let scene = Http2Scene::of(Http2Origin::secure(&tls, |_| Reply::ok("ok").into()).await, builder);
        burst(&scene, 1000).await;
        // The server's own order decides (RFC 7301 3.2).
        let speaks_http2 = offered[0] == "h2";
        let wires = scene.origin.wires();
        assert!(wires.iter().all(|wire| wire.is_http1 != speaks_http2));
        assert_eq!(wires.len() == 1, speaks_http2, "{} wires", wires.len());
        scene.end().await;
    }
}

#[tokio::test]
async fn a_stream_limit_that_is_reached_opens_a_second_wire_and_then_makes_a_line() {
    let gates = gates(6);
    let settings = Settings::new().max_concurrent_streams(2);
    let scene = Http2Scene::of(Http2Origin::with(settings, gated(&gates)).await, builder().wires_per_origin(2));
    // What the server allows is known from then on.
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let mut requests = Vec::new();
    for n in 0..4 {
        requests.push(scene.sent(&format!("/{n}")).await);
    }
    scene.origin.wait_for_requests(5).await;
    assert_eq!(scene.origin.connections(), 2);
    patiently("the limit of the second wire", async {
        while scene.session.snapshot().await.origins[0].wires.iter().any(|wire| wire.stream_limit != 2) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut waiting = Vec::new();
    for n in 4..6 {
        let request = scene.request(hinternet::Method::GET, &format!("/{n}"));
        waiting.push(sending(&request, ()));
        let queued = scene.recorder.wait_for_status(request.id(), "Queued").await;
        assert!(matches!(queued.status, Status::Queued { position } if position == n - 3), "{queued:?}");
        requests.push(request);
    }
    gates.iter().for_each(Gate::open);
    for sent in waiting {
        patiently("a send", sent).await.unwrap().unwrap();
    }
    for (n, request) in requests.iter().enumerate() {
        assert_eq!(answered(request).await, n.to_string().as_bytes());
    }
    assert_eq!(scene.origin.connections(), 2, "never more than allowed");
    scene.end().await;
}

#[tokio::test]
async fn one_wire_is_all_there_is_where_no_more_are_allowed() {
    let gates = gates(2);
    let settings = Settings::new().max_concurrent_streams(1);
    let scene = Http2Scene::of(Http2Origin::with(settings, gated(&gates)).await, builder().wires_per_origin(1));
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let first = scene.sent("/0").await;
    scene.origin.wait_for_requests(2).await;
    let second = scene.request(hinternet::Method::GET, "/1");
    let sent = sending(&second, ());
    let queued = scene.recorder.wait_for_status(second.id(), "Queued").await;
    assert!(matches!(queued.status, Status::Queued { position: 1 }), "{queued:?}");
    gates.iter().for_each(Gate::open);
    assert_eq!(answered(&first).await, b"0");
    patiently("the send", sent).await.unwrap().unwrap();
    assert_eq!(answered(&second).await, b"1");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn one_that_waits_for_a_stream_can_be_cancelled() {
    let gates = gates(2);
    let settings = Settings::new().max_concurrent_streams(1);
    let scene = Http2Scene::of(Http2Origin::with(settings, gated(&gates)).await, builder().wires_per_origin(1));
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let first = scene.sent("/0").await;
    let second = scene.request(hinternet::Method::GET, "/1");
    let sent = sending(&second, ());
    scene.recorder.wait_for_status(second.id(), "Queued").await;
    second.cancel();
    let error = scene.recorder.failure(second.id(), patiently("the send", sent).await.unwrap());
    assert!(error.is_cancelled(), "{error}");
    gates[0].open();
    assert_eq!(answered(&first).await, b"0");
    assert_eq!(scene.origin.log().len(), 2, "it was never sent");
    scene.end().await;
}

#[tokio::test]
async fn the_wire_with_the_fewest_streams_is_chosen() {
    let gates = gates(7);
    let settings = Settings::new().max_concurrent_streams(4);
    let scene = Http2Scene::of(Http2Origin::with(settings, gated(&gates)).await, builder().wires_per_origin(2));
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let mut requests = Vec::new();
    for n in 0..5 {
        requests.push(scene.sent(&format!("/{n}")).await);
        scene.origin.wait_for_requests(n + 2).await;
    }
    let wire_of = |n: usize| {
        let target = format!("/{n}");
        scene.origin.log().iter().find(|visit| visit.target == target).unwrap().connection
    };
    assert_eq!([0, 1, 2, 3, 4].map(wire_of), [1, 1, 1, 1, 2], "one wire is filled before another is opened");
    // Four and one: the second has more room. Then, with the first empty, that one.
    requests.push(scene.sent("/5").await);
    scene.origin.wait_for_requests(7).await;
    assert_eq!(wire_of(5), 2);
    for n in 0..4 {
        gates[n].open();
        assert_eq!(answered(&requests[n]).await, n.to_string().as_bytes());
    }
    requests.push(scene.sent("/6").await);
    scene.origin.wait_for_requests(8).await;
    assert_eq!(wire_of(6), 1);
    gates.iter().for_each(Gate::open);
    for (n, request) in requests.iter().enumerate().skip(4) {
        assert_eq!(answered(request).await, n.to_string().as_bytes());
    }
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_chooses_http1_gets_parallel_wires() {
    let gates = gates(4);
    let (tls, builder) = offering(&["http/1.1"]);
    let scene = Http2Scene::of(Http2Origin::secure(&tls, gated(&gates)).await, builder);
    let mut requests = Vec::new();
    for n in 0..4 {
        requests.push(scene.sent(&format!("/{n}")).await);
    }
    scene.origin.wait_for_requests(4).await;
    assert_eq!(scene.origin.connections(), 4);
    gates.iter().for_each(Gate::open);
    for (n, request) in requests.iter().enumerate() {
        assert_eq!(answered(request).await, n.to_string().as_bytes());
        assert_eq!(request.head().unwrap().version(), hinternet::Version::HTTP_11);
    }
    assert!(scene.origin.wires().iter().all(|wire| wire.is_http1));
    scene.end().await;
}

#[tokio::test]
async fn a_session_for_http1_alone_does_not_offer_http2() {
    let (tls, builder) = offering(&["h2", "http/1.1"]);
    let origin = Http2Origin::secure(&tls, |_| Reply::ok("ok").into()).await;
    let scene = Http2Scene::of(origin, builder.protocols(Protocols::Http1));
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(tls.seen()[0].application_protocol.as_deref(), Some("http/1.1"));
    scene.end().await;
}

#[tokio::test]
async fn without_tls_http2_is_spoken_only_where_it_is_required() {
    let origin = Origin::start(|_| Reply::ok("ok")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().protocols(Protocols::PreferHttp2));
    let response = session.get(origin.url("/")).unwrap().send().await.unwrap();
    assert_eq!(response.version(), hinternet::Version::HTTP_11);
    assert_eq!(response.text().await.unwrap(), "ok");
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_http2_that_is_required_and_not_chosen_is_12190() {
    for offered in [&["http/1.1"][..], &[]] {
        let (tls, builder) = offering(offered);
        let origin = Http2Origin::secure(&tls, |_| Reply::ok("ok").into()).await;
        let scene = Http2Scene::of(origin, builder.protocols(Protocols::RequireHttp2));
        let request = scene.request(hinternet::Method::GET, "/");
        let error = scene.recorder.failure(request.id(), request.send(()).await);
        assert_eq!((error.code(), error.blame()), (ErrorCode::HttpProtocolMismatch, Blame::Peer));
        assert!(scene.origin.log().is_empty());
        scene.end().await;
    }
}

#[tokio::test]
async fn e_http2_that_is_required_without_tls_and_answered_in_http1_is_12190() {
    let refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    let scene =
        Scene::of(ScriptedPeer::start(vec![Script::new().read_preface().send(refusal).keep()]).await, builder());
    let request = scene.request(hinternet::Method::GET);
    let result = async {
        request.send(()).await?;
        request.receive_response().await.map(|_| ())
    };
    let error = scene.recorder.failure(request.id(), patiently("the end", result).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::HttpProtocolMismatch, Blame::Peer), "{error}");
    scene.end().await;
}

#[tokio::test]
async fn an_idle_wire_is_closed_after_its_time() {
    let origin = Http2Origin::start(|_| Reply::ok("ok").into()).await;
    let scene = Http2Scene::of(origin, builder().idle_timeout(Duration::from_millis(100)));
    let request = scene.reading("/").await;
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    scene.origin.wait_for_end(0).await;
    // RFC 9113 5.4.1: whoever closes says so.
    assert_eq!(scene.origin.wires()[0].goaway(), Some(Reason::NO_ERROR));
    scene.recorder.wait_for_status(scene.connection.id(), "ConnectionClosed").await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_session_that_closes_closes_its_wires() {
    let gate = Gate::new();
    let held = gate.clone();
    let scene = Http2Scene::with(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let request = scene.sent("/held").await;
    scene.origin.wait_for_requests(2).await;
    scene.session.close().await.unwrap();
    scene.origin.wait_for_end(0).await;
    scene.recorder.wait_for_closing(request.id()).await;
    assert!(matches!(scene.origin.wires()[0].goaway(), None | Some(Reason::NO_ERROR)));
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn an_expired_wire_ends_what_it_carries_and_no_more_comes_to_it() {
    let gates = gates(1);
    let scene = Http2Scene::of(Http2Origin::start(gated(&gates)).await, builder());
    let held = scene.sent("/0").await;
    scene.origin.wait_for_requests(1).await;
    assert_eq!(scene.session.evict_idle().await, 0, "it is in use");
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    assert_eq!(connection.expire().await, 1);
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 2);
    gates[0].open();
    assert_eq!(answered(&held).await, b"0");
    scene.origin.wait_for_end(0).await;
    assert_eq!(scene.session.network_changed().await.asked, 1, "the other one");
    assert_eq!(scene.session.evict_idle().await, 1);
    scene.origin.wait_for_end(1).await;
    drop(connection);
    scene.end().await;
}

/// `WINHTTP_OPTION_EXPIRE_CONNECTION`.
#[tokio::test]
async fn a_request_expires_the_wire_that_carries_others_too_and_those_go_on() {
    let gates = gates(2);
    let scene = Http2Scene::of(Http2Origin::start(gated(&gates)).await, builder());
    let held = [scene.sent("/0").await, scene.sent("/1").await];
    scene.origin.wait_for_requests(2).await;
    assert!(held[0].expire_wire().await);
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 2);
    for (n, request) in held.iter().enumerate() {
        gates[n].open();
        assert_eq!(answered(request).await, n.to_string().as_bytes());
    }
    scene.origin.wait_for_end(0).await;
    assert_eq!(scene.session.network_changed().await.asked, 1, "the other one");
    scene.end().await;
}

#[tokio::test]
async fn a_wire_carries_no_more_requests_than_it_may() {
    let mut options = hinternet::SessionOptions::default();
    (options.request.protocols, options.wire_max_requests) = (Protocols::RequireHttp2, Some(2));
    let origin = Http2Origin::start(|_| Reply::ok("ok").into()).await;
    let scene = Http2Scene::of(origin, Session::builder().options(options));
    for _ in 0..5 {
        assert_eq!(scene.text("/").await.unwrap(), "ok");
    }
    assert_eq!(scene.origin.wires().iter().map(|wire| wire.streams()).collect::<Vec<_>>(), [2, 2, 1]);
    scene.end().await;
}

/// Its age is looked at when a stream ends, and once a second.
#[tokio::test]
async fn a_wire_that_was_found_too_old_gets_no_other_request_and_ends_what_it_carries() {
    let gates = gates(1);
    let mut options = hinternet::SessionOptions::default();
    (options.request.protocols, options.wire_max_age) = (Protocols::RequireHttp2, Some(Duration::from_nanos(1)));
    let scene = Http2Scene::of(Http2Origin::start(gated(&gates)).await, Session::builder().options(options));
    let held = scene.sent("/0").await;
    scene.origin.wait_for_requests(1).await;
    for _ in 0..3 {
        assert_eq!(scene.text("/").await.unwrap(), "ok");
    }
    gates[0].open();
    assert_eq!(answered(&held).await, b"0");
    scene.origin.wait_for_end(0).await;
    let served: Vec<_> =
        scene.origin.wires().iter().map(|wire| wire.streams()).filter(|streams| *streams > 0).collect();
    // The first until one of its two had ended, unless its second went by before the other came.
    assert!(matches!(served[..], [2, 1, 1] | [1, 1, 1, 1]), "{served:?}");
    scene.end().await;
}

/// One stream at a time, one wire, and two who wait for it: whoever is given up at the moment of being served, the next is served.
#[tokio::test]
async fn a_place_that_is_given_up_goes_to_the_next_in_line() {
    let settings = Settings::new().max_concurrent_streams(1);
    let rounds = 50;
    let gates = gates(rounds);
    let scene = Http2Scene::of(Http2Origin::with(settings, gated(&gates)).await, builder().wires_per_origin(1));
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    for (n, gate) in gates.iter().enumerate() {
        let held = scene.sent(&format!("/{n}")).await;
        let second = scene.request(hinternet::Method::GET, "/second");
        let waiting = sending(&second, ());
        scene.recorder.wait_for_status(second.id(), "Queued").await;
        let third = scene.request(hinternet::Method::GET, "/third");
        let next = sending(&third, ());
        scene.recorder.wait_for_status(third.id(), "Queued").await;
        gate.open();
        second.cancel();
        assert_eq!(answered(&held).await, n.to_string().as_bytes());
        patiently("the next in line", next).await.unwrap().unwrap();
        assert_eq!(answered(&third).await, b"ok");
        let _cancelled_or_sent = patiently("the one before", waiting).await.unwrap();
    }
    scene.end().await;
}
