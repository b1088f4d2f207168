//! Faults of a proxy that is asked for a tunnel, and of who calls: its subscribers, its cancelling.

use hinternet::{ErrorCode, Stage};
use integration_tests::scripted_peer::Script;

use super::fault::{Case, Dial, Fault, Listening, answered, fails, fault};
use super::protocol::{ALL, BY_HTTP1, OVER_TLS, Protocol, REQUESTS, security};

const TUNNEL: Protocol = Protocol::Tunnel;

/// The proxy says each of these when it is asked for a tunnel.
fn said(name: &'static str, octets: fn() -> Vec<String>) -> Fault {
    fault(name, move |_| {
        octets().into_iter().map(|octets| Case::proxy(Script::new().read_head().send(octets).keep())).collect()
    })
}

/// And then it ends.
fn said_last(name: &'static str, octets: fn() -> Vec<String>) -> Fault {
    fault(name, move |_| {
        octets().into_iter().map(|octets| Case::proxy(Script::new().read_head().send(octets).close())).collect()
    })
}

const OPENED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

pub(crate) fn of_proxies() -> Vec<Fault> {
    let refused = || fails(ErrorCode::CannotConnect, Stage::Tunnel);
    let wrong = || fails(ErrorCode::InvalidServerResponse, Stage::Tunnel);
    vec![
        said("The proxy says 403, 502 or 504", || {
            [403, 502, 504].map(|code| format!("HTTP/1.1 {code} No\r\ncontent-length: 2\r\n\r\nno")).to_vec()
        })
        .at(&[TUNNEL], refused()),
        said("The proxy says 407, and nobody knows the password", || {
            vec!["HTTP/1.1 407 Who\r\nproxy-authenticate: Basic realm=\"p\"\r\ncontent-length: 0\r\n\r\n".to_owned()]
        })
        .at(&[TUNNEL], fails(ErrorCode::LoginFailure, Stage::Tunnel)),
        said("The proxy says 302", || {
            vec!["HTTP/1.1 302 Found\r\nlocation: http://evil.test/\r\ncontent-length: 0\r\n\r\n".to_owned()]
        })
        .at(&[TUNNEL], refused()),
        said("The proxy's answer is no HTTP", || vec!["SSH-2.0-OpenSSH\r\n\r\n".to_owned()]).at(&[TUNNEL], wrong()),
        said("The proxy's head is longer than 64 KiB", || {
            vec![format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(70_000))]
        })
        .at(&[TUNNEL], wrong()),
        said_last("The proxy ends after any octet of its answer", || {
            (1..OPENED.len()).map(|length| OPENED[..length].to_owned()).collect()
        })
        .at(&[TUNNEL], fails(ErrorCode::ConnectionError, Stage::Tunnel)),
    ]
}

/// The caller cancels when this is told. What then comes late is let in when the request has ended.
fn cancelled(name: &'static str, status: &'static str, change: fn(Protocol, Case) -> Case) -> Fault {
    fault(name, move |protocol| vec![change(protocol, Case::default()).cancelled_at(status)])
}

fn serving(script: Script, case: Case) -> Case {
    Case { server: Some(script), ..case }
}

pub(crate) fn of_callers() -> Vec<Fault> {
    let given_up = || fails(ErrorCode::OperationCancelled, Stage::State);
    let listening = |subscriber| vec![Case { subscriber, ..Case::default() }];
    vec![
        cancelled("Cancelled while the name is looked up; the answer comes late", "ResolvingName", |_, case| Case {
            is_name_held: true,
            ..case
        })
        .at(&ALL, given_up()),
        cancelled("Cancelled while connecting", "ConnectingToServer", |_, case| Case {
            dials: vec![Dial::Held],
            ..case
        })
        .at(&ALL, given_up()),
        cancelled("Cancelled while the wire is secured", "SecuringConnection", |protocol, case| {
            let tls = protocol.tls_of(&security().identity);
            let late = protocol.opens_from(Script::new().hold(&case.gate), &tls);
            serving(protocol.serves(late, 0), case)
        })
        .at(&OVER_TLS, given_up()),
        cancelled("Cancelled while the answer is waited for", "ReceivingResponse", |protocol, case| {
            serving(protocol.serves(protocol.asked(), 1), case)
        })
        .at(&BY_HTTP1, given_up())
        .at(&[Protocol::WebSocket], given_up())
        .at(&[Protocol::Http2], given_up().kept()),
        cancelled("Cancelled while the body is waited for", "HeadersAvailable", |protocol, case| {
            serving(protocol.serves(protocol.asked().send_accepting(protocol.answer(0).head), 1), case)
        })
        .at(&BY_HTTP1, given_up())
        .at(&[Protocol::Http2], given_up().kept()),
        fault("A subscriber panics", move |_| listening(Listening::Panicking))
            .at(&REQUESTS, answered().kept())
            .at(&[Protocol::WebSocket], answered()),
        fault("A subscriber does not come back", move |_| listening(Listening::Blocking))
            .at(&REQUESTS, answered().kept())
            .at(&[Protocol::WebSocket], answered()),
    ]
}
