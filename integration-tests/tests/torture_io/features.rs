//! What comes on top of a plain exchange: redirects, codings, tunnels.

use hinternet::network::Proxy;
use hinternet::{Method, Session, Stage};
use integration_tests::coded::Coded;
use integration_tests::scripted_peer::Script;

use super::{ALL, ANSWER, CONTENT, Torture, open, sent, torture};

#[test]
fn a_redirect_and_what_it_leads_to() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let script = Script::new().read_request().send(moved).read_request().send(ANSWER).again();
    let scenario = async |session: Session, origin: String| sent(open(&session, &origin, Method::GET).await?).await;
    torture(script, scenario, &ALL);
}

#[test]
fn a_response_in_gzip() {
    let body = Coded::Gzip.code(CONTENT.as_bytes());
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    let scenario = async |session: Session, origin: String| sent(open(&session, &origin, Method::GET).await?).await;
    torture(Script::answering([head.as_bytes(), &body].concat()), scenario, &ALL);
}

/// The proxy, which is the server behind it too.
fn tunnel() -> Script {
    let opened = Script::new().read_head().send("HTTP/1.1 200 Connection established\r\n\r\n");
    (0..4).fold(opened, |script, _| script.read_request().send(ANSWER)).keep()
}

#[test]
fn a_request_through_a_tunnel() {
    let scenario = async |session: Session, origin: String| {
        let request = open(&session, &origin, Method::GET).await?;
        let mut options = request.options();
        options.dial = options.dial.proxy(Proxy::parse(&origin)?).always_tunnel(true);
        request.set_options(options)?;
        sent(request).await
    };
    Torture::of(tunnel(), scenario).stages(&[Stage::Tunnel]).run(&ALL);
}

/// A SOCKS proxy, which is the server behind it too.
#[test]
fn a_request_through_a_socks_proxy() {
    let greeted = Script::new().read_exactly(3).send(vec![5, 0]);
    // CONNECT, a name of six letters, a port.
    let opened = greeted.read_exactly(4 + 1 + 6 + 2).send(vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let script = (0..4).fold(opened, |script, _| script.read_request().send(ANSWER)).keep();
    let scenario = async |session: Session, origin: String| {
        let request = open(&session, &origin, Method::GET).await?;
        let mut options = request.options();
        options.dial = options.dial.proxy(Proxy::parse(&origin.replace("http", "socks5h"))?);
        request.set_options(options)?;
        sent(request).await
    };
    Torture::of(script, scenario).stages(&[Stage::Tunnel]).run(&ALL);
}
