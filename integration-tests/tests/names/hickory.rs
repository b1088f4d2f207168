//! Look-ups by the feature `hickory`, of a name server that the test has in its hand. Over sockets and in real time.

use std::net::{IpAddr, SocketAddr};

use hinternet::transport::HickoryResolver;
use hinternet::{Engine, ErrorCode, Protocols, Stage, Status};
use integration_tests::scene::sending;
use integration_tests::{NameServer, patiently};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

use super::servers::{serve_http1, serve_http2};
use super::*;

const FIRST: &str = "127.0.0.1";
const OTHER: &str = "127.0.0.2";

/// A name server, two servers on the same port of two addresses, and a session.
struct Lab {
    names: NameServer,
    port: u16,
    recorder: Recorder,
    session: Session,
    _servers: JoinSet<()>,
}

impl Lab {
    async fn new() -> Self {
        Self::speaking(Protocols::Http1).await
    }

    async fn speaking(protocols: Protocols) -> Self {
        let (names, recorder) = (NameServer::start().await, Recorder::start());
        let session = recorder.session(Session::builder().dial(asking(&names)).protocols(protocols));
        let mut servers = JoinSet::new();
        let first = TcpListener::bind((FIRST, 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let second = TcpListener::bind((OTHER, port)).await.expect("the port is free on the other address too");
        for listener in [first, second] {
            servers.spawn(serve(listener, protocols));
        }
        Self { names, port, recorder, session, _servers: servers }
    }

    fn host(&self, name: &str) -> String {
        format!("{name}:{}", self.port)
    }

    /// Sends one request that fails.
    async fn fails(&self, name: &str) -> hinternet::Error {
        let request = request(&self.session.connect(&format!("http://{}", self.host(name))).unwrap());
        self.recorder.failure(request.id(), patiently("the send", request.send(())).await)
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

fn asking(names: &NameServer) -> DialOptions {
    DialOptions::default().resolver(HickoryResolver::with_name_servers([names.address()]).unwrap())
}

async fn serve(listener: TcpListener, protocols: Protocols) {
    let address: IpAddr = listener.local_addr().unwrap().ip();
    while let Ok((stream, _)) = listener.accept().await {
        match protocols {
            Protocols::Http1 => tokio::spawn(serve_http1(stream, address)),
            _ => tokio::spawn(serve_http2(stream, address)),
        };
    }
}

/// What became of a request.
struct Answered {
    by: String,
    /// It began when the second server had answered another.
    after_the_move: bool,
}

type Answers = watch::Sender<Vec<Answered>>;

fn has_moved(answers: &[Answered]) -> bool {
    answers.iter().any(|answer| answer.by == OTHER)
}

/// Four callers send one request after another, until enough began after the move.
async fn call(session: Session, host: String, answers: Answers) {
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let (session, host, answers) = (session.clone(), host.clone(), answers.clone());
        callers.spawn(async move {
            loop {
                let (after_the_move, enough) = {
                    let answers = answers.borrow();
                    (has_moved(&answers), answers.iter().filter(|answer| answer.after_the_move).count() >= 1000)
                };
                if enough {
                    return;
                }
                let by = asked(&session, &host).await.unwrap();
                answers.send_modify(|answers| answers.push(Answered { by, after_the_move }));
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

async fn a_move_fails_no_request(protocols: Protocols) {
    let lab = Lab::speaking(protocols).await;
    lab.names.tells("a.example", &[FIRST], SECOND);
    let answers = Answers::default();
    let callers = tokio::spawn(call(lab.session.clone(), lab.host("a.example"), answers.clone()));
    let mut seen = answers.subscribe();
    patiently("answers", seen.wait_for(|answers| answers.len() >= 100)).await.unwrap();
    assert!(!has_moved(&answers.borrow()));
    lab.names.tells("a.example", &[OTHER], SECOND);
    let moved = Instant::now();
    patiently("the move", seen.wait_for(|answers| has_moved(answers))).await.unwrap();
    println!("{protocols:?}: the second server answers {:?} after the name has moved to it", moved.elapsed());
    patiently("the callers", callers).await.unwrap();
    let late = answers.borrow().iter().filter(|answer| answer.after_the_move && answer.by == FIRST).count();
    assert_eq!(late, 0, "of {} requests", answers.borrow().len());
    lab.end().await;
}

#[tokio::test]
async fn a_name_that_moves_takes_the_requests_of_http1_along_and_none_fails() {
    a_move_fails_no_request(Protocols::Http1).await;
}

#[tokio::test]
async fn a_name_that_moves_takes_the_requests_of_http2_along_and_none_fails() {
    a_move_fails_no_request(Protocols::RequireHttp2).await;
}

#[tokio::test]
async fn both_families_are_asked_for_and_the_answer_is_kept() {
    let lab = Lab::new().await;
    lab.names.tells("both.example", &[FIRST, "::1", OTHER], 60 * SECOND);
    let connection = lab.session.connect(&format!("http://{}", lab.host("Both.Example"))).unwrap();
    for _ in 0..2 {
        let request = request(&connection);
        request.send(()).await.unwrap();
        request.cancel();
        let told = lab.recorder.wait_for_status(request.id(), "NameResolved").await;
        let Status::NameResolved(addresses) = told.status else { unreachable!() };
        let expected = ["[::1]", FIRST, OTHER].map(|host| lab.host(host).parse::<SocketAddr>().unwrap());
        assert_eq!(addresses, expected);
    }
    let mut asked = lab.names.asked();
    asked.sort();
    assert_eq!(asked, ["both.example A", "both.example AAAA"]);
    drop(connection);
    lab.end().await;
}

#[tokio::test]
async fn f_an_answer_of_a_thousand_addresses_comes_over_tcp_and_its_first_five_are_tried_in_order() {
    let lab = Lab::new().await;
    // Nobody listens at any of them.
    let many: Vec<_> = (0..1000).map(|n| format!("127.77.{}.{}", n / 250, n % 250 + 1)).collect();
    lab.names.tells("many.example", &many.iter().map(String::as_str).collect::<Vec<_>>(), 60 * SECOND);
    let connection = lab.session.connect(&format!("http://{}", lab.host("many.example"))).unwrap();
    let request = request(&connection);
    let error = lab.recorder.failure(request.id(), patiently("the send", request.send(())).await);
    assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect));
    assert!(error.to_string().contains("none of 5 addresses"), "{error}");
    let tried = lab.recorder.of(request.id()).into_iter().filter_map(|one| match one.status {
        Status::ConnectingToServer(address) => Some(address.ip().to_string()),
        _ => None,
    });
    assert_eq!(tried.collect::<Vec<_>>(), many[..5]);
    assert!(lab.names.asked().contains(&"many.example A over TCP".to_owned()), "{:?}", lab.names.asked());
    drop((request, connection));
    lab.end().await;
}

#[tokio::test]
async fn what_a_session_does_not_remember_is_asked_for_again() {
    let lab = Lab::new().await;
    lab.names.tells("a.example", &[FIRST], 60 * SECOND);
    for times in [2, 4] {
        assert_eq!(asked(&lab.session, &lab.host("a.example")).await.unwrap(), FIRST);
        assert_eq!(lab.names.asked().len(), times, "no second memory stands behind the session's");
        lab.session.network_changed().await;
    }
    lab.end().await;
}

#[tokio::test]
async fn that_a_name_does_not_exist_or_has_no_address_is_remembered() {
    let lab = Lab::new().await;
    lab.names.tells("empty.example", &[], SECOND);
    for (name, words) in [("no.example", "the name does not exist"), ("empty.example", "the name has no address")] {
        for _ in 0..3 {
            let error = lab.fails(name).await;
            assert_eq!(error.code(), ErrorCode::NameNotResolved);
            assert!(error.to_string().contains(&format!("no address was found: {words}")), "{error}");
        }
    }
    assert_eq!(lab.names.asked().len(), 4, "{:?}", lab.names.asked());
    lab.end().await;
}

#[tokio::test]
async fn that_a_name_server_is_out_of_order_is_not_remembered() {
    let lab = Lab::new().await;
    lab.names.fails("a.example", "A");
    lab.names.fails("a.example", "AAAA");
    let error = lab.fails("a.example").await;
    assert_eq!(error.code(), ErrorCode::NameNotResolved);
    assert!(error.to_string().to_lowercase().contains("server"), "{error}");
    lab.names.tells("a.example", &[FIRST], SECOND);
    assert_eq!(asked(&lab.session, &lab.host("a.example")).await.unwrap(), FIRST);
    lab.end().await;
}

#[tokio::test]
async fn an_answer_without_one_family_is_used_and_not_kept() {
    let lab = Lab::new().await;
    lab.names.tells("a.example", &[FIRST], 60 * SECOND);
    lab.names.fails("a.example", "AAAA");
    let again = |asked: Vec<String>| asked.iter().filter(|asked| *asked == "a.example A").count();
    for times in [1, 2] {
        assert_eq!(asked(&lab.session, &lab.host("a.example")).await.unwrap(), FIRST);
        lab.session.evict_idle().await;
        assert_eq!(again(lab.names.asked()), times);
    }
    lab.end().await;
}

#[tokio::test]
async fn a_look_up_under_way_stops_no_engine_and_an_engine_that_stops_takes_no_look_up_of_others_along() {
    let lab = Lab::new().await;
    lab.names.is_silent_about("slow.example");
    lab.names.tells("a.example", &[FIRST], 60 * SECOND);
    let engine = Engine::builder().shards(1).start().unwrap();
    let dial = asking(&lab.names);
    let stopped = lab.recorder.session(Session::builder().dial(dial.clone()).engine(engine.clone()));
    // The first look-up of this resolver, on the engine that stops.
    assert_eq!(asked(&stopped, &lab.host("a.example")).await.unwrap(), FIRST);
    let before = lab.names.asked().len();
    let slow = request(&stopped.connect("http://slow.example").unwrap());
    let sent = sending(&slow, ());
    lab.names.wait_until_asked(before + 1).await;
    engine.stop();
    let error = lab.recorder.failure(slow.id(), patiently("the send", sent).await.unwrap());
    assert_eq!(error.code(), ErrorCode::Shutdown, "{error}");
    drop((slow, stopped));

    let other = lab.recorder.session(Session::builder().dial(dial));
    assert_eq!(patiently("an answer", asked(&other, &lab.host("a.example"))).await.unwrap(), FIRST);
    other.close().await.unwrap();
    lab.end().await;
}

#[tokio::test]
async fn names_of_which_nobody_knows_anything_hold_up_no_other() {
    let lab = Lab::new().await;
    lab.names.tells("a.example", &[FIRST], 60 * SECOND);
    let names: Vec<_> = (0..100).map(|n| format!("slow-{n}.example")).collect();
    names.iter().for_each(|name| lab.names.is_silent_about(name));
    let slow: Vec<_> =
        names.iter().map(|name| request(&lab.session.connect(&format!("http://{name}")).unwrap())).collect();
    let sends: Vec<_> = slow.iter().map(|request| sending(request, ())).collect();
    for request in &slow {
        lab.recorder.wait_for_status(request.id(), "ResolvingName").await;
    }
    assert_eq!(patiently("an answer", asked(&lab.session, &lab.host("a.example"))).await.unwrap(), FIRST);
    assert!(sends.iter().all(|send| !send.is_finished()));
    for (request, send) in slow.iter().zip(sends) {
        request.cancel();
        lab.recorder.failure(request.id(), patiently("the send", send).await.unwrap());
    }
    drop(slow);
    lab.end().await;
}

#[test]
fn look_ups_serve_a_session_on_a_callers_thread_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let lab = Lab::new().await;
        lab.names.tells("a.example", &[FIRST], 60 * SECOND);
        let here = lab.recorder.session(Session::builder().dial(asking(&lab.names)).on_current_thread());
        assert_eq!(patiently("an answer", asked(&here, &lab.host("a.example"))).await.unwrap(), FIRST);
        here.close().await.unwrap();
        lab.end().await;
    });
}

#[tokio::test]
async fn this_machine_is_known_without_a_name_server_and_without_one_there_is_no_resolver() {
    let lab = Lab::new().await;
    assert_eq!(asked(&lab.session, &lab.host("localhost")).await.unwrap(), FIRST);
    assert!(lab.names.asked().is_empty());
    let none = HickoryResolver::with_name_servers([]).unwrap_err();
    assert_eq!(none.kind(), std::io::ErrorKind::InvalidInput);
    lab.end().await;
}
