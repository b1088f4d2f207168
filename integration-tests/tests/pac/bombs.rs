//! Hostile scripts: each ends within its limits with 12177, and the session goes on.

use std::time::Duration;

use hinternet::{DialOptions, ErrorCode, Pac};
use integration_tests::{FakeResolver, patiently};

use super::{World, answering, asked, with};

const URL: &str = "http://a.example/?planted-secret";

async fn fails(pac: Pac) {
    let error = patiently("the routes", pac.proxies_for(URL)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ScriptExecutionError, "{error}");
    assert!(!format!("{error} {error:?} {pac:?}").contains("planted-secret"), "{error:?}");
}

#[tokio::test]
async fn loops_strings_recursion_and_answers_without_end_end_with_12177() {
    let world = World::new().await;
    for bomb in [
        "while (1);",
        "function FindProxyForURL(url) { while (1) try { while (1); } catch (e) {} }",
        "function FindProxyForURL(url) { return 'x'.repeat(1 << 30) }",
        "function FindProxyForURL(url) { var s = 'x'; while (1) s += s; }",
        "function FindProxyForURL(url) { return FindProxyForURL(url) + 1 }",
        "function FindProxyForURL(url) { return 'PROXY a:1;'.repeat(1000000) }",
        "function FindProxyForURL(url) { throw new Error(url) }",
        "function FindProxyForURL(url) { return url }",
        "function FindProxyForURL(url) { return /^(a+)+$/.test('a'.repeat(100) + 'b') ? 1 : 2 }",
    ] {
        fails(with(Pac::from_text(bomb), |options| options.time = Duration::from_millis(100))).await;
    }
    world.goes_on().await;
}

#[tokio::test]
async fn a_loop_of_look_ups_ends_at_the_twentieth_name() {
    let world = World::new().await;
    let resolver = FakeResolver::knowing("a.example", &["192.0.2.1"]);
    let looping = "(function () { for (var i = 0; ; i++) try { dnsResolve('h' + i + '.example') } catch (e) {} })()";
    let pac = with(answering(looping), |options| {
        options.time = Duration::from_secs(60);
        options.dial = DialOptions::default().resolver(resolver.clone());
    });
    fails(pac).await;
    assert_eq!(resolver.asked().len(), 20);
    world.goes_on().await;
}

/// One of the engine's own loops that ask for no interrupt, and takes hours: its thread cannot be ended, and is left behind.
#[tokio::test]
async fn a_script_that_cannot_be_ended_is_left_behind_and_not_run_again() {
    let world = World::new().await;
    let stuck = answering("host == 'good.example' ? 'DIRECT' : 'x'.repeat(5 << 20).indexOf('x'.repeat(2 << 20) + 'y')");
    let pac = with(stuck, |options| options.time = Duration::from_secs(3));
    assert_eq!(asked(&pac, "http://good.example/").await, "direct");
    // On a busy machine its time may be over before it gets to that loop.
    for _ in 0..4 {
        fails(pac.clone()).await;
        if asked(&pac, "http://good.example/").await == "12177" {
            break;
        }
    }
    assert_eq!(asked(&pac, "http://good.example/").await, "12177", "not even for those that went well");
    assert_eq!(asked(&answering("'PROXY other'"), URL).await, "http://other:80", "other scripts are run");
    world.goes_on().await;
}

#[tokio::test]
async fn what_is_no_script_is_12166() {
    let world = World::new().await;
    for text in ["", "<html>", "function FindProxyForURL(", "var FindProxyForURL = 1", "function other() {}"] {
        assert_eq!(asked(&Pac::from_text(text), URL).await, "12166", "{text:?}");
    }
    world.goes_on().await;
}
