//! `Accept-Encoding`: what a request asks for by itself, and when it does not.

use hinternet::{Decompression, RequestOptions, Session};
use integration_tests::origin::Reply;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::World;

fn fields(world: &World) -> Vec<Option<String>> {
    world.origin.log().iter().map(|visit| visit.field("accept-encoding").map(str::to_owned)).collect()
}

#[tokio::test]
async fn e_everything_that_was_compiled_in_is_asked_for() {
    let world = World::new(|| Reply::ok("")).await;
    world.session.get(world.url()).unwrap().send().await.unwrap();
    world.session.post(world.url()).unwrap().body("a body").send().await.unwrap();
    world.session.get(world.url()).unwrap().header("x-own", "1").send().await.unwrap();
    assert_eq!(fields(&world), vec![Some("gzip, deflate, br, zstd".to_owned()); 3]);
    world.end().await;
}

#[tokio::test]
async fn what_is_not_allowed_is_not_asked_for() {
    let world = World::new(|| Reply::ok("")).await;
    for allowed in [Decompression::NONE, Decompression::GZIP, Decompression::BROTLI | Decompression::DEFLATE] {
        world.session.get(world.url()).unwrap().decompression(allowed).send().await.unwrap();
    }
    let asked = [None, Some("gzip".to_owned()), Some("deflate, br".to_owned())];
    assert_eq!(fields(&world), asked);
    world.end().await;
}

#[tokio::test]
async fn a_session_may_have_all_its_requests_read_as_they_came() {
    let mut options = RequestOptions::default();
    options.decompression = Decompression::NONE;
    let world = World::with(Session::builder().request_options(options), || Reply::ok("")).await;
    world.session.get(world.url()).unwrap().send().await.unwrap();
    world.session.get(world.url()).unwrap().decompression(Decompression::ZSTD).send().await.unwrap();
    assert_eq!(fields(&world), [None, Some("zstd".to_owned())]);
    world.end().await;
}

#[tokio::test]
async fn a_field_of_the_callers_own_is_sent_in_its_place() {
    let world = World::new(|| Reply::ok("")).await;
    world.session.get(world.url()).unwrap().header("Accept-Encoding", "br;q=1, *;q=0").send().await.unwrap();
    assert_eq!(fields(&world), [Some("br;q=1, *;q=0".to_owned())]);
    world.end().await;

    let builder = Session::builder().default_header("accept-encoding", "identity");
    let world = World::with(builder, || Reply::ok("")).await;
    world.session.get(world.url()).unwrap().send().await.unwrap();
    assert_eq!(fields(&world), [Some("identity".to_owned())]);
    world.end().await;
}

#[tokio::test]
async fn a_part_is_asked_for_as_it_is() {
    let world = World::new(|| Reply::ok("")).await;
    world.session.get(world.url()).unwrap().header("range", "bytes=0-3").send().await.unwrap();
    let raw = world.session.get(world.url()).unwrap().header("range", "bytes=0-3");
    raw.decompression(Decompression::NONE).send().await.unwrap();
    assert_eq!(fields(&world), [Some("identity".to_owned()), None]);
    world.end().await;
}

#[tokio::test]
async fn a_websockets_handshake_asks_for_nothing() {
    let peer = ScriptedPeer::always(Script::answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")).await;
    let world = World::new(|| Reply::ok("")).await;
    let refused = world.session.websocket(&peer.url("/").replace("http:", "ws:")).unwrap().connect().await;
    assert!(refused.is_err());
    let head = String::from_utf8_lossy(&peer.received(0)).to_ascii_lowercase();
    assert!(head.contains("sec-websocket-key") && !head.contains("accept-encoding"), "{head}");
    world.end().await;
}
