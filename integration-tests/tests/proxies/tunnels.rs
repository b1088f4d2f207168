//! CONNECT: what the proxy hears, what its answers are worth, and that nothing of it reaches the server, nor the other way.

use hinternet::network::PublicAddresses;
use hinternet::{Blame, DialOptions, ErrorCode, Method, Protocols, Session, Stage, Timeouts};
use integration_tests::http2_origin::Http2Origin;
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::tls::Tls;
use integration_tests::websocket::WebSocketOrigin;

use crate::place::{BASIC, Place, at, known_at, trusted};

const NEW_TUNNEL: [&str; 12] = [
    "HandleCreated",
    "ResolvingName",
    "NameResolved",
    "ConnectingToServer",
    "ConnectedToServer",
    "OpeningTunnel",
    "TunnelOpened",
    "SecuringConnection",
    "ConnectionSecured",
    "WireAcquired",
    "SendingRequest",
    "RequestSent",
];

#[tokio::test]
async fn rfc9110_9_3_6_https_goes_through_a_tunnel_that_shows_the_proxy_nothing() {
    let (identity, trust) = trusted(&["secret.example"]);
    let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
    let proxy = HttpProxy::start(Manner::open().knowing(BASIC)).await;
    let place = Place::of(Session::builder().tls(trust).proxy(known_at(&proxy, "http")).user_agent("us/1"));
    let url = format!("https://secret.example:{}/path?query", origin.address().port());
    let connection = place.session.connect(&url[..url.len() - "/path?query".len()]).unwrap();
    let request = connection.open_request(Method::GET, "/path?query").unwrap();
    request.send(()).await.unwrap();
    place.recorder.wait_for_status(request.id(), "RequestSent").await;
    assert_eq!(place.recorder.names(request.id())[..NEW_TUNNEL.len()], NEW_TUNNEL);
    request.receive_response().await.unwrap();
    assert_eq!(integration_tests::scene::read_all(&request).await.unwrap(), b"hello");
    assert_eq!(request.connection_info().unwrap().remote, Some(proxy.address()));
    assert_eq!(request.proxy().unwrap(), known_at(&proxy, "http"));
    let times = request.timings().unwrap();
    assert!(times.connect_end <= times.tunnel_start && times.tunnel_end <= times.tls_start);
    assert!(times.tunnel_start.is_some() && times.tls_end.is_some());
    let asked = &proxy.log()[0].request;
    assert_eq!(asked.target, format!("secret.example:{}", origin.address().port()));
    assert_eq!(asked.field("host"), Some(asked.target.as_str()));
    assert_eq!((asked.field("user-agent"), asked.field("proxy-connection")), (Some("us/1"), None));
    assert_eq!(origin.log()[0].field("proxy-authorization"), None);
    drop((request, connection));
    place.text(&url).await;
    assert_eq!(proxy.log().len(), 1, "the tunnel serves on");
    place.end().await;
}

#[tokio::test]
async fn http2_goes_through_a_tunnel_with_tls_and_without() {
    let (identity, trust) = trusted(&["h.example"]);
    let secure =
        Http2Origin::secure(&Tls::new(&identity).offering(&["h2", "http/1.1"]), |_| Reply::ok("hello").into()).await;
    let plain = Http2Origin::start(|_| Reply::ok("hello").into()).await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let place = Place::of(Session::builder().tls(trust).proxy(at(&proxy, "http")));
    let response = place.get(&secure.origin_named("h.example")).await.unwrap();
    assert_eq!(response.version(), hinternet::Version::HTTP_2);
    let mut options = hinternet::RequestOptions::default();
    options.dial = options.dial.proxy(at(&proxy, "http"));
    options.protocols = Protocols::RequireHttp2;
    let url = plain.origin_named("h.example");
    let response = place.session.get(&url).unwrap().options(options).send().await.unwrap();
    assert_eq!(response.version(), hinternet::Version::HTTP_2);
    assert_eq!(proxy.lines().len(), 2);
    assert!(proxy.lines().iter().all(|line| line.starts_with("CONNECT ")));
    place.end().await;
}

#[tokio::test]
async fn a_websocket_in_the_clear_goes_through_a_tunnel_too() {
    let origin = WebSocketOrigin::echo().await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let place = Place::through(at(&proxy, "http"));
    let url = format!("ws://h.example:{}/", origin.address().port());
    let websocket = place.session.websocket(&url).unwrap().connect().await.unwrap();
    assert_eq!(proxy.lines(), [format!("CONNECT h.example:{}", origin.address().port())]);
    websocket.close(1000, "").await.unwrap();
    drop(websocket);
    place.end().await;
}

#[tokio::test]
async fn a_refusal_is_the_proxys_word_and_can_be_read_as_that() {
    let fields = "set-cookie: a=b\r\nlocation: http://evil.example/\r\n";
    for status in [302, 403, 502] {
        let proxy = HttpProxy::start(Manner::open().refusing(status, fields)).await;
        let place = Place::through(at(&proxy, "http"));
        let error = place.fails("https://h.example/").await;
        let facts = (error.code(), error.stage(), error.blame());
        assert_eq!(facts, (ErrorCode::CannotConnect, Stage::Tunnel, Blame::Peer), "{error}");
        assert!(error.to_string().contains(&proxy.origin()), "{error}");
        let answer = error.connect_answer().unwrap();
        assert_eq!((answer.head().status().as_u16(), &answer.body()[..]), (status, &b"no"[..]));
        assert_eq!(answer.head().headers()["set-cookie"], "a=b");
        assert_eq!(proxy.lines(), ["CONNECT h.example:443"], "nothing is followed");
        place.end().await;
    }
}

#[tokio::test]
async fn a_refusal_whose_body_never_ends_is_told_without_it() {
    let script = Script::new().read_request().send("HTTP/1.1 400 No\r\nconnection: close\r\n\r\nbecause").keep();
    let peer = ScriptedPeer::always(script).await;
    let mut timeouts = Timeouts::default();
    timeouts.connect = None;
    let place = Place::of(Session::builder().timeouts(timeouts).proxy(at(&peer, "http")));
    let error = place.fails("https://h.example/").await;
    let answer = error.connect_answer().unwrap();
    assert_eq!((answer.head().status().as_u16(), &answer.body()[..]), (400, &b"because"[..]));
    assert!(!answer.is_whole());
    place.end().await;
}

#[tokio::test]
async fn a_challenge_is_answered_once_on_the_same_stream_or_on_a_new_one() {
    for closes in [false, true] {
        let origin = Origin::start(|_| Reply::ok("hello")).await;
        let manner = Manner::open().knowing(BASIC);
        let proxy = HttpProxy::start(if closes { manner.closing() } else { manner }).await;
        let dial = DialOptions::default().proxy(known_at(&proxy, "http").wait_for_challenge()).always_tunnel(true);
        let place = Place::of(Session::builder().dial(dial));
        assert_eq!(place.text(&origin.url("/")).await, "hello");
        let log = proxy.log();
        let shown: Vec<_> = log.iter().map(|asked| asked.request.field("proxy-authorization")).collect();
        assert_eq!(shown, [None, Some(BASIC)]);
        assert_eq!(log[1].connection, if closes { 2 } else { 1 });
        place.end().await;
    }
}

#[tokio::test]
async fn credentials_that_are_not_taken_or_not_there_are_the_callers_to_mend() {
    let proxy = HttpProxy::start(Manner::open().knowing("Basic other")).await;
    for (known, asked) in
        [(at(&proxy, "http"), 1), (known_at(&proxy, "http"), 1), (known_at(&proxy, "http").wait_for_challenge(), 2)]
    {
        let before = proxy.log().len();
        let place = Place::through(known);
        let error = place.fails("https://h.example/").await;
        let facts = (error.code(), error.stage(), error.blame());
        assert_eq!(facts, (ErrorCode::LoginFailure, Stage::Tunnel, Blame::Caller), "{error}");
        assert_eq!(error.connect_answer().unwrap().head().status(), 407);
        assert_eq!(proxy.log().len() - before, asked, "rounds have an end");
        place.end().await;
    }
}

#[tokio::test]
async fn rfc7616_a_proxy_that_takes_digest_never_sees_the_password() {
    let challenge = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nProxy-Authenticate: Digest realm=\"p\", \
                     nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new().read_request().send(challenge).read_request().send("HTTP/1.1 403 x\r\n\r\n").close();
    let peer = ScriptedPeer::always(script).await;
    let place = Place::through(known_at(&peer, "http").wait_for_challenge());
    let error = place.fails("https://h.example/").await;
    assert_eq!(error.connect_answer().unwrap().head().status(), 403, "{error}");
    let requests = peer.connection(0).requests;
    assert_eq!(requests[0].field("proxy-authorization"), None);
    let answer = requests[1].field("proxy-authorization").unwrap();
    assert!(answer.starts_with("Digest ") && answer.contains("uri=\"h.example:443\""), "{answer}");
    assert!(!String::from_utf8_lossy(&peer.received(0)).contains("Basic"));
    place.end().await;
}

#[tokio::test]
async fn what_a_hostile_proxy_says_is_an_error_at_every_split() {
    let cases: [(&str, ErrorCode, Stage); 7] = [
        ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", ErrorCode::InvalidServerResponse, Stage::Tunnel),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ErrorCode::InvalidServerResponse, Stage::Tunnel),
        ("SSH-2.0-x\r\n", ErrorCode::InvalidServerResponse, Stage::Tunnel),
        ("HTTP/1.1 200 OK\nA: b\n\n", ErrorCode::InvalidServerResponse, Stage::Tunnel),
        ("HTTP/1.1 101 x\r\n\r\n", ErrorCode::InvalidServerResponse, Stage::Tunnel),
        ("HTTP/1.1 20", ErrorCode::ConnectionError, Stage::Tunnel),
        ("", ErrorCode::ConnectionError, Stage::Tunnel),
    ];
    for (answer, code, stage) in cases {
        for split in [Split::Whole, Split::OneOctet] {
            // In single octets what follows the head may come when the request is written already: then it is its answer.
            let may_be_late = answer.starts_with("HTTP/1.1 200 OK\r\n");
            if may_be_late && split != Split::Whole {
                continue;
            }
            let script = Script::new().read_request().split(split).send(answer).close();
            let peer = ScriptedPeer::always(script).await;
            let dial = DialOptions::default().proxy(at(&peer, "http")).always_tunnel(true);
            let place = Place::of(Session::builder().dial(dial));
            let error = place.fails("http://h.example/").await;
            assert_eq!((error.code(), error.stage()), (code, stage), "{answer:?} {split:?}: {error}");
            place.end().await;
        }
    }
}

#[tokio::test]
async fn connection_reuse_what_comes_behind_the_consent_belongs_to_the_tunnel() {
    let script = Script::new().read_request().send("HTTP/1.1 200 OK\r\n\r\n\x16\x03\x01JUNK").keep();
    let peer = ScriptedPeer::always(script).await;
    let place = Place::through(at(&peer, "http"));
    let error = place.fails("https://h.example/").await;
    assert_eq!((error.code(), error.stage()), (ErrorCode::SecureFailure, Stage::Tls), "{error}");
    place.end().await;
}

#[tokio::test]
async fn the_time_for_connecting_is_that_of_the_tunnel_too() {
    let peer = ScriptedPeer::always(Script::new().read_request().keep()).await;
    let mut timeouts = Timeouts::default();
    timeouts.connect = Some(std::time::Duration::from_millis(200));
    let place = Place::of(Session::builder().timeouts(timeouts).proxy(at(&peer, "http")));
    let error = place.fails("https://h.example/").await;
    assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Tunnel), "{error}");
    assert!(error.is_connect());
    place.end().await;
}

#[tokio::test]
async fn the_address_policy_is_asked_of_the_proxy_and_of_addresses_behind_it() {
    let proxy = HttpProxy::start(Manner::open()).await;
    let dial = DialOptions::default().proxy(at(&proxy, "http")).address_policy(PublicAddresses);
    let place = Place::of(Session::builder().dial(dial));
    let error = place.fails("https://h.example/").await;
    assert_eq!((error.code(), error.blame()), (ErrorCode::CannotConnect, Blame::Caller), "{error}");
    place.end().await;
    let dial = DialOptions::default().proxy(at(&proxy, "http")).address_policy(OnlyTheProxy(proxy.address()));
    let place = Place::of(Session::builder().dial(dial));
    for url in ["https://169.254.169.254/", "http://10.0.0.1/", "https://[::1]/"] {
        let error = place.fails(url).await;
        assert_eq!((error.code(), error.blame()), (ErrorCode::CannotConnect, Blame::Caller), "{error}");
    }
    assert!(proxy.log().is_empty());
    assert_eq!(place.text("http://h.example/").await, "forwarded http://h.example/", "of a name it knows nothing");
    place.end().await;
}

#[derive(Debug)]
struct OnlyTheProxy(std::net::SocketAddr);

impl hinternet::network::AddressPolicy for OnlyTheProxy {
    fn check(&self, _host: &str, address: std::net::SocketAddr) -> Result<(), String> {
        if address == self.0 { Ok(()) } else { Err("not the proxy".to_owned()) }
    }
}

#[tokio::test]
async fn b7_a_request_may_be_given_up_at_every_poll_while_a_tunnel_is_opened() {
    let (identity, trust) = trusted(&["h.example"]);
    let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
    let proxy = HttpProxy::start(Manner::open().knowing(BASIC).closing()).await;
    let url = format!("https://h.example:{}/", origin.address().port());
    for polls in 0..24 {
        let known = known_at(&proxy, "http").wait_for_challenge();
        let place = Place::of(Session::builder().tls(trust.clone()).proxy(known).wires_per_session(1));
        let sending = place.session.get(&url).unwrap().send();
        drop(integration_tests::dropped_after(polls, sending).await);
        // The only place for a wire is free again, or has a wire.
        assert_eq!(place.text(&url).await, "hello", "after {polls} polls");
        place.end().await;
    }
}
