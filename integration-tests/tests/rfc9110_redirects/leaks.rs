//! What is for one origin stays there: real servers on other ports, hosts and schemes, whose received octets are looked through
//! (`reliability.md` 3.1; the advisories of curl, requests, urllib3, undici, Go and others).

use hinternet::tls::TlsOptions;
use hinternet::{
    ErrorCode, HeaderMap, HeaderName, HeaderValue, OriginOptions, RedirectOptions, RequestOptions, Session,
    SessionBuilder,
};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Log, Origin, Reply};
use integration_tests::tls::Tls;
use tokio::net::TcpListener;

use crate::world::{Watched, answer, moved, redirecting};

/// `Proxy-Authorization` is none of them: to a server it is refused.
const SECRETS: [&str; 5] = ["authorization", "cookie", "x-api-key", "x-marked", "x-session-default"];

/// Fields with a secret each, by name, by mark and by list; and one that is none.
fn planted() -> HeaderMap {
    let mut planted = HeaderMap::new();
    for name in SECRETS.iter().filter(|name| **name != "x-session-default") {
        let mut value = HeaderValue::from_static("s3cret");
        value.set_sensitive(*name == "x-marked");
        planted.insert(HeaderName::from_static(name), value);
    }
    planted.insert("x-open", HeaderValue::from_static("for all"));
    planted
}

fn options() -> RedirectOptions {
    let mut options = RedirectOptions::default();
    options.sensitive = vec![HeaderName::from_static("x-api-key"), HeaderName::from_static("x-session-default")];
    options
}

fn builder() -> SessionBuilder {
    let mut request = RequestOptions::default();
    request.redirects = options();
    Session::builder().request_options(request).default_header("x-session-default", "s3cret")
}

async fn walk(world: &Watched, url: &str) -> String {
    let response = world.session.get(url).unwrap().headers(planted()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.url().to_owned()
}

/// What of the secrets came with each request of this server.
fn seen(origin: &Origin) -> Vec<usize> {
    let secrets = |visit: &integration_tests::origin::Visit| {
        SECRETS.iter().filter(|name| visit.field(name).is_some_and(|value| value.contains("s3cret"))).count()
    };
    let log = origin.log();
    assert!(log.iter().all(|visit| visit.field("x-open") == Some("for all")), "what is no secret goes along");
    let whole: Vec<_> = log.iter().map(secrets).collect();
    let raw = |visit: &integration_tests::origin::Visit| {
        visit.fields.iter().filter(|(_, value)| value.contains("s3cret")).count()
    };
    assert_eq!(whole, log.iter().map(raw).collect::<Vec<_>>());
    whole
}

#[tokio::test]
async fn secrets_stay_on_the_same_origin_and_go_to_no_other_port() {
    let (world, a, b) = (Watched::by(builder()), redirecting().await, redirecting().await);
    walk(&world, &a.url(&moved("/next"))).await;
    assert_eq!(seen(&a), [5, 5], "the same origin");
    walk(&world, &a.url(&moved(&b.url("/next")))).await;
    assert_eq!((seen(&a), seen(&b)), (vec![5, 5, 5], vec![0]), "curl CVE-2022-27774");
    world.end().await;
}

#[tokio::test]
async fn secrets_go_to_no_other_host_of_the_same_port() {
    let world = Watched::by(builder());
    let a = redirecting().await;
    let listener = TcpListener::bind(("127.0.0.2", a.address().port())).await.unwrap();
    let b = Origin::serve(listener, Log::new(), answer);
    let to = format!("http://127.0.0.2:{}/next", a.address().port());
    assert_eq!(walk(&world, &a.url(&moved(&to))).await, to);
    assert_eq!((seen(&a), seen(&b)), (vec![5], vec![0]));
    world.end().await;
}

#[tokio::test]
async fn secrets_go_to_no_other_scheme() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    let (a, b) = (redirecting().await, Origin::secure(&tls, |_| Reply::ok("ok")).await);
    let world = Watched::by(builder().tls(TlsOptions::new().trust_only([authority.certificate()])));
    walk(&world, &a.url(&moved(&b.url("/next")))).await;
    assert_eq!((seen(&a), seen(&b)), (vec![5], vec![0]));
    world.end().await;
}

#[tokio::test]
async fn go_cve_2024_45336_what_was_dropped_once_does_not_come_back() {
    let (world, a, b) = (Watched::by(builder()), redirecting().await, redirecting().await);
    let home = a.url("/home");
    walk(&world, &a.url(&moved(&b.url(&moved(&home))))).await;
    assert_eq!((seen(&a), seen(&b)), (vec![5, 0], vec![0]), "A to B to A");
    walk(&world, &a.url(&moved(&b.url(&moved("/within"))))).await;
    assert_eq!((seen(&a), seen(&b)), (vec![5, 0, 5], vec![0, 0, 0]), "A to B to B");
    walk(&world, &home).await;
    assert_eq!(seen(&a), [5, 0, 5, 5], "another request has its own");
    world.end().await;
}

#[tokio::test]
async fn asked_for_by_a_dangerous_name_they_go_along() {
    let (a, b) = (redirecting().await, redirecting().await);
    let world = Watched::by(builder());
    let mut trusting = options();
    trusting.danger_keep_credentials = true;
    let url = a.url(&moved(&b.url("/next")));
    let response = world.session.get(url.as_str()).unwrap().headers(planted()).redirects(trusting).send().await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(seen(&b), [5]);
    world.end().await;
}

#[tokio::test]
async fn the_name_of_another_host_does_not_go_along() {
    let (world, a, b) = (Watched::new(), redirecting().await, redirecting().await);
    let url = a.url(&moved(&b.url("/next")));
    let get = world.session.get(url.as_str()).unwrap().header("host", "virtual.test");
    assert_eq!(get.send().await.unwrap().status(), 200);
    assert_eq!(a.log()[0].field("host"), Some("virtual.test"));
    assert_eq!(b.log()[0].field("host"), Some(b.origin().trim_start_matches("http://")));
    world.end().await;
}

#[tokio::test]
async fn a_client_certificate_of_one_origin_is_shown_to_no_other() {
    let (servers, clients) = (Authority::new("Servers"), Authority::new("Clients"));
    let asking = || Tls::asking(&servers.issue(Leaf::for_names(["127.0.0.1"])), &clients, false);
    let b = Origin::secure(&asking(), |_| Reply::ok("who are you?")).await;
    let to = b.url("/");
    let a = Origin::secure(&asking(), move |_| Reply::redirect(302, to.clone())).await;
    let trusting = || TlsOptions::new().trust_only([servers.certificate()]);
    let mut own = RequestOptions::default();
    own.tls = trusting().client_identity(clients.issue(Leaf::for_client("me")).client());
    let pattern = a.address().to_string();
    let world =
        Watched::by(Session::builder().tls(trusting()).for_origins(&pattern, OriginOptions::new().request(own)));
    let error = world.get(&a.url("/")).await.unwrap_err();
    assert_eq!((error.code(), error.url()), (ErrorCode::ClientAuthCertNeeded, Some(&*b.url("/"))));
    assert_eq!((a.log().len(), b.log().len()), (1, 0));
    world.end().await;
}

#[tokio::test]
async fn winhttp_12032_a_send_that_goes_on_elsewhere_has_them_dropped_too() {
    let (world, a, b) = (Watched::by(builder()), redirecting().await, redirecting().await);
    let connection = world.session.connect(&a.origin()).unwrap();
    let to = crate::world::moved_by(307, &b.url("/echo"));
    let request = connection.open_request(hinternet::Method::POST, &to).unwrap();
    for expected in [None, Some(200)] {
        request.send_with(planted(), hinternet::Payload::begin("", 1), 0).await.unwrap();
        request.write("a").await.unwrap();
        let received = request.receive_response().await;
        assert_eq!(received.ok().map(|head| head.status().as_u16()), expected);
    }
    assert_eq!((seen(&a), seen(&b)), (vec![5], vec![0]));
    world.end().await;
}

#[tokio::test]
async fn a_redirect_shows_no_secret_of_its_own() {
    let (world, a, b) = (Watched::by(builder()), redirecting().await, redirecting().await);
    let url = a.url(&moved(&(b.url("/next") + "?token=s3cret")));
    let response = world.session.get(url.as_str()).unwrap().headers(planted()).send().await.unwrap();
    let shown = format!("{response:?} {:?} {:?}", response.history(), response.handle());
    assert!(!shown.contains("s3cret"), "{shown}");
    world.end().await;
}
