//! Over HTTP/2: the cookies of a request are one field (RFC 9113 8.2.3 lets them be several), and a response's are kept.

use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, builder};
use integration_tests::origin::Reply;

#[tokio::test]
async fn cookies_are_kept_and_sent_as_one_field() {
    let origin = Http2Origin::start(|request| match request.path() {
        "/set" => Reply::ok("ok").field("set-cookie", "a=1").field("set-cookie", "b=2; path=/").into(),
        _ => Answer::from(Reply::ok("ok")).hint("set-cookie", "hint=1"),
    })
    .await;
    let scene = Http2Scene::of(origin, builder());
    scene.text("/set").await.unwrap();
    scene.connection.get("/").unwrap().header("cookie", "mine=0").send().await.unwrap();
    let log = scene.origin.log();
    let fields: Vec<_> = log[1].fields.iter().filter(|(name, _)| name == "cookie").map(|(_, value)| value).collect();
    assert_eq!(fields, ["mine=0; a=1; b=2"]);
    assert_eq!(scene.session.cookies().len(), 2);
    scene.end().await;
}
