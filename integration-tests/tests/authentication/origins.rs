//! No origin is shown what belongs to another, whatever leads there (reliability 3.1).

use hinternet::{AuthSchemes, AuthTarget, RequestOptions, Session};
use integration_tests::guard::Guard;
use integration_tests::origin::{Origin, Reply};

use super::{ALICE, BASIC, Scene};

/// Redirects to where the query says; asks for nothing.
async fn leading() -> Origin {
    Origin::start(|request| match request.target.split_once("?to=") {
        Some((_, to)) => Reply::redirect(302, to),
        None => Reply::ok("here"),
    })
    .await
}

fn shown(origin: &Origin) -> Vec<Option<String>> {
    origin.log().iter().map(|visit| visit.field("authorization").map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_requests_own_credentials_stay_with_its_origin_and_do_not_come_back() {
    let (a, b) = (leading().await, leading().await);
    // A -> B -> B -> A.
    let back = a.url("/end");
    let to_b = b.url(&format!("/b1?to={}", b.url(&format!("/b2?to={back}"))));
    let first = a.url(&format!("/start?to={to_b}"));
    let scene = Scene::of(a, Session::builder());
    for builder in [
        scene.session.get(&first).unwrap().basic_auth(ALICE.0, ALICE.1),
        scene.session.get(&first).unwrap().header("authorization", BASIC),
    ] {
        let response = builder.send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "here");
    }
    let mine = Some(BASIC.to_owned());
    assert_eq!(scene.shown(), [mine.clone(), None, mine, None]);
    assert_eq!(shown(&b), [None, None, None, None]);
    scene.end().await;
}

#[tokio::test]
async fn within_the_origin_they_go_along() {
    let scene = Scene::of(leading().await, Session::builder());
    let url = scene.origin.url("/start?to=/end");
    scene.session.get(&url).unwrap().basic_auth(ALICE.0, ALICE.1).send().await.unwrap();
    assert_eq!(scene.shown(), [Some(BASIC.to_owned()), Some(BASIC.to_owned())]);
    scene.end().await;
}

#[tokio::test]
async fn a_challenge_behind_a_redirect_is_answered_with_that_origins_own_credentials_only() {
    let guard = Guard::digest("MD5", "auth", "bob", "other");
    let a_guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let b = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let to_b = b.url("/");
    let a = Origin::start(a_guard.before(move |_| Reply::redirect(302, to_b.clone()))).await;
    let builder = Session::builder().credentials(&a.origin(), ALICE);
    let scene = Scene::of(a, builder);
    let get = || scene.session.get(scene.origin.url("/")).unwrap();
    // The same realm, and the session knows nobody there.
    assert_eq!(get().send().await.unwrap().status(), 401);
    assert_eq!(get().digest_auth(ALICE.0, ALICE.1).send().await.unwrap().status(), 401);
    assert_eq!(shown(&b), [None, None]);
    scene.session.credentials().set(AuthTarget::Server, &b.origin(), AuthSchemes::all(), ("bob", "other")).unwrap();
    assert_eq!(get().send().await.unwrap().status(), 200);
    assert!(shown(&b)[3].as_ref().unwrap().contains("username=\"bob\""));
    assert!(shown(&b).iter().flatten().all(|shown| !shown.contains("alice")));
    scene.end().await;
}

#[tokio::test]
async fn a_caller_may_have_its_credentials_go_along() {
    let (a, b) = (leading().await, leading().await);
    let first = a.url(&format!("/start?to={}", b.url("/end")));
    let scene = Scene::of(a, Session::builder());
    let mut options = RequestOptions::default();
    options.redirects.danger_keep_credentials = true;
    scene.session.get(&first).unwrap().options(options).basic_auth(ALICE.0, ALICE.1).send().await.unwrap();
    assert_eq!(shown(&b), [Some(BASIC.to_owned())]);
    scene.end().await;
}

#[tokio::test]
async fn a_caller_may_have_its_credentials_answer_wherever_the_chain_leads() {
    let guard = Guard::basic(ALICE.0, ALICE.1);
    let b = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let to_b = b.url("/");
    let a = Origin::start(guard.before(move |_| Reply::redirect(302, to_b.clone()))).await;
    let scene = Scene::of(a, Session::builder());
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
    let mut options = RequestOptions::default();
    options.redirects.danger_keep_credentials = true;
    options.authentication.cleartext = true;
    request.set_options(options).unwrap();
    request.set_credentials(AuthTarget::Server, AuthSchemes::all(), ALICE).unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(shown(&b), [None, Some(BASIC.to_owned())]);
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn credentials_of_a_pattern_are_for_what_it_means() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let scene = Scene::of(origin, Session::builder().credentials("*.example.com", ALICE));
    let store = scene.session.credentials();
    let get = async || scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap().status().as_u16();
    assert_eq!(get().await, 401);
    let port = scene.origin.address().port();
    for (pattern, status) in [
        (format!("https://127.0.0.1:{port}"), 401),
        (format!("http://127.0.0.1:{}", if port == 80 { 81 } else { 80 }), 401),
        ("127.0.0.2".to_owned(), 401),
        (format!("127.0.0.1:{port}"), 200),
    ] {
        store.set(AuthTarget::Server, &pattern, AuthSchemes::all(), ALICE).unwrap();
        assert_eq!(get().await, status, "{pattern}");
        assert!(
            store.remove(AuthTarget::Server, &pattern).unwrap() && !store.remove(AuthTarget::Server, &pattern).unwrap()
        );
        assert_eq!(get().await, 401, "{pattern} is removed");
    }
    store.set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::all(), ALICE).unwrap();
    assert_eq!(get().await, 401, "those are for a proxy");
    scene.end().await;
}

#[tokio::test]
async fn what_is_cleared_is_shown_no_more_nor_is_what_came_of_it() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE);
    let scene = Scene::of(origin, builder);
    let get = async || scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap().status().as_u16();
    assert_eq!((get().await, get().await), (200, 200));
    scene.session.credentials().clear();
    assert_eq!(get().await, 401);
    assert_eq!(scene.shown().last(), Some(&None));
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_answers_as_if_it_were_a_proxy_is_shown_nothing() {
    let origin = Origin::start(|_| Reply::new(407).field("proxy-authenticate", "Basic realm=\"x\"")).await;
    let scene = Scene::of(origin, Session::builder());
    let store = scene.session.credentials();
    store.set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::BASIC, ALICE).unwrap();
    let request = scene.session.get(scene.origin.url("/")).unwrap();
    let response = request.credentials(AuthTarget::Proxy, AuthSchemes::BASIC, ALICE).send().await.unwrap();
    assert_eq!(response.status(), 407);
    assert_eq!(response.handle().query_auth_schemes().unwrap().target, AuthTarget::Proxy);
    let visits = scene.origin.log();
    assert_eq!((visits.len(), visits[0].field("proxy-authorization")), (1, None));
    drop(response);
    scene.end().await;
}

#[tokio::test]
async fn what_was_accepted_is_shown_unasked_below_its_path_and_nowhere_else() {
    let guard = Guard::basic(ALICE.0, ALICE.1);
    let inner = guard.before(|_| Reply::ok("admitted"));
    let origin = Origin::start(
        move |request| {
            if request.target.starts_with("/in/") { inner(request) } else { Reply::ok("open") }
        },
    )
    .await;
    let scene = Scene::of(origin, Session::builder());
    scene.session.credentials().set(AuthTarget::Server, "127.0.0.1", AuthSchemes::BASIC, ALICE).unwrap();
    for path in ["/in/a", "/in/b", "/in/deeper/c", "/out", "/in"] {
        scene.session.get(scene.origin.url(path)).unwrap().send().await.unwrap();
    }
    let shown: Vec<_> = scene.shown().iter().map(Option::is_some).collect();
    assert_eq!(shown, [false, true, true, true, false, false]);
    scene.end().await;
}
