//! Redirects over HTTP/2: the same rules; the stream is given up and the wire serves on.

use std::io;

use bytes::Bytes;
use futures_util::stream;
use hinternet::{ErrorCode, Method, Payload};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, builder};
use integration_tests::origin::Reply;
use integration_tests::scene::read_all;

use crate::world::{Watched, answer, moved, moved_by};

#[tokio::test]
async fn redirects_are_followed_on_the_same_wire() {
    let scene = Http2Scene::with(|request| answer(request).into()).await;
    let request = scene.request(Method::GET, &moved("/next"));
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(read_all(&request).await.unwrap(), b"this is /next");
    assert_eq!((scene.origin.wires().len(), scene.origin.wires()[0].streams()), (1, 2));
    scene.end().await;
}

#[tokio::test]
async fn a_body_is_given_again_and_secrets_stay() {
    let (a, b) = (
        Http2Origin::start(|request| answer(request).into()).await,
        Http2Origin::start(|request| answer(request).into()).await,
    );
    let world = Watched::by(builder());
    let url = a.url(&moved_by(308, &b.url("/echo")));
    let post = world.session.post(url.as_str()).unwrap().header("authorization", "s3cret").body("octets");
    let response = post.send().await.unwrap();
    assert_eq!((response.url(), response.history().len()), (&*b.url("/echo"), 1));
    assert_eq!(response.text().await.unwrap(), "POST octets");
    assert_eq!((a.log()[0].field("authorization"), b.log()[0].field("authorization")), (Some("s3cret"), None));
    let reopened = Payload::reopen(|| stream::iter([Ok::<_, io::Error>(Bytes::from("again"))]));
    let response = world.session.post(url.as_str()).unwrap().body(reopened).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "POST again");
    world.end().await;
}

#[tokio::test]
async fn a_stream_that_is_at_its_end_cannot_be_given_again_and_need_not_be_for_a_303() {
    let scene = Http2Scene::with(|request| answer(request).into()).await;
    let post = |status| {
        let stream = Payload::stream(stream::iter([Ok(Bytes::from("only once"))]));
        scene.session.post(scene.origin.url(&moved_by(status, "/echo"))).unwrap().body(stream).send()
    };
    assert_eq!(post(307).await.unwrap_err().code(), ErrorCode::ResendRequest);
    assert_eq!(post(303).await.unwrap().text().await.unwrap(), "GET ");
    scene.end().await;
}

#[tokio::test]
async fn a_redirect_with_a_body_that_never_ends_is_reset_and_not_waited_for() {
    let scene = Http2Scene::with(|request| match request.path() {
        "/endless" => Answer::in_parts()
            .with(|_| Reply::redirect(302, "/next"))
            .piece("moved")
            .hold(&integration_tests::Gate::new()),
        _ => Reply::ok("ok").into(),
    })
    .await;
    let response = scene.session.get(scene.origin.url("/endless")).unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok");
    assert_eq!(scene.origin.wires().len(), 1);
    scene.end().await;
}
