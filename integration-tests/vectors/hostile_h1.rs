//! What a hostile HTTP/1 server may send, and the one outcome each of it must have.
//!
//! Every case ends in its `expect` or in one of its `also`. Where several outcomes are allowed, `hostile_h1.pinned` says
//! which one is ours, so that a change is seen. Each is played in a process of its own, which says what it cost: memory, processor,
//! file descriptors, and how long it took until it ended.

mod alone;
mod decisions;
mod exchange;
mod front_ends;
mod runner;
mod websocket;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alone::{Cost, in_a_process, in_a_small_process, worst};
use decisions::{Secure, failed_beyond_the_proxy};
use exchange::Exchange;
use futures_util::{StreamExt, stream};
use hinternet::tls::TlsOptions;
use hinternet::{Error, ErrorCode, Method, Session, Timeouts};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use runner::{Case, Suite, judge, list, read_json, status_kib, table, text};
use serde_json::Value;

fn main() -> ExitCode {
    if let Ok(id) = std::env::var(ALONE) {
        return play_alone(&id);
    }
    let suite = Suite {
        name: "hostile-h1",
        place: PLACE,
        cases: 101,
        known_differences: include_str!("hostile_h1.known_differences"),
        most_known: 0,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let vectors = read_json(file);
    let costs = Arc::new(Mutex::new(Vec::new()));
    let room = room().await;
    let cases = list(&vectors["cases"]).iter().map(|vector| {
        let (id, costs) = (text(&vector["id"]).to_owned(), Arc::clone(&costs));
        judge(id.clone(), None, async move {
            let said = match room {
                Some(kib) => in_a_small_process(ALONE, &id, kib).await?,
                None => in_a_process(ALONE, &id).await?,
            };
            let cost = Cost::read(&said).ok_or_else(|| format!("{said:?} tells no cost"))?;
            costs.lock().expect("nobody panics with it").push((id, cost));
            cost.check(&MOST)
        })
    });
    let cases = stream::iter(cases).buffered(AT_ONCE).collect().await;
    println!("{}", worst(&costs.lock().expect("nobody panics with it")));
    cases
}

/// How many KiB of addresses a case has: as many as a good exchange takes, and what a case may cost. So it is not enough that
/// nothing is written to what is reserved by a length that was only announced. `None` where the system does not tell, or where
/// addresses cost nothing, as under AddressSanitizer.
async fn room() -> Option<u64> {
    let kib = in_a_process(ALONE, NOTHING).await.expect("a good exchange").parse().expect("a number of KiB");
    let room = (1..MOST_ADDRESSES_KIB).contains(&kib).then_some(kib + MOST.memory_kib);
    if let Some(kib) = room {
        let aborted = in_a_small_process(ALONE, GREEDY, kib).await.expect_err("more than there is room for");
        assert!(aborted.contains("memory allocation"), "{aborted}");
        println!("{kib} KiB of addresses for each case");
    } else {
        println!("no bound of addresses");
    }
    room
}

/// This process plays the case, after a good exchange.
fn play_alone(id: &str) -> ExitCode {
    if id == NOTHING || id == GREEDY {
        alone::runtime().block_on(warm_up());
        let taken = vec![0_u8; if id == GREEDY { 64 << 20 } else { 0 }];
        println!("{}", status_kib("VmPeak:").unwrap_or_default());
        drop(std::hint::black_box(taken));
        return ExitCode::SUCCESS;
    }
    let vector = alone::case(PLACE, id);
    let pin = table(include_str!("hostile_h1.pinned")).get(id).copied();
    let case = async move {
        if text(&vector["class"]).starts_with("ws-") {
            return websocket::play(&vector, pin).await;
        }
        compare(&play(&vector).await, &vector, pin)
    };
    let (verdict, cost) = alone::runtime().block_on(Cost::of(warm_up(), case));
    println!("{}", cost.line());
    alone::ended(verdict)
}

/// What any exchange costs once: threads, buffers, the runtime's own.
async fn warm_up() {
    let peer = ScriptedPeer::always(Script::answering(NEXT)).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&peer.origin()).expect("an origin");
    let exchange = Exchange::play(&recorder, &connection, Method::GET).await;
    assert_eq!(exchange.body, b"next", "{}", exchange.short());
    recorder.finish(session).await;
}

/// What came of a case.
struct Outcome {
    exchange: Exchange,
    /// Did the next request of the session come on the same connection?
    reused: bool,
}

async fn play(vector: &Value) -> Outcome {
    if decides(vector) {
        return play_decision(vector).await;
    }
    let peer = ScriptedPeer::start_with_default(vec![script(vector, Script::new())], Script::answering(NEXT)).await;
    let recorder = Recorder::start();
    // No handshake comes so far that the machine's authorities were needed, of which it may have none.
    let nobody = TlsOptions::new().trust_only([]);
    let session = recorder.session(Session::builder().timeouts(patience(vector)).tls(nobody));
    let plain = session.connect(&peer.origin()).expect("an origin");
    // A server that accepts, and then says nothing of TLS.
    let secure = (vector["tls"] == "no-hello").then(|| session.connect(&peer.origin().replace("http:", "https:")));
    let connection = secure.map_or(plain.clone(), |secure| secure.expect("an origin"));
    let method = Method::from_bytes(text(&vector["method"]).as_bytes()).expect("a method");
    let exchange = Exchange::play(&recorder, &connection, method).await;
    let before = peer.connections();

    let next = Exchange::play(&recorder, &plain, Method::GET).await;
    assert_eq!(next.body, b"next", "the next request got what was not meant for it: {}", next.short());
    let reused = peer.connections() == before;
    recorder.finish(session).await;
    Outcome { exchange, reused }
}

/// Is there something to decide beyond what is a response?
fn decides(vector: &Value) -> bool {
    matches!(text(&vector["class"]), "redirect" | "content-encoding" | "proxy" | "auth")
}

async fn play_decision(vector: &Value) -> Outcome {
    let secure = Secure::of(vector);
    let begin = secure.as_ref().map_or_else(Script::new, |secure| Script::new().start_tls(&secure.tls));
    let peer = ScriptedPeer::start_with_default(vec![script(vector, begin)], Script::answering(NEXT)).await;
    let recorder = Recorder::start();
    let session = recorder.session(decisions::session(vector, &peer, secure.as_ref()));
    let connection = decisions::connection(vector, &session, &peer, secure.as_ref());
    let exchange = Exchange::play(&recorder, &connection, Method::GET).await;
    assert!(session.cookies().is_empty(), "what a proxy sets is nobody's cookie");
    recorder.finish(session).await;
    Outcome { exchange, reused: false }
}

/// The server's part; whoever comes a second time on the same connection gets the next answer.
fn script(vector: &Value, begin: Script) -> Script {
    let speaks_first = !vector["server"].is_null();
    let begin = if speaks_first { begin } else { begin.read_head() };
    let script = front_ends::script(begin, &vector["steps"]);
    match text(&vector["then"]) {
        "fin" => script.close(),
        "rst" => script.reset(),
        _ if speaks_first => script.read_head().read_head().send(NEXT).keep(),
        _ => script.read_head().send(NEXT).keep(),
    }
}

/// The slow cases drip an octet a second and wait for minutes. There is no minimum rate in this version: a body that
/// drips is given up for the silence between two octets.
fn patience(vector: &Value) -> Timeouts {
    let mut timeouts = Timeouts::default();
    if text(&vector["class"]) == "slow" {
        timeouts.receive_response = Some(Duration::from_millis(300));
        timeouts.receive = Some(Duration::from_millis(300));
        timeouts.connect = Some(Duration::from_millis(300));
    }
    timeouts
}

fn compare(outcome: &Outcome, vector: &Value, pin: Option<&str>) -> Result<(), String> {
    let Outcome { exchange, reused } = outcome;
    let also: Vec<_> = vector["also"].as_array().into_iter().flatten().map(text).collect();
    let expected = &vector["expect"];
    let kind = kind(exchange.error.as_ref());
    let main = text(&expected["kind"]);
    if also.is_empty() != pin.is_none() || pin.is_some_and(|pin| pin != kind) {
        return Err(format!("{pin:?} is pinned, not {kind}: {}", exchange.short()));
    }
    let right = if main.starts_with("tunnel") {
        exchange.error.as_ref().is_some_and(failed_beyond_the_proxy)
    } else if kind != main {
        also.contains(&kind)
    } else if kind == "ok" {
        is_the_response(outcome, expected)
    } else {
        exchange.error.as_ref().is_some_and(|error| is_of_type(error, expected["typed"].as_str()))
    };
    if right { Ok(()) } else { Err(format!("{}, reused: {reused}; expected {expected}", exchange.short())) }
}

fn kind(error: Option<&Error>) -> &'static str {
    match error {
        None => "ok",
        Some(error) if error.is_timeout() => "timeout",
        Some(_) => "error",
    }
}

fn is_the_response(Outcome { exchange, reused }: &Outcome, expected: &Value) -> bool {
    let status = exchange.head.as_ref().map(|head| u64::from(head.status().as_u16()));
    let body = expected["body"].as_str().map(str::as_bytes);
    let may_be_reused = expected["reuse"].as_bool();
    status == expected["status"].as_u64()
        && body.is_none_or(|body| body == exchange.body)
        && may_be_reused.is_none_or(|may| may == *reused)
}

/// A reset has the socket's error for its source, an end that came too early has none.
fn is_of_type(error: &Error, wanted: Option<&str>) -> bool {
    use std::error::Error as _;
    match wanted {
        None => error.code() != ErrorCode::InternalError,
        Some("decompressed_too_large") => error.code() == ErrorCode::BodyTooLarge,
        Some("truncated") => error.code() == ErrorCode::ConnectionError && error.source().is_none(),
        Some("reset") => error.code() == ErrorCode::ConnectionError && error.source().is_some(),
        Some("header_too_large") => {
            matches!(error.code(), ErrorCode::HeaderSizeOverflow | ErrorCode::HeaderCountExceeded)
        }
        Some(_) => false,
    }
}

const PLACE: &str = "hostile-h1/cases.json";
/// Names the case that this process plays alone.
const ALONE: &str = "HOSTILE_H1_CASE";
/// No case: a good exchange.
const NOTHING: &str = "nothing";
/// A case that asks for more than there is.
const GREEDY: &str = "greedy";
/// Sanitizers take terabytes.
const MOST_ADDRESSES_KIB: u64 = 64 << 20;
/// Cases that are played at the same time.
const AT_ONCE: usize = 4;
/// What a case may cost, beside no file descriptor: memory by the configured limits (a head of 64 KiB, 1 MiB read away) and 4 MiB;
/// time by a client that gives up after a while.
const MOST: Cost = Cost { memory_kib: 5 * 1024 + 64, cpu_ms: 1_000, wall_ms: 20_000, files: (0, 0) };
const NEXT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";
