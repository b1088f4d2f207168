//! Two requests share a wire only if every field of what makes one is equal (P5 of the reliability rules).
//!
//! That the tables name every field is checked where the fields are: `framework/src/options/tests/identity.rs`.

use std::net::IpAddr;
use std::time::Duration;

use hinternet::network::{PublicAddresses, Route};
use hinternet::tls::TlsOptions;
use hinternet::{Connection, DialOptions, Limits, Method, NamedProxies, Request, RequestOptions, Session, Timeouts};
use http::header::{AUTHORIZATION, HeaderValue};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::{FakeDialer, FakeResolver, patiently};

type Change = (&'static str, fn(DialOptions) -> DialOptions);

/// Every field that leaves TCP to this machine possible: of each a change.
const CHANGES: [Change; 12] = [
    ("resolver", |dial| dial.resolver(FakeResolver::knowing("one.example", &["127.0.0.1"]))),
    ("address_policy", |dial| dial.address_policy(Anything)),
    ("local_address", |dial| dial.local_address(IpAddr::from([127, 0, 0, 3]))),
    ("keep_alive", |dial| dial.keep_alive(Duration::from_secs(31))),
    ("no_delay", |dial| dial.no_delay(false)),
    ("attempt_delay", |dial| dial.attempt_delay(Duration::from_millis(251))),
    ("resolution_hostname", |dial| dial.resolution_hostname("127.0.0.1")),
    ("fixed_addresses", |dial| dial.addresses_of("one.example", [IpAddr::from([127, 0, 0, 1])])),
    ("least_loaded", |dial| dial.least_loaded(true)),
    ("proxy", |dial| dial.proxy(NamedProxies::new([Route::Direct]))),
    ("always_tunnel", |dial| dial.always_tunnel(true)),
    ("proxy_tls", |dial| dial.proxy_tls(TlsOptions::new().server_name_indication(false))),
];

/// Lets everything through.
#[derive(Debug)]
struct Anything;

impl hinternet::network::AddressPolicy for Anything {
    fn check(&self, _host: &str, _address: std::net::SocketAddr) -> Result<(), String> {
        Ok(())
    }
}

/// A server, and a session whose only host is there.
struct World {
    recorder: Recorder,
    origin: Origin,
    session: Session,
    connection: Connection,
}

impl World {
    async fn new() -> Self {
        let (recorder, origin) = (Recorder::start(), Origin::start(|_| Reply::ok("hello")).await);
        let resolver = FakeResolver::knowing("one.example", &["127.0.0.1"]);
        let session = recorder.session(Session::builder().dial(DialOptions::default().resolver(resolver)));
        let connection = session.connect(&format!("http://one.example:{}", origin.address().port())).unwrap();
        Self { recorder, origin, session, connection }
    }

    fn options(&self) -> RequestOptions {
        self.connection.options().request
    }

    async fn get(&self, options: RequestOptions) {
        let request = self.connection.open_request(Method::GET, "/").unwrap();
        request.set_options(options).unwrap();
        patiently("a send", request.send(())).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"hello");
    }

    async fn end(self) {
        drop(self.connection);
        self.recorder.finish(self.session).await;
    }
}

#[tokio::test]
async fn p5_requests_that_differ_in_one_field_of_the_dial_share_no_wire_and_equal_ones_do() {
    let world = World::new().await;
    let plain = world.options();
    world.get(plain.clone()).await;
    for (n, (field, change)) in CHANGES.into_iter().enumerate() {
        let mut changed = plain.clone();
        changed.dial = change(changed.dial);
        for _ in 0..2 {
            world.get(changed.clone()).await;
            assert_eq!(world.origin.connections(), n + 2, "a change of {field} and twice the same options");
        }
        world.get(plain.clone()).await;
        assert_eq!(world.origin.connections(), n + 2, "the wire of the unchanged options is still there");
    }
    world.end().await;
}

#[tokio::test]
async fn p5_a_request_with_another_dialer_does_not_get_a_wire_of_tcp() {
    let world = World::new().await;
    world.get(world.options()).await;
    let (dialer, mut attempts) = FakeDialer::new();
    let mut options = world.options();
    options.dial = options.dial.dialer(dialer);
    let answer = async { attempts.next().await.connect("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello") };
    tokio::join!(world.get(options.clone()), answer);
    world.get(options).await;
    assert!(attempts.is_empty());
    assert_eq!(world.origin.connections(), 1);
    world.end().await;
}

#[tokio::test]
async fn p5_a_request_with_a_stricter_policy_does_not_get_the_wire_that_a_laxer_one_opened() {
    let world = World::new().await;
    world.get(world.options()).await;
    let mut strict = world.options();
    strict.dial = strict.dial.address_policy(PublicAddresses);
    let request = world.connection.open_request(Method::GET, "/").unwrap();
    request.set_options(strict).unwrap();
    let error = world.recorder.failure(request.id(), patiently("the send", request.send(())).await);
    assert_eq!(error.code(), hinternet::ErrorCode::CannotConnect);
    drop(request);
    world.end().await;
}

#[tokio::test]
async fn p5_options_that_do_not_make_a_wire_do_not_part_requests() {
    let world = World::new().await;
    world.get(world.options()).await;
    let mut other = world.options();
    (other.timeouts, other.resends, other.expect_continue) = (Timeouts::infinite(), 0, Some(Duration::from_secs(1)));
    other.limits = Limits::default();
    other.limits.response_head = 1024;
    // The options of a wire without TLS are the same under any.
    other.tls = hinternet::tls::TlsOptions::new().server_name_indication(false);
    world.get(other).await;
    assert_eq!(world.origin.connections(), 1);
    world.end().await;
}

/// Sends what its caller says, again if it is told to, and gives the status of the last response.
async fn by_hand(request: &Request, answers: &[&str]) -> u16 {
    let mut status = 0;
    for answer in answers {
        request.set_headers([(AUTHORIZATION, HeaderValue::from_str(answer).unwrap())].into_iter().collect()).unwrap();
        patiently("a send", request.send(())).await.unwrap();
        status = request.receive_response().await.unwrap().status().as_u16();
        read_all(request).await.unwrap();
    }
    status
}

/// A connection whose server was told by hand who uses it is nobody else's (RFC 4559 section 6).
#[tokio::test]
async fn p5_a_wire_that_was_told_by_hand_who_uses_it_serves_nobody_else() {
    let world = World::new().await;
    let get = || world.connection.open_request(Method::GET, "/").unwrap();
    world.get(world.options()).await;
    for (n, answer) in ["NTLM TlRMTVNTUAAB", "negotiate YII=", "NEGOTIATE YII="].into_iter().enumerate() {
        assert_eq!(by_hand(&get(), &[answer]).await, 200);
        assert_eq!(world.origin.connections(), n + 2, "{answer}: neither an old one");
        world.get(world.options()).await;
        assert_eq!(world.origin.connections(), n + 2, "{answer}: nor one for others");
    }
    // What tells of the request alone needs no wire of its own.
    for answer in ["Basic YTpi", "Bearer NTLM", "Negotiated YII="] {
        assert_eq!(by_hand(&get(), &[answer]).await, 200);
        assert_eq!(world.origin.connections(), 4, "{answer}");
    }
    world.end().await;
}

#[tokio::test]
async fn p5_a_handshake_by_hand_has_its_wire_to_its_end() {
    let origin = Origin::start(|request| match request.field("authorization") {
        Some("NTLM 1") => Reply::new(401).field("www-authenticate", "NTLM 2"),
        _ => Reply::ok("hello"),
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap();
    let get = || connection.open_request(Method::GET, "/").unwrap();
    let request = get();
    assert_eq!(by_hand(&request, &["NTLM 1"]).await, 401);
    assert_eq!(by_hand(&get(), &["Bearer 1"]).await, 200);
    assert_eq!(by_hand(&get(), &["NTLM 1", "NTLM 3"]).await, 200);
    assert_eq!(by_hand(&request, &["NTLM 3"]).await, 200);
    let wires: Vec<_> = origin.log().iter().map(|visit| visit.connection).collect();
    let [first, other, second @ .., last] = &wires[..] else { panic!("{wires:?}") };
    assert_eq!((first, second[0]), (last, second[1]), "{wires:?}");
    assert!(first != other && !second.contains(other) && !second.contains(first), "{wires:?}");
    drop((request, connection));
    recorder.finish(session).await;
}

/// However many such requests there are, they leave neither wires nor what was known of their way.
#[tokio::test]
async fn p5_what_a_request_had_to_itself_goes_with_it() {
    let origin = Origin::start(|request| match request.field("authorization") {
        Some("NTLM 1") => Reply::new(401).field("www-authenticate", "NTLM 2"),
        _ => Reply::ok("hello"),
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap();
    let kept = async || {
        let origins = session.snapshot().await.origins;
        (origins.len(), origins.iter().map(|origin| origin.wires.len()).sum::<usize>())
    };
    let mut waiting = Vec::new();
    for n in 1..=3 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        assert_eq!(by_hand(&request, &["NTLM 1"]).await, 401);
        waiting.push(request);
        assert_eq!(kept().await, (n, n), "each waits for the next leg");
    }
    for (n, request) in (0..3).rev().zip(waiting) {
        assert_eq!(by_hand(&request, &["NTLM 3"]).await, 200);
        request.close().await.unwrap();
        assert_eq!(kept().await, (n, n));
    }
    assert_eq!(origin.connections(), 3);
    for (n, answer) in ["NTLM 1", "NTLM 3"].into_iter().enumerate() {
        session.get(origin.url("/")).unwrap().header("authorization", answer).send().await.unwrap();
        assert_eq!((kept().await, origin.connections()), ((0, 0), n + 4), "{answer}");
    }
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn p5_so_is_one_that_is_told_by_what_all_requests_of_a_session_say() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().default_header("authorization", "Negotiate YII="));
    let connection = session.connect(&origin.origin()).unwrap();
    for expected in 1..=2 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        read_all(&request).await.unwrap();
        assert_eq!(origin.connections(), expected);
    }
    // Their own word counts instead.
    for _ in 0..2 {
        assert_eq!(by_hand(&connection.open_request(Method::GET, "/").unwrap(), &["Basic YTpi"]).await, 200);
        assert_eq!(origin.connections(), 3);
    }
    drop(connection);
    recorder.finish(session).await;
}
