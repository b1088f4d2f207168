//! A script by its URL: fetched directly, once for all, and kept for its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hinternet::{DialOptions, ErrorCode, Pac, ProxySettings};
use integration_tests::origin::{Origin, Reply};
use integration_tests::{FakeResolver, patiently};

use super::{World, asked, with};

const URL: &str = "http://a.example/";

fn script(proxy: &str) -> String {
    format!("\u{feff}function FindProxyForURL() {{ return 'PROXY {proxy}' }}")
}

#[tokio::test]
async fn a_script_is_fetched_once_for_all_who_wait_and_kept() {
    let world = World::new().await;
    let server =
        Origin::start(|_| Reply::ok(script("p")).field("content-type", "application/x-ns-proxy-autoconfig")).await;
    let pac = Pac::from_url(server.url("/proxy.pac")).unwrap();
    let answers = futures_util::future::join_all((0..16).map(|_| asked(&pac, URL))).await;
    assert!(answers.iter().all(|answer| answer == "http://p:80"), "{answers:?}");
    assert_eq!(asked(&pac, URL).await, "http://p:80");
    assert_eq!(server.log().len(), 1);
    let visit = &server.log()[0];
    assert_eq!(visit.target, "/proxy.pac");
    assert!(visit.field("cookie").is_none() && visit.field("authorization").is_none());
    pac.reset();
    assert_eq!(asked(&pac, URL).await, "http://p:80");
    assert_eq!(server.log().len(), 2);
    world.goes_on().await;
}

#[tokio::test]
async fn a_script_that_cannot_be_had_is_12167_and_that_is_remembered() {
    let world = World::new().await;
    let server = Origin::start(|request| match request.path() {
        "/large" => Reply::ok("/".repeat(1001)),
        _ => Reply::new(404),
    })
    .await;
    for path in ["/absent", "/large"] {
        let pac = with(Pac::from_url(server.url(path)).unwrap(), |options| options.script_size = 1000);
        let error = patiently("the routes", pac.proxies_for(URL)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnableToDownloadScript, "{error}");
        assert_eq!(asked(&pac, URL).await, "12167");
    }
    assert_eq!(server.log().len(), 2);
    assert_eq!(asked(&Pac::from_url("http://127.0.0.1:1/").unwrap(), URL).await, "12167");
    assert_eq!(Pac::from_url("file:///etc/proxy.pac").unwrap_err().code(), ErrorCode::UnrecognizedScheme);
    world.goes_on().await;
}

#[tokio::test]
async fn an_old_script_is_better_than_none() {
    let world = World::new().await;
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let server = Origin::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok(script("old")),
        1 => Reply::new(500),
        _ => Reply::ok(script("new")),
    })
    .await;
    let pac = with(Pac::from_url(server.url("/")).unwrap(), |options| {
        options.kept_for = Duration::ZERO;
        options.failure_kept_for = Duration::ZERO;
    });
    assert_eq!(asked(&pac, URL).await, "http://old:80");
    assert_eq!(asked(&pac, URL).await, "http://old:80");
    assert_eq!(asked(&pac, URL).await, "http://new:80");
    assert_eq!(fetches.load(Ordering::SeqCst), 3);
    world.goes_on().await;
}

#[tokio::test]
async fn discovery_asks_for_wpad_in_that_domain_and_for_no_other_name() {
    let world = World::new().await;
    let resolver = FakeResolver::knowing("wpad.example", &["192.0.2.1"]);
    let pac = with(Pac::discover("corp.example.").unwrap(), |options| {
        options.dial = DialOptions::default().resolver(resolver.clone());
    });
    assert_eq!(asked(&pac, URL).await, "12180");
    assert_eq!(resolver.asked(), ["wpad.corp.example"]);
    // A public suffix is nobody's, and `wpad` below it anybody's: also as a script is written, and with a dot at its end.
    for suffix in ["co.uk", "CO.UK.", "github.io", "xn--55qx5d.cn", "\u{516c}\u{53f8}.cn"] {
        assert_eq!(Pac::discover(suffix).unwrap_err().code(), ErrorCode::InvalidParameter, "{suffix:?}");
    }
    for registered in ["example.co.uk", "corp.example.co.uk", "corp.local"] {
        Pac::discover(registered).unwrap();
    }
    for no_domain in ["", ".", "example", "a.example/x", "a.example:81", "a@b.example", "a.example?x", "a b.example"] {
        let error = Pac::discover(no_domain).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{no_domain:?}");
    }
    world.goes_on().await;
}

/// Its options may be those of the session that it chooses proxies for: it would be asked for the way to its own script.
#[tokio::test]
async fn a_script_is_fetched_directly_whatever_its_options_say_of_proxies() {
    let world = World::new().await;
    let server = Origin::start(|_| Reply::ok(script("p"))).await;
    let nobody = integration_tests::scene::Nobody::new();
    let proxy = hinternet::network::Proxy::parse(&nobody.address().to_string()).unwrap();
    let itself = Pac::from_url(server.url("/proxy.pac")).unwrap();
    for proxies in [ProxySettings::from(proxy), ProxySettings::automatic(itself.clone())] {
        let pac = with(itself.clone(), |options| options.dial = DialOptions::default().proxy(proxies));
        assert_eq!(asked(&pac, URL).await, "http://p:80");
    }
    world.goes_on().await;
}

#[tokio::test]
async fn a_fetch_that_was_under_way_when_all_was_forgotten_brings_nothing_back() {
    let world = World::new().await;
    let (gate, asked_before) = (integration_tests::Gate::new(), std::sync::atomic::AtomicBool::new(false));
    let held = gate.clone();
    let server = Origin::start(move |_| match asked_before.swap(true, std::sync::atomic::Ordering::Relaxed) {
        false => Reply::ok(script("old")).held(&held),
        true => Reply::ok(script("new")),
    })
    .await;
    let pac = Pac::from_url(server.url("/proxy.pac")).unwrap();
    let waiting = tokio::spawn({
        let pac = pac.clone();
        async move { asked(&pac, "http://a.example/").await }
    });
    server.wait_for_requests(1).await;
    pac.reset();
    assert_eq!(asked(&pac, "http://a.example/").await, "http://new:80");
    gate.open();
    assert_eq!(waiting.await.unwrap(), "http://old:80", "its question was asked before");
    assert_eq!(asked(&pac, "http://a.example/").await, "http://new:80");
    world.goes_on().await;
}
