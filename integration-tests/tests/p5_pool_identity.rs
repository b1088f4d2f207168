//! Two requests share a wire only if every field of what makes one is equal (P5 of the reliability rules).
//!
//! That the tables name every field is checked where the fields are: `framework/src/options/tests/identity.rs`.

use std::net::IpAddr;
use std::time::Duration;

use hinternet::network::{PublicAddresses, Route};
use hinternet::tls::TlsOptions;
use hinternet::{Connection, DialOptions, Limits, Method, NamedProxies, RequestOptions, Session, Timeouts};
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
