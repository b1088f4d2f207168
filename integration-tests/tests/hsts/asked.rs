//! Every way to a host that wants https is by https: paved requests, handles, redirects and WebSockets.

use std::time::Duration;

use hinternet::{HstsStore, Method, NotificationMask, Session, Status};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::EveryName;

use crate::place::{NAME, Place};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[tokio::test]
async fn rfc6797_8_3_an_http_url_is_asked_by_https_at_its_own_port() {
    let place = Place::saying("max-age=1000").await;
    place.ask(&place.url("https", NAME)).await.unwrap();
    let response = place.session.get(place.url("http", NAME)).unwrap().send().await.unwrap();
    assert!(response.security_info().is_some());
    let id = hinternet::Handle::id(response.handle());
    drop(response);
    place.told(|_| true).await;
    let urls: Vec<_> = place
        .recorder
        .log()
        .into_iter()
        .filter_map(|one| match one.status {
            Status::MovedToHttps(url) => Some((one.handle, url)),
            _ => None,
        })
        .collect();
    assert_eq!(urls.len(), 1);
    assert_eq!(urls[0].1, place.url("https", NAME));
    assert_eq!(urls[0].0, id);
    let status = Status::MovedToHttps(String::new().into());
    assert_eq!((status.mask(), status.code()), (Some(NotificationMask::HSTS), None));
    place.end().await;
}

#[tokio::test]
async fn a_request_of_a_handle_for_http_goes_by_https_too() {
    let place = Place::saying("max-age=1000").await;
    let connection = place.session.connect(&format!("http://{NAME}:{}", place.port())).unwrap();
    place.ask(&place.url("https", NAME)).await.unwrap();
    let request = connection.open_request(Method::GET, "/path").unwrap();
    assert_eq!(request.target().url(), format!("https://{NAME}:{}/path", place.port()));
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    drop((request, connection));
    assert_eq!(place.told(|status| matches!(status, Status::MovedToHttps(_))).await, 1);
    place.end().await;
}

#[tokio::test]
async fn a_redirect_to_http_of_such_a_host_is_followed_by_https() {
    let place = Place::saying("max-age=1000").await;
    let plain = Origin::start({
        let to = place.url("http", NAME);
        move |_| Reply::redirect(302, to.clone())
    })
    .await;
    place.ask(&place.url("https", NAME)).await.unwrap();
    assert_eq!(place.ask(&plain.url("/")).await.unwrap(), "ok", "from http");
    let back = format!("{}?to={}", place.url("https", NAME), place.url("http", NAME));
    assert_eq!(place.ask(&back).await.unwrap(), "ok", "from https it is no way back to http");
    assert_eq!(place.told(|status| matches!(status, Status::MovedToHttps(_))).await, 2);
    place.end().await;
}

#[tokio::test]
async fn a_websocket_by_ws_goes_by_wss() {
    let place = Place::saying("max-age=1000").await;
    place.ask(&place.url("https", NAME)).await.unwrap();
    let error = place.session.websocket(&place.url("ws", NAME)).unwrap().connect().await.unwrap_err();
    // The server consents to no WebSocket; but it was asked.
    assert_eq!(error.code().number(), 4317, "{error}");
    assert_eq!(place.origin.log().len(), 2);
    place.end().await;
}

#[tokio::test]
async fn hosts_below_are_meant_where_the_server_says_so() {
    let place = Place::saying("max-age=1000; includeSubDomains").await;
    place.ask(&place.url("https", NAME)).await.unwrap();
    assert_eq!(place.ask(&place.url("http", "sub.good.example")).await.unwrap(), "ok");
    assert_eq!(
        place.ask(&place.url("http", "good.example.")).await.unwrap(),
        "ok",
        "the dot of the root makes no other host"
    );
    place.end().await;
}

#[tokio::test]
async fn nobody_is_asked_by_https_without_a_store() {
    let plain = Origin::start(|_| Reply::ok("plain")).await;
    let (recorder, store) = (Recorder::start(), HstsStore::new());
    store.add(NAME, YEAR, true).unwrap();
    let session = recorder.session(Session::builder().dial(EveryName::here()));
    assert!(session.hsts().is_none());
    let response = session.get(format!("{}/", plain.origin_named(NAME))).unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "plain");
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_list_is_asked_for_hosts_that_have_said_nothing() {
    let plain = Origin::start(|_| Reply::ok("plain")).await;
    let recorder = Recorder::start();
    let listed = HstsStore::with_preloaded(|host| host == "listed.example" || host.ends_with(".listed.example"));
    let session = recorder.session(Session::builder().dial(EveryName::here()).hsts(listed));
    let ask = async |host: &str| {
        let url = format!("{}/", plain.origin_named(host));
        session
            .get(url)
            .unwrap()
            .send()
            .await
            .map(|response| response.status().as_u16())
            .map_err(|error| error.code().number())
    };
    assert_eq!(ask("other.example").await, Ok(200));
    assert!(ask("listed.example").await.is_err(), "no TLS is spoken there");
    assert!(ask("a.LISTED.example.").await.is_err());
    assert_eq!(plain.log().len(), 1, "and nothing was sent");
    recorder.finish(session).await;
}

#[test]
fn names_are_the_same_in_every_spelling() {
    let store = HstsStore::new();
    store.add("BÜCHER.example.", YEAR, false).unwrap();
    store.add("a.example", YEAR, false).unwrap();
    for host in ["bücher.example", "xn--bcher-kva.example", "BÜCHER.EXAMPLE.", "a。example", "A.EXAMPLE"] {
        assert!(store.is_known(host), "{host}");
    }
    assert_eq!(store.list().len(), 2);
    for host in ["127.0.0.1", "[::1]", "", "a b"] {
        assert_eq!(store.add(host, YEAR, true).unwrap_err().code().number(), 87, "{host}");
        assert!(!store.is_known(host));
    }
    assert!(store.remove("a.EXAMPLE.") && !store.remove("a.example"));
    store.add("xn--bcher-kva.example", Duration::ZERO, false).unwrap();
    assert!(store.list().is_empty(), "no time removes");
    assert!(!format!("{:?}", store).contains("example"));
}

#[tokio::test]
async fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hsts");
    let store = HstsStore::new();
    store.add("a.example", YEAR, true).unwrap();
    store.add("b.example", YEAR, false).unwrap();
    store.save(&path).await.unwrap();
    let again = HstsStore::new();
    assert_eq!(again.load(&path).await.unwrap(), 2);
    assert_eq!(again.list(), store.list());
    std::fs::write(&path, "c.example 99999999999\nnonsense\n").unwrap();
    assert!(again.load(&path).await.unwrap_err().to_string().contains("line 2 of"));
    assert_eq!(again.list().len(), 2, "nothing of it was taken");
}
