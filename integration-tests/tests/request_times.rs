//! When each step of a request happened, and what went before: `WINHTTP_OPTION_REQUEST_TIMES` and `_STATS`, point by point.

use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use hinternet::network::{ChannelBinding, DialDetails, FindingProxy, Proxy, ProxyResolver, Route, TlsLegs};
use hinternet::tls::{TlsOptions, TlsVersions};
use hinternet::{
    Decompression, DialOptions, Method, NamedProxies, Notification, Payload, ProxySettings, Session, SessionBuilder,
    Status, Timings,
};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::coded::Coded;
use integration_tests::http2_origin::Http2Origin;
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::Tls;
use integration_tests::{FakeResolver, Gate};

struct World {
    recorder: Recorder,
    session: Session,
}

impl World {
    fn of(builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        Self { recorder, session }
    }

    /// How the wire to there was dialed; the response is read.
    async fn dialed(&self, url: &str) -> Option<DialDetails> {
        let response = self.session.get(url).unwrap().send().await.unwrap();
        let details = response.dial_details().cloned();
        assert_eq!(response.handle().dial_details().as_deref(), details.as_ref());
        response.bytes().await.unwrap();
        details
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

#[track_caller]
fn in_order<const N: usize>(points: [Option<Instant>; N]) {
    assert!(points.iter().all(Option::is_some), "{points:?}");
    assert!(points.is_sorted(), "{points:?}");
}

/// Somebody of this name, and who trusts him.
fn somebody(name: &str) -> (integration_tests::certificates::Identity, TlsOptions) {
    let authority = Authority::new("Authority of the test");
    (authority.issue(Leaf::for_names([name])), TlsOptions::new().trust_only([authority.certificate()]))
}

#[tokio::test]
async fn each_point_of_a_request_with_a_body_comes_after_the_one_before() {
    let origin = Origin::start(|request| Reply::ok(request.body.clone())).await;
    let world = World::of(Session::builder());
    let request = world.session.connect(&origin.origin()).unwrap().open_request(Method::POST, "/").unwrap();
    request.send(Payload::begin("he", 5)).await.unwrap();
    let begun = request.timings().unwrap();
    assert!(begun.head_sent.is_some() && begun.send_end.is_none(), "{begun:?}");
    let head = request.sizes().request_head;
    assert_eq!(request.sizes().sent, head + 2);
    request.write("llo").await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    let Timings { started, resolve_start, resolve_end, connect_start, connect_end, .. } = request.timings().unwrap();
    let Timings { wire_acquired, send_start, head_sent, send_end, receive_start, .. } = request.timings().unwrap();
    let Timings { head_received, body_received, .. } = request.timings().unwrap();
    in_order([Some(started), resolve_start, resolve_end, connect_start, connect_end, wire_acquired, send_start]);
    in_order([send_start, head_sent, send_end, head_received, body_received]);
    // A server that is quick has begun before it is noted that the last octet is out.
    in_order([head_sent, receive_start, head_received]);
    assert_eq!(request.timings().unwrap().wait_end(), resolve_start);
    assert_eq!(request.timings().unwrap().find_proxy_start, None);
    let log = origin.log();
    let line = "POST / HTTP/1.1\r\n";
    let fields: usize = log[0].fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    assert_eq!(head, (line.len() + fields + 2) as u64);
    assert_eq!((request.sizes().sent, request.sizes().request_body), (head + 5, 5));
    drop(request);
    world.end().await;
}

/// The server has begun to answer long before it is done.
#[tokio::test]
async fn an_answer_begins_with_its_first_octet_and_the_head_is_there_with_its_last() {
    let gate = Gate::new();
    let slow = Script::new().read_request().send("HTTP/1.1 200 OK\r\n").hold(&gate).send("content-length: 0\r\n\r\n");
    let peer = ScriptedPeer::always(slow.keep()).await;
    let world = World::of(Session::builder());
    let request = world.session.connect(&peer.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    let opened = async {
        while request.wire().await.is_none_or(|wire| wire.octets_received == 0) {}
        let opened = Instant::now();
        gate.open();
        opened
    };
    let (head, opened) = tokio::join!(request.receive_response(), opened);
    head.unwrap();
    let times = request.timings().unwrap();
    assert!(times.head_received.unwrap() > opened);
    in_order([times.send_end, times.receive_start, times.head_received]);
    assert!(times.receive_start < times.head_received, "{times:?}");
    drop(request);
    world.end().await;
}

/// The first attempt is on a wire that ends without a word.
#[tokio::test]
async fn the_points_of_a_request_that_was_sent_again_are_those_of_its_last_attempt() {
    let hello = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let dying = Script::new().read_request().send(hello).read_request().close();
    let peer = ScriptedPeer::start_with_default(vec![dying], Script::answering(hello)).await;
    let world = World::of(Session::builder());
    world.dialed(&peer.url("/")).await.unwrap();
    let response = world.session.get(peer.url("/")).unwrap().send().await.unwrap();
    let Timings { started, wire_acquired, send_start, head_sent, send_end, receive_start, .. } = response.timings();
    in_order([Some(started), wire_acquired, send_start, head_sent, send_end, receive_start]);
    assert_eq!(response.text().await.unwrap(), "hello");
    assert_eq!(peer.connections(), 2);
    world.end().await;
}

#[tokio::test]
async fn a_response_goes_on_to_tell_of_its_exchange_while_its_handle_is_sent_again() {
    let origin = Origin::start(|_| Reply::ok(vec![b'a'; 100_000])).await;
    let world = World::of(Session::builder());
    let mut response = world.session.post(origin.url("/")).unwrap().send().await.unwrap();
    while response.chunk().await.unwrap().is_some() {}
    let (handle, told) = (response.handle().clone(), response.timings());
    let wire = response.wire().unwrap();
    assert_eq!(handle.timings().unwrap().started, told.started);
    let again = handle.send(Payload::stream(futures_util::stream::pending::<std::io::Result<bytes::Bytes>>()));
    let is_under_way = async {
        let mut sent = 0;
        let sends = |notification: &Notification| {
            sent += usize::from(matches!(notification.status, Status::SendingRequest));
            sent == 2
        };
        world.recorder.wait_for(sends).await;
        assert!(handle.timings().is_none(), "the next exchange has given none yet");
        assert_eq!(response.timings().started, told.started);
        assert_eq!((response.wire(), response.sizes().response_body), (Some(wire), 100_000));
        handle.cancel();
    };
    let (again, ()) = futures_util::join!(again, is_under_way);
    world.recorder.failure(handle.id(), again);
    assert!(handle.timings().unwrap().started > told.started);
    drop((response, handle));
    world.end().await;
}

#[tokio::test]
async fn over_http2_a_body_of_no_octets_ends_no_earlier_than_its_head() {
    let origin = Http2Origin::start(|_| Reply::ok("hello").into()).await;
    let world = World::of(Session::builder().protocols(hinternet::Protocols::RequireHttp2));
    let request = world.session.connect(&origin.origin()).unwrap().open_request(Method::POST, "/").unwrap();
    request.send(Payload::begin("", 0)).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    let Timings { send_start, head_sent, send_end, head_received, .. } = request.timings().unwrap();
    in_order([send_start, head_sent, send_end, head_received]);
    drop(request);
    world.end().await;
}

#[tokio::test]
async fn over_http2_a_head_is_told_of_when_it_is_whole() {
    let origin = Http2Origin::start(|_| Reply::ok("hello").into()).await;
    let world = World::of(Session::builder().protocols(hinternet::Protocols::RequireHttp2));
    let response = world.session.get(origin.url("/")).unwrap().send().await.unwrap();
    let times = response.timings();
    assert_eq!((times.receive_start, times.head_sent), (times.head_received, times.send_end));
    assert_eq!(times.send_end, times.send_start, "the head is only handed on");
    assert_eq!(response.dial_details(), Some(&DialDetails::default()));
    let sizes = response.sizes();
    assert_eq!((sizes.request_head, sizes.request_body), (sizes.sent, 0));
    drop(response);
    world.end().await;
}

#[track_caller]
fn are_legs_of(legs: TlsLegs, is_tls12: bool) {
    let TlsLegs { start, hello_sent, answered, answer_sent, answered_again, end, client_octets, server_octets, .. } =
        legs;
    in_order([Some(start), hello_sent, answered, answer_sent, Some(end)]);
    assert_eq!(answered_again.is_some(), is_tls12);
    if is_tls12 {
        in_order([answer_sent, answered_again, Some(end)]);
    }
    assert!(client_octets.iter().all(|octets| (50..3_000).contains(octets)), "{legs:?}");
    assert!((300..10_000).contains(&server_octets[0]), "{legs:?}");
    assert_eq!(server_octets[1] > 0, is_tls12, "{legs:?}");
}

#[tokio::test]
async fn the_legs_of_a_handshake_are_told_to_the_request_that_its_wire_was_dialed_for() {
    for versions in [TlsVersions::Only13, TlsVersions::Only12] {
        let (identity, trust) = somebody("secure.example");
        let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
        let resolver = FakeResolver::knowing("secure.example", &["127.0.0.1"]);
        let dial = DialOptions::default().resolver(resolver);
        let world = World::of(Session::builder().tls(trust.versions(versions)).dial(dial));
        let url = format!("https://secure.example:{}/", origin.address().port());
        let details = world.dialed(&url).await.unwrap();
        are_legs_of(details.tls.unwrap(), versions == TlsVersions::Only12);
        assert_eq!((details.proxy_tls, details.failed_addresses, details.failed_routes), (None, 0, 0));
        assert_eq!(world.dialed(&url).await, None, "the wire serves again");
        world.end().await;
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs all of 127.0.0.0/8, and refusals that come at once")]
async fn addresses_that_were_tried_in_vain_are_counted() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    // Nobody listens at the first two.
    let resolver = FakeResolver::knowing("many.example", &["127.0.0.7", "127.0.0.8", "127.0.0.1"]);
    let world = World::of(Session::builder().dial(DialOptions::default().resolver(resolver)));
    let details = world.dialed(&format!("http://many.example:{}/", origin.address().port())).await.unwrap();
    assert_eq!((details.failed_addresses, details.failed_routes, details.tls), (2, 0, None));
    world.end().await;
}

/// Finds the same routes for every URL.
#[derive(Debug)]
struct Finder(Vec<Route>);

impl ProxyResolver for Finder {
    fn find(&self, _url: &str) -> FindingProxy {
        let routes = self.0.clone();
        Box::pin(async move { Ok(routes) })
    }
}

#[tokio::test]
async fn the_legs_with_a_proxy_and_the_routes_that_failed_before_it_are_told_too() {
    let (identity, trust) = somebody("secure.example");
    let (of_proxy, trust_in_proxy) = somebody("127.0.0.1");
    let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello").field("connection", "close")).await;
    let proxy = HttpProxy::start(Manner::open().secure(&Tls::only12(&of_proxy))).await;
    let nobody = Nobody::new();
    let dead = Proxy::parse(&nobody.address().to_string()).unwrap();
    let alive = Proxy::parse(&format!("https://{}", proxy.address())).unwrap();
    let finder = ProxySettings::automatic(Finder(vec![dead.into(), alive.into()]));
    let dial = DialOptions::default().proxy(finder).proxy_tls(trust_in_proxy);
    let world = World::of(Session::builder().tls(trust).dial(dial));
    let url = format!("https://secure.example:{}/", origin.address().port());
    let response = world.session.get(&url).unwrap().send().await.unwrap();
    let (times, details) = (response.timings(), response.dial_details().unwrap().clone());
    in_order([Some(times.started), times.find_proxy_start, times.find_proxy_end, times.resolve_start]);
    are_legs_of(details.proxy_tls.unwrap(), true);
    are_legs_of(details.tls.unwrap(), false);
    assert_eq!((details.failed_routes, details.failed_addresses, details.proxy_tls_resumed), (1, 0, false));
    assert_eq!(response.text().await.unwrap(), "hello");
    // That one closed its wire: the next is dialed, and the proxy takes its session up again.
    let again = world.dialed(&url).await.unwrap();
    assert!(again.proxy_tls_resumed, "{again:?}");
    world.end().await;
}

#[tokio::test]
async fn the_time_that_decoding_took_is_told_of_bodies_that_are_decoded() {
    let body = Coded::Gzip.code(&(0..3_000_000).map(|n: u32| ((n >> 5) ^ (n >> 11)) as u8).collect::<Vec<_>>());
    let origin = Origin::start(move |_| Reply::ok(body.clone()).field("content-encoding", "gzip")).await;
    let world = World::of(Session::builder());
    for (decompression, is_decoded) in [(Decompression::default(), true), (Decompression::NONE, false)] {
        let request = world.session.get(origin.url("/")).unwrap().decompression(decompression);
        let mut response = request.send().await.unwrap();
        while response.chunk().await.unwrap().is_some() {}
        let times = response.timings();
        assert_eq!(times.decoding.is_some(), is_decoded);
        assert_eq!(times.decoding.is_some_and(|took| !took.is_zero() && Some(took) <= times.total()), is_decoded);
    }
    world.end().await;
}

#[tokio::test]
async fn a_list_of_one_route_has_failed_none() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let routes = NamedProxies::new([Proxy::parse(&format!("http://{}", proxy.address())).unwrap()]);
    let world = World::of(Session::builder().proxy(routes));
    assert_eq!(world.dialed(&origin.url("/")).await, Some(DialDetails::default()));
    world.end().await;
}

/// `WINHTTP_OPTION_SERVER_CBT`.
#[tokio::test]
async fn what_binds_to_a_secure_wire_is_its_servers_certificate_or_its_own_alone() {
    for versions in [TlsVersions::Only13, TlsVersions::Only12] {
        let (identity, trust) = somebody("127.0.0.1");
        let origin = Origin::secure(&Tls::new(&identity), |_| Reply::ok("hello")).await;
        let world = World::of(Session::builder().tls(trust.versions(versions)));
        let connection = world.session.connect(&origin.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        let bound = [ChannelBinding::ServerEndPoint, ChannelBinding::Exporter];
        assert_eq!(bound.map(|kind| request.channel_binding(kind)), [None, None], "there was no wire");
        let mut seen = Vec::new();
        for is_new_wire in [false, false, true] {
            if is_new_wire {
                assert!(request.expire_wire().await);
            }
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
            assert_eq!(read_all(&request).await.unwrap(), b"hello");
            let certificate = request.security_info().unwrap().certificates[0].clone();
            let hash = digest(&SHA256, &certificate).as_ref().to_vec();
            assert_eq!(request.channel_binding(ChannelBinding::ServerEndPoint), Some(hash));
            seen.push(request.channel_binding(ChannelBinding::Exporter));
        }
        if versions == TlsVersions::Only13 {
            assert!(seen.iter().flatten().all(|octets| octets.len() == 32) && seen[0].is_some(), "{seen:?}");
            assert!(seen[0] == seen[1] && seen[1] != seen[2], "one for each wire: {seen:?}");
        } else {
            assert_eq!(seen, [None, None, None]);
        }
        assert_eq!(origin.connections(), 2);
        drop((request, connection));
        world.end().await;
    }
    assert_eq!(ChannelBinding::ServerEndPoint.name(), "tls-server-end-point");
}
