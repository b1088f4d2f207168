//! What is one proxy's is shown to no other, and to no server, wherever a request is sent on to (P7).

use hinternet::{NamedProxies, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::tls::Tls;

use crate::place::{Place, at, trusted};

#[tokio::test]
async fn p7_a_redirect_to_another_scheme_shows_one_proxys_secret_neither_to_the_other_nor_to_the_server() {
    let (identity, trust) = trusted(&["h.example"]);
    let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
    let to = origin.origin_named("h.example");
    let a = HttpProxy::start(Manner::open().redirecting(&to)).await;
    let b = HttpProxy::start(Manner::open()).await;
    let known = |proxy: &HttpProxy, user, password| at(proxy, "http").credentials(user, password).unwrap();
    let proxies = NamedProxies::new([known(&a, "user-a", "secret-a")]).for_https([known(&b, "user-b", "secret-b")]);
    let place = Place::of(Session::builder().tls(trust).proxy(proxies));
    assert_eq!(place.text("http://h.example/").await, "hello");
    let shown = |proxy: &HttpProxy| {
        let log = proxy.log();
        log.iter().map(|asked| asked.request.fields_named("proxy-authorization").join(" and ")).collect::<Vec<_>>()
    };
    assert_eq!(shown(&a), ["Basic dXNlci1hOnNlY3JldC1h"]);
    assert_eq!(shown(&b), ["Basic dXNlci1iOnNlY3JldC1i"]);
    assert_eq!(b.lines(), [format!("CONNECT h.example:{}", origin.address().port())]);
    assert_eq!(origin.log()[0].field("proxy-authorization"), None);
    place.end().await;
}

#[tokio::test]
async fn p7_what_was_forwarded_and_goes_straight_from_now_on_shows_the_server_nothing() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let proxy = HttpProxy::start(Manner::open().redirecting(&origin.url("/"))).await;
    let known = at(&proxy, "http").credentials("user", "secret").unwrap();
    let direct = hinternet::BypassList::parse("127.0.0.1").unwrap();
    let place = Place::through(NamedProxies::new([known]).bypass(direct));
    assert_eq!(place.text("http://h.example/").await, "hello");
    assert_eq!(origin.log()[0].target, "/");
    assert_eq!(origin.log()[0].field("proxy-authorization"), None);
    place.end().await;
}
