//! What is one proxy's is shown to no other, and to no server, wherever a request is sent on to (P7).

use hinternet::network::{FindingProxy, Proxy, ProxyResolver, Route};
use hinternet::{AuthScheme, AuthTarget, BypassList, Engine, NamedProxies, ProxySettings, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::tls::Tls;

use crate::place::{BASIC, Place, at, known_at, trusted};

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

/// Each host has a proxy of its own; one that is not named is reached by the first.
#[derive(Debug)]
struct ByHost(Proxy, &'static str, Proxy);

impl ProxyResolver for ByHost {
    fn find(&self, url: &str) -> FindingProxy {
        let proxy = if url.contains(self.1) { &self.2 } else { &self.0 };
        Box::pin(std::future::ready(Ok(vec![Route::Proxy(proxy.clone())])))
    }
}

#[tokio::test]
async fn p7_what_a_request_has_for_its_proxy_is_shown_to_that_one_wherever_it_is_met_and_to_no_other() {
    let c = HttpProxy::start(Manner::open()).await;
    let b = HttpProxy::start(Manner::open().redirecting("http://three.example/")).await;
    let a = HttpProxy::start(Manner::open().redirecting("http://two.example/")).await;
    let shown = |proxy: &HttpProxy| {
        let log = proxy.log();
        log.iter().map(|asked| asked.request.field("proxy-authorization").map(str::to_owned)).collect::<Vec<_>>()
    };
    let own = Some("Basic dXNlcjpzZWNyZXQ=".to_owned());

    let place = Place::through(ProxySettings::automatic(ByHost(at(&a, "http"), "two.example", at(&c, "http"))));
    let get = |place: &Place| {
        let request = place.session.get("http://one.example/").unwrap();
        request.credentials(AuthTarget::Proxy, AuthScheme::Basic, ("user", "secret"))
    };
    assert_eq!(get(&place).send().await.unwrap().text().await.unwrap(), "forwarded http://two.example/");
    assert_eq!((shown(&a), shown(&c)), (vec![own.clone()], vec![None]));
    place.end().await;

    // Back at the first one: `one` and `three` are reached by `b`, which redirects to `three` for ever.
    // On one shard, for an exchange that another carries shows nothing but what the proxy was named with.
    let engine = Engine::builder().shards(1).start().unwrap();
    let place = Place::of(Session::builder().proxy(at(&b, "http")).engine(engine.clone()));
    let error = get(&place).send().await.unwrap_err();
    assert_eq!(error.code(), hinternet::ErrorCode::RedirectFailed);
    assert!(shown(&b).len() > 2 && shown(&b).iter().all(|shown| *shown == own), "{:?}", shown(&b));
    place.end().await;
    engine.stop();
}

#[tokio::test]
async fn a_proxy_that_asks_for_credentials_is_answered_wherever_the_target_of_a_redirect_is_at_home() {
    const SHARDS: usize = 4;
    let proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    for host in 0..2 * SHARDS {
        let to = format!("http://h{host}.example/");
        let origin = Origin::start(move |_| Reply::redirect(302, to.clone())).await;
        let settings = NamedProxies::new([known_at(&proxy, "http").wait_for_challenge()])
            .bypass(BypassList::parse("127.0.0.1").unwrap());
        let engine = Engine::builder().shards(SHARDS).start().unwrap();
        let place = Place::of(Session::builder().engine(engine).proxy(settings));
        let response = place.get(&origin.url("/")).await.unwrap();
        assert_eq!((response.status().as_u16(), response.url()), (200, &*format!("http://h{host}.example/")));
        drop(response);
        place.end().await;
    }
}
