//! What a program does with a session, from `connect` to the last read: something to interrupt at any place.

use hinternet::{HeaderMap, HeaderValue, Method, Payload, Request, Result, Session};

use crate::catching_up::subscribers_catch_up;
use crate::scripted_peer::{Script, ScriptedPeer};

/// What the peer of the story sends.
pub const CONTENT: &str = "hello, wide and wonderful world";

/// A peer that the story can be told to.
pub fn audience() -> Script {
    let (first, second) = CONTENT.split_at(12);
    Script::answering(format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    ))
}

/// The whole story: a GET, a POST with writes, a chunked upload with trailers, and a GET by the paved path.
///
/// Between its parts the subscribers catch up: what one of them does at a notification comes before the next part begins.
///
/// # Errors
/// What the first call failed with that did.
pub async fn story(session: &Session, peer: &ScriptedPeer) -> Result<()> {
    let connection = session.connect(&peer.origin())?;
    get(&connection.open_request(Method::GET, "/get")?).await?;
    subscribers_catch_up();
    post(&connection.open_request(Method::POST, "/post")?).await?;
    subscribers_catch_up();
    upload(&connection.open_request(Method::PUT, "/upload")?).await?;
    subscribers_catch_up();
    drop(connection);
    paved(session, peer).await
}

/// A GET by the paved path.
///
/// # Errors
/// What it failed with.
pub async fn paved(session: &Session, peer: &ScriptedPeer) -> Result<()> {
    let text = session.get(peer.url("/paved"))?.send().await?.text().await?;
    assert_eq!(text, CONTENT);
    Ok(())
}

async fn get(request: &Request) -> Result<()> {
    request.add_header("x-story", "once upon a time")?;
    request.send(()).await?;
    request.receive_response().await?;
    let mut whole = Vec::new();
    loop {
        let announced = request.query_data_available().await?;
        let piece = request.read().await?;
        assert_eq!(piece.len() as u64, announced);
        if piece.is_empty() {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    assert_eq!(whole, CONTENT.as_bytes());
    Ok(())
}

async fn post(request: &Request) -> Result<()> {
    request.send(Payload::begin("once ", 16)).await?;
    request.write("upon ").await?;
    request.write("a time").await?;
    request.receive_response().await?;
    assert_eq!(request.read_exact(5).await?, "hello");
    while !request.read_at_most(7).await?.is_empty() {}
    Ok(())
}

async fn upload(request: &Request) -> Result<()> {
    request.send(Payload::chunked()).await?;
    request.write("there was a crawler").await?;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-moral", HeaderValue::from_static("be polite"));
    request.finish(trailers).await?;
    request.receive_response().await?;
    assert_eq!(request.read_exact(1000).await?, CONTENT);
    assert!(request.read().await?.is_empty());
    Ok(())
}
