//! squid, tinyproxy, dante and haproxy as proxies: what is forwarded, what goes through a tunnel, and by whose leave.

#[allow(dead_code, reason = "it is another test's too")]
#[path = "../real_http2_peers/peer.rs"]
mod peer;
mod proxies;

use hinternet::network::Proxy;
use hinternet::tls::TlsOptions;
use hinternet::{AuthScheme, AuthTarget, DialOptions, ErrorCode, Session, SessionBuilder, Stage};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::tls::Tls;

use proxies::{dante, haproxy_before, squid, tinyproxy};

/// Two origins to be reached, in the clear and by TLS.
struct World {
    authority: Authority,
    identity: Identity,
    plain: Origin,
    secure: Origin,
}

impl World {
    async fn new() -> Self {
        let authority = Authority::new("Authority of the test");
        let identity = authority.issue(Leaf::for_names(["127.0.0.1", "localhost"]));
        let said = |request: &integration_tests::request::Request| match request.field("proxy-authorization") {
            Some(_) => Reply::ok("a secret of the proxy's"),
            None => Reply::ok(format!("hello {}", request.path())),
        };
        let plain = Origin::start(said).await;
        let secure = Origin::secure(&Tls::new(&identity), said).await;
        Self { authority, identity, plain, secure }
    }

    fn builder(&self) -> SessionBuilder {
        Session::builder().tls(self.trust())
    }

    fn trust(&self) -> TlsOptions {
        TlsOptions::new().trust_only([self.authority.certificate()])
    }

    /// Both are reached, several times over the same wires.
    async fn is_reached(&self, dial: DialOptions) {
        let recorder = Recorder::start();
        let session = recorder.session(self.builder().dial(dial.proxy_tls(self.trust())));
        for origin in [&self.plain, &self.secure] {
            for path in ["/1", "/2", "/3"] {
                let response = patiently("an answer", session.get(origin.url(path)).unwrap().send()).await.unwrap();
                assert_eq!(response.status(), 200, "{path}");
                assert!(response.proxy().is_some());
                assert_eq!(response.text().await.unwrap(), format!("hello {path}"));
            }
        }
        recorder.finish(session).await;
    }

    /// Neither is reached, and why.
    async fn is_refused(&self, proxy: Proxy, code: ErrorCode) {
        let recorder = Recorder::start();
        let session = recorder.session(self.builder().proxy(proxy));
        let sending = session.get(self.secure.url("/")).unwrap().send();
        let error = patiently("an answer", sending).await.unwrap_err();
        assert_eq!((error.code(), error.stage()), (code, Stage::Tunnel), "{error}");
        recorder.finish(session).await;
    }
}

fn proxy(scheme: &str, port: u16) -> Proxy {
    Proxy::parse(&format!("{scheme}://127.0.0.1:{port}")).unwrap()
}

fn known(scheme: &str, port: u16) -> Proxy {
    proxy(scheme, port).credentials("user", "pass").unwrap()
}

fn through(proxy: Proxy) -> DialOptions {
    DialOptions::default().proxy(proxy)
}

#[tokio::test]
#[ignore = "needs squid"]
async fn squid_forwards_and_opens_tunnels() {
    let (world, squid) = (World::new().await, squid(None));
    world.is_reached(through(proxy("http", squid.port))).await;
    world.is_reached(through(proxy("http", squid.port)).always_tunnel(true)).await;
}

#[tokio::test]
#[ignore = "needs squid"]
async fn squid_takes_basic_asked_and_unasked_and_nothing_else() {
    let (world, squid) = (World::new().await, squid(Some("basic")));
    world.is_reached(through(known("http", squid.port))).await;
    world.is_reached(through(known("http", squid.port).wait_for_challenge()).always_tunnel(true)).await;
    world.is_refused(proxy("http", squid.port), ErrorCode::LoginFailure).await;
    let wrong = proxy("http", squid.port).credentials("user", "wrong").unwrap();
    world.is_refused(wrong, ErrorCode::LoginFailure).await;
}

#[tokio::test]
#[ignore = "needs squid"]
async fn squid_takes_digest_for_a_tunnel() {
    let (world, squid) = (World::new().await, squid(Some("digest")));
    world.is_reached(through(known("http", squid.port).wait_for_challenge()).always_tunnel(true)).await;
    let wrong = proxy("http", squid.port).credentials("user", "wrong").unwrap().wait_for_challenge();
    world.is_refused(wrong, ErrorCode::LoginFailure).await;
}

#[tokio::test]
#[ignore = "needs squid"]
async fn squid_takes_digest_when_it_forwards_and_from_the_session() {
    let (world, squid) = (World::new().await, squid(Some("digest")));
    world.is_reached(through(known("http", squid.port).wait_for_challenge())).await;
    let recorder = Recorder::start();
    let session = recorder.session(world.builder().proxy(proxy("http", squid.port)));
    let at = format!("http://127.0.0.1:{}", squid.port);
    session.credentials().set(AuthTarget::Proxy, &at, AuthScheme::Digest, ("user", "pass")).unwrap();
    for origin in [&world.plain, &world.secure] {
        let response = patiently("an answer", session.get(origin.url("/1")).unwrap().send()).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello /1");
    }
    recorder.finish(session).await;
}

#[tokio::test]
#[ignore = "needs squid and haproxy"]
async fn a_proxy_of_https_is_reached_by_tls() {
    let (world, squid) = (World::new().await, squid(None));
    let secure = haproxy_before(squid.port, &world.identity);
    world.is_reached(through(proxy("https", secure.port))).await;
}

#[tokio::test]
#[ignore = "needs tinyproxy"]
async fn tinyproxy_forwards_and_opens_tunnels() {
    let world = World::new().await;
    let (open, strict) = (tinyproxy(false), tinyproxy(true));
    world.is_reached(through(proxy("http", open.port))).await;
    world.is_reached(through(known("http", strict.port))).await;
    world.is_refused(proxy("http", strict.port), ErrorCode::LoginFailure).await;
}

#[tokio::test]
#[ignore = "needs dante"]
async fn dante_takes_socks4_and_socks5() {
    let (world, dante) = (World::new().await, dante(None));
    for scheme in ["socks4", "socks5", "socks5h"] {
        world.is_reached(through(proxy(scheme, dante.port))).await;
    }
}

#[tokio::test]
#[ignore = "needs dante"]
async fn dante_takes_a_password() {
    let Some(login) = proxies::Login::new() else {
        panic!("dante asks the system for passwords: this test has to be root to make a user");
    };
    let (world, dante) = (World::new().await, dante(Some(&login)));
    let known = proxy("socks5h", dante.port).credentials(login.user(), login.password()).unwrap();
    world.is_reached(through(known)).await;
    let wrong = proxy("socks5h", dante.port).credentials(login.user(), "wrong").unwrap();
    world.is_refused(wrong, ErrorCode::LoginFailure).await;
    world.is_refused(proxy("socks5h", dante.port), ErrorCode::LoginFailure).await;
}

#[tokio::test]
#[ignore = "needs squid and dante"]
async fn a_chain_of_both() {
    let (world, squid, dante) = (World::new().await, squid(None), dante(None));
    let chain = proxy("http", squid.port).through(proxy("socks5", dante.port)).unwrap();
    world.is_reached(through(chain)).await;
    let chain = proxy("socks5", dante.port).through(proxy("http", squid.port)).unwrap();
    world.is_reached(through(chain)).await;
}
