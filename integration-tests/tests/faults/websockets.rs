//! Faults of WebSocket: of the handshake, of frames, and of the end.

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{SWITCHING, close, frame};

use super::SOON;
use super::fault::{Case, Expected, Fault, answered, fails, fault, status};
use super::protocol::{CONTENT, Protocol, answer};

const WS: Protocol = Protocol::WebSocket;

/// The handshake's answer is this.
fn shaken(name: &'static str, octets: fn() -> Vec<u8>) -> Fault {
    fault(name, move |_| vec![Case::server(WS.says(octets()))])
}

/// What comes behind the handshake is each of these.
fn framed(name: &'static str, octets: fn() -> Vec<Vec<u8>>) -> Fault {
    fault(name, move |_| {
        let said = |octets: Vec<u8>| [SWITCHING.as_bytes(), &octets].concat();
        octets().into_iter().map(|octets| Case::server(WS.asked().send_accepting(said(octets)).keep())).collect()
    })
}

fn wrong(stage: Stage) -> Expected {
    fails(ErrorCode::InvalidServerResponse, stage)
}

fn of_handshakes() -> Vec<Fault> {
    vec![
        shaken("200 instead of 101", || answer("200 OK", "", "what?").whole()).at(&[WS], status(200).kept()),
        shaken("403 instead of 101", || answer("403 No", "", "no").whole()).at(&[WS], status(403).kept()),
        shaken("101 without Sec-WebSocket-Accept", || {
            SWITCHING.replace("Sec-WebSocket-Accept: {accept}\r\n", "").into_bytes()
        })
        .at(&[WS], wrong(Stage::Head)),
        shaken("101 with another Sec-WebSocket-Accept", || SWITCHING.replace("{accept}", "AAAA").into_bytes())
            .at(&[WS], wrong(Stage::Head)),
        shaken("101 without Upgrade", || SWITCHING.replace("Upgrade: websocket\r\n", "").into_bytes())
            .at(&[WS], wrong(Stage::Head)),
        shaken("101 with a subprotocol that was not offered", || {
            SWITCHING.replace("{accept}", "{accept}\r\nSec-WebSocket-Protocol: chat").into_bytes()
        })
        .at(&[WS], wrong(Stage::Head)),
        shaken("101 with an extension that was not offered", || {
            SWITCHING.replace("{accept}", "{accept}\r\nSec-WebSocket-Extensions: x-unknown").into_bytes()
        })
        .at(&[WS], wrong(Stage::Head)),
    ]
}

fn little(options: &mut RequestOptions) {
    options.websocket.message = 5;
}

fn few(options: &mut RequestOptions) {
    options.websocket.fragments = 10;
}

fn of_frames() -> Vec<Fault> {
    vec![
        framed("A masked frame", || vec![b"\x81\x85\x01\x02\x03\x04\x69\x67\x6f\x68\x6e".to_vec()])
            .at(&[WS], wrong(Stage::Messages)),
        framed("A reserved bit or opcode", || vec![frame(0xc1, CONTENT), frame(0x83, CONTENT), frame(0x8b, "")])
            .at(&[WS], wrong(Stage::Messages)),
        framed("A control frame that is too long, or a fragment", || vec![frame(0x89, [0; 126]), frame(0x09, "")])
            .at(&[WS], wrong(Stage::Messages)),
        framed("Fragments out of order", || vec![frame(0x80, CONTENT), [frame(0x01, "a"), frame(0x81, "b")].concat()])
            .at(&[WS], wrong(Stage::Messages)),
        framed("Text that is not UTF-8", || vec![frame(0x81, b"\xff\xfe"), frame(0x81, b"\xed\xa0\x80")])
            .at(&[WS], wrong(Stage::Messages)),
        framed("A length of 2^63, or longer than need be", || {
            vec![b"\x82\x7f\x80\0\0\0\0\0\0\0".to_vec(), b"\x82\x7e\0\x05hello".to_vec()]
        })
        .at(&[WS], wrong(Stage::Messages)),
        framed("A length of 2^63 - 1 that is never sent", || {
            vec![b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec()]
        })
        .at(&[WS], wrong(Stage::Messages)),
        framed("A close with a code that is none", || vec![close(999, ""), close(1005, ""), frame(0x88, [3])])
            .at(&[WS], wrong(Stage::Messages)),
        fault("A message longer than allowed", |_| {
            let long = [SWITCHING.as_bytes(), &frame(0x81, "hello, and more")].concat();
            vec![Case::server(WS.asked().send_accepting(long).keep()).with(little)]
        })
        .at(&[WS], wrong(Stage::Messages)),
        fault("Fragments without end", |_| {
            let endless =
                WS.asked().send_accepting(SWITCHING).send(frame(0x02, "")).repeat(frame(0, "").repeat(100), 100);
            vec![Case::server(endless.keep().forgetful()).with(few)]
        })
        .at(&[WS], wrong(Stage::Messages)),
        fault("A hundred thousand pings before the message", |_| {
            let pings = WS.asked().send_accepting(SWITCHING).repeat(frame(0x89, [7; 125]).repeat(100), 1000);
            vec![Case::server(pings.send(frame(0x81, CONTENT)).keep().forgetful())]
        })
        .at(&[WS], answered()),
    ]
}

fn closes_soon(options: &mut RequestOptions) {
    options.websocket.close_timeout = SOON;
}

fn sends_soon(options: &mut RequestOptions) {
    options.timeouts.send = Some(SOON);
    options.websocket.ping_every = None;
}

/// The server has said its message; what it does then is this.
fn then(name: &'static str, script: fn(Script) -> Script, change: fn(Case) -> Case) -> Fault {
    fault(name, move |_| vec![change(Case::server(script(WS.asked().send_accepting(WS.answer(0).whole()))))])
}

fn closing(case: Case) -> Case {
    Case { closes: true, ..case.with(closes_soon) }
}

fn sending(case: Case) -> Case {
    Case { message: 64 << 20, ..case.with(sends_soon) }
}

/// The same again and again, for as long as there is somebody.
fn flood(script: Script, frame: Vec<u8>) -> Script {
    script.repeat(frame.repeat(100), usize::MAX).forgetful()
}

fn of_ends() -> Vec<Fault> {
    vec![
        then("Our close is not answered", Script::keep, closing).at(&[WS], fails(ErrorCode::Timeout, Stage::Closing)),
        then("The end instead of an answer to our close", |script| script.read_exactly(4).close(), closing)
            .at(&[WS], fails(ErrorCode::ConnectionError, Stage::Messages)),
        then("A flood of closes", |script| flood(script.read_exactly(4), close(1000, "")), closing)
            .at(&[WS], answered()),
        then(
            "Messages without end instead of an answer to our close",
            |script| flood(script, frame(0x82, [0; 9000])),
            closing,
        )
        .at(&[WS], fails(ErrorCode::Timeout, Stage::Closing)),
        then(
            "A flood of messages behind the server's close",
            |script| flood(script.send(close(1000, "")), frame(0x81, "late")),
            closing,
        )
        .at(&[WS], answered()),
        then("The server reads nothing of 64 MiB", Script::stop_reading, sending)
            .at(&[WS], fails(ErrorCode::Timeout, Stage::Messages)),
    ]
}

pub(crate) fn of_websockets() -> Vec<Fault> {
    [of_handshakes(), of_frames(), of_ends()].into_iter().flatten().collect()
}
