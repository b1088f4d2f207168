//! What an HTTP/2 server may send frame by frame, and the one outcome each of it must have.
//!
//! A case that says how much memory it may take is played in a process of its own.

mod alone;
mod exchange;
mod front_ends;
mod runner;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use alone::in_a_process;
use exchange::Exchange;
use futures_util::{StreamExt, stream};
use hinternet::{
    Blame, Error, ErrorCode, Http2Options, Method, Payload, Protocols, Session, Stage, Timeouts, WireState,
};
use integration_tests::http2_peer::{Frame, Kind, PREFACE, Reason, frames};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Ending, Script, ScriptedPeer};
use integration_tests::{SANITIZED, is_over};
use runner::{Case, Suite, Verdict, hex, judge, list, peak_memory_kib, read_json, text};
use serde_json::Value;

fn main() -> ExitCode {
    if let Ok(id) = std::env::var(ALONE) {
        return play_alone(&id);
    }
    let suite = Suite {
        name: "h2-client-cases",
        place: PLACE,
        cases: 98,
        known_differences: include_str!("h2_client_cases.known_differences"),
        most_known: 20,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let vectors = read_json(file);
    let cases: Vec<_> = list(&vectors["cases"])
        .iter()
        .cloned()
        .map(|vector| {
            let id = text(&vector["id"]).to_owned();
            let of_memory = text(&vector["expect"]["kind"]) == "bounded";
            let judged = judge(id.clone(), None, async move {
                match vector["expect"]["max_rss_mib"].as_u64() {
                    Some(_) => in_a_process(ALONE, &id).await.map(drop),
                    None => play(&vector).await,
                }
            });
            async move {
                let mut case = judged.await;
                // Whatever else there is to see was seen, a sanitizer's finds among it.
                if SANITIZED && of_memory && matches!(case.verdict, Verdict::Passed) {
                    case.verdict = Verdict::Skipped("of memory alone, where a sanitizer's is counted too");
                }
                case
            }
        })
        .collect();
    stream::iter(cases).buffered(AT_ONCE).collect().await
}

/// This process is that child.
fn play_alone(id: &str) -> ExitCode {
    let vector = alone::case(PLACE, id);
    let runtime = alone::runtime();
    let limit = vector["expect"]["max_rss_mib"].as_u64().expect("the parent found it") * 1024;
    let before = peak_memory_kib().unwrap_or_default();
    let result = runtime.block_on(async move { tokio::spawn(async move { play(&vector).await }).await });
    let grown = peak_memory_kib().unwrap_or_default() - before;
    alone::ended(match result {
        Ok(Ok(())) if is_over(grown, limit) => {
            Err(format!("took {grown} KiB of memory, where {limit} KiB are allowed"))
        }
        Ok(verdict) => verdict,
        Err(panic) => Err(panic.to_string()),
    })
}

/// All that came of a case.
struct Outcome {
    exchange: Exchange,
    /// What the client sent on the wire of the case. Of a flood it may be very many frames: they are looked at one by one.
    received: Vec<u8>,
    /// Did the client close that wire, before it was told to?
    closed: bool,
    /// How many wires there were.
    wires: usize,
}

async fn play(vector: &Value) -> Result<(), String> {
    let next = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(frames::answer(1, "next"));
    let peer = ScriptedPeer::start_with_default(vec![script(vector)], next.keep()).await;
    let recorder = Recorder::start();
    let builder = Session::builder().protocols(Protocols::RequireHttp2).http2(pings()).timeouts(timeouts());
    let session = recorder.session(builder);
    let connection = session.connect(&peer.origin()).expect("an origin");
    let (method, payload) = request(vector);
    let exchange = Exchange::play_with(&recorder, &connection, method, payload).await;
    // The exchange may be over before the server's last frame was read, let alone answered.
    let expected = &vector["expect"];
    let settled = tokio::time::timeout(
        SETTLED,
        peer.wait_until(|connections| {
            connections.first().is_some_and(|one| is_answered(expected, &one.received, one.ending))
        }),
    );
    let _judged_below = settled.await;
    let (wires, first) = (peer.connections(), peer.connection(0));
    let outcome = Outcome { exchange, closed: is_end(first.ending), received: first.received, wires };
    let verdict = compare(&outcome, vector);
    drop(connection);
    recorder.finish(session).await;
    verdict
}

/// Two cases are about a body that is under way.
fn request(vector: &Value) -> (Method, Payload) {
    match text(&vector["id"]) {
        "own/settings/shrink" | "own/rst/noerror-early" => (Method::POST, Payload::bytes(vec![b'x'; 256 * 1024])),
        _ => (Method::GET, Payload::empty()),
    }
}

fn script(vector: &Value) -> Script {
    front_ends::script(Script::new(), &vector["steps"]).keep().forgetful()
}

/// Is what the case expects there to be seen, or can it no more come?
fn is_answered(expected: &Value, received: &[u8], ending: Option<Ending>) -> bool {
    is_end(ending) || as_expected(expected, received, false) != Some(false)
}

fn is_end(ending: Option<Ending>) -> bool {
    matches!(ending, Some(Ending::ClientClosed | Ending::Broken(_)))
}

/// What the frames tell of the kinds that are about frames; `None` for the others.
fn as_expected(expected: &Value, received: &[u8], closed: bool) -> Option<bool> {
    let frames = || Frame::each(received);
    let codes: Vec<_> = expected["codes"].as_array().into_iter().flatten().map(|code| number(&code["code"])).collect();
    let said = |kinds: &[Kind]| {
        let said = frames().filter(|frame| kinds.contains(&frame.kind)).filter_map(|frame| frame.reason());
        // Going away without an error, and giving up a request, are no words about the server's fault.
        said.filter(|reason| !matches!(*reason, Reason::NO_ERROR | Reason::CANCEL)).map(u32::from).collect::<Vec<_>>()
    };
    let by = |said: Vec<u32>| {
        if said.is_empty() { closed } else { said.iter().any(|code| codes.contains(&u64::from(*code))) }
    };
    Some(match text(&expected["kind"]) {
        "request_seen" => frames().any(|frame| frame.opens_stream() && frame.stream == 1),
        "ping_ack" => {
            let data = hex(text(&expected["data"]));
            frames().any(|frame| frame.kind == Kind::Ping && frame.is_ack() && frame.payload == data)
        }
        "settings_ack" => frames().any(|frame| frame.kind == Kind::Settings && frame.is_ack()),
        "connection_error" => by(said(&[Kind::GoAway])),
        "stream_error" => by(said(&[Kind::GoAway, Kind::Reset])),
        "goaway" => !said(&[Kind::GoAway]).is_empty() && by(said(&[Kind::GoAway])),
        "close" => closed,
        "no_data_beyond_window" => {
            let data = frames().filter(|frame| frame.kind == Kind::Data && frame.stream == 1);
            data.map(|frame| frame.length).sum::<usize>() <= WINDOW
        }
        _ => return None,
    })
}

fn compare(outcome: &Outcome, vector: &Value) -> Result<(), String> {
    let Outcome { exchange, received, closed, wires } = outcome;
    let expected = &vector["expect"];
    let error = exchange.error.as_ref();
    if let Some(wrong) = error.and_then(untyped) {
        return Err(format!("{wrong}: {}", exchange.short()));
    }
    if !received.starts_with(PREFACE) {
        return Err(format!("it is not HTTP/2 that was spoken: {}", exchange.short()));
    }
    // A wire that is closed because the client's own time ran out says nothing about the server's fault.
    let closed = *closed && !error.is_some_and(Error::is_timeout);
    let streams = Frame::each(received).filter(Frame::opens_stream).count();
    let right = as_expected(expected, received, closed).unwrap_or_else(|| match text(&expected["kind"]) {
        "client_timeout" => error.is_some_and(Error::is_timeout),
        "error" => error.is_some_and(|error| error.blame() == Blame::Peer),
        // Sent again: answered on another wire, or on the same one left without an answer.
        "retry_or_typed_error" => {
            let refused = error.is_some_and(|error| error.wire_state() == WireState::RefusedByPeer);
            (error.is_none() && *wires == 2) || refused || streams > 1
        }
        "response" => error.is_none() && exchange.head.is_some(),
        // One outcome, whichever; of memory the process tells.
        "bounded" | "response_or_error" => true,
        other => panic!("{other} is no kind"),
    });
    // A malformed message is an error of the request, and nothing that is an error comes out as a success (RFC 9113 8.1.1).
    let id = text(&vector["id"]);
    let clean =
        ["own/resp/", "own/cl/", "own/trailers/", "own/1xx/", "own/hpack/"].iter().any(|class| id.starts_with(class));
    if right && clean && error.is_none() {
        return Err(format!("a malformed response is delivered as a good one: {}", exchange.short()));
    }
    if right {
        Ok(())
    } else {
        Err(format!("{}, {}, closed: {closed}; expected {expected}", exchange.short(), shown(received)))
    }
}

/// Every error is somebody's: the server's, the network's, or that of the time that ran out.
fn untyped(error: &Error) -> Option<&'static str> {
    if error.code() == ErrorCode::InternalError {
        return Some("an internal error");
    }
    if !matches!(error.blame(), Blame::Peer | Blame::Network) {
        return Some("neither the server nor the network is blamed");
    }
    let early = [Stage::Resolve, Stage::Tls];
    early.contains(&error.stage()).then_some("a stage that there was not")
}

fn shown(received: &[u8]) -> String {
    let told = |frame: Frame| Some(format!("{:?}({:?}) on {}", frame.kind, frame.reason()?, frame.stream));
    let count = Frame::each(received).count();
    format!("{count} frames, {:?}", Frame::each(received).filter_map(told).take(5).collect::<Vec<_>>())
}

fn timeouts() -> Timeouts {
    let mut timeouts = Timeouts::default();
    for limit in [&mut timeouts.connect, &mut timeouts.send, &mut timeouts.receive, &mut timeouts.receive_response] {
        *limit = Some(PATIENCE);
    }
    timeouts.queue = Some(PATIENCE);
    timeouts
}

/// A ping would only mix with the server's own.
fn pings() -> Http2Options {
    let mut options = Http2Options::default();
    (options.ping_after, options.ping_timeout, options.adaptive_window) = (None, PATIENCE, false);
    options
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

const PLACE: &str = "h2-client-cases/cases.json";
/// Names the case that this process plays alone.
const ALONE: &str = "H2_CLIENT_CASE";
/// Cases that are played at the same time.
const AT_ONCE: usize = 16;
/// How long a server that says nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a client may take to answer a frame.
const SETTLED: Duration = Duration::from_secs(2);
/// What a stream may send before its window was made larger.
const WINDOW: usize = 65_535;
