//! What a caller hands over as a value, and a peer as an answer, is shown by no `Debug` (P7).

use hinternet::messages::{Connect, FinishBody, OpenRequest, WriteData};
use hinternet::{HeaderMap, HeaderValue, Method, Payload, Session, Target};
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::Script;

const SECRET: &str = "s3cret";

#[track_caller]
fn assert_hidden(what: &impl std::fmt::Debug) {
    let shown = format!("{what:?} {what:#?}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn p7_builders_and_messages_show_no_value() {
    let builder = Session::builder().user_agent(SECRET).default_header("authorization", SECRET);
    assert_hidden(&builder);
    assert_hidden(&Connect { origin: format!("http://user:{SECRET}@h") });
    assert_hidden(&OpenRequest { method: Method::GET, path: format!("/p?token={SECRET}") });
    assert_hidden(&WriteData::new(SECRET));
    let fields: HeaderMap =
        [(hinternet::HeaderName::from_static("token"), HeaderValue::from_static(SECRET))].into_iter().collect();
    assert_hidden(&FinishBody::new(fields));
    assert_hidden(&Payload::begin(SECRET, 10));
    assert_hidden(&Target::parse(&format!("http://h/p?token={SECRET}")).unwrap());
}

#[tokio::test]
async fn p7_a_request_and_its_response_show_no_value() {
    let answer = format!("HTTP/1.1 200 OK\r\nset-cookie: {SECRET}\r\ncontent-length: 6\r\n\r\n{SECRET}");
    let scene = Scene::with(Script::answering(answer)).await;
    let builder = scene.session.post(scene.peer.url(&format!("/?token={SECRET}"))).unwrap();
    let builder = builder.header("authorization", SECRET).body(SECRET);
    assert_hidden(&builder);
    let response = builder.send().await.unwrap();
    assert_eq!(response.headers()["set-cookie"], SECRET);
    assert_hidden(&response);
    assert_hidden(response.head());
    assert_hidden(response.handle());
    assert_eq!(response.text().await.unwrap(), SECRET);
    assert_hidden(&scene.session);
    assert_hidden(&scene.recorder.log());
    scene.end().await;
}
