//! What goes out, and what is refused before it does.

use std::error::Error as _;
use std::io;

use hinternet::{Blame, ErrorCode, Stage, WireState};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request};
use http_body_util::StreamBody;
use integration_tests::Gate;
use integration_tests::http2_origin::{Answer, Http2Scene, Reason};
use integration_tests::origin::Reply;

use super::{Frame, Scene, by_hand, call, collected, data, empty, full, trailers};

#[tokio::test]
async fn method_and_fields_go_out_as_they_are() {
    for scene in Scene::both().await {
        let mut secret = HeaderValue::from_static("s3cret");
        secret.set_sensitive(true);
        let request = Request::delete("/echo").header("x-token", secret).header("x-twice", "1").header("x-twice", "2");
        let response = call(&scene.connection, request.body(empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["method"], "DELETE");
        let visit = match &scene.server {
            super::Server::Http1(server) => server.log().remove(0),
            super::Server::Http2(server) => server.log().remove(0),
        };
        assert_eq!(visit.field("x-token"), Some("s3cret"));
        assert_eq!(visit.fields.iter().filter(|(name, _)| name == "x-twice").count(), 2);
        drop(response);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_session_takes_absolute_uris_and_no_other() {
    for scene in Scene::both().await {
        let request = Request::get(scene.url("/sized?a=b")).body(empty()).unwrap();
        let response = call(&scene.session, request).await.unwrap();
        assert_eq!(collected(response.into_body()).await.unwrap().0, "12345");
        for uri in ["/sized", "*", "www.example.com:80"] {
            let error = call(&scene.session, Request::get(uri).body(empty()).unwrap()).await.unwrap_err();
            assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidUrl, Blame::Caller), "{uri}: {error}");
        }
        let error = call(&scene.session, Request::get("ftp://127.0.0.1/").body(empty()).unwrap()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnrecognizedScheme, "{error}");
        assert_eq!(scene.asked(), 1);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_connection_takes_paths_and_absolute_uris_of_its_own_origin() {
    for scene in Scene::both().await {
        for uri in ["/sized?a=b", &scene.url("/sized?a=b")] {
            let response = call(&scene.connection, Request::get(uri).body(empty()).unwrap()).await.unwrap();
            assert_eq!(collected(response.into_body()).await.unwrap().0, "12345");
        }
        for uri in ["http://www.example.com/sized", "https://127.0.0.1/sized", "127.0.0.1:1"] {
            let error = call(&scene.connection, Request::get(uri).body(empty()).unwrap()).await.unwrap_err();
            assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidUrl, Blame::Caller), "{uri}: {error}");
        }
        let response = call(&scene.connection, Request::options("*").body(empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(scene.asked(), 3);
        scene.end().await;
    }
}

#[tokio::test]
async fn what_may_not_be_sent_is_refused_with_87_and_nothing_is_sent() {
    for scene in Scene::both().await {
        let coding = Request::post("/echo").header(TRANSFER_ENCODING, "chunked").body(full("body")).unwrap();
        let length = Request::post("/echo").header(CONTENT_LENGTH, "3").body(full("body")).unwrap();
        let method = Request::builder().method("get").uri("/echo").body(full("")).unwrap();
        let tunnel = Request::builder().method(Method::CONNECT).uri("/echo").body(full("")).unwrap();
        for request in [coding, length, method, tunnel] {
            let error = call(&scene.connection, request).await.unwrap_err();
            let all = (error.code(), error.blame(), error.wire_state());
            assert_eq!(all, (ErrorCode::InvalidParameter, Blame::Caller, WireState::NotSent), "{error}");
        }
        assert_eq!(scene.asked(), 0);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_has_the_length_it_knows_and_else_none() {
    let streamed = |frames: Vec<Frame>| StreamBody::new(futures_util::stream::iter(frames));
    for scene in Scene::both().await {
        let unknown = if let super::Server::Http1(_) = scene.server { "chunked" } else { "unsaid" };
        let post = || Request::post("/echo");
        // Complete when the call begins, be it that it says so or not.
        for (body, length) in [("", "0"), ("12345", "5")] {
            let response = call(&scene.connection, post().body(full(body)).unwrap()).await.unwrap();
            assert_eq!(response.headers()["framing"], length);
            assert_eq!(collected(response.into_body()).await.unwrap().0, body);
        }
        let framing = async |request| {
            let response = call(&scene.connection, request).await.unwrap();
            let framing = response.headers()["framing"].to_str().unwrap().to_owned();
            (framing, collected(response.into_body()).await.unwrap().0)
        };
        assert_eq!(framing(post().body(streamed(vec![data("12345")])).unwrap()).await.0, "5");
        let two = || streamed(vec![data("123"), data("45")]);
        assert_eq!(framing(post().body(two()).unwrap()).await, (unknown.to_owned(), "12345".into()));
        let said = post().header(CONTENT_LENGTH, "5").body(two()).unwrap();
        assert_eq!(framing(said).await, ("5".to_owned(), "12345".into()));
        assert_eq!(framing(post().body(streamed(vec![])).unwrap()).await.0, "0");
        let response = call(&scene.connection, Request::get("/echo").body(empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["framing"], "unsaid");
        drop(response);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_it_says_is_the_callers_fault() {
    for scene in Scene::both().await {
        for (said, code) in [("4", "1 octets longer"), ("6", "1 octets short")] {
            let (give, body) = by_hand();
            let request = Request::post("/echo").header(CONTENT_LENGTH, said).body(body).unwrap();
            let service = scene.connection.clone();
            let calling = tokio::spawn(async move { call(service, request).await });
            // Given piece by piece: the call does not see the end before it begins.
            give.send(data("123")).await.unwrap();
            give.send(data("45")).await.unwrap();
            drop(give);
            let error = calling.await.unwrap().unwrap_err();
            assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
            assert!(error.to_string().contains(code), "{error}");
        }
        scene.end().await;
    }
}

#[tokio::test]
async fn trailers_go_out_behind_the_body() {
    for scene in Scene::both().await {
        for given in [vec![data("one"), trailers("sum", "3")], vec![trailers("sum", "0")]] {
            let (give, body) = by_hand();
            let service = scene.connection.clone();
            let request = Request::post("/echo").body(body).unwrap();
            let calling = tokio::spawn(async move { call(service, request).await });
            let of_data = given.len() - 1;
            for frame in given {
                give.send(frame).await.unwrap();
            }
            let response = calling.await.unwrap().unwrap();
            let (octets, fields) = collected(response.into_body()).await.unwrap();
            assert_eq!(octets, if of_data == 1 { "one" } else { "" });
            assert_eq!(fields.unwrap()["sum"], if of_data == 1 { "3" } else { "0" });
        }
        scene.end().await;
    }
}

#[tokio::test]
async fn behind_a_body_of_known_length_trailers_need_http2() {
    for scene in Scene::both().await {
        let frames = futures_util::stream::iter([data("one"), trailers("sum", "3")]);
        let request = Request::post("/echo").header(CONTENT_LENGTH, "3").body(StreamBody::new(frames)).unwrap();
        let outcome = call(&scene.connection, request).await;
        if let super::Server::Http1(_) = scene.server {
            let error = outcome.unwrap_err();
            assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
        } else {
            let response = outcome.unwrap();
            assert_eq!(response.headers()["framing"], "3");
            assert_eq!(collected(response.into_body()).await.unwrap().1.unwrap()["sum"], "3");
        }
        scene.end().await;
    }
}

#[tokio::test]
async fn a_field_that_may_not_be_a_trailer_is_refused() {
    for scene in Scene::both().await {
        let frames = [data("one"), trailers(CONTENT_TYPE.as_str(), "text/plain")];
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let error = call(&scene.connection, Request::post("/echo").body(body).unwrap()).await.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
        assert_eq!(scene.asked(), 0);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_that_fails_is_the_callers_fault_and_the_source_says_why() {
    let failure = || io::Error::new(io::ErrorKind::PermissionDenied, "not yours");
    for scene in Scene::both().await {
        let at_once = StreamBody::new(futures_util::stream::iter([data("one"), Err(failure())]));
        let at_once = call(&scene.connection, Request::post("/echo").body(at_once).unwrap()).await.unwrap_err();
        assert_eq!(at_once.wire_state(), WireState::NotSent);

        let (give, body) = by_hand();
        let service = scene.connection.clone();
        let request = Request::post("/echo").body(body).unwrap();
        let calling = tokio::spawn(async move { call(service, request).await });
        give.send(data("one")).await.unwrap();
        give.send(data("two")).await.unwrap();
        give.send(Err(failure())).await.unwrap();
        let later = calling.await.unwrap().unwrap_err();

        for error in [at_once, later] {
            let place = (error.code(), error.blame(), error.stage());
            assert_eq!(place, (ErrorCode::InvalidParameter, Blame::Caller, Stage::SendBody), "{error}");
            let source: &io::Error = error.source().and_then(|source| source.downcast_ref()).expect("the body's own");
            assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(scene.asked(), 0);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_complete_body_is_sent_again_where_that_is_safe_and_a_streamed_one_is_not() {
    let scene = Http2Scene::with(|request| match request.path() {
        "/refused" => Answer::refused(),
        _ => Reply::ok(request.body.clone()).into(),
    })
    .await;
    let error = call(&scene.connection, Request::post("/refused").body(full("body")).unwrap()).await.unwrap_err();
    assert_eq!((error.wire_state(), error.http2_error_code()), (WireState::RefusedByPeer, Some(7)), "{error}");
    let retries = async |n| {
        let request = scene.recorder.request(n).await;
        scene.recorder.wait_for_closing(request).await;
        scene.recorder.count_of(request, "Retrying")
    };
    assert_eq!(retries(0).await, 5);

    let (give, body) = by_hand();
    let calling = call(&scene.connection, Request::post("/refused").body(body).unwrap());
    let (error, ()) = tokio::join!(calling, async {
        give.send(data("body")).await.unwrap();
        drop(give);
    });
    assert_eq!(error.unwrap_err().wire_state(), WireState::RefusedByPeer);
    assert_eq!(retries(1).await, 0);
    scene.end().await;
}

#[tokio::test]
async fn the_code_that_ended_a_stream_is_told() {
    let codes = [Reason::CANCEL, Reason::ENHANCE_YOUR_CALM, Reason::INTERNAL_ERROR];
    let gates = codes.map(|_| Gate::new());
    let held = gates.clone();
    let scene = Http2Scene::with(move |request| {
        let n: usize = request.path()[1..].parse().unwrap();
        Answer::in_parts().piece("begun").hold(&held[n]).then_reset(codes[n])
    })
    .await;
    for (n, code) in codes.into_iter().enumerate() {
        let request = Request::get(format!("/{n}")).body(empty()).unwrap();
        let response = call(&scene.connection, request).await.unwrap();
        gates[n].open();
        let error = collected(response.into_body()).await.unwrap_err();
        assert_eq!(error.http2_error_code(), Some(code.into()), "{error}");
        let source: &h2::Error = error.source().and_then(|source| source.downcast_ref()).expect("what ended it");
        assert_eq!(source.reason(), Some(code));
    }
    scene.end().await;
}
