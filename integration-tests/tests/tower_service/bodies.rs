//! What comes back: the head, the body as it comes, the trailers, and what is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use hinternet::{ConnectionInfo, HandleKind, Status, Version};
use http::Request;
use http_body::Body;
use http_body_util::{BodyExt, StreamBody};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::http2_peer::frames;
use integration_tests::origin::Reply;
use integration_tests::scene::Scene as PlayedScene;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, patiently, poll_once};

use super::{Frame, Scene, by_hand, call, collected, data, empty, full, trailers};

#[tokio::test]
async fn a_response_is_its_head_its_data_and_its_trailers() {
    for scene in Scene::both().await {
        let response = scene.get("/trailers").await;
        let spoken = if let super::Server::Http1(_) = scene.server { Version::HTTP_11 } else { Version::HTTP_2 };
        assert_eq!((response.status().as_u16(), response.version()), (200, spoken));
        let info: &ConnectionInfo = response.extensions().get().expect("it came over a wire");
        assert!(info.remote.is_some());
        let (octets, trailers) = collected(response.into_body()).await.unwrap();
        assert_eq!(octets, "onetwo");
        assert_eq!(trailers.unwrap()["sum"], "6");

        let response = scene.get("/only").await;
        assert!(!response.body().is_end_stream(), "the trailers are to come");
        let (octets, trailers) = collected(response.into_body()).await.unwrap();
        assert_eq!((octets.len(), trailers.unwrap()["sum"].as_bytes()), (0, &b"0"[..]));
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_says_how_much_is_left_and_when_it_is_over() {
    for scene in Scene::both().await {
        let mut body = scene.get("/sized").await.into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
        let frame = patiently("a frame", body.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "12345");
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(patiently("the end", body.frame()).await.is_none());
        assert!(body.is_end_stream());

        let body = scene.get("/empty").await.into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));

        // The length is of the body that a GET would get.
        let head = call(&scene.connection, Request::head("/sized").body(empty()).unwrap()).await.unwrap();
        assert_eq!(head.headers()["content-length"], "5");
        assert_eq!((head.body().size_hint().exact(), head.body().is_end_stream()), (Some(0), true));
        scene.end().await;
    }
}

#[tokio::test]
async fn data_come_as_they_arrive() {
    let (first, second) = (Gate::new(), Gate::new());
    let (held, later) = (first.clone(), second.clone());
    let scene = Http2Scene::with(move |_| Answer::in_parts().piece("one").hold(&held).piece("two").hold(&later)).await;
    let response = call(&scene.connection, Request::get("/").body(empty()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), None);
    assert_eq!(patiently("one", body.frame()).await.unwrap().unwrap().into_data().unwrap(), "one");
    let mut frame = Box::pin(body.frame());
    assert!(poll_once(frame.as_mut()).await.is_none(), "the server sends nothing yet");
    // A frame that was asked for and not waited for is not lost.
    drop(frame);
    first.open();
    assert_eq!(patiently("two", body.frame()).await.unwrap().unwrap().into_data().unwrap(), "two");
    second.open();
    assert!(patiently("the end", body.frame()).await.is_none());
    scene.end().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_and_then_over() {
    let gate = Gate::new();
    let held = gate.clone();
    let scene =
        Http2Scene::with(move |_| Answer::in_parts().piece("one").hold(&held).then_reset(Reason::INTERNAL_ERROR)).await;
    let response = call(&scene.connection, Request::get("/").body(empty()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(patiently("a frame", body.frame()).await.unwrap().unwrap().into_data().unwrap(), "one");
    gate.open();
    let error = patiently("the break", body.frame()).await.unwrap().unwrap_err();
    let request = scene.recorder.request(0).await;
    scene.recorder.failure::<()>(request, Err(error));
    assert!(patiently("the end", body.frame()).await.is_none());
    assert!(body.is_end_stream());
    scene.end().await;
}

#[tokio::test]
async fn over_http2_the_response_comes_beside_the_request() {
    let scene = Http2Scene::of(Http2Origin::echo().await, builder());
    scene.recorder.sending_and_receiving_overlap();
    for ends in [true, false] {
        let (give, body) = by_hand();
        let response = call(&scene.connection, Request::post("/").body(body).unwrap()).await.unwrap();
        let mut body = response.into_body();
        for piece in ["one", "two", "three"] {
            patiently("room", give.send(data(piece))).await.unwrap();
            assert_eq!(patiently("its echo", body.frame()).await.unwrap().unwrap().into_data().unwrap(), piece);
        }
        if ends {
            patiently("room", give.send(trailers("sum", "11"))).await.unwrap();
            let last = patiently("the trailers", body.frame()).await.unwrap().unwrap();
            assert_eq!(last.into_trailers().unwrap()["sum"], "11");
            assert!(patiently("the end", body.frame()).await.is_none());
        } else {
            drop(body);
            patiently("the end of the request's body", give.closed()).await;
            scene.origin.wait_for_reset(0, Reason::CANCEL).await;
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn a_response_without_a_body_has_nothing_left_whatever_length_it_names() {
    for status in ["204", "304"] {
        let head = frames::headers(1, &[(":status", status), ("content-length", "5")], true);
        let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(head).keep();
        let scene = PlayedScene::of(ScriptedPeer::always(script).await, builder());
        scene.recorder.sending_and_receiving_overlap();
        let (give, body) = by_hand();
        // The request goes on beside it.
        let response = call(&scene.connection, Request::post("/").body(body).unwrap()).await.unwrap();
        assert_eq!(response.body().size_hint().exact(), Some(0), "{status}");
        drop(response);
        patiently("the end of the request's body", give.closed()).await;
        scene.end().await;
    }
}

/// A megabyte to a server that reads nothing: the body is asked for no more than its window and our own buffer hold.
#[tokio::test]
async fn a_request_body_is_asked_for_at_the_servers_pace() {
    let gate = Gate::new();
    let held = gate.clone();
    let settings = Settings::new().stream_window(65_535).at_head(move |_| Some(Reply::ok("done").held(&held).into()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Reply::new(404).into()).await, builder());
    let given = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&given);
    let pieces = futures_util::stream::iter((0..1024).map(move |_| -> Frame {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(http_body::Frame::data(Bytes::from_static(&[0; 1024])))
    }));
    let request = Request::post("/").body(StreamBody::new(pieces)).unwrap();
    let mut calling = Box::pin(call(&scene.connection, request));
    tokio::select! {
        _ = &mut calling => panic!("it is not answered yet"),
        _ = scene.origin.wait_for("a full window", |wires| {
            wires.first().is_some_and(|wire| wire.data(1).iter().sum::<usize>() == 65_535)
        }) => {}
    }
    let taken = given.load(Ordering::Relaxed);
    assert!((64..=512).contains(&taken), "{taken} KiB were asked for");
    drop(calling);
    gate.open();
    scene.end().await;
}

#[tokio::test]
async fn what_is_told_is_what_the_paved_path_tells() {
    for scene in Scene::both().await {
        drop(collected(scene.get("/sized").await.into_body()).await.unwrap());
        let (service, url) = (scene.session.clone(), scene.url("/echo"));
        let posted = call(service, Request::post(url).body(full("body")).unwrap()).await.unwrap();
        drop(collected(posted.into_body()).await.unwrap());
        let [of_connection, of_session] = [scene.recorder.request(0).await, scene.recorder.request(1).await];
        scene.recorder.wait_for_closing(of_connection).await;
        scene.recorder.wait_for_closing(of_session).await;
        let created = |n: usize| scene.recorder.of(if n == 0 { of_connection } else { of_session }).remove(0);
        assert_eq!(created(0).parent, Some(hinternet::Handle::id(&scene.connection)));
        assert_eq!(created(1).parent, Some(hinternet::Handle::id(&scene.session)));
        for handle in [of_connection, of_session] {
            let names = scene.recorder.names(handle);
            for name in ["SendRequestComplete", "HeadersAvailable", "ReadComplete", "HandleClosing"] {
                assert!(names.contains(&name), "{name} is not among {names:?}");
            }
        }
        assert_eq!(created(0).kind, HandleKind::Request);
        assert_eq!(scene.recorder.count(|status| matches!(status, Status::RequestError { .. })), 0);
        scene.end().await;
    }
}
