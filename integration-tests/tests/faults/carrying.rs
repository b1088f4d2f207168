//! Faults of what carries the octets, once a wire is there.

use std::time::Duration;

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::scripted_peer::{Script, Split};

use super::SOON;
use super::fault::{Before, Case, Fault, answered, fails, fault};
use super::protocol::{ALL, BY_HTTP1, Protocol, REQUESTS};

use Protocol::{Http2, WebSocket};

/// The answer is split in one of these ways.
fn split(protocol: Protocol, ways: impl Iterator<Item = Split>) -> Vec<Case> {
    ways.map(|way| Case::server(protocol.says(protocol.answer(0).whole()).split(way))).collect()
}

/// The fault follows each of these beginnings of an answer.
fn behind(begun: Vec<Vec<u8>>, protocol: Protocol, fault: fn(Script) -> Script) -> Vec<Case> {
    begun.into_iter().map(|octets| Case::server(fault(protocol.asked().send_accepting(octets)))).collect()
}

fn before_it(name: &'static str, then: fn(Script) -> Script) -> Fault {
    fault(name, move |protocol| behind(vec![Vec::new()], protocol, then))
}

fn within_head(name: &'static str, then: fn(Script) -> Script) -> Fault {
    fault(name, move |protocol| behind(protocol.answer(0).within_head(), protocol, then))
}

fn within_body(name: &'static str, then: fn(Script) -> Script) -> Fault {
    fault(name, move |protocol| behind(protocol.answer(0).within_body(), protocol, then))
}

fn answers_soon(options: &mut RequestOptions) {
    options.timeouts.receive_response = Some(SOON);
}

fn reads_soon(options: &mut RequestOptions) {
    options.timeouts.receive = Some(SOON);
    options.websocket.ping_every = Some(SOON);
    options.websocket.ping_timeout = SOON;
}

fn sends_soon(options: &mut RequestOptions) {
    options.timeouts.send = Some(SOON);
}

/// Silence at a few places: each costs the time it takes to be noticed. Of a wire that several streams share the next request is
/// heard.
fn silent(begun: Vec<Vec<u8>>, protocol: Protocol, soon: fn(&mut RequestOptions)) -> Vec<Case> {
    let few = begun.len().div_ceil(3);
    let then = |octets: &Vec<u8>| match protocol {
        Http2 => protocol.serves(protocol.asked().send(octets.clone()), 1),
        _ => protocol.asked().send_accepting(octets.clone()).keep(),
    };
    begun.iter().step_by(few).map(|octets| Case::server(then(octets)).with(soon)).collect()
}

fn of_pieces() -> Vec<Fault> {
    vec![
        fault("The answer is cut in two at any octet", |protocol| {
            split(protocol, Split::every(protocol.answer(0).whole().len()))
        })
        .at(&REQUESTS, answered().kept())
        .at(&[WebSocket], answered()),
        fault("The server stops for a while within the answer, and goes on", |protocol| {
            let whole = protocol.answer(0).whole();
            let (begun, rest) = whole.split_at(whole.len() / 2);
            let script = protocol.asked().send(begun.to_vec()).wait(SOON).send(rest.to_vec());
            vec![Case::server(protocol.serves(script, 1))]
        })
        .at(&REQUESTS, answered().kept()),
        fault("One octet at a time, until the head's time is up", |protocol| {
            let whole = protocol.answer(0).whole();
            vec![Case::server(protocol.asked().drip(whole, Duration::from_millis(20)).keep()).with(answers_soon)]
        })
        .at(&BY_HTTP1, fails(ErrorCode::Timeout, Stage::Head)),
    ]
}

fn of_ends() -> Vec<Fault> {
    let broken = |stage| fails(ErrorCode::ConnectionError, stage);
    vec![
        before_it("The end instead of an answer", Script::close).at(&ALL, broken(Stage::FirstByte)),
        within_head("The end after any octet of the head", Script::close)
            .at(&BY_HTTP1, broken(Stage::Head))
            .at(&[WebSocket], broken(Stage::Head))
            .at(&[Http2], broken(Stage::FirstByte)),
        within_body("The end after any octet of the body", Script::close)
            .at(&REQUESTS, broken(Stage::Body))
            .at(&[WebSocket], broken(Stage::Messages)),
        before_it("A reset instead of an answer", Script::reset).at(&ALL, broken(Stage::FirstByte)),
        within_head("A reset after any octet of the head", Script::reset)
            .at(&BY_HTTP1, broken(Stage::Head))
            .at(&[WebSocket], broken(Stage::Head))
            .at(&[Http2], broken(Stage::FirstByte)),
        // What `h2` writes meanwhile may hear of it before the head is handed out.
        within_body("A reset after any octet of the body", Script::reset)
            .at(&BY_HTTP1, broken(Stage::Body))
            .at(&[Http2], broken(Stage::Body).or(Stage::FirstByte))
            .at(&[WebSocket], broken(Stage::Messages)),
        fault("The end behind a whole answer", |protocol| {
            vec![Case::server(protocol.asked().send_accepting(protocol.answer(0).whole()).close())]
        })
        .at(&ALL, answered()),
    ]
}

fn of_silence() -> Vec<Fault> {
    let late = |stage| fails(ErrorCode::Timeout, stage);
    vec![
        fault("Silence instead of an answer", |protocol| silent(vec![Vec::new()], protocol, answers_soon))
            .at(&BY_HTTP1, late(Stage::FirstByte))
            .at(&[WebSocket], late(Stage::FirstByte))
            .at(&[Http2], late(Stage::FirstByte).kept()),
        fault("Silence within the head", |protocol| silent(protocol.answer(0).within_head(), protocol, answers_soon))
            .at(&BY_HTTP1, late(Stage::Head))
            .at(&[WebSocket], late(Stage::Head)),
        fault("Silence within the body", |protocol| {
            // A frame of HTTP/2 is whole before its wire can be heard again.
            let answer = protocol.answer(0);
            let begun = if protocol == Http2 { vec![answer.head] } else { answer.within_body() };
            silent(begun, protocol, reads_soon)
        })
        .at(&BY_HTTP1, late(Stage::Body))
        .at(&[WebSocket], late(Stage::Messages))
        .at(&[Http2], late(Stage::Body).kept()),
        fault("The server takes nothing of an upload", |protocol| {
            let script = match protocol {
                // It gives no window, and hears what comes on other streams.
                Http2 => protocol.serves(protocol.asked(), 1),
                _ => protocol.opens().stop_reading(),
            };
            vec![Case::server(script).uploading(UPLOAD).with(sends_soon)]
        })
        .at(&BY_HTTP1, late(Stage::SendBody))
        .at(&[Http2], late(Stage::SendBody).kept()),
        fault("The server answers early, and closes while more of an upload comes", |protocol| {
            let opened = if protocol == Http2 { protocol.asked() } else { protocol.opens().read_head() };
            vec![Case::server(opened.send(protocol.answer(0).whole()).close()).uploading(UPLOAD)]
        })
        .at(&REQUESTS, answered()),
    ]
}

/// A wire that has served before.
fn used(name: &'static str, upload: usize, then: fn(Script) -> Script) -> Fault {
    fault(name, move |protocol| {
        vec![Case::server(then(protocol.asked_again())).after(Before::Answer).uploading(upload)]
    })
}

/// A wire that nobody uses.
fn idle(name: &'static str, then: fn(Script) -> Script) -> Fault {
    fault(name, move |protocol| {
        let case = Case::default();
        // A reset would take along what is not read yet.
        let script = protocol.asked().send(protocol.answer(0).whole()).hold(&case.gate);
        vec![Case { server: Some(then(script)), ..case.after(Before::End) }]
    })
}

fn of_used_wires() -> Vec<Fault> {
    let broken = |stage| fails(ErrorCode::ConnectionError, stage);
    vec![
        used("The end instead of an answer to a GET, on a used wire", 0, Script::close)
            .at(&REQUESTS, answered().retried()),
        used("A reset instead of an answer to a GET, on a used wire", 0, Script::reset)
            .at(&REQUESTS, answered().retried()),
        used("The end instead of an answer to a POST, on a used wire", 5, Script::close)
            .at(&BY_HTTP1, broken(Stage::FirstByte))
            .at(&[Http2], broken(Stage::FirstByte).or(Stage::SendBody)),
        idle("The end of an idle wire", Script::close).at(&REQUESTS, answered()),
        idle("A reset of an idle wire", Script::reset).at(&REQUESTS, answered()),
        idle("An answer that nobody asked for, on an idle wire", |script| {
            script.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil").keep()
        })
        .at(&REQUESTS, answered()),
    ]
}

pub(crate) fn of_carrying() -> Vec<Fault> {
    [of_pieces(), of_ends(), of_silence(), of_used_wires()].into_iter().flatten().collect()
}

/// More than all buffers on the way hold.
const UPLOAD: usize = 16 << 20;
