//! A proxy that asks for NTLM: of requests that it forwards, and of tunnels.

use std::collections::HashSet;
use std::sync::Mutex;

use hinternet::network::Proxy;
use hinternet::{AuthScheme, AuthSchemes, AuthTarget, DialOptions, Engine, Method, Payload, Session, Status};
use integration_tests::ntlm_origin::Habits;
use integration_tests::origin::{Origin, Reply};

use super::{ALICE, BOB, Scene};

fn through(origin: &str) -> Proxy {
    Proxy::parse(origin).unwrap()
}

#[tokio::test]
async fn a_proxy_that_forwards_is_answered_and_its_wire_is_bound() {
    let scene =
        Scene::of(Habits::good().of_a_proxy(), |proxy| Session::builder().proxy(through(&proxy.origin()))).await;
    let store = scene.session.credentials();
    store.set(AuthTarget::Proxy, &scene.origin.origin(), AuthSchemes::all(), ALICE).unwrap();
    let get = async || {
        let response = scene.session.get("http://a.example/x").unwrap().send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    for _ in 0..3 {
        assert_eq!(get().await, (200, "hello alice, 0 octets".to_owned()));
    }
    let users: Vec<_> =
        scene.origin.log().into_iter().filter(|visit| visit.connection == 1).map(|visit| visit.user).collect();
    assert!(users.iter().all(Option::is_none), "{users:?}");
    store.set(AuthTarget::Proxy, &scene.origin.origin(), AuthSchemes::all(), BOB).unwrap();
    assert_eq!(get().await, (200, "hello bob, 0 octets".to_owned()));
    store.clear();
    assert_eq!(get().await.0, 407);
    scene.end().await;
}

#[tokio::test]
async fn a_tunnel_is_opened_by_legs_on_one_stream() {
    for habits in [Habits::good().of_a_proxy(), Habits::good().of_a_proxy().closing_first()] {
        let server = Origin::start(|_| Reply::ok("behind it")).await;
        let scene = Scene::of(habits.clone(), |proxy| {
            Session::builder().dial(DialOptions::default().proxy(through(&proxy.origin())).always_tunnel(true))
        })
        .await;
        let get = async || scene.session.get(server.url("/")).unwrap().send().await;
        assert!(get().await.is_err());
        scene.session.credentials().set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::all(), ALICE).unwrap();
        for _ in 0..2 {
            assert_eq!(get().await.unwrap().text().await.unwrap(), "behind it");
        }
        let messages: Vec<_> = scene.origin.log().into_iter().map(|visit| visit.message).collect();
        assert_eq!(messages, [None, None, Some(1), Some(3)]);
        let legs = scene.origin.legs();
        assert_eq!(legs[2].0, legs[3].0, "{legs:?}");
        for visit in server.log() {
            assert!(!visit.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization")));
        }
        scene.end().await;
    }
}

#[tokio::test]
async fn a_tunnel_is_refused_for_a_wrong_password_and_by_endless_challenges() {
    let endless = Habits::good().of_a_proxy().always_answering("TlRMTVNTUAACAAAA");
    for habits in [Habits::good().of_a_proxy(), endless, Habits::good().of_a_proxy().cutting(9)] {
        let server = Origin::start(|_| Reply::ok("behind it")).await;
        let scene = Scene::of(habits, |proxy| {
            Session::builder().dial(DialOptions::default().proxy(through(&proxy.origin())).always_tunnel(true))
        })
        .await;
        scene.session.credentials().set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::all(), ("alice", "no")).unwrap();
        let error = scene.session.get(server.url("/")).unwrap().send().await.unwrap_err();
        let status = error.connect_answer().map(|answer| answer.head().status().as_u16());
        assert!(status.is_none_or(|status| status == 407), "{error}");
        assert!(scene.origin.legs().len() <= 6, "{:?}", scene.origin.legs());
        assert!(server.log().is_empty());
        scene.end().await;
    }
}

/// RFC 4559 section 6: it may lend its wire to the server to others.
#[tokio::test]
async fn a_server_behind_a_proxy_that_forwards_is_shown_nothing_that_would_bind() {
    let proxy = Origin::start(|_| Reply::new(401).field("www-authenticate", "Negotiate, NTLM")).await;
    let scene = Scene::of(Habits::good(), |_| {
        Session::builder().proxy(through(&proxy.origin())).credentials("http://a.example", ALICE)
    })
    .await;
    assert_eq!(scene.session.get("http://a.example/").unwrap().send().await.unwrap().status(), 401);
    assert_eq!(proxy.log().len(), 1);
    scene.end().await;
}

/// Nor is it where the credentials come after the 401, with the next `send`: no proxy is known yet when that begins.
#[tokio::test]
async fn credentials_that_are_set_after_the_401_bind_no_wire_of_a_proxy_that_forwards() {
    let proxy = Origin::start(|_| Reply::new(401).field("www-authenticate", "Negotiate, NTLM")).await;
    let scene = Scene::of(Habits::good(), |_| Session::builder().proxy(through(&proxy.origin()))).await;
    let connection = scene.session.connect("http://a.example").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    for _ in 0..2 {
        request.send(Payload::empty()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 401);
        while !request.read().await.unwrap().is_empty() {}
        request.set_credentials(AuthTarget::Server, AuthScheme::Ntlm, ALICE).unwrap();
    }
    let shown = |visit: &integration_tests::origin::Visit| {
        visit.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    };
    assert!(!proxy.log().iter().any(shown), "{:?}", proxy.log());
    drop((request, connection));
    scene.end().await;
}

/// It asks, and then lets pass what was only to be asked on: the body, which was held back, is still to be sent. On this shard, and
/// where a redirect leads to another.
#[tokio::test]
async fn a_proxy_that_lets_pass_the_first_leg_is_given_the_body_after_all() {
    let known = Mutex::new(HashSet::new());
    let proxy = Origin::start(move |request| {
        let mut known = known.lock().unwrap();
        if request.field("proxy-authorization").is_some() {
            known.insert(request.target.clone());
        }
        match (known.contains(&request.target), request.target.split_once("a.example/?")) {
            (false, _) => Reply::new(407).field("proxy-authenticate", "NTLM"),
            (true, Some((_, n))) => Reply::redirect(307, format!("http://{n}.example/end")),
            (true, None) => Reply::ok(format!("{} octets", request.body.len())),
        }
    })
    .await;
    let engine = Engine::builder().shards(4).start().unwrap();
    let scene = Scene::of(Habits::good(), |_| Session::builder().engine(engine).proxy(through(&proxy.origin()))).await;
    scene.session.credentials().set(AuthTarget::Proxy, &proxy.origin(), AuthSchemes::all(), ALICE).unwrap();
    for n in ["b", "c", "d", "e", "f", "g", "h", "i"] {
        let post = scene.session.post(format!("http://a.example/?{n}")).unwrap().body("abc");
        let response = post.send().await.unwrap();
        let handle = response.handle().id();
        assert_eq!((response.url(), response.status().as_u16()), (&*format!("http://{n}.example/end"), 200));
        assert_eq!(response.text().await.unwrap(), "3 octets");
        scene.recorder.wait_for_closing(handle).await;
        for notification in scene.recorder.of(handle) {
            if let Status::Authenticating { target, .. } = notification.status {
                assert_eq!(target, AuthTarget::Proxy, "no server has asked");
            }
        }
    }
    scene.end().await;
}
