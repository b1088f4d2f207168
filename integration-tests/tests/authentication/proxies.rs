//! A proxy that asks for credentials, and the server behind it that asks too: each is shown its own, and nothing of the other's.

use hinternet::network::Proxy;
use hinternet::tls::TlsOptions;
use hinternet::{
    AuthReason, AuthScheme, AuthSchemes, AuthTarget, Authentication, DialOptions, Engine, Method, OriginOptions,
    Payload, RequestOptions, Session, SessionBuilder,
};
use integration_tests::Gate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::guard::Guard;
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::tls::Tls;

use super::{ALICE, BASIC, Scene};

const SERVER: &str = "http://a.example/x?y";
const BOB: (&str, &str) = ("bob", "0ther");

fn through(origin: &Origin) -> Proxy {
    Proxy::parse(&origin.origin()).unwrap()
}

/// A proxy that forwards to nobody: it answers itself.
async fn proxy(guard: &std::sync::Arc<Guard>) -> Origin {
    Origin::start(guard.before(|_| Reply::ok("forwarded"))).await
}

fn scene(origin: Origin, proxy: Proxy, builder: SessionBuilder) -> Scene {
    Scene::of(origin, builder.proxy(proxy))
}

async fn status(scene: &Scene) -> u16 {
    scene.session.get(SERVER).unwrap().send().await.unwrap().status().as_u16()
}

fn fields(scene: &Scene, name: &str) -> Vec<bool> {
    scene.origin.log().iter().map(|visit| visit.field(name).is_some()).collect()
}

#[tokio::test]
async fn a_proxy_that_waits_to_be_asked_is_answered_by_digest_and_counted() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let origin = proxy(&guard).await;
    let known = through(&origin).credentials(ALICE.0, ALICE.1).unwrap().wait_for_challenge();
    let scene = scene(origin, known, Session::builder());
    assert_eq!([status(&scene).await, status(&scene).await, status(&scene).await], [200, 200, 200]);
    assert_eq!(guard.refused(), 1);
    let counts: Vec<_> = guard.seen().into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, ["00000001", "00000002", "00000003"]);
    scene.end().await;
}

#[tokio::test]
async fn the_session_has_credentials_for_a_proxy() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let origin = proxy(&guard).await;
    let known = through(&origin);
    let scene = scene(origin, known, Session::builder());
    assert_eq!(status(&scene).await, 407);
    let store = scene.session.credentials();
    store.set(AuthTarget::Server, &scene.origin.origin(), AuthSchemes::all(), ALICE).unwrap();
    assert_eq!(status(&scene).await, 407, "those are for a server");
    store.set(AuthTarget::Proxy, &scene.origin.origin(), AuthSchemes::all(), ALICE).unwrap();
    let response = scene.session.get(SERVER).unwrap().send().await.unwrap();
    assert_eq!(response.status(), 200);
    let told = scene.told(response.handle().id()).await;
    assert_eq!(told, [(AuthTarget::Proxy, AuthScheme::Digest, "guarded".to_owned(), AuthReason::Challenged)]);
    assert!(fields(&scene, "authorization").iter().all(|shown| !shown));
    store.clear();
    assert_eq!(status(&scene).await, 407);
    drop(response);
    scene.end().await;
}

#[tokio::test]
async fn a_request_has_credentials_for_a_proxy() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let origin = proxy(&guard).await;
    let known = through(&origin);
    let scene = scene(origin, known, Session::builder());
    let get = || scene.session.get(SERVER).unwrap();
    let right = get().credentials(AuthTarget::Proxy, AuthScheme::Digest, ALICE).send().await.unwrap();
    let wrong = get().credentials(AuthTarget::Proxy, AuthScheme::Digest, BOB).send().await.unwrap();
    let off = get().credentials(AuthTarget::Proxy, AuthScheme::Digest, ALICE).authentication(Authentication::off());
    assert_eq!((right.status().as_u16(), wrong.status().as_u16()), (200, 407));
    assert_eq!(off.send().await.unwrap().status(), 407);
    drop((right, wrong));
    scene.end().await;
}

#[tokio::test]
async fn basic_that_goes_unasked_is_not_shown_again_when_it_is_refused() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let origin = proxy(&guard).await;
    let known = through(&origin).credentials(ALICE.0, ALICE.1).unwrap();
    let scene = scene(origin, known, Session::builder());
    assert_eq!(status(&scene).await, 407);
    let shown: Vec<_> =
        scene.origin.log().iter().map(|visit| visit.field("proxy-authorization").map(str::to_owned)).collect();
    assert_eq!(shown, [Some(BASIC.to_owned())]);
    scene.end().await;
}

#[tokio::test]
async fn proxy_and_server_ask_in_turn_and_each_is_shown_its_own() {
    let (outer, inner) = (Guard::digest_of_a_proxy(BOB.0, BOB.1), Guard::digest("MD5", "auth", ALICE.0, ALICE.1));
    // The server's guard checks the path, which the proxy would send on.
    let behind = inner.before(|_| Reply::ok("admitted"));
    let both = outer.before(move |request| {
        let mut forwarded = request.clone();
        forwarded.target = "/x?y".to_owned();
        behind(&forwarded)
    });
    let origin = Origin::start(both).await;
    let known = through(&origin).credentials(BOB.0, BOB.1).unwrap().wait_for_challenge();
    let scene = scene(origin, known, Session::builder().credentials("http://a.example", ALICE));
    assert_eq!([status(&scene).await, status(&scene).await], [200, 200]);
    assert_eq!((outer.refused(), inner.refused()), (1, 1));
    assert_eq!(fields(&scene, "proxy-authorization"), [false, true, true, true]);
    assert_eq!(fields(&scene, "authorization"), [false, false, true, true]);
    for visit in scene.origin.log() {
        let shown = |name| visit.field(name).unwrap_or_default().to_owned();
        assert!(!shown("proxy-authorization").contains("alice") && !shown("authorization").contains("bob"));
    }
    scene.end().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_given_again_goes_to_a_proxy_with_the_credentials() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let origin = proxy(&guard).await;
    let known = through(&origin).credentials(ALICE.0, ALICE.1).unwrap().wait_for_challenge();
    let scene = scene(origin, known, Session::builder());
    let connection = scene.session.connect("http://a.example").unwrap();
    let request = connection.open_request(Method::POST, "/x?y").unwrap();
    let mut codes = Vec::new();
    for _ in 0..2 {
        request.send(Payload::begin("", 3)).await.unwrap();
        request.write("abc").await.unwrap();
        codes.push(
            request.receive_response().await.map(|head| head.status().as_u16()).map_err(|error| error.code().number()),
        );
    }
    assert_eq!(codes, [Err(12032), Ok(200)]);
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn a_tunnel_is_opened_by_the_sessions_credentials_and_not_used_when_they_are_gone() {
    let server = Origin::start(|_| Reply::ok("hello")).await;
    let url = server.url("/");
    let http_proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    let known = Proxy::parse(&http_proxy.origin()).unwrap();
    let dial = hinternet::DialOptions::default().proxy(known).always_tunnel(true);
    let scene = Scene::of(server, Session::builder().dial(dial));
    let get = async || scene.session.get(&url).unwrap().send().await.map(|response| response.status().as_u16());
    assert!(get().await.is_err());
    let store = scene.session.credentials();
    store.set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::BASIC, ALICE).unwrap();
    assert_eq!(get().await.unwrap(), 200);
    assert_eq!(fields(&scene, "proxy-authorization"), [false], "it belongs to the hop");
    store.clear();
    assert!(get().await.is_err(), "the tunnel was opened by what is cleared");
    scene.end().await;
}

/// Redirects `/?n` to a server of its own, and answers for that.
fn leading_on(request: &integration_tests::request::Request) -> Reply {
    match request.target.split_once("a.example/?") {
        Some((_, n)) => Reply::redirect(302, format!("http://{n}.example/end")),
        None => Reply::ok("forwarded"),
    }
}

/// The exchange runs on the shard of the server that it is led to, and is asked there.
#[tokio::test]
async fn a_proxy_is_answered_also_where_a_redirect_leads_to_another_shard() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(leading_on)).await;
    let known = through(&origin);
    let scene = scene(origin, known, Session::builder().engine(Engine::builder().shards(4).start().unwrap()));
    for n in ["b", "c", "d", "e", "f", "g", "h", "i"] {
        let get = scene.session.get(format!("http://a.example/?{n}")).unwrap();
        let response = get.credentials(AuthTarget::Proxy, AuthScheme::Digest, ALICE).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.url()), (200, &*format!("http://{n}.example/end")));
        assert_eq!(response.text().await.unwrap(), "forwarded");
    }
    scene.end().await;
}

/// Reliability 3.1: what one proxy is shown is not for the one that a redirect leads through.
#[tokio::test]
async fn the_requests_own_credentials_for_a_proxy_are_not_shown_to_another_one_behind_a_redirect() {
    let other = Origin::start(|_| Reply::new(407).field("proxy-authenticate", "Basic realm=other")).await;
    let scene = {
        let origin = Origin::start(leading_on).await;
        let mut elsewhere = RequestOptions::default();
        elsewhere.dial = DialOptions::default().proxy(through(&other));
        let elsewhere = OriginOptions::new().request(elsewhere);
        let known = through(&origin);
        let engine = Engine::builder().shards(1).start().unwrap();
        scene(origin, known, Session::builder().engine(engine).for_origins("b.example", elsewhere))
    };
    for n in ["b", "c"] {
        let get = scene.session.get(format!("http://a.example/?{n}")).unwrap();
        let response = get.credentials(AuthTarget::Proxy, AuthScheme::Basic, ALICE).send().await.unwrap();
        assert_eq!(response.status(), if n == "b" { 407 } else { 200 });
    }
    assert_eq!(fields(&scene, "proxy-authorization"), [true, true, true], "it goes by this one at both ends");
    let shown: Vec<_> = other.log().iter().map(|visit| visit.field("proxy-authorization").is_some()).collect();
    assert_eq!(shown, [false]);
    scene.end().await;
}

/// Between two hops of one request the proxy may have been started anew: what it was shown was right, and is again.
#[tokio::test]
async fn a_proxy_that_has_forgotten_its_nonce_between_two_hops_is_answered() {
    let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
    let forgets = std::sync::Arc::clone(&guard);
    let answer = move |request: &integration_tests::request::Request| {
        let reply = leading_on(request);
        if request.target.contains("?b") {
            forgets.forget_nonce();
        }
        reply
    };
    let origin = Origin::start(guard.before(answer)).await;
    let known = through(&origin).credentials(ALICE.0, ALICE.1).unwrap().wait_for_challenge();
    let engine = Engine::builder().shards(1).start().unwrap();
    let scene = scene(origin, known, Session::builder().engine(engine));
    let response = scene.session.get("http://a.example/?b").unwrap().send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.url()), (200, "http://b.example/end"));
    assert_eq!(guard.refused(), 2);
    drop(response);
    scene.end().await;
}

/// What a proxy asks for it asks in its own name, whoever is behind it; and also where nobody answers it.
#[tokio::test]
async fn a_cookie_of_a_proxy_that_asks_is_none_of_the_servers() {
    for shards in [1, 4] {
        let origin = Origin::start(|request| match request.field("proxy-authorization") {
            None if !request.target.contains("a.example/?") => {
                Reply::new(407).field("proxy-authenticate", "Basic realm=p").field("set-cookie", "of=the-proxy")
            }
            _ => leading_on(request).field("set-cookie", "of=the-server"),
        })
        .await;
        let known = through(&origin);
        let engine = Engine::builder().shards(shards).start().unwrap();
        let scene = scene(origin, known, Session::builder().engine(engine));
        assert_eq!(status(&scene).await, 407);
        assert!(scene.session.cookies().is_empty());
        for n in ["b", "c", "d", "e", "f", "g"] {
            let response = scene.session.get(format!("http://a.example/?{n}")).unwrap().send().await.unwrap();
            assert_eq!(response.status(), 407);
        }
        let names: Vec<_> = scene.session.cookies().list().iter().map(|cookie| cookie.domain().to_owned()).collect();
        assert_eq!(names, ["a.example"], "what it passes on is the server's");
        let get = scene.session.get("http://b.example/").unwrap();
        let right = get.credentials(AuthTarget::Proxy, AuthScheme::Basic, ALICE).send().await.unwrap();
        assert_eq!(right.status(), 200);
        assert_eq!(scene.session.cookies().for_url("http://b.example/").unwrap().len(), 1);
        drop(right);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_tunnel_is_asked_for_by_the_schemes_that_a_proxy_may_be_answered_by() {
    let server = Origin::start(|_| Reply::ok("hello")).await;
    let url = server.url("/");
    let http_proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    let plain = Proxy::parse(&http_proxy.origin()).unwrap();
    let own = plain.clone().credentials(ALICE.0, ALICE.1).unwrap();
    for known in [plain, own.clone(), own.wait_for_challenge()] {
        let dial = DialOptions::default().proxy(known).always_tunnel(true);
        let scene = Scene::of(Origin::start(|_| Reply::new(404)).await, Session::builder().dial(dial));
        let store = scene.session.credentials();
        store.set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::BASIC, ALICE).unwrap();
        let before = http_proxy.log().len();
        let mut digest_alone = Authentication::default();
        digest_alone.proxy_schemes = AuthSchemes::DIGEST;
        for authentication in [Authentication::off(), digest_alone] {
            let get = scene.session.get(&*url).unwrap().authentication(authentication);
            let error = get.send().await.unwrap_err();
            assert_eq!(error.code(), hinternet::ErrorCode::LoginFailure, "{error}");
        }
        let shown =
            http_proxy.log()[before..].iter().filter(|one| one.request.field("proxy-authorization").is_some()).count();
        assert_eq!(shown, 0);
        for (authentication, is_open) in [(Authentication::default(), true), (Authentication::off(), false)] {
            let get = scene.session.get(&*url).unwrap().authentication(authentication);
            let answered = get.send().await.map(|response| response.status().as_u16());
            assert_eq!(answered.ok(), is_open.then_some(200), "a tunnel that one may have is not the other's");
        }
        scene.end().await;
    }
}

/// The tunnel is open, and its TLS is not: what opened it is taken away meanwhile.
#[tokio::test]
async fn a_tunnel_whose_handshake_is_under_way_when_its_credentials_are_cleared_serves_one_request() {
    let authority = Authority::new("Authority of the test");
    let identity = authority.issue(Leaf::for_names(["h.example"]));
    let server = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
    // Between proxy and server: takes a connection, and carries nothing before it may.
    let (reached, gate) = (Gate::new(), Gate::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tells, waits, behind) = (reached.clone(), gate.clone(), server.address());
    let relay = tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tells.open();
            waits.passed().await;
            let mut far = tokio::net::TcpStream::connect(behind).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let http_proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    let known = Proxy::parse(&http_proxy.origin()).unwrap();
    let trust = TlsOptions::new().trust_only([authority.certificate()]);
    let scene = Scene::of(server, Session::builder().tls(trust).proxy(known));
    let store = scene.session.credentials();
    store.set(AuthTarget::Proxy, "127.0.0.1", AuthSchemes::BASIC, ALICE).unwrap();
    let url = format!("https://h.example:{port}/");
    let first = tokio::spawn(scene.session.get(&*url).unwrap().send());
    reached.passed().await;
    store.clear();
    // Asks all shards, and so comes after what they were told.
    let _snapshot = scene.session.snapshot().await;
    gate.open();
    let first = first.await.unwrap().unwrap();
    assert_eq!(first.text().await.unwrap(), "hello", "what is under way goes on with what it has");
    let error = scene.session.get(&*url).unwrap().send().await.unwrap_err();
    assert_eq!(error.code(), hinternet::ErrorCode::LoginFailure, "{error}");
    relay.abort();
    scene.end().await;
}
