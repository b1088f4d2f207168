//! Proxies that have to be found: who is asked, what he is told, what is told of it.

use std::io;
use std::sync::{Arc, Mutex};

use hinternet::network::{FindingProxy, Proxy, ProxyResolver, Route};
use hinternet::{Blame, ErrorCode, ProxySettings, Session, Stage, Timeouts};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};

use crate::place::{Place, at};

/// Says what it was told to, and writes down what it was asked.
#[derive(Clone, Debug)]
struct Oracle {
    says: Says,
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Debug)]
enum Says {
    Routes(Vec<Route>),
    Fails,
    Panics,
    Nothing,
}

impl Oracle {
    fn saying(says: Says) -> Self {
        Self { says, asked: Arc::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl ProxyResolver for Oracle {
    fn find(&self, url: &str) -> FindingProxy {
        self.asked.lock().unwrap().push(url.to_owned());
        let says = self.says.clone();
        Box::pin(async move {
            match says {
                Says::Routes(routes) => Ok(routes),
                Says::Fails => Err(io::Error::other("out of order")),
                Says::Panics => panic!("an oracle that panics"),
                Says::Nothing => std::future::pending().await,
            }
        })
    }
}

#[tokio::test]
async fn c9_a_resolver_is_asked_for_each_url_and_what_it_finds_is_told() {
    let origin = Origin::start(|_| Reply::ok("direct")).await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let oracle = Oracle::saying(Says::Routes(vec![at(&proxy, "http").into()]));
    let place = Place::through(ProxySettings::automatic(oracle.clone()));
    let response = place.get("http://h.example/path?query").await.unwrap();
    place.recorder.wait_for_status(response.handle().id(), "ResolvingName").await;
    let names = place.recorder.names(response.handle().id());
    assert_eq!(names[..4], ["HandleCreated", "DetectingProxy", "ProxyFound", "ResolvingName"]);
    drop(response);
    place.text("http://h.example/other").await;
    assert!(place.get("https://h.example/path?query").await.is_err());
    assert_eq!(oracle.asked(), ["http://h.example/path?query", "http://h.example/other", "https://h.example/"]);
    assert_eq!(proxy.log()[..2].iter().map(|asked| asked.connection).collect::<Vec<_>>(), [1, 1], "one wire for both");
    place.end().await;
    let oracle = Oracle::saying(Says::Routes(Vec::new()));
    let place = Place::through(ProxySettings::automatic(oracle));
    assert_eq!(place.text(&origin.url("/")).await, "direct");
    place.end().await;
}

#[tokio::test]
async fn a_list_without_end_has_one() {
    let good = HttpProxy::start(Manner::open()).await;
    let many = std::iter::repeat_with(|| Proxy::parse("127.0.0.1:1").unwrap()).take(100_000).map(Route::from);
    let oracle = Oracle::saying(Says::Routes(many.chain([at(&good, "http").into()]).collect()));
    let place = Place::through(ProxySettings::automatic(oracle));
    let error = place.fails("http://h.example/").await;
    assert_eq!(error.code(), ErrorCode::CannotConnect);
    assert!(place.recorder.count(|status| matches!(status, hinternet::Status::ConnectingToServer(_))) <= 20);
    place.end().await;
}

#[tokio::test]
async fn a_resolver_that_fails_panics_or_hangs_is_the_end_of_one_request() {
    let cases = [
        (Says::Fails, ErrorCode::AutoProxyServiceError, Blame::Caller),
        (Says::Panics, ErrorCode::InternalError, Blame::Caller),
        (Says::Nothing, ErrorCode::Timeout, Blame::Network),
    ];
    for (says, code, blame) in cases {
        let origin = Origin::start(|_| Reply::ok("direct")).await;
        let mut timeouts = Timeouts::default();
        timeouts.resolve = Some(std::time::Duration::from_millis(100));
        let settings = ProxySettings::automatic(Oracle::saying(says));
        let place = Place::of(Session::builder().timeouts(timeouts).proxy(settings));
        let error = place.fails("http://h.example/").await;
        assert_eq!((error.code(), error.stage(), error.blame()), (code, Stage::Resolve, blame), "{error}");
        let direct = place.session.get(origin.url("/")).unwrap().proxy(ProxySettings::Direct);
        assert_eq!(direct.send().await.unwrap().text().await.unwrap(), "direct");
        place.end().await;
    }
}

#[tokio::test]
async fn a_resolver_that_hangs_holds_nobody_up_and_the_stage_says_where_it_was() {
    let mut timeouts = Timeouts::default();
    timeouts.resolve = Some(std::time::Duration::from_millis(100));
    let settings = ProxySettings::automatic(Oracle::saying(Says::Nothing));
    let place = Place::of(Session::builder().timeouts(timeouts).proxy(settings.clone()));
    let asked = integration_tests::patiently("the end of the search", place.session.proxy_for_url("http://h.example/"));
    let error = asked.await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::FindProxy), "{error}");
    place.end().await;
    let mut timeouts = Timeouts::default();
    timeouts.total = Some(std::time::Duration::from_millis(100));
    let place = Place::of(Session::builder().timeouts(timeouts).proxy(settings));
    let error = place.fails("http://h.example/").await;
    assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::FindProxy), "{error}");
    place.end().await;
}
