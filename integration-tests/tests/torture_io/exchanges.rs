//! Exchanges of HTTP/1.1.

use hinternet::{HeaderMap, Method, Payload, Request, Result, Session};
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::Call;

use super::{ALL, ANSWER, answered, open, sent, torture};

/// An upload that asks for no consent.
async fn upload(session: &Session, origin: &str) -> Result<Request> {
    let request = open(session, origin, Method::POST).await?;
    let mut options = request.options();
    options.expect_continue = None;
    request.set_options(options)?;
    Ok(request)
}

#[test]
fn two_gets_on_one_wire() {
    let scenario = async |session: Session, origin: String| {
        sent(open(&session, &origin, Method::GET).await?).await?;
        sent(open(&session, &origin, Method::GET).await?).await
    };
    torture(Script::answering(ANSWER), scenario, &[&ALL[..], &[Call::Look]].concat());
}

#[test]
fn a_chunked_upload() {
    let scenario = async |session: Session, origin: String| {
        let request = upload(&session, &origin).await?;
        request.send(Payload::chunked()).await?;
        request.write("once").await?;
        request.write("upon a time").await?;
        request.finish(HeaderMap::new()).await?;
        answered(&request).await
    };
    torture(Script::answering(ANSWER), scenario, &ALL);
}

#[test]
fn an_announced_upload() {
    let scenario = async |session: Session, origin: String| {
        let request = upload(&session, &origin).await?;
        request.send(Payload::begin("once ", 16)).await?;
        request.write("upon ").await?;
        request.write("a time").await?;
        answered(&request).await
    };
    torture(Script::answering(ANSWER), scenario, &ALL);
}

#[test]
fn the_paved_path() {
    let scenario =
        async |session: Session, origin: String| Ok(session.get(origin)?.send().await?.bytes().await?.to_vec());
    torture(Script::answering(ANSWER), scenario, &ALL);
}

#[test]
fn an_upload_that_waits_for_100_continue() {
    let script = Script::new().read_head().send("HTTP/1.1 100 Continue\r\n\r\n").read_exactly(5).send(ANSWER).again();
    let scenario = async |session: Session, origin: String| {
        let request = open(&session, &origin, Method::POST).await?;
        request.send("12345").await?;
        answered(&request).await
    };
    torture(script, scenario, &ALL);
}

#[test]
fn a_body_that_ends_with_the_connection() {
    let script = Script::answering_once("HTTP/1.1 200 OK\r\n\r\nhello");
    let scenario = async |session: Session, origin: String| sent(open(&session, &origin, Method::GET).await?).await;
    torture(script, scenario, &ALL);
}
