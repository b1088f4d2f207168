//! A proxy behind a proxy: each learns only where the next one is, and sees only what is its own.

use hinternet::network::{Proxy, ProxyProtocol};
use hinternet::{DialOptions, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::socks::SocksProxy;
use integration_tests::tls::Tls;

use crate::place::{BASIC, Place, at, known_at, trusted};

#[tokio::test]
async fn each_proxy_of_a_chain_is_told_of_the_next_and_of_no_other() {
    let (identity, trust) = trusted(&["h.example", "middle.example"]);
    let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
    let first = SocksProxy::knowing("user", "pass").await;
    let second = HttpProxy::start(Manner::open().secure(&Tls::new(&identity)).knowing(BASIC)).await;
    let third = HttpProxy::start(Manner::open().knowing("Basic eDp5")).await;
    let middle = Proxy::new(ProxyProtocol::Https, "middle.example", second.address().port()).unwrap();
    let middle = middle.credentials("user", "pass").unwrap().through(known_at(&first, "socks5h")).unwrap();
    let last = Proxy::new(ProxyProtocol::Http, "last.example", third.address().port()).unwrap();
    let last = last.credentials("x", "y").unwrap().through(middle).unwrap();
    let dial = DialOptions::default().proxy(last).proxy_tls(trust.clone());
    let place = Place::of(Session::builder().tls(trust).dial(dial));
    let port = origin.address().port();
    assert_eq!(place.text(&format!("https://h.example:{port}/")).await, "hello");
    assert_eq!(first.log(), [format!("5 middle.example:{}", second.address().port())]);
    assert_eq!(second.lines(), [format!("CONNECT last.example:{}", third.address().port())]);
    assert_eq!(third.lines(), [format!("CONNECT h.example:{port}")]);
    // Plain HTTP is forwarded by the last, and tunnelled up to it.
    assert_eq!(place.text("http://h.example/").await, "forwarded http://h.example/");
    assert_eq!(second.lines().len(), 2);
    for (proxy, own) in [(&second, BASIC), (&third, "Basic eDp5")] {
        for asked in proxy.log() {
            assert_eq!(asked.request.fields_named("proxy-authorization"), [own]);
        }
    }
    place.end().await;
}

#[tokio::test]
async fn connection_reuse_a_proxy_and_a_server_of_one_name_share_no_ticket() {
    let (identity, trust) = trusted(&["127.0.0.1"]);
    let (for_proxy, for_origin) = (Tls::new(&identity), Tls::new(&identity));
    let origin = Origin::secure(&for_origin, |_| Reply::ok("hello").field("connection", "close")).await;
    let proxy = HttpProxy::start(Manner::open().secure(&for_proxy)).await;
    let dial = DialOptions::default().proxy(at(&proxy, "https")).proxy_tls(trust.clone());
    let place = Place::of(Session::builder().tls(trust).dial(dial));
    for _ in 0..3 {
        assert_eq!(place.text(&origin.url("/")).await, "hello");
    }
    let resumed = |tls: &Tls| tls.seen().iter().map(|one| one.resumed).collect::<Vec<_>>();
    assert!(!resumed(&for_origin)[0], "that of the proxy was not shown");
    assert!(!resumed(&for_proxy)[0]);
    assert_eq!((resumed(&for_origin).len(), resumed(&for_proxy).len()), (3, 3));
    place.end().await;
}
