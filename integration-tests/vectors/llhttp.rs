//! The strict response vectors of llhttp, played over real sockets: what the client delivers is what llhttp's spans say.
//!
//! llhttp parses a stream of messages; a client asks once, so that what follows the first final message is not its to see.
//! A vector that stops in the middle of a body is compared by what was delivered until then.

mod exchange;
mod runner;

use std::path::Path;
use std::process::ExitCode;

use exchange::Exchange;
use hinternet::{HeaderMap, Method, RedirectPolicy, Session, Version};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use runner::{Case, Suite, judge, list, read_json, text};
use serde_json::Value;

fn main() -> ExitCode {
    let suite = Suite {
        name: "llhttp, responses",
        place: "llhttp/llhttp-vectors.json",
        cases: 85,
        known_differences: include_str!("llhttp.known_differences"),
        most_known: 5,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let vectors = read_json(file);
    let responses = list(&vectors["cases"]).iter().filter(|vector| text(&vector["type"]).starts_with("response"));
    let mut cases = Vec::new();
    for vector in responses {
        let id = text(&vector["id"]).trim_start_matches("response/").to_owned();
        let (needs, vector) = (needs(vector), vector.clone());
        cases.push(judge(id, needs, async move { compare(&play(&vector).await, &vector) }).await);
    }
    cases
}

fn needs(vector: &Value) -> Option<&'static str> {
    match text(&vector["type"]) {
        "response" if vector["error"]["code"] == PAUSED_FOR_UPGRADE => Some("need an upgrade that was asked for"),
        "response" => None,
        "response-finish" => Some("need the parser alone"),
        _ => Some("need leniency"),
    }
}

async fn play(vector: &Value) -> Exchange {
    let octets = base64(text(&vector["input_b64"]));
    let peer = ScriptedPeer::start(vec![Script::answering_once(octets)]).await;
    let recorder = Recorder::start();
    // Some of its responses redirect.
    let session = recorder.session(Session::builder().redirects(RedirectPolicy::Never));
    let connection = session.connect(&peer.origin()).expect("an origin");
    // llhttp is told to skip a body where a client would have asked with HEAD.
    let method = if vector["meta"]["skipBody"] == true { Method::HEAD } else { Method::GET };
    let exchange = Exchange::play(&recorder, &connection, method).await;
    recorder.finish(session).await;
    exchange
}

fn compare(exchange: &Exchange, vector: &Value) -> Result<(), String> {
    let messages = list(&vector["messages"]);
    let is_interim = |message: &&Value| text_or(&message["hc_status"], "").starts_with('1');
    let interims: Vec<_> = messages.iter().take_while(is_interim).collect();
    let told = &exchange.interims;
    let same = |(message, (status, fields)): (&&Value, &(u16, HeaderMap))| {
        text(&message["hc_status"]) == status.to_string() && is_same_fields(fields, message)
    };
    if interims.len() != told.len() || !interims.iter().zip(told).all(same) {
        return Err(format!("the interim responses {told:?} are not {interims:?}"));
    }
    let Some(last) = messages.get(interims.len()) else { return Err("there is no final message".to_owned()) };
    check_head(exchange, last)?;
    let body = text_or(&last["body"], "");
    if latin1(&exchange.body) != body {
        return Err(format!("the body {body:?} became {}", exchange.short()));
    }
    check_end(exchange, last, !vector["error"].is_null())
}

fn check_head(exchange: &Exchange, message: &Value) -> Result<(), String> {
    let complete = message["headers_complete"] == true;
    let head = match &exchange.head {
        Some(head) if complete => head,
        None if !complete => return Ok(()),
        _ => return Err(format!("is the head complete? {complete}; but {}", exchange.short())),
    };
    let version = match text(&message["version"]) {
        "1.1" => Version::HTTP_11,
        "1.0" => Version::HTTP_10,
        "0.9" => Version::HTTP_09,
        other => return Err(format!("version {other}")),
    };
    let right = head.version() == version
        && head.status().as_str() == text(&message["hc_status"])
        && latin1(head.reason()) == text_or(&message["status"], "")
        && is_same_fields(head.headers(), message);
    if right { Ok(()) } else { Err(format!("the head {message} became {head:?}")) }
}

/// A complete message ends well. An incomplete one ends as its connection does: well if it runs until close. What llhttp
/// refuses is refused.
fn check_end(exchange: &Exchange, message: &Value, refused: bool) -> Result<(), String> {
    let complete = message["complete"] == true;
    let right = match &exchange.error {
        None => complete || !refused,
        Some(error) => !complete && !error.is_timeout(),
    };
    if right { Ok(()) } else { Err(format!("the end is not that of {message}: {}", exchange.short())) }
}

fn is_same_fields(fields: &HeaderMap, message: &Value) -> bool {
    let wanted = list(&message["headers"]);
    let has = |pair: &Value| {
        let values = fields.get_all(text(&pair[0]));
        values.iter().any(|value| latin1(value.as_bytes()).trim() == text(&pair[1]).trim())
    };
    fields.len() == wanted.len() && wanted.iter().all(has)
}

/// The spans are given so: a character for an octet.
fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|&octet| char::from(octet)).collect()
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut octets = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes().filter_map(|octet| DIGITS.iter().position(|digit| *digit == octet)) {
        (bits, held) = (bits << 6 | digit as u32, held + 6);
        if held >= 8 {
            held -= 8;
            octets.push((bits >> held) as u8);
        }
    }
    octets
}

fn text_or<'a>(value: &'a Value, default: &'a str) -> &'a str {
    value.as_str().unwrap_or(default)
}

/// llhttp hands what follows a 101 to its user. A client that asked for no upgrade refuses the 101.
const PAUSED_FOR_UPGRADE: u64 = 22;
