//! The same over HTTP/2.

use hinternet::ErrorCode;
use integration_tests::coded::Coded;
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene as Scene, builder};
use integration_tests::origin::Reply;
use integration_tests::patiently;

use crate::{content, reply};

async fn scene(builder: hinternet::SessionBuilder, answer: impl Fn() -> Reply + Send + Sync + 'static) -> Scene {
    Scene::of(Http2Origin::start(move |_| Answer::from(answer())).await, builder)
}

#[tokio::test]
async fn every_coding_is_asked_for_and_undone() {
    for coded in Coded::ALL {
        for length in [0, 10, 500_000] {
            let sent = content(length);
            let body = sent.clone();
            let scene = scene(builder(), move || reply(coded, &body)).await;
            let get = scene.session.get(scene.origin.url("/")).unwrap().send();
            let response = patiently("an answer", get).await.unwrap();
            let bytes = patiently("the body", response.bytes()).await.unwrap();
            assert!(bytes == sent, "{coded:?} of {length} octets");
            let asked = scene.origin.log()[0].field("accept-encoding").map(str::to_owned);
            assert_eq!(asked.as_deref(), Some("gzip, deflate, br, zstd"));
            scene.end().await;
        }
    }
}

#[tokio::test]
async fn a_broken_body_resets_its_stream_and_no_other() {
    let mut body = Coded::Brotli.code(&content(5_000)).to_vec();
    body.pop();
    let scene = scene(builder(), move || Reply::ok(body.clone()).field("content-encoding", "br")).await;
    for _ in 0..2 {
        let read = async { scene.session.get(scene.origin.url("/"))?.send().await?.bytes().await };
        assert_eq!(patiently("a refusal", read).await.unwrap_err().code(), ErrorCode::InvalidServerResponse);
    }
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_callers_own_field_is_the_only_one() {
    let scene = scene(builder().default_header("accept-encoding", "br"), || Reply::ok("")).await;
    let get = |builder: hinternet::RequestBuilder| async { patiently("an answer", builder.send()).await.unwrap() };
    get(scene.session.get(scene.origin.url("/")).unwrap()).await;
    get(scene.session.get(scene.origin.url("/")).unwrap().header("accept-encoding", "gzip")).await;
    let asked: Vec<_> =
        scene.origin.log().iter().map(|visit| visit.field("accept-encoding").map(str::to_owned)).collect();
    assert_eq!(asked, [Some("br".to_owned()), Some("gzip".to_owned())]);
    scene.end().await;
}
