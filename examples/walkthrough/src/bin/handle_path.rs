//! The handle path: one request, call for call.

use hinternet::{Bytes, Method, Payload, Session};
use walkthrough::part;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("calls");
    calls(&site).await?;
    part("amounts");
    amounts(&site).await
}

// ANCHOR: calls
async fn calls(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?; // WinHttpOpen
    let connection = session.connect(site)?; // WinHttpConnect: no I/O
    let request = connection.open_request(Method::POST, "/upload")?; // WinHttpOpenRequest: no I/O
    request.add_header("content-type", "text/plain")?; // WinHttpAddRequestHeaders
    request.send(Payload::begin(Bytes::new(), 3 * 1024)).await?; // WinHttpSendRequest
    for _ in 0..3 {
        request.write(vec![b'A'; 1024]).await?; // WinHttpWriteData
    }
    let head = request.receive_response().await?; // WinHttpReceiveResponse
    println!("{}", head.status()); // WinHttpQueryHeaders
    while request.query_data_available().await? > 0 {
        let chunk = request.read().await?; // WinHttpReadData
        print!("{}", String::from_utf8_lossy(&chunk));
    }
    session.close().await?; // WinHttpCloseHandle: and all below
    session.closed().await; // every last notification was handled
    Ok(())
}
// ANCHOR_END: calls

// ANCHOR: amounts
async fn amounts(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/large")?;
    request.send(()).await?;
    request.receive_response().await?;
    let first = request.read_exact(1000).await?; // 1000 octets, fewer only at the end
    let second = request.read_at_most(10).await?; // what there is, up to 10
    let third = request.read().await?; // what there is; empty is the end
    println!("{} and {} octets, and more: {}", first.len(), second.len(), !third.is_empty());
    session.close().await
}
// ANCHOR_END: amounts
