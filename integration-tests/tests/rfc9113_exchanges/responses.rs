//! RFC 9113 8.1: responses with and without bodies, interim ones, trailers, and those that break off.

use hinternet::{Blame, ErrorCode, Limits, Method, Protocols, RequestOptions, Session, Stage, Status, Version};
use integration_tests::Gate;
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, builder};
use integration_tests::http2_peer::frames;
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

#[tokio::test]
async fn d5_a_head_is_what_it_would_be_in_lines() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").field("x-first", "1").field("x-second", "2").into()).await;
    let request = scene.reading("/").await;
    let head = request.head().unwrap();
    assert_eq!((head.status().as_u16(), head.version()), (200, Version::HTTP_2));
    assert_eq!(
        (&head.headers()["x-first"], &head.headers()["content-length"]),
        (&"1".parse().unwrap(), &"2".parse().unwrap())
    );
    let raw = String::from_utf8(head.raw().to_vec()).unwrap();
    let (line, fields) = raw.split_once("\r\n").unwrap();
    assert!(line.starts_with("HTTP/2 200") || line.starts_with("HTTP/2.0 200"), "{raw}");
    assert!(fields.contains("x-first: 1\r\nx-second: 2\r\n") && fields.ends_with("\r\n\r\n"), "{raw}");
    assert!(!raw.contains(":status"), "{raw}");
    assert_eq!(read_all(&request).await.unwrap(), b"ok");

    let response = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    assert_eq!((response.version(), response.content_length()), (Version::HTTP_2, Some(2)));
    assert_eq!(response.text().await.unwrap(), "ok");
    scene.end().await;
}

#[tokio::test]
async fn rfc9110_6_4_head_204_and_304_have_no_body() {
    let scene = Http2Scene::with(|request| match request.path() {
        "/204" => Reply::new(204).into(),
        "/304" => Reply::new(304).into(),
        _ => Reply::ok("12345").into(),
    })
    .await;
    for (method, path, status) in [(Method::HEAD, "/", 200), (Method::GET, "/204", 204), (Method::GET, "/304", 304)] {
        let request = scene.request(method, path);
        request.send(()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), status);
        assert_eq!(request.query_data_available().await.unwrap(), 0);
        assert_eq!(read_all(&request).await.unwrap(), b"");
    }
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

/// The stream ends behind the head, which announces what a GET would get.
#[tokio::test]
async fn rfc9110_8_6_the_length_in_the_answer_to_head_is_that_of_no_body() {
    let gate = Gate::new();
    let head = frames::headers(1, &[(":status", "200"), ("content-length", "9")], false);
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(head);
    let peer = ScriptedPeer::always(script.hold(&gate).send(frames::data(1, "", true)).keep()).await;
    let mut options = RequestOptions::default();
    options.limits.gathered_body = Some(1);
    let scene = Scene::of(peer, Session::builder().request_options(options).protocols(Protocols::RequireHttp2));
    let response = scene.session.request(Method::HEAD, scene.peer.url("/")).unwrap().send().await.unwrap();
    assert_eq!(response.content_length(), Some(9));
    gate.open();
    assert_eq!(response.bytes().await.unwrap(), "");
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_1_trailers_of_a_response_are_there_when_its_body_has_ended() {
    let scene = Http2Scene::with(|_| Reply::new(200).chunked(["a", "b"]).trailer("sum", "2").into()).await;
    let request = scene.reading("/").await;
    assert!(request.trailers().is_empty());
    assert_eq!(read_all(&request).await.unwrap(), b"ab");
    assert_eq!(request.trailers()["sum"], "2");
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_1_trailers_may_follow_a_head_without_a_body() {
    let octets = [frames::response(1, 200, false), frames::headers(1, &[("grpc-status", "0")], true)].concat();
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(octets).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let request = scene.reading().await;
    assert_eq!(read_all(&request).await.unwrap(), b"");
    assert_eq!(request.trailers()["grpc-status"], "0");
    scene.end().await;
}

#[tokio::test]
async fn rfc9110_15_2_interim_responses_are_told_in_order() {
    let scene =
        Http2Scene::with(|_| Answer::from(Reply::ok("ok").interim(103).interim(102)).hint("link", "</a>")).await;
    let request = scene.reading("/").await;
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    scene.recorder.wait_for_status(request.id(), "HeadersAvailable").await;
    let told = scene.recorder.of(request.id());
    let interims = told.iter().filter_map(|one| match &one.status {
        Status::IntermediateResponse(status, headers) => Some((status.as_u16(), headers["link"].clone())),
        _ => None,
    });
    let link = "</a>".parse().unwrap();
    assert_eq!(interims.collect::<Vec<_>>(), [(103, link), (102, "</a>".parse().unwrap())]);
    scene.end().await;
}

#[tokio::test]
async fn f_endless_interim_responses_end_the_request_and_not_the_wire() {
    let scene = Http2Scene::with(|request| match request.path() {
        "/hints" => (0..20).fold(Reply::ok("no"), |reply, _| reply.interim(103)).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    let request = scene.sent("/hints").await;
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer));
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn f_a_head_over_the_limit_is_a_typed_error() {
    let mut limits = Limits::default();
    limits.response_head = 1000;
    let origin = Http2Origin::start(|_| Reply::ok("ok").field("x-long", "x".repeat(2000)).into()).await;
    let scene = Http2Scene::of(origin, builder().limits(limits));
    let request = scene.sent("/").await;
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::HeaderSizeOverflow, Blame::Peer));
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_5_4_2_a_reset_ends_its_stream_and_says_why() {
    let gate = Gate::new();
    let held = gate.clone();
    // A reset overtakes what the origin has not written yet.
    let scene = Http2Scene::with(move |request| match request.path() {
        "/half" => Answer::in_parts().piece("half").hold(&held).then_reset(Reason::INTERNAL_ERROR),
        "/none" => Answer::reset(Reason::PROTOCOL_ERROR),
        _ => Reply::ok("ok").into(),
    })
    .await;
    let half = scene.reading("/half").await;
    gate.open();
    let error = scene.recorder.failure(half.id(), read_all(&half).await);
    assert_eq!((error.blame(), error.stage()), (Blame::Peer, Stage::Body));
    assert!(error.to_string().contains("INTERNAL_ERROR"), "{error}");

    let none = scene.sent("/none").await;
    let error = scene.recorder.failure(none.id(), none.receive_response().await);
    assert_eq!(error.blame(), Blame::Peer);
    assert!(error.to_string().contains("PROTOCOL_ERROR"), "{error}");
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_6_a_server_cannot_switch_protocols() {
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
    let scene = Scene::of(ScriptedPeer::always(script.send(frames::response(1, 101, false)).keep()).await, builder());
    let request = scene.sent().await;
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer));
    scene.end().await;
}

/// So many interim responses on each of these streams, none of which anybody has asked for.
fn hints(streams: &[u32], each: usize) -> Vec<u8> {
    let all = streams.iter().map(|stream| frames::headers(*stream, &[(":status", "103"), ("link", "</a>")], false));
    all.collect::<Vec<_>>().concat().repeat(each)
}

#[tokio::test]
async fn f_interim_responses_that_nobody_asks_for_end_the_wire_and_the_next_one_serves() {
    let greeted = || Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
    // Octets of a body on the same wire do not make up for them.
    let both = [hints(&[3], 10), frames::data(1, "x", false).to_vec()].concat();
    let flood = greeted().send(frames::response(1, 200, false)).read_streams(2).repeat(both, 10_000).keep().forgetful();
    let peer = ScriptedPeer::start_with_default(vec![flood], greeted().send(frames::answer(1, "next")).keep()).await;
    let scene = Scene::of(peer, builder());
    let reading = scene.reading().await;
    let unasked = scene.sent().await;
    // The wire ends though nobody has asked for anything of the second stream.
    let error = scene.recorder.failure(reading.id(), read_all(&reading).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    assert!(error.to_string().contains("interim responses"), "{error}");
    let error = scene.recorder.failure(unasked.id(), unasked.receive_response().await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    assert_eq!(read_all(&scene.reading().await).await.unwrap(), b"next");
    assert_eq!(scene.peer.connections(), 2);
    scene.end().await;
}

#[tokio::test]
async fn rfc8297_early_hints_on_hundreds_of_streams_wait_for_whoever_asks() {
    const STREAMS: usize = 300;
    let streams: Vec<u32> = (0..STREAMS as u32).map(|n| 2 * n + 1).collect();
    let answers = streams.iter().map(|stream| frames::answer(*stream, "ok")).collect::<Vec<_>>().concat();
    let come = Gate::new();
    let script = Script::new().read_preface().send(frames::settings(&[(3, STREAMS as u32)])).read_streams(STREAMS);
    let script = script.send(hints(&streams, 3)).send(answers).signal(&come).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let mut requests = Vec::new();
    for _ in 0..STREAMS {
        requests.push(scene.sent().await);
    }
    come.passed().await;
    for request in requests {
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"ok");
        scene.recorder.wait_for_status(request.id(), "HeadersAvailable").await;
        assert_eq!(scene.recorder.count_of(request.id(), "IntermediateResponse"), 3);
    }
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

/// What WinHTTP does when `WINHTTP_OPTION_REQUIRE_STREAM_END` is set.
#[tokio::test]
async fn rfc9113_8_1_the_end_of_the_stream_is_waited_for_behind_the_announced_length() {
    let (gate, body) = (Gate::new(), frames::data(1, "ok", false));
    let head = frames::headers(1, &[(":status", "200"), ("content-length", "2")], false);
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send([head, body].concat());
    let script = script.hold(&gate).send(frames::headers(1, &[("sum", "8")], true)).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let request = scene.request(Method::GET);
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(request.read().await.unwrap(), "ok");
    assert!(request.trailers().is_empty());
    gate.open();
    assert!(request.read().await.unwrap().is_empty());
    assert_eq!(request.trailers()["sum"], "8", "the body has ended where its stream has");
    scene.end().await;
}
