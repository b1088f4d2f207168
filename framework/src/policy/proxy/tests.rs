//! The order of routes, what is remembered of them, and the plan of a chain.

use std::time::{Duration, Instant};

use super::*;
use crate::network::Proxy;

fn proxy(url: &str) -> Proxy {
    Proxy::parse(url).unwrap()
}

fn shown(routes: &[Route]) -> String {
    routes.iter().map(|route| route.proxy().map_or("direct", Proxy::host)).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_proxy_that_failed_is_left_until_last_for_half_an_hour() {
    let (mut bad, start) = (BadProxies::default(), Instant::now());
    let list = || [Route::Proxy(proxy("a")), Route::Proxy(proxy("b")), Route::Direct];
    let order = |bad: &mut BadProxies, after: u64| {
        let mut routes = list();
        bad.put_last(&mut routes, start + Duration::from_secs(after));
        shown(&routes)
    };
    assert_eq!(order(&mut bad, 0), "a b direct");
    bad.failed(&proxy("a"), start);
    assert_eq!(order(&mut bad, 1), "b direct a");
    bad.failed(&proxy("b"), start + Duration::from_secs(60));
    assert_eq!(order(&mut bad, 61), "direct a b");
    assert_eq!(order(&mut bad, 30 * 60), "a direct b");
    assert_eq!(order(&mut bad, 31 * 60), "a b direct");
    assert!(bad.is_empty());
}

#[test]
fn a_proxy_that_works_again_is_forgiven_and_the_memory_has_an_end() {
    let (mut bad, now) = (BadProxies::default(), Instant::now());
    bad.failed(&proxy("a"), now);
    bad.worked(&proxy("a"));
    assert!(bad.is_empty());
    for port in 1..1_000 {
        bad.failed(&proxy(&format!("h:{port}")), now);
    }
    let mut routes: Vec<_> = (1..1_000).rev().map(|port| Route::Proxy(proxy(&format!("h:{port}")))).collect();
    bad.put_last(&mut routes, now);
    let bad_ones =
        routes.iter().rev().take_while(|route| route.proxy().is_some_and(|proxy| proxy.port() > 935)).count();
    assert_eq!(bad_ones, 64);
}

#[test]
fn an_exception_and_an_empty_list_are_direct() {
    let named = NamedProxies::read("http=p:1").unwrap().bypass(crate::options::BypassList::parse("h").unwrap());
    let of = |url: &str| shown(&routes(&named, &Origin::parse(url).unwrap()));
    assert_eq!([of("http://i"), of("http://h"), of("https://i")], ["p", "direct", "direct"]);
}

#[test]
fn only_the_last_proxy_of_a_chain_forwards_and_only_plain_http() {
    let chain =
        proxy("http://last").through(proxy("https://middle").through(proxy("socks5://first")).unwrap()).unwrap();
    let legs = |forwarded| {
        let plan = Plan::through(&chain, forwarded);
        plan.0
            .iter()
            .map(|leg| (leg.proxy.host(), leg.secures, leg.reach, leg.next.map(Proxy::host)))
            .collect::<Vec<_>>()
    };
    let first = ("first", false, Reach::Socks5, Some("middle"));
    let middle = ("middle", true, Reach::Connect, Some("last"));
    assert_eq!(legs(true), [first, middle, ("last", false, Reach::Forward, None)]);
    assert_eq!(legs(false), [first, middle, ("last", false, Reach::Connect, None)]);
}

#[test]
fn each_route_has_its_share_of_the_time_that_connecting_has_left() {
    let seconds = Duration::from_secs;
    let mut budget = Budget::new(Some(seconds(60)), 3);
    assert_eq!(budget.share(), Some(seconds(20)));
    // Its name was not found, which takes nothing of it.
    budget.spent(Duration::ZERO);
    assert_eq!(budget.share(), Some(seconds(30)));
    budget.spent(seconds(70));
    assert_eq!(budget.share(), Some(Duration::ZERO));
    assert_eq!(budget.share(), Some(Duration::ZERO), "asked once more it is the same");
    assert_eq!(Budget::new(None, 0).share(), None);
}
