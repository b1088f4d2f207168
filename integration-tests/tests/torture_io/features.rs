//! The same of what comes on top of a plain exchange: redirects, codings, tunnels, event streams.

use hinternet::network::Proxy;
use hinternet::{Method, Request, Result, Stage};
use integration_tests::coded::Coded;
use integration_tests::scripted_peer::Script;

use super::{ALL, ANSWER, CONTENT, Scenario, answered, open, torture, torture_at};

async fn sent(request: Request) -> Result<Vec<u8>> {
    request.send(()).await?;
    answered(&request).await
}

#[test]
fn a_redirect_and_what_it_leads_to() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let script = Script::new().read_request().send(moved).read_request().send(ANSWER).again();
    let scenario: Scenario =
        |session, origin| Box::pin(async move { sent(open(&session, &origin, Method::GET).await?).await });
    torture(script, scenario, &ALL);
}

#[test]
fn a_response_in_gzip() {
    let body = Coded::Gzip.code(CONTENT.as_bytes());
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    let scenario: Scenario =
        |session, origin| Box::pin(async move { sent(open(&session, &origin, Method::GET).await?).await });
    torture(Script::answering([head.as_bytes(), &body].concat()), scenario, &ALL);
}

/// The proxy, which is the server behind it too.
fn tunnel() -> Script {
    let opened = Script::new().read_head().send("HTTP/1.1 200 Connection established\r\n\r\n");
    (0..4).fold(opened, |script, _| script.read_request().send(ANSWER)).keep()
}

#[test]
fn a_request_through_a_tunnel() {
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let request = open(&session, &origin, Method::GET).await?;
            let mut options = request.options();
            options.dial = options.dial.proxy(Proxy::parse(&origin)?).always_tunnel(true);
            request.set_options(options)?;
            sent(request).await
        })
    };
    torture_at(&[Stage::Tunnel], tunnel(), scenario, &ALL);
}

/// Whatever breaks, the stream is connected again, and so is one that never was.
#[test]
fn the_first_event_of_a_stream() {
    let stream = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {CONTENT}\n\n");
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let mut source = session.events(origin)?.open()?;
            let event = source.next().await.expect("a stream without end")?;
            Ok(event.data.into())
        })
    };
    torture(Script::new().read_request().send(stream).keep(), scenario, &ALL);
}
