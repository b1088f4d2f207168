//! SOCKS: who looks the name up, who is told of the login, and what each refusal is.

use hinternet::{Blame, DialOptions, ErrorCode, Session, Stage};
use integration_tests::FakeResolver;
use integration_tests::origin::{Origin, Reply};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::socks::SocksProxy;
use integration_tests::tls::Tls;

use crate::place::{Place, at, known_at, trusted};

#[tokio::test]
async fn rfc1928_names_are_looked_up_by_whom_the_protocol_says() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let port = origin.address().port();
    let cases = [
        ("socks4", format!("4 127.0.0.7:{port}"), true),
        ("socks4a", format!("4 h.example:{port}"), false),
        ("socks5", format!("5 127.0.0.7:{port}"), true),
        ("socks5h", format!("5 h.example:{port}"), false),
    ];
    for (scheme, asked, looks_up) in cases {
        let proxy = SocksProxy::open().await;
        let resolver = FakeResolver::knowing("h.example", &["127.0.0.7"]);
        let dial = DialOptions::default().resolver(resolver.clone()).proxy(at(&proxy, scheme));
        let place = Place::of(Session::builder().dial(dial));
        assert_eq!(place.text(&format!("http://h.example:{port}/")).await, "hello", "{scheme}");
        assert_eq!(proxy.log(), [asked], "{scheme}");
        assert_eq!(resolver.asked().len(), usize::from(looks_up), "{scheme}");
        place.end().await;
    }
}

#[tokio::test]
async fn https_and_what_asks_for_addresses_go_through_socks_as_well() {
    let (identity, trust) = trusted(&["h.example"]);
    let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
    let proxy = SocksProxy::open().await;
    let place = Place::of(Session::builder().tls(trust).proxy(at(&proxy, "socks5h")));
    assert_eq!(place.text(&format!("https://h.example:{}/", origin.address().port())).await, "hello");
    place.end().await;
}

#[tokio::test]
async fn rfc1929_user_and_password_are_shown_to_a_proxy_that_wants_them() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let proxy = SocksProxy::knowing("user", "pass").await;
    for scheme in ["socks5", "socks5h", "socks4", "socks4a"] {
        let place = Place::through(known_at(&proxy, scheme));
        assert_eq!(place.text(&origin.url("/")).await, "hello", "{scheme}");
        place.end().await;
    }
    for (known, scheme) in [(false, "socks5"), (true, "socks5")] {
        let settings =
            if known { at(&proxy, scheme).credentials("user", "wrong").unwrap() } else { at(&proxy, scheme) };
        let place = Place::through(settings);
        let error = place.fails(&origin.url("/")).await;
        let facts = (error.code(), error.stage(), error.blame());
        assert_eq!(facts, (ErrorCode::LoginFailure, Stage::Tunnel, Blame::Caller), "{error}");
        assert!(!format!("{error:?} {error}").contains("wrong"));
        place.end().await;
    }
}

#[tokio::test]
async fn of_several_addresses_the_next_is_asked_for_when_one_is_not_reached() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let port = origin.address().port();
    let resolver = || FakeResolver::knowing("h.example", &["::7", "127.0.0.8", "127.0.0.9"]);
    for (scheme, first) in [("socks5", "5 ::7"), ("socks4", "4 127.0.0.8")] {
        let proxy = SocksProxy::without(&["::7", "127.0.0.8"]).await;
        let dial = DialOptions::default().resolver(resolver()).proxy(at(&proxy, scheme));
        let place = Place::of(Session::builder().dial(dial));
        assert_eq!(place.text(&format!("http://h.example:{port}/")).await, "hello", "{scheme}");
        assert_eq!(proxy.log().first().unwrap(), &format!("{first}:{port}"));
        assert!(proxy.log().last().unwrap().ends_with(&format!("127.0.0.9:{port}")));
        place.end().await;
    }
}

#[tokio::test]
async fn every_refusal_is_typed_and_whatever_breaks_the_rules_is_an_error_at_every_split() {
    let cases: [(&[u8], ErrorCode, &str); 6] = [
        (b"\x05\0\x05\x05\0\x01\0\0\0\0\0\0", ErrorCode::CannotConnect, "connection refused (5)"),
        (b"\x05\0\x05\x02", ErrorCode::CannotConnect, "not allowed by its rules (2)"),
        (b"\x05\xff", ErrorCode::LoginFailure, "none of the methods"),
        (b"\x05\x02", ErrorCode::InvalidServerResponse, "was not offered"),
        (b"HTTP/1.1 400 no\r\n\r\n", ErrorCode::InvalidServerResponse, "not its version of SOCKS"),
        (b"\x05\0\x05\0\0", ErrorCode::ConnectionError, "before it had answered"),
    ];
    for (answer, code, sentence) in cases {
        for split in [Split::Whole, Split::OneOctet] {
            let script = Script::new().read_exactly(3).split(split).send(answer).close();
            let peer = ScriptedPeer::always(script).await;
            let place = Place::through(at(&peer, "socks5h"));
            let error = place.fails("http://h.example/").await;
            assert_eq!((error.code(), error.stage()), (code, Stage::Tunnel), "{error}");
            assert!(error.to_string().contains(sentence), "{error}");
            place.end().await;
        }
    }
}
