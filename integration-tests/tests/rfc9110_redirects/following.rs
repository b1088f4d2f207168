//! What is followed, by which method, how often, and what is told of it.

use hinternet::tls::TlsOptions;
use std::time::Duration;

use hinternet::{Engine, ErrorCode, Method, RedirectOptions, RedirectPolicy, Session, Stage, Status, WireState};
use integration_tests::Gate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::scene::read_all;
use integration_tests::tls::Tls;

use crate::world::{Watched, along, asked, moved, moved_by, redirecting};

#[tokio::test]
async fn rfc9110_15_4_every_redirect_is_followed_by_the_method_it_asks_for() {
    let (world, origin) = (Watched::new(), redirecting().await);
    for (status, method, becomes) in [
        (301, Method::GET, "GET"),
        (303, Method::PUT, "GET"),
        (302, Method::POST, "GET"),
        (301, Method::POST, "GET"),
        (307, Method::POST, "POST"),
        (308, Method::PUT, "PUT"),
        (302, Method::DELETE, "DELETE"),
        (303, Method::HEAD, "HEAD"),
    ] {
        let url = origin.url(&moved_by(status, "/echo"));
        let response = world.session.request(method.clone(), url.as_str()).unwrap().send().await.unwrap();
        assert_eq!(response.status(), 200, "{status} {method}");
        assert_eq!(response.url(), origin.url("/echo"));
        let history = response.history();
        assert_eq!(history.iter().map(|prior| prior.status().as_u16()).collect::<Vec<_>>(), [status]);
        assert_eq!((history[0].url(), history[0].headers()["location"].as_bytes()), (&*url, &b"/echo"[..]));
        assert_eq!(asked(&origin).last().unwrap(), &(becomes.to_owned(), "/echo".to_owned()));
    }
    assert_eq!(origin.connections(), 1, "the wire of a dropped response serves again");
    world.end().await;
}

#[tokio::test]
async fn what_is_no_redirect_or_leads_nowhere_is_the_response() {
    let (world, origin) = (Watched::new(), redirecting().await);
    for status in [300, 304, 305] {
        let response = world.get(&origin.url(&moved_by(status, "/echo"))).await.unwrap();
        assert_eq!((response.status().as_u16(), response.history().len()), (status, 0));
    }
    let without = Origin::start(|_| Reply::new(302).body("where?")).await;
    let response = world.get(&without.url("/")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (302, "where?"));
    world.end().await;
}

#[tokio::test]
async fn winhttp_policy_never_gives_the_redirect_itself() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let url = origin.url(&moved("/echo"));
    let response = world.session.get(url.as_str()).unwrap().redirects(RedirectPolicy::Never).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.url()), (302, &*url));
    assert_eq!(response.text().await.unwrap(), "moved");
    assert_eq!(world.recorder.count(|status| matches!(status, Status::Redirect(_))), 0);
    world.end().await;
}

#[tokio::test]
async fn winhttp_option_89_the_tenth_redirect_is_followed_and_the_eleventh_fails_with_12156() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let error = world.get(&origin.url("/loop")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.stage(), error.code().number()),
        (ErrorCode::RedirectFailed, Stage::Redirect, 12156)
    );
    assert_eq!(origin.log().len(), 11);

    let home = format!("{} ", origin.origin());
    let stations = home.repeat(9) + &origin.url("/end");
    let response = world.get(&origin.url(&along(&stations))).await.unwrap();
    assert_eq!((response.status().as_u16(), response.history().len()), (200, 10));
    assert_eq!(response.text().await.unwrap(), "this is /end");
    world.end().await;
}

#[tokio::test]
async fn winhttp_default_policy_refuses_https_to_http_and_always_allows_it() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    let plain = redirecting().await;
    let to = plain.url("/plain");
    let secure = Origin::secure(&tls, move |_| Reply::redirect(302, to.clone())).await;
    let world = Watched::by(Session::builder().tls(TlsOptions::new().trust_only([authority.certificate()])));
    let error = world.get(&secure.url("/")).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::RedirectFailed, Stage::Redirect));
    assert_eq!(plain.log().len(), 0, "not a word in the clear");
    assert_eq!(world.recorder.count(|status| matches!(status, Status::Redirect(_))), 0, "as in the recording");

    let asked = world.session.get(secure.url("/")).unwrap().redirects(RedirectPolicy::Always);
    assert_eq!(asked.send().await.unwrap().text().await.unwrap(), "this is /plain");
    world.end().await;
}

#[tokio::test]
async fn a_redirect_from_http_to_https_is_followed() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    let secure = Origin::secure(&tls, |_| Reply::ok("in private")).await;
    let to = secure.url("/");
    let plain = Origin::start(move |_| Reply::redirect(302, to.clone())).await;
    let world = Watched::by(Session::builder().tls(TlsOptions::new().trust_only([authority.certificate()])));
    let response = world.get(&plain.url("/")).await.unwrap();
    assert_eq!((response.url(), response.history().len()), (&*secure.url("/"), 1));
    assert!(response.handle().security_info().is_some());
    assert_eq!(response.text().await.unwrap(), "in private");
    assert_eq!((plain.log().len(), secure.log().len()), (1, 1));
    world.end().await;
}

#[tokio::test]
async fn n13_n14_a_redirect_is_told_of_and_then_a_full_send_without_a_second_completion() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, &moved("/next")).unwrap();
    request.send(()).await.unwrap();
    let head = request.receive_response().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(request.url(), origin.url("/next"), "WINHTTP_OPTION_URL after a redirect");
    assert_eq!(request.history()[0].status(), 302);
    assert_eq!(read_all(&request).await.unwrap(), b"this is /next");
    let told = world.recorder.wait_for_status(request.id(), "Redirect").await;
    assert!(matches!(told.status, Status::Redirect(url) if url == origin.url("/next")));
    let id = request.id();
    request.close().await.unwrap();
    world.recorder.wait_for_closing(id).await;
    let names = world.recorder.winhttp_names(id);
    assert_eq!(
        names,
        [
            "HandleCreated",
            "ResolvingName",
            "NameResolved",
            "ConnectingToServer",
            "ConnectedToServer",
            "SendingRequest",
            "RequestSent",
            "SendRequestComplete",
            "ReceivingResponse",
            "ResponseReceived",
            "Redirect",
            "SendingRequest",
            "RequestSent",
            "ReceivingResponse",
            "ResponseReceived",
            "HeadersAvailable",
            "ReadComplete",
            "ReadComplete",
            "HandleClosing",
        ]
    );
    world.end().await;
}

#[tokio::test]
async fn a_request_that_was_redirected_starts_where_it_began_when_it_is_sent_again() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, &moved("/next")).unwrap();
    for _ in 0..2 {
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!((read_all(&request).await.unwrap(), request.history().len()), (b"this is /next".to_vec(), 1));
    }
    assert_eq!(origin.log().len(), 4);
    world.end().await;
}

#[tokio::test]
async fn rfc9110_10_2_2_the_fragment_goes_along_unsent() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let response = world.get(&(origin.url(&moved("/next")) + "#part")).await.unwrap();
    assert_eq!((response.target().fragment(), response.url()), (Some("part"), &*origin.url("/next")));
    let response = world.get(&(origin.url(&moved("/next#own")) + "#part")).await.unwrap();
    assert_eq!(response.target().fragment(), Some("own"));
    assert!(origin.log().iter().all(|visit| !visit.target.contains('#')));
    world.end().await;
}

#[tokio::test]
async fn an_absurd_limit_is_refused_before_anything_is_sent() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let mut options = RedirectOptions::default();
    options.limit = 101;
    let error = world.session.get(origin.url("/")).unwrap().redirects(options).send().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    assert_eq!(origin.log().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn the_total_deadline_is_for_the_whole_chain() {
    let (world, origin) =
        (Watched::by(Session::builder().engine(Engine::builder().shards(4).start().unwrap())), redirecting().await);
    let never = Gate::new();
    // Time enough for the first hop on a busy machine, and all four wait at once.
    let late = async || {
        let held = never.clone();
        let silent = Origin::start(move |_| Reply::ok("late").held(&held)).await;
        let get = world.session.get(origin.url(&moved(&silent.url("/")))).unwrap().timeout(Duration::from_secs(1));
        let error = get.send().await.unwrap_err();
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::FirstByte), "{error}");
        assert_eq!(error.url(), Some(&*silent.url("/")));
        assert_ne!(error.wire_state(), WireState::NotSent);
    };
    tokio::join!(late(), late(), late(), late());
    world.end().await;
}
