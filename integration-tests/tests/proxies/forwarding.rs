//! Plain HTTP through a proxy of HTTP: it is sent whole requests (RFC 9112 section 3.2.2).

use hinternet::network::Proxy;
use hinternet::{ErrorCode, HeaderName, HeaderValue, Session};
use integration_tests::proxy::{HttpProxy, Manner};

use crate::place::{BASIC, Place, at, known_at};

#[tokio::test]
async fn rfc9112_3_2_2_a_proxy_is_sent_the_whole_url_and_the_host_of_the_server() {
    let proxy = HttpProxy::start(Manner::open()).await;
    let place = Place::through(at(&proxy, "http"));
    assert_eq!(place.text("http://h.example/a?b").await, "forwarded http://h.example/a?b");
    assert_eq!(place.text("http://h.example/").await, "forwarded http://h.example/");
    assert_eq!(place.text("http://h.example:8080/").await, "forwarded http://h.example:8080/");
    let log = proxy.log();
    assert_eq!(log[0].request.field("host"), Some("h.example"));
    assert_eq!(log[2].request.field("host"), Some("h.example:8080"));
    for asked in &log {
        for name in ["proxy-connection", "proxy-authorization", "connection"] {
            assert_eq!(asked.request.field(name), None, "{name}");
        }
    }
    assert_eq!([log[0].connection, log[1].connection], [1, 1], "the wire serves on");
    assert_ne!(log[2].connection, 1, "wires are their origin's");
    place.end().await;
}

#[tokio::test]
async fn the_server_as_a_whole_is_asked_for_without_a_path() {
    let proxy = HttpProxy::start(Manner::open()).await;
    let place = Place::through(at(&proxy, "http"));
    let connection = place.session.connect("http://h.example").unwrap();
    let request = connection.open_request(hinternet::Method::OPTIONS, "*").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(proxy.lines(), ["OPTIONS http://h.example"]);
    drop((request, connection));
    place.end().await;
}

#[tokio::test]
async fn what_is_for_the_proxy_is_sent_with_every_request_and_shown_by_nothing() {
    let proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    let field = (HeaderName::from_static("x-token"), HeaderValue::from_static("s3cret"));
    let place = Place::through(known_at(&proxy, "http").header(field.0, field.1));
    for path in ["/1", "/2"] {
        place.text(&format!("http://h.example{path}")).await;
    }
    for asked in proxy.log() {
        assert_eq!(asked.request.fields_named("proxy-authorization"), [BASIC]);
        assert_eq!(asked.request.field("x-token"), Some("s3cret"));
    }
    assert_eq!(proxy.log().len(), 2, "nothing was asked first");
    let shown = format!("{:?} {:?} {:?}", place.session, place.recorder.log(), place.session.snapshot().await);
    assert!(!shown.contains("s3cret") && !shown.contains("pass") && !shown.contains("dXNlcjpwYXNz"), "{shown}");
    place.end().await;
}

#[tokio::test]
async fn credentials_for_a_proxy_are_no_field_of_a_request() {
    let proxy = HttpProxy::start(Manner::open()).await;
    for place in [Place::through(at(&proxy, "http")), Place::of(Session::builder())] {
        let request = place.session.get("http://h.example/").unwrap().header("Proxy-Authorization", "Basic eDp5");
        let error = request.send().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
        place.end().await;
    }
    // Nor where the head is first made for the proxy, since the length of the body is known only then.
    let place = Place::through(at(&proxy, "http"));
    let body = hinternet::Payload::file(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let request = place.session.post("http://h.example/").unwrap().header("Proxy-Authorization", "Basic eDp5");
    let error = request.body(body).send().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
    place.end().await;
    assert!(proxy.log().is_empty());
}

#[tokio::test]
async fn plain_http_goes_through_a_tunnel_where_that_is_wanted() {
    let origin = integration_tests::origin::Origin::start(|_| integration_tests::origin::Reply::ok("hello")).await;
    let proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    let dial = hinternet::DialOptions::default().proxy(known_at(&proxy, "http")).always_tunnel(true);
    let place = Place::of(Session::builder().dial(dial));
    let port = origin.address().port();
    assert_eq!(place.text(&format!("http://h.example:{port}/")).await, "hello");
    assert_eq!(proxy.lines(), [format!("CONNECT h.example:{port}")]);
    assert_eq!(origin.log()[0].target, "/");
    assert_eq!(origin.log()[0].field("proxy-authorization"), None);
    place.end().await;
}

#[tokio::test]
async fn a_proxy_of_https_is_verified_as_its_own_name_and_by_its_own_options() {
    let (identity, trust) = crate::place::trusted(&["127.0.0.1"]);
    let proxy = HttpProxy::start(Manner::open().secure(&integration_tests::tls::Tls::new(&identity))).await;
    let dial = |tls| hinternet::DialOptions::default().proxy(at(&proxy, "https")).proxy_tls(tls);
    let place = Place::of(Session::builder().dial(dial(trust.clone())));
    let response = place.get("http://h.example/").await.unwrap();
    assert_eq!(response.proxy().unwrap().to_string(), proxy.origin());
    assert!(response.security_info().is_none(), "that is the proxy's");
    place.end().await;
    // Trusted as a server, which is not what it is.
    let place = Place::of(Session::builder().tls(trust).dial(dial(hinternet::tls::TlsOptions::new())));
    let error = place.fails("http://h.example/").await;
    assert_eq!(error.code(), ErrorCode::SecureFailureProxy, "{error}");
    assert!(error.tls().is_some());
    place.end().await;
    let (other, trust) = crate::place::trusted(&["other.example"]);
    let proxy = HttpProxy::start(Manner::open().secure(&integration_tests::tls::Tls::new(&other))).await;
    let dial = hinternet::DialOptions::default().proxy(at(&proxy, "https")).proxy_tls(trust);
    let place = Place::of(Session::builder().dial(dial));
    let error = place.fails("http://other.example/").await;
    assert_eq!(error.code(), ErrorCode::SecureFailureProxy, "the name is the proxy's: {error}");
    assert!(proxy.log().is_empty());
    place.end().await;
}

#[tokio::test]
async fn p5_wires_through_proxies_that_differ_are_not_shared() {
    let proxy = HttpProxy::start(Manner::open()).await;
    let place = Place::through(at(&proxy, "http"));
    let plain = at(&proxy, "http");
    let known = |user, password| at(&proxy, "http").credentials(user, password).unwrap();
    let others: [Proxy; 4] = [plain.clone(), known("a", "b"), known("a", "c"), plain.clone().wait_for_challenge()];
    for _ in 0..2 {
        for proxy in &others {
            let request = place.session.get("http://h.example/").unwrap().proxy(proxy.clone());
            request.send().await.unwrap().text().await.unwrap();
        }
    }
    let connections: Vec<_> = proxy.log().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, [1, 2, 3, 4, 1, 2, 3, 4]);
    let shown: Vec<_> =
        proxy.log().iter().map(|asked| asked.request.field("proxy-authorization").map(str::to_owned)).collect();
    assert_eq!(shown[..4], [None, Some("Basic YTpi".to_owned()), Some("Basic YTpj".to_owned()), None]);
    assert_eq!(shown[..4], shown[4..]);
    place.end().await;
}

#[tokio::test]
async fn p5_wires_through_chains_that_differ_in_any_part_are_not_shared() {
    let (proxy, near) = (HttpProxy::start(Manner::open()).await, HttpProxy::start(Manner::open()).await);
    let other = HttpProxy::start(Manner::open()).await;
    let place = Place::through(at(&proxy, "http"));
    let plain = || at(&proxy, "http");
    let field = |proxy: Proxy, value| proxy.header("x-token".parse().unwrap(), HeaderValue::from_static(value));
    let known = |user, password| at(&near, "http").credentials(user, password).unwrap();
    let ways: [Proxy; 9] = [
        plain(),
        field(plain(), "a"),
        field(plain(), "b"),
        plain().through(at(&near, "http")).unwrap(),
        plain().through(at(&other, "http")).unwrap(),
        plain().through(known("a", "b")).unwrap(),
        plain().through(known("a", "c")).unwrap(),
        plain().through(field(at(&near, "http"), "a")).unwrap(),
        plain().credentials("a", "b").unwrap().through(at(&near, "http")).unwrap(),
    ];
    for _ in 0..2 {
        for proxy in &ways {
            let request = place.session.get("http://h.example/").unwrap().proxy(proxy.clone());
            request.send().await.unwrap().text().await.unwrap();
        }
    }
    let connections: Vec<_> = proxy.log().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, (1..=9).chain(1..=9).collect::<Vec<_>>());
    assert_eq!((near.log().len(), other.log().len()), (5, 1), "each tunnel is opened once");
    place.end().await;
}
