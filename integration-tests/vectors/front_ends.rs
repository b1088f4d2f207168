//! The steps of a case, in the words of its suite, as steps of a scripted peer.
//!
//! | suite | a step is |
//! |---|---|
//! | hostile-h1 | `{send}`, `{repeat, n}`, `{drip, ms}`, `{wait_ms}` |
//! | h2-client-cases | `{do: read_preface, read_request, send, send_repeat, drip, close}` |
//! | autobahn | `{do: frame, message, frame_header, raw, close}`; `wait` and what is to be compared are its runner's own |
//!
//! The replies of curl-replay are by number and not by step: their front end is `Replayer`.
#![allow(dead_code, reason = "each suite has its own words")]

use std::time::Duration;

use hinternet::Bytes;
use integration_tests::http2_peer::Kind;
use integration_tests::scripted_peer::{Script, Step, Wanted};
use integration_tests::websocket::{close, frame};
use serde_json::Value;

use crate::runner::{hex, list, text};

/// The steps of a case of hostile-h1 or h2-client-cases behind those there are.
pub(crate) fn script(begin: Script, steps: &Value) -> Script {
    list(steps).iter().flat_map(self::steps).fold(begin, Script::step)
}

/// The same where a WebSocket is asked for: the handshake is answered, and nothing is waited for, as the client's patience ends first,
/// whatever the case's.
pub(crate) fn websocket_script(begin: Script, steps: &Value) -> Script {
    let steps = list(steps).iter().flat_map(self::steps).filter_map(|step| match step {
        Step::Send(octets) => Some(Step::SendAccepting(octets)),
        Step::Wait(_) | Step::Drip(..) => None,
        other => Some(other),
    });
    steps.fold(begin, Script::step)
}

fn steps(step: &Value) -> Vec<Step> {
    let time = |key: &str| Duration::from_millis(number(&step[key]));
    let (word, octets) = match step["do"].as_str() {
        Some(word) => (word, step["hex"].as_str()),
        None => {
            let word = ["send", "repeat", "drip", "wait_ms"].into_iter().find(|word| !step[*word].is_null());
            let word = word.unwrap_or_else(|| panic!("{step} is no step"));
            (word, step[word].as_str())
        }
    };
    let octets = with_port(octets.map(hex).unwrap_or_default());
    match word {
        "send" => vec![Step::Send(octets.into())],
        "repeat" | "send_repeat" => repeated(&octets, number(&step["n"]) as usize),
        "drip" => vec![Step::Drip(octets.into(), time("ms"))],
        "wait_ms" => vec![Step::Wait(time("wait_ms"))],
        "read_preface" => vec![Step::ReadPreface],
        "read_request" => vec![Step::ReadFrames(Wanted::Of(Kind::Headers), 1)],
        "close" => vec![Step::Close],
        other => panic!("{other} is no step"),
    }
}

/// So many times, in writes of a good size.
fn repeated(octets: &[u8], times: usize) -> Vec<Step> {
    let in_one = (4096 / octets.len()).max(1);
    let rest = octets.repeat(times % in_one);
    let whole = Step::Repeat(octets.repeat(in_one).into(), times / in_one);
    if rest.is_empty() { vec![whole] } else { vec![whole, Step::Send(rest.into())] }
}

/// A redirect that must not be followed names some port.
fn with_port(octets: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(octets);
    text.map_or_else(|raw| raw.into_bytes(), |text| text.replace("{port}", "80").into_bytes())
}

/// What a step of autobahn writes, in these pieces; `None` for one that writes nothing.
pub(crate) fn written(step: &Value) -> Option<Vec<Bytes>> {
    let is_binary = step["binary"] == true;
    let octets = match text(&step["do"]) {
        "frame" => frame(first_octet(step), payload(&step["payload"])),
        "message" => message(&payload(&step["payload"]), is_binary, step["fragment"].as_u64().unwrap_or(0) as usize),
        "frame_header" => vec![first_octet(step), number(&step["len"]) as u8],
        "raw" => payload(&step["payload"]),
        "close" => match step["code"].as_u64() {
            Some(code) => close(code as u16, step["reason"].as_str().unwrap_or_default()),
            None => frame(0x88, ""),
        },
        "wait" | "kill_after" | "close_after" => return None,
        other => panic!("{other} is no step"),
    };
    let piece = step["chop"].as_u64().map_or(octets.len().max(1), |chop| chop as usize);
    Some(octets.chunks(piece).map(Bytes::copy_from_slice).collect())
}

/// In fragments of that size; 0 is one fragment.
fn message(octets: &[u8], is_binary: bool, fragment: usize) -> Vec<u8> {
    let opcode = if is_binary { 2 } else { 1 };
    if octets.is_empty() {
        return frame(0x80 | opcode, "");
    }
    let pieces: Vec<_> = octets.chunks(if fragment > 0 { fragment } else { octets.len() }).collect();
    let one = |(n, piece): (usize, &&[u8])| {
        let is_last = n + 1 == pieces.len();
        frame((u8::from(is_last) << 7) | if n > 0 { 0 } else { opcode }, piece)
    };
    pieces.iter().enumerate().flat_map(one).collect()
}

fn first_octet(step: &Value) -> u8 {
    let rsv = step["rsv"].as_u64().unwrap_or(0) as u8;
    (u8::from(step["fin"] == true) << 7) | (rsv << 4) | step["opcode"].as_u64().unwrap_or(0) as u8
}

/// Octets as autobahn tells them: all of them, or a unit and how often.
pub(crate) fn payload(value: &Value) -> Vec<u8> {
    match value["hex"].as_str() {
        Some(digits) => hex(digits),
        None => hex(text(&value["unit"])).into_iter().cycle().take(number(&value["len"]) as usize).collect(),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}
