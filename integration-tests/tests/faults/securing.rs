//! Faults of TLS: in the handshake, and below what is said after it.

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::fault_proxy::Fault as Spoiling;
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::scripted_peer::Script;
use integration_tests::tls::Tls;

use super::LATER;
use super::fault::{Before, Case, Dial, Fault, answered, fails, fault};
use super::protocol::{CONTENT, OVER_TLS, Protocol, SERVER, answer, security};

use Protocol::{Http2, Secure, Tunnel};

/// The server secures its wires with this.
fn with(protocol: Protocol, tls: &Tls) -> Vec<Case> {
    vec![Case::server(protocol.serves(protocol.opens_with(tls), 0))]
}

fn being(protocol: Protocol, identity: &Identity) -> Vec<Case> {
    with(protocol, &protocol.tls_of(identity))
}

/// A fault in place of the server's first word.
fn instead(name: &'static str, script: fn() -> Script) -> Fault {
    fault(name, move |_| vec![Case::server(script())])
}

fn connects_later(options: &mut RequestOptions) {
    options.timeouts.connect = Some(LATER);
}

fn leaf() -> Leaf {
    Leaf::for_names([SERVER])
}

fn alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

fn of_handshakes() -> Vec<Fault> {
    let refused = || fails(ErrorCode::SecureFailure, Stage::Tls);
    let ended = || fails(ErrorCode::ConnectionError, Stage::Tls);
    vec![
        // The socket, and the tunnel's own answer, are of the same time.
        fault("No ServerHello in time", |_| vec![Case::server(Script::new().keep()).with(connects_later)])
            .at(&OVER_TLS, fails(ErrorCode::Timeout, Stage::Tls)),
        instead("The end instead of a ServerHello", || Script::new().read_exactly(5).close()).at(&OVER_TLS, ended()),
        instead("An alert instead of a ServerHello", || Script::new().read_exactly(5).send(alert(40).to_vec()).close())
            .at(&OVER_TLS, refused()),
        instead("An answer in the clear instead of a ServerHello", || {
            Script::new().read_exactly(5).send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").close()
        })
        .at(&OVER_TLS, refused()),
        fault("The end at any place of the server's handshake", |protocol| {
            // A tunnel's own answer comes before.
            let from = if protocol == Tunnel { 40 } else { 1 };
            let cut = |at: usize| Case::dial(Dial::Spoiled(Spoiling::Cut { after: from + at * 5 }));
            (0..100).map(cut).collect()
        })
        .at(&OVER_TLS, ended()),
        fault("The certificate has expired", |protocol| being(protocol, &security().authority.issue(leaf().expired())))
            .at(&OVER_TLS, refused()),
        fault("The certificate is for another name", |protocol| {
            being(protocol, &security().authority.issue(Leaf::for_names(["other.test"])))
        })
        .at(&OVER_TLS, refused()),
        fault("Nobody trusted vouches for the certificate", |protocol| {
            being(protocol, &Authority::new("Nobody knows me").issue(leaf()))
        })
        .at(&OVER_TLS, refused()),
        fault("A certificate is asked for that the client does not have (TLS 1.2)", |protocol| {
            with(protocol, &protocol.offer(Tls::asking(&security().identity, &security().authority, true)))
        })
        .at(&OVER_TLS, fails(ErrorCode::ClientAuthCertNeeded, Stage::Tls)),
        // The client's part of this handshake ends before the server has looked at it.
        fault("The same (TLS 1.3)", |protocol| {
            with(protocol, &protocol.offer(Tls::asking(&security().identity, &security().authority, false)))
        })
        .at(&[Secure, Tunnel], fails(ErrorCode::ClientAuthCertNeeded, Stage::FirstByte)),
        fault("HTTP/2 is required, and not agreed on", |protocol| {
            with(protocol, &Tls::new(&security().identity).offering(&["http/1.1"]))
        })
        .at(&[Http2], fails(ErrorCode::HttpProtocolMismatch, Stage::Tls)),
    ]
}

/// A request was read; then this is written below TLS.
fn below(name: &'static str, octets: fn() -> Vec<u8>) -> Fault {
    fault(name, move |protocol| vec![Case::server(protocol.asked().send_below(octets()).keep())])
}

fn head_of_record(length: u16) -> Vec<u8> {
    [&[23, 3, 3][..], &length.to_be_bytes()].concat()
}

fn until_the_end(protocol: Protocol) -> Script {
    protocol.asked().send("HTTP/1.1 200 OK\r\n\r\nhello")
}

fn only13(protocol: Protocol) -> Script {
    protocol.reads(protocol.opens_with(&protocol.offer(Tls::only13(&security().identity))), 0)
}

/// A request was read by a server that writes records of its own, by TLS 1.2 or 1.3.
fn forging(protocol: Protocol, is_tls12: bool) -> Script {
    protocol.reads(protocol.opens_with(&protocol.offer(Tls::forging(&security().identity, is_tls12))), 0)
}

/// A message of the handshake that has nothing in it (RFC 5246 7.4.1.1).
fn hello_request(script: Script) -> Script {
    script.send_record(22, 4, [0; 4])
}

/// Which the client need not heed: it declines.
fn renegotiation(name: &'static str, times: usize) -> Fault {
    fault(name, move |protocol| {
        let asked = (0..times).fold(forging(protocol, true), |script, _| hello_request(script));
        vec![Case::server(protocol.serves(asked.send(protocol.answer(0).whole()), 1))]
    })
}

/// An answer of so many octets.
fn answer_of(protocol: Protocol, length: usize) -> Vec<u8> {
    let bare = protocol.answer(0).whole();
    match protocol {
        // A frame of a type that nobody knows (RFC 9113 4.1).
        Http2 => [frames::frame(Kind::Other(0xfa), 0, 0, &vec![0; length - bare.len() - 9]).to_vec(), bare].concat(),
        _ => {
            let padding = |count: usize| answer("200 OK", &format!("x-padding: {}\r\n", "x".repeat(count)), CONTENT);
            padding(length - padding(0).whole().len()).whole()
        }
    }
}

fn changes_of_keys(name: &'static str, times: usize) -> Fault {
    fault(name, move |protocol| {
        let script = (0..times).fold(only13(protocol), |script, _| script.change_keys());
        vec![Case::server(protocol.serves(script.send(protocol.answer(0).whole()), 1))]
    })
}

fn of_records() -> Vec<Fault> {
    let broken = || fails(ErrorCode::ConnectionError, Stage::FirstByte);
    vec![
        below("A record that is not authentic", || [head_of_record(32), vec![7; 32]].concat()).at(&OVER_TLS, broken()),
        fault("A record of 16 KiB", |protocol| {
            let whole = |is_tls12| forging(protocol, is_tls12).send(answer_of(protocol, RECORD));
            [true, false].map(|is_tls12| Case::server(protocol.serves(whole(is_tls12), 1))).into()
        })
        .at(&OVER_TLS, answered().kept()),
        fault("A record of 16 KiB and an octet", |protocol| {
            let more = |is_tls12| forging(protocol, is_tls12).send_record(23, RECORD + 1, answer_of(protocol, RECORD));
            [true, false].map(|is_tls12| Case::server(more(is_tls12).keep())).into()
        })
        .at(&OVER_TLS, broken()),
        fault("A record longer than any may be that is encrypted", |protocol| {
            // RFC 5246 6.2.3 allows it 2 KiB more; whoever does not look at its head waits for what never comes.
            let lengths = [RECORD as u16 + 2048 + 1, u16::MAX];
            lengths.map(|length| Case::server(protocol.asked().send_below(head_of_record(length)).keep())).into()
        })
        .at(&OVER_TLS, broken()),
        renegotiation("Another handshake is asked for before the answer (TLS 1.2)", 1).at(&OVER_TLS, answered().kept()),
        renegotiation("The same again and again", 2).at(&OVER_TLS, broken()),
        fault("The same, which TLS 1.3 does not have", |protocol| {
            vec![Case::server(hello_request(forging(protocol, false)).keep())]
        })
        .at(&OVER_TLS, broken()),
        below("An alert that is not encrypted", || alert(80).to_vec()).at(&OVER_TLS, broken()),
        changes_of_keys("Ten changes of keys before the answer", 10).at(&OVER_TLS, answered().kept()),
        changes_of_keys("A hundred changes of keys before the answer", 100).at(&OVER_TLS, broken()),
        fault("The end without its announcement, within a body of known length", |protocol| {
            let begun = protocol.answer(0).within_body();
            begun.into_iter().map(|octets| Case::server(protocol.asked().send(octets).cut())).collect()
        })
        .at(&OVER_TLS, fails(ErrorCode::ConnectionError, Stage::Body)),
        fault("The end without its announcement, of a body that lasts until the end", |protocol| {
            vec![Case::server(until_the_end(protocol).cut())]
        })
        .at(&[Secure, Tunnel], fails(ErrorCode::ConnectionError, Stage::Body)),
        fault("The end with its announcement, of a body that lasts until the end", |protocol| {
            vec![Case::server(until_the_end(protocol).close())]
        })
        .at(&[Secure, Tunnel], answered()),
        fault("The end without its announcement, of an idle wire", |protocol| {
            let case = Case::default();
            let answered = protocol.asked().send(protocol.answer(0).whole()).hold(&case.gate);
            vec![Case { server: Some(answered.cut()), ..case.after(Before::End) }]
        })
        .at(&OVER_TLS, answered()),
    ]
}

pub(crate) fn of_securing() -> Vec<Fault> {
    of_handshakes().into_iter().chain(of_records()).collect()
}

/// Octets of a record's content, at most (RFC 5246 6.2.1, RFC 8446 5.1).
const RECORD: usize = 16 * 1024;
