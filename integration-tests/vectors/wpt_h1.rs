//! What of the web-platform-tests is about the parsing of HTTP/1.1 responses, played over real sockets.
//!
//! Browsers forgive more than a framework should: where the vectors pin a browser's leniency, ours is a known difference.

mod exchange;
mod runner;

use std::path::Path;
use std::process::ExitCode;

use exchange::Exchange;
use hinternet::{Method, Session};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use runner::{Suite, judge, list, read_json, text};
use serde_json::Value;

fn main() -> ExitCode {
    let suite = Suite {
        name: "wpt, HTTP/1 parsing",
        place: "wpt",
        cases: 151,
        known_differences: include_str!("wpt_h1.known_differences"),
        most_known: 11,
    };
    suite.run(|place| async move {
        let mut cases = Vec::new();
        for Vector { id, response, expected } in vectors(&place) {
            cases.push(judge(id, None, async move { compare(&play(response).await, &expected) }).await);
        }
        cases
    })
}

/// One response and what becomes of it.
struct Vector {
    id: String,
    response: Vec<u8>,
    expected: Expected,
}

enum Expected {
    Refused,
    Accepted { status: u16, body: Vec<u8> },
}

fn vectors(place: &Path) -> Vec<Vector> {
    let file = |name: &str| read_json(&place.join(name));
    let symbols = list(&file("h1-symbol-insertion.json")).iter().map(symbol_insertion).collect::<Vec<_>>();
    let must_fail = file("h1-lone-cr.json");
    let lone = list(&must_fail["lone_cr_must_fail"]).iter().enumerate().map(|(n, text)| refused("lone-cr", n, text));
    let heads = list(&must_fail["incomplete_head_must_fail"]).iter().enumerate();
    let heads = heads.map(|(n, text)| refused("incomplete-head", n, text));
    let lengths = file("content-lengths.json");
    let lengths = list(&lengths).iter().enumerate().map(content_length);
    let codes = file("status-codes.json");
    let codes = list(&codes).iter().enumerate().map(status_code);
    symbols.into_iter().chain(lone).chain(heads).chain(lengths).chain(codes).collect()
}

fn symbol_insertion(vector: &Value) -> Vector {
    let (symbol, place) = (text(&vector["symbol"]), text(&vector["pos"]));
    let response = runner::hex(text(&vector["hex"]));
    let expected = match text(&vector["strict_rfc9112"]) {
        "accept" => Expected::Accepted { status: 200, body: b"Test.".to_vec() },
        _ => Expected::Refused,
    };
    Vector { id: format!("symbol-insertion/{symbol}/{place}"), response, expected }
}

fn refused(group: &str, n: usize, response: &Value) -> Vector {
    Vector { id: format!("{group}/{n}"), response: text(response).into(), expected: Expected::Refused }
}

fn content_length((n, vector): (usize, &Value)) -> Vector {
    const BODY: &str = "Here is a body of exactly forty-two octets";
    let expected = match vector["output"].as_u64() {
        Some(length) => Expected::Accepted { status: 200, body: BODY.as_bytes()[..length as usize].to_vec() },
        None => Expected::Refused,
    };
    let response = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n{BODY}", text(&vector["input"]));
    Vector { id: format!("content-length/{n}"), response: response.into(), expected }
}

fn status_code((n, vector): (usize, &Value)) -> Vector {
    let expected = match vector["browser"][0].as_u64() {
        Some(status) => Expected::Accepted { status: status as u16, body: Vec::new() },
        None => Expected::Refused,
    };
    let response = format!("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", text(&vector["input"]));
    Vector { id: format!("status-code/{n}"), response: response.into(), expected }
}

async fn play(response: Vec<u8>) -> Exchange {
    let peer = ScriptedPeer::start(vec![Script::answering_once(response)]).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&peer.origin()).expect("an origin");
    let exchange = Exchange::play(&recorder, &connection, Method::GET).await;
    recorder.finish(session).await;
    exchange
}

fn compare(exchange: &Exchange, expected: &Expected) -> Result<(), String> {
    let right = match (expected, &exchange.head, &exchange.error) {
        (Expected::Refused, _, Some(error)) => !error.is_timeout(),
        (Expected::Accepted { status, body }, Some(head), None) => {
            head.status().as_u16() == *status && exchange.body == *body
        }
        _ => false,
    };
    if right { Ok(()) } else { Err(exchange.short()) }
}
