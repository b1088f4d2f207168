//! RFC 9113 8.2, 8.3: what a request is on the wire, and what it is not.

use futures_util::stream;
use hinternet::tls::TlsOptions;
use hinternet::{Bytes, HeaderMap, HeaderValue, Method, Payload, Request, Session, Version};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Settings, builder};
use integration_tests::origin::{Reply, Visit};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{read_all, sending};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::{Gate, HANG, patiently};

async fn echoing() -> Http2Scene {
    Http2Scene::with(|request| {
        let trailers = request.trailers.iter();
        let reply = Reply::new(200).chunked([request.body.clone()]);
        trailers.fold(reply, |reply, (name, value)| reply.trailer(name, value)).into()
    })
    .await
}

async fn answered(request: &Request) -> Vec<u8> {
    request.receive_response().await.unwrap();
    read_all(request).await.unwrap()
}

fn names(visit: &Visit) -> Vec<&str> {
    visit.fields.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn rfc9113_8_3_1_a_request_has_its_authority_and_no_host() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let request = scene.reading("/path?query").await;
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    let [visit] = &scene.origin.log()[..] else { panic!("one request") };
    assert_eq!((visit.method.as_str(), visit.target.as_str()), ("GET", "/path?query"));
    assert_eq!(visit.field(":authority"), Some(scene.origin.address().to_string().as_str()));
    assert_eq!(visit.field(":scheme"), Some("http"));
    for name in ["host", "connection", "content-length", "transfer-encoding"] {
        assert_eq!(visit.field(name), None, "{name} in {:?}", names(visit));
    }
    assert!(visit.field("user-agent").is_some() && visit.field("accept").is_some());
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_3_2_over_tls_it_is_the_same_when_the_server_chooses_h2() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["good.example"]))).offering(&["h2", "http/1.1"]);
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let origin = Http2Origin::secure(&tls, |_| Reply::ok("ok").into()).await;
    // Preferred is the default, required is what the other tests have.
    for builder in [Session::builder(), builder()] {
        let recorder = Recorder::start();
        let session = recorder.session(builder.dial(EveryName::here()).tls(trusting.clone()));
        let url = format!("{}/path", origin.origin_named("good.example"));
        let response = session.get(&url).unwrap().send().await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        assert!(response.security_info().is_some());
        assert_eq!(response.text().await.unwrap(), "ok");
        recorder.finish(session).await;
    }
    let [first, second] = &origin.log()[..] else { panic!("two requests") };
    let authority = format!("good.example:{}", origin.address().port());
    for visit in [first, second] {
        assert_eq!((visit.field(":scheme"), visit.field(":authority")), (Some("https"), Some(authority.as_str())));
    }
    assert!(tls.seen().iter().all(|handshake| handshake.application_protocol.as_deref() == Some("h2")));
}

#[tokio::test]
async fn rfc9113_8_3_1_the_callers_host_is_the_authority() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let request = scene.request(Method::GET, "/");
    request.add_header("host", "other.example").unwrap();
    request.send(()).await.unwrap();
    assert_eq!(answered(&request).await, b"ok");
    let [visit] = &scene.origin.log()[..] else { panic!("one request") };
    assert_eq!((visit.field(":authority"), visit.field("host")), (Some("other.example"), None));
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_2_2_fields_of_the_connection_are_not_sent() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let request = scene.request(Method::GET, "/");
    request.add_header("connection", "keep-alive, x-of-the-hop").unwrap();
    for name in ["keep-alive", "proxy-connection", "upgrade", "x-of-the-hop", "x-to-the-end"] {
        request.add_header(name, "some").unwrap();
    }
    request.add_header("te", "trailers").unwrap();
    request.send(()).await.unwrap();
    assert_eq!(answered(&request).await, b"ok");
    let [visit] = &scene.origin.log()[..] else { panic!("one request") };
    for name in ["connection", "keep-alive", "proxy-connection", "upgrade", "x-of-the-hop"] {
        assert_eq!(visit.field(name), None, "{name} in {:?}", names(visit));
    }
    assert_eq!((visit.field("x-to-the-end"), visit.field("te")), (Some("some"), Some("trailers")));
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_1_1_an_announced_body_has_a_length_and_another_has_none() {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/announced");
    request.send(Payload::begin("once ", 16)).await.unwrap();
    request.write("upon ").await.unwrap();
    request.write("a time").await.unwrap();
    assert_eq!(answered(&request).await, b"once upon a time");

    let request = scene.request(Method::PUT, "/chunked");
    request.send(Payload::chunked()).await.unwrap();
    request.write("once upon ").await.unwrap();
    request.write("a time").await.unwrap();
    assert_eq!(answered(&request).await, b"once upon a time");

    let request = scene.request(Method::POST, "/stream");
    let pieces = ["once ", "upon ", "a time"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
    request.send(Payload::stream(stream::iter(pieces))).await.unwrap();
    assert_eq!(answered(&request).await, b"once upon a time");

    let lengths: Vec<_> = scene.origin.log().iter().map(|one| one.field("content-length").map(str::to_owned)).collect();
    assert_eq!(lengths, [Some("16".to_owned()), None, None]);
    assert!(scene.origin.log().iter().all(|one| one.field("transfer-encoding").is_none() && one.body_octets == 16));
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_1_trailers_of_a_request_arrive() {
    let scene = echoing().await;
    let request = scene.request(Method::PUT, "/");
    request.send(Payload::chunked()).await.unwrap();
    request.write("body").await.unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-moral", HeaderValue::from_static("be polite"));
    request.finish(trailers.clone()).await.unwrap();
    assert_eq!(answered(&request).await, b"body");
    assert_eq!(request.trailers(), trailers, "the server sent them back");
    scene.end().await;
}

#[tokio::test]
async fn rfc9110_10_1_1_the_body_waits_for_the_100() {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/");
    let mut options = request.options();
    options.expect_continue = Some(HANG);
    request.set_options(options).unwrap();
    request.send("hello").await.unwrap();
    assert_eq!(answered(&request).await, b"hello");
    assert_eq!(scene.origin.log()[0].field("expect"), Some("100-continue"));
    assert_eq!(scene.recorder.count_of(request.id(), "IntermediateResponse"), 1);
    scene.end().await;
}

#[tokio::test]
async fn rfc9110_10_1_1_a_final_answer_instead_of_the_100_spares_the_body_and_not_the_wire() {
    let settings = Settings::new().at_head(|request| (request.method == "POST").then(|| Reply::new(417).into()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Reply::ok("ok").into()).await, builder());
    let request = scene.request(Method::POST, "/");
    let mut options = request.options();
    options.expect_continue = Some(HANG);
    request.set_options(options).unwrap();
    request.send("hello").await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 417);
    assert_eq!(read_all(&request).await.unwrap(), b"");
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let [wire] = &scene.origin.wires()[..] else { panic!("one wire") };
    assert_eq!(wire.data(1).iter().sum::<usize>(), 0, "none of the body was sent");
    scene.end().await;
}

#[tokio::test]
async fn d4_an_early_answer_ends_the_upload_and_not_the_wire() {
    let settings =
        Settings::new().at_head(|request| (request.method == "POST").then(|| Reply::new(413).body("too much").into()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Reply::ok("ok").into()).await, builder());
    let request = scene.request(Method::POST, "/");
    request.send(Payload::chunked()).await.unwrap();
    for _ in 0..100 {
        patiently("a write", request.write(vec![b'w'; 64 * 1024])).await.unwrap();
    }
    assert_eq!(request.receive_response().await.unwrap().status(), 413);
    assert_eq!(read_all(&request).await.unwrap(), b"too much");
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_1_a_server_that_has_answered_in_full_may_end_the_upload() {
    let settings =
        Settings::new().at_head(|request| (request.method == "POST").then(|| Reply::ok("that is enough").into()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Reply::ok("ok").into()).await, builder());
    let mut trailers = HeaderMap::new();
    trailers.insert("x-moral", HeaderValue::from_static("be polite"));
    for trailers in [HeaderMap::new(), trailers] {
        let request = scene.request(Method::POST, "/");
        request.send(Payload::chunked()).await.unwrap();
        request.write("once").await.unwrap();
        // Answered after the stream of the upload has ended.
        assert_eq!(scene.text("/next").await.unwrap(), "ok");
        request.finish(trailers).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        assert_eq!(read_all(&request).await.unwrap(), b"that is enough");
    }
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn d4_an_early_answer_to_a_whole_body_is_delivered() {
    let settings = Settings::new().at_head(|_| Some(Reply::new(413).body("too much").into()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Answer::refused()).await, builder());
    let request = scene.request(Method::POST, "/");
    let sent = sending(&request, vec![b'x'; 4 << 20]);
    patiently("the send", sent).await.unwrap().unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 413);
    assert_eq!(read_all(&request).await.unwrap(), b"too much");
    scene.end().await;
}

#[tokio::test]
async fn requests_overlap_on_one_wire_and_end_in_any_order() {
    let gates: Vec<_> = (0..8).map(|_| Gate::new()).collect();
    let held = gates.clone();
    let scene = Http2Scene::with(move |request| match request.path()[1..].parse::<usize>() {
        Ok(n) => Reply::ok(request.path().to_owned()).held(&held[n]).into(),
        Err(_) => Reply::ok("").into(),
    })
    .await;
    scene.text("/first").await.unwrap();
    let mut requests = Vec::new();
    for n in 0..gates.len() {
        requests.push(scene.sent(&format!("/{n}")).await);
    }
    scene.origin.wait_for_requests(1 + gates.len()).await;
    for (n, gate) in gates.iter().enumerate().rev() {
        gate.open();
        assert_eq!(answered(&requests[n]).await, format!("/{n}").as_bytes());
    }
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}
