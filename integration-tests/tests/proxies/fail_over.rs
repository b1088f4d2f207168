//! Several proxies: the next is tried when one fails, never for what a server says, and the one that failed is left until last.

use hinternet::network::Route;
use hinternet::{Blame, DialOptions, ErrorCode, NamedProxies, Session, Stage};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::scene::Nobody;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::place::{Place, at};

fn list(routes: Vec<Route>) -> NamedProxies {
    NamedProxies::new(routes)
}

#[tokio::test]
async fn the_next_proxy_is_tried_when_one_cannot_be_reached_or_fails() {
    let nobody = Nobody::new();
    let dead = hinternet::network::Proxy::parse(&nobody.address().to_string()).unwrap();
    let mute = ScriptedPeer::always(Script::new().read_request().close()).await;
    let babbling = ScriptedPeer::always(Script::new().read_request().send("SSH-2.0-x\r\n").close()).await;
    let good = HttpProxy::start(Manner::open()).await;
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let routes = vec![
        dead.into(),
        at(&mute, "http").into(),
        at(&babbling, "http").into(),
        at(&good, "http").into(),
        Route::Direct,
    ];
    let dial = DialOptions::default().proxy(list(routes)).always_tunnel(true);
    let place = Place::of(Session::builder().dial(dial));
    assert_eq!(place.text(&origin.url("/")).await, "hello");
    assert_eq!((mute.connections(), babbling.connections(), good.log().len()), (1, 1, 1));
    // Another origin: what failed is left until last now.
    let other = Origin::start(|_| Reply::ok("other")).await;
    assert_eq!(place.text(&other.url("/")).await, "other");
    assert_eq!((mute.connections(), babbling.connections(), good.log().len()), (1, 1, 2));
    place.end().await;
}

#[tokio::test]
async fn a_proxy_that_does_not_get_there_is_passed_over_and_not_remembered() {
    let far = HttpProxy::start(Manner::open().without("h.example")).await;
    let near = HttpProxy::start(Manner::open()).await;
    let origin = Origin::start(|_| Reply::ok("hello").field("connection", "close")).await;
    let routes = vec![at(&far, "http").into(), at(&near, "http").into()];
    let dial = DialOptions::default().proxy(list(routes)).always_tunnel(true);
    let place = Place::of(Session::builder().dial(dial));
    let port = origin.address().port();
    for _ in 0..2 {
        assert_eq!(place.text(&format!("http://h.example:{port}/")).await, "hello");
    }
    assert_eq!((far.log().len(), near.log().len()), (2, 2), "it is asked again");
    assert_eq!(place.text(&format!("http://i.example:{port}/")).await, "hello");
    assert_eq!((far.log().len(), near.log().len()), (3, 2));
    place.end().await;
}

#[tokio::test]
async fn what_a_proxy_forbids_another_is_not_asked_for() {
    let strict = HttpProxy::start(Manner::open().refusing(403, "")).await;
    let asking = HttpProxy::start(Manner::open().knowing("Basic x")).await;
    let other = HttpProxy::start(Manner::open()).await;
    for (first, code) in [(&strict, ErrorCode::CannotConnect), (&asking, ErrorCode::LoginFailure)] {
        let routes = vec![at(first, "http").into(), at(&other, "http").into(), Route::Direct];
        let place = Place::through(list(routes));
        let error = place.fails("https://h.example/").await;
        assert_eq!((error.code(), error.stage()), (code, Stage::Tunnel), "{error}");
        place.end().await;
    }
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn what_a_server_answers_or_does_is_no_reason_for_another_proxy() {
    let (one, two) = (HttpProxy::start(Manner::open()).await, HttpProxy::start(Manner::open()).await);
    let busy = Origin::start(|_| Reply::new(503)).await;
    let no_tls = ScriptedPeer::always(Script::new().read_until("\x03").send("HTTP/1.1 400 no\r\n\r\n").close()).await;
    let routes = || vec![at(&one, "http").into(), at(&two, "http").into()];
    let dial = DialOptions::default().proxy(list(routes())).always_tunnel(true);
    let place = Place::of(Session::builder().dial(dial));
    assert_eq!(place.get(&busy.url("/")).await.unwrap().status(), 503);
    let error = place.fails(&format!("https://{}/", no_tls.address())).await;
    assert_eq!((error.code(), error.stage(), error.blame()), (ErrorCode::SecureFailure, Stage::Tls, Blame::Peer));
    assert!(two.log().is_empty());
    place.end().await;
}

#[tokio::test]
async fn when_none_works_the_last_error_is_told() {
    let (a, b) = (Nobody::new(), Nobody::new());
    let proxy = |nobody: &Nobody| hinternet::network::Proxy::parse(&nobody.address().to_string()).unwrap();
    let place = Place::through(list(vec![proxy(&a).into(), proxy(&b).into()]));
    for last in [&b, &b] {
        let error = place.fails("http://h.example/").await;
        assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect), "{error}");
        assert!(error.to_string().contains(&format!("of the proxy {}", proxy(last))), "{error}");
    }
    place.end().await;
}
