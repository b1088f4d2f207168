//! A script in the settings of a session: requests go as it says, and `proxy_for_url` tells how.

use hinternet::network::Route;
use hinternet::{ErrorCode, NamedProxies, Pac, ProxySettings, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;

use super::{World, answering, shown};

fn session(recorder: &Recorder, settings: impl Into<ProxySettings>) -> Session {
    recorder.session(Session::builder().proxy(settings))
}

#[tokio::test]
async fn requests_go_as_the_script_says_and_tell_that_it_was_asked() {
    let recorder = Recorder::start();
    let proxy = Origin::start(|request| Reply::ok(format!("by proxy {}", request.target))).await;
    let direct = Origin::start(|_| Reply::ok("straight")).await;
    let script = format!(
        "function FindProxyForURL(url, host) {{ return host == 'far.example' ? 'PROXY {}' : 'DIRECT' }}",
        proxy.address()
    );
    let session = session(&recorder, ProxySettings::automatic(Pac::from_text(script)));
    let far = patiently("far", session.get("http://far.example/page").unwrap().send()).await.unwrap();
    let id = far.handle().id();
    assert_eq!(far.text().await.unwrap(), "by proxy http://far.example/page");
    let names = recorder.names(id);
    assert_eq!(names[1..3], ["DetectingProxy", "ProxyFound"], "{names:?}");
    let near = session.get(direct.url("/")).unwrap().send().await.unwrap();
    assert_eq!(near.text().await.unwrap(), "straight");
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_script_that_fails_fails_the_request_and_the_session_goes_on() {
    let World { recorder, session: plain, origin } = World::new().await;
    let pac = answering("host == '127.0.0.1' ? 'DIRECT' : missing");
    let session = session(&recorder, ProxySettings::automatic(pac));
    let error = session.get("http://far.example/").unwrap().send().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ScriptExecutionError, "{error}");
    let near = session.get(origin.url("/")).unwrap().send().await.unwrap();
    assert_eq!(near.text().await.unwrap(), "hello");
    session.close().await.unwrap();
    recorder.finish(plain).await;
}

#[tokio::test]
async fn proxy_for_url_tells_the_ways_of_any_settings() {
    let recorder = Recorder::start();
    let ways = async |session: &Session, url: &str| shown(patiently("ways", session.proxy_for_url(url)).await);
    let direct = recorder.session(Session::builder());
    assert_eq!(ways(&direct, "http://a.example/").await, "direct");
    assert_eq!(ways(&direct, "ftp://a.example/").await, "12006");
    direct.close().await.unwrap();
    assert_eq!(ways(&direct, "http://a.example/").await, "6");

    let named = session(&recorder, ProxySettings::named("http=p:81;https=q:82", "<local>;*.in.example").unwrap());
    assert_eq!(ways(&named, "https://a.example/").await, "http://q:82");
    assert_eq!(ways(&named, "https://a.in.example/").await, "direct");
    named.close().await.unwrap();

    let pac =
        answering("isPlainHostName(host) ? 'DIRECT' : host == 'bad.example' ? 'NONSENSE' : 'HTTPS s; SOCKS5 t:1'");
    let automatic = session(&recorder, ProxySettings::automatic(pac));
    assert_eq!(ways(&automatic, "http://a.example/").await, "https://s:443 socks5h://t:1");
    assert_eq!(ways(&automatic, "http://a/").await, "direct");
    assert_eq!(ways(&automatic, "http://bad.example/").await, "12177");
    recorder.wait_for_status(automatic.id(), "RequestError").await;
    let names = recorder.names(automatic.id());
    let expected = [
        "HandleCreated",
        "DetectingProxy",
        "ProxyFound",
        "DetectingProxy",
        "ProxyFound",
        "DetectingProxy",
        "RequestError",
    ];
    assert_eq!(names, expected);
    let _unused: NamedProxies = NamedProxies::new([Route::Direct]);
    recorder.finish(automatic).await;
}

#[tokio::test]
async fn a_session_that_closes_ends_the_search_first() {
    let recorder = Recorder::start();
    let server = Origin::start(|_| Reply::ok("").held(&integration_tests::Gate::new())).await;
    let pac = Pac::from_url(server.url("/proxy.pac")).unwrap();
    let session = session(&recorder, ProxySettings::automatic(pac));
    let searching = tokio::spawn({
        let session = session.clone();
        async move { session.proxy_for_url("http://a.example/").await }
    });
    recorder.wait_for_status(session.id(), "DetectingProxy").await;
    server.wait_for_requests(1).await;
    session.close().await.unwrap();
    let error = searching.await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::OperationCancelled, "{error}");
    recorder.wait_for_closing(session.id()).await;
    let names = recorder.names(session.id());
    assert_eq!(names, ["HandleCreated", "DetectingProxy", "RequestError", "HandleClosing"]);
    recorder.settle().await;
}
