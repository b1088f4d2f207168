//! Name look-ups: on a pool of threads of their own, one per host, waited for by nobody who need not (contract E, 2).

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::{Mutex, PoisonError, mpsc};

use hinternet::network::{Lookup, Resolver};
use hinternet::transport::{BlockingResolver, in_memory};
use hinternet::{Blame, DialOptions, Engine, ErrorCode, Method, Session, SessionBuilder, Stage};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, sending};
use integration_tests::{FakeResolver, Gate, answering, patiently, poll_once};
use tokio::sync::watch;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// Look-ups that block their threads until they are let go; then every host is this machine.
struct Hanging {
    resolver: BlockingResolver,
    begun: watch::Sender<Vec<String>>,
    let_go: mpsc::Sender<()>,
}

impl Hanging {
    fn new() -> Self {
        let (let_go, held) = mpsc::channel::<()>();
        let (held, begun) = (Mutex::new(held), watch::Sender::default());
        let begins = begun.clone();
        let resolver = BlockingResolver::new(move |host| {
            begins.send_modify(|begun: &mut Vec<String>| begun.push(host.to_owned()));
            // An error once the sender is dropped, which lets everybody go.
            let _let_go = held.lock().unwrap_or_else(PoisonError::into_inner).recv();
            Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
        });
        Self { resolver, begun, let_go }
    }

    fn begun(&self) -> Vec<String> {
        self.begun.borrow().clone()
    }
}

fn resolved_by(resolver: impl Resolver) -> SessionBuilder {
    Session::builder().dial(DialOptions::default().resolver(resolver))
}

async fn hello(session: &Session, url: &str) -> hinternet::Result<String> {
    patiently("an answer", session.get(url)?.send()).await?.text().await
}

async fn origin() -> Origin {
    Origin::start(|_| Reply::ok("hello")).await
}

#[tokio::test]
async fn e_a_name_is_looked_up_by_the_system() {
    let (recorder, origin) = (Recorder::start(), origin().await);
    let session = recorder.session(Session::builder());
    let url = format!("http://localhost:{}/", origin.address().port());
    assert_eq!(hello(&session, &url).await.unwrap(), "hello");
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_a_thousand_look_ups_that_hang_stop_nothing_else_and_an_engine_waits_for_none_of_them() {
    let (recorder, origin, hanging) = (Recorder::start(), origin().await, Hanging::new());
    let engine = Engine::builder().shards(1).start().unwrap();
    let stuck = recorder.session(resolved_by(hanging.resolver.clone()).engine(engine.clone()));
    let mut requests = Vec::new();
    for n in 0..1000 {
        let connection = stuck.connect(&format!("http://host{n}.example")).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        requests.push((request.id(), sending(&request, ())));
    }
    for (id, _) in &requests {
        recorder.wait_for_status(*id, "ResolvingName").await;
    }
    // All the threads there may be.
    patiently("look-ups to hang", hanging.begun.subscribe().wait_for(|begun| begun.len() == 16)).await.unwrap();

    assert_eq!(hello(&stuck, &origin.url("/literal")).await.unwrap(), "hello");
    let resolver = BlockingResolver::new(|_| Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
    let other = recorder.session(resolved_by(resolver).engine(engine.clone()));
    let url = format!("http://other.example:{}/", origin.address().port());
    assert_eq!(hello(&other, &url).await.unwrap(), "hello");

    engine.stop();
    for (id, sending) in requests {
        let error = recorder.failure(id, patiently("the end of a send", sending).await.unwrap());
        assert_eq!(error.code(), ErrorCode::Shutdown, "{error}");
    }
    assert_eq!(hanging.begun().len(), 16);
    drop(hanging.let_go);
    drop((stuck, other));
    recorder.settle().await;
}

#[test]
fn e_requests_that_want_the_same_host_share_one_look_up() {
    // On one thread: what was told of as begun has joined the look-up before this test goes on.
    actix::System::new().block_on(async {
        let (recorder, origin, hanging) = (Recorder::start(), origin().await, Hanging::new());
        let session = recorder.session(resolved_by(hanging.resolver.clone()).on_current_arbiter());
        let connection = session.connect(&format!("http://one.example:{}", origin.address().port())).unwrap();
        let requests: Vec<_> = (0..20).map(|_| connection.open_request(Method::GET, "/").unwrap()).collect();
        let sends: Vec<_> = requests.iter().map(|request| sending(request, ())).collect();
        for request in &requests {
            recorder.wait_for_status(request.id(), "ResolvingName").await;
        }
        drop(hanging.let_go);
        for send in sends {
            patiently("a send", send).await.unwrap().unwrap();
        }
        assert_eq!(hanging.begun.borrow().clone(), ["one.example"]);
        drop((requests, connection));
        recorder.finish(session).await;
    });
}

#[tokio::test]
async fn e_a_look_up_that_nobody_waits_for_is_not_begun_and_one_that_ended_is_asked_again() {
    let hanging = Hanging::new();
    let look_up = |host: &str| hanging.resolver.resolve(host);
    let mut busy: Vec<Lookup> = (0..16).map(|n| look_up(&format!("busy{n}"))).collect();
    for one in &mut busy {
        assert!(poll_once(one.as_mut()).await.is_none());
    }
    let (mut given_up, mut last) = (look_up("given.up"), look_up("last"));
    assert!(poll_once(given_up.as_mut()).await.is_none());
    assert!(poll_once(last.as_mut()).await.is_none());
    drop(given_up);
    let (resolver, let_go) = (&hanging.resolver, &hanging.let_go);
    // One after another, so that the threads come to what waits.
    for _ in 0..17 {
        let_go.send(()).unwrap();
    }
    for one in busy.into_iter().chain([last]) {
        patiently("a look-up", one).await.unwrap();
    }
    let mut again = pin!(resolver.resolve("last"));
    assert!(poll_once(again.as_mut()).await.is_none());
    let_go.send(()).unwrap();
    patiently("a look-up", again).await.unwrap();
    let begun = hanging.begun();
    assert_eq!(begun.len(), 18, "{begun:?}");
    assert!(!begun.contains(&"given.up".to_owned()), "{begun:?}");
}

#[tokio::test]
async fn d1_a_look_up_that_fails_fails_for_all_who_took_part_with_the_resolvers_words() {
    let resolver = BlockingResolver::new(|host| match host {
        "panics.example" => panic!("at the disco"),
        "empty.example" => Ok(Vec::new()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "never heard of it")),
    });
    let recorder = Recorder::start();
    let session = recorder.session(resolved_by(resolver));
    let cases = [
        ("no.example", "never heard of it"),
        ("empty.example", "the name has no address"),
        ("panics.example", "the resolver panicked"),
    ];
    for (host, words) in cases {
        let connection = session.connect(&format!("http://{host}")).unwrap();
        let requests = [0, 1].map(|_| connection.open_request(Method::GET, "/").unwrap());
        let sends = requests.each_ref().map(|request| sending(request, ()));
        for (request, send) in requests.iter().zip(sends) {
            let error = recorder.failure(request.id(), patiently("a send", send).await.unwrap());
            assert_eq!((error.code(), error.stage()), (ErrorCode::NameNotResolved, Stage::Resolve));
            assert!(error.to_string().contains(&format!("resolving {host}: no address was found: {words}")), "{error}");
        }
    }
    recorder.finish(session).await;
}

/// Panics where no pool of threads is between.
#[derive(Debug)]
struct Crash;

impl Resolver for Crash {
    fn resolve(&self, _host: &str) -> Lookup {
        panic!("a fault of the caller's");
    }
}

#[tokio::test]
async fn b9_a_resolver_that_panics_fails_its_request_and_hurts_no_other() {
    let (recorder, origin) = (Recorder::start(), origin().await);
    let session = recorder.session(resolved_by(Crash));
    let request = session.connect("http://crash.example").unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InternalError, Blame::Caller));
    assert_eq!(hello(&session, &origin.url("/")).await.unwrap(), "hello");
    recorder.finish(session).await;
}

#[tokio::test]
async fn b7_cancel_ends_a_send_that_waits_for_a_name_and_a_session_that_closes_gives_the_look_up_up() {
    let recorder = Recorder::start();
    let resolver = FakeResolver::held_by(&Gate::new());
    let session = recorder.session(resolved_by(resolver.clone()));
    let request = session.connect("http://slow.example").unwrap().open_request(Method::GET, "/").unwrap();
    let send = sending(&request, ());
    recorder.wait_for_status(request.id(), "ResolvingName").await;
    request.cancel();
    let error = recorder.failure(request.id(), patiently("the send", send).await.unwrap());
    assert!(error.is_cancelled(), "{error}");
    recorder.finish(session).await;
    resolver.wait_until_left().await;
    assert_eq!(resolver.asked(), ["slow.example"]);
}

#[tokio::test]
async fn c6_a_cancelled_requests_dial_goes_on_for_those_who_come_later() {
    let (recorder, origin, gate) = (Recorder::start(), origin().await, Gate::new());
    let resolver = FakeResolver::held_by(&gate).and("slow.example", &["127.0.0.1"]);
    let session = recorder.session(resolved_by(resolver.clone()).wires_per_origin(1));
    let connection = session.connect(&format!("http://slow.example:{}", origin.address().port())).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let send = sending(&request, ());
    recorder.wait_for_status(request.id(), "ResolvingName").await;
    request.cancel();
    recorder.failure(request.id(), patiently("the send", send).await.unwrap());
    gate.open();
    recorder.wait_for_status(connection.id(), "ConnectedToServer").await;
    patiently("the second send", request.send(())).await.unwrap();
    assert_eq!(resolver.asked(), ["slow.example"]);
    request.cancel();
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c9_neither_a_literal_nor_a_dialer_without_addresses_asks_a_resolver() {
    let recorder = Recorder::start();
    let resolver = FakeResolver::knowing("other.example", &["127.0.0.1"]);
    let nobody = Nobody::new();
    let session = recorder.session(resolved_by(resolver.clone()));
    let request = session.connect(&nobody.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    assert_eq!(recorder.failure(request.id(), request.send(()).await).stage(), Stage::Connect);
    session.close().await.unwrap();

    let (dialer, mut listener) = in_memory();
    tokio::spawn(async move {
        while let Some((stream, _)) = listener.accept().await {
            tokio::spawn(answering(stream, HELLO));
        }
    });
    let dial = DialOptions::default().resolver(resolver.clone()).dialer(dialer);
    let in_memory = recorder.session(Session::builder().dial(dial));
    assert_eq!(hello(&in_memory, "http://any.example/").await.unwrap(), "hello");
    assert_eq!(resolver.asked(), [""; 0]);
    recorder.finish(in_memory).await;
}
