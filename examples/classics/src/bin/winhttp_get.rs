//! `winhttp_get URL`: one GET, call for call, as a WinHTTP program makes it; and what its calls fail with.

use std::process::ExitCode;
use std::time::Duration;

use classics::part;
use hinternet::{Error, Method, Result, Session, Target};

#[tokio::main]
async fn main() -> ExitCode {
    classics::ended(match std::env::args().nth(1) {
        Some(url) => get(&url).await,
        None => tour().await,
    })
}

// ANCHOR: get
async fn get(url: &str) -> Result<()> {
    let target = Target::parse(url)?; // WinHttpCrackUrl
    let session = Session::builder().user_agent("winhttp_get/1.0").open()?; // WinHttpOpen
    let connection = session.connect(&target.origin().to_string())?; // WinHttpConnect: no I/O yet
    let request = connection.open_request(Method::GET, target.path_and_query())?; // WinHttpOpenRequest

    request.send(()).await?; // WinHttpSendRequest: resolves, connects, sends
    let head = request.receive_response().await?; // WinHttpReceiveResponse
    println!("{}", head.status()); // WinHttpQueryHeaders
    println!("content-type: {:?}", head.headers().get("content-type"));

    let mut body = Vec::new();
    while request.query_data_available().await? > 0 {
        body.extend_from_slice(&request.read().await?); // WinHttpReadData: just so many
    }
    print!("{}", String::from_utf8_lossy(&body)); // not piece by piece: a piece may end within a character
    request.close().await?; // WinHttpCloseHandle, three times; the last one would do
    connection.close().await?;
    session.close().await
}
// ANCHOR_END: get

async fn tour() -> Result<()> {
    let site = classics::site().await;
    part("get");
    get(&site.url("/")).await?;
    part("urls");
    urls(&site.origin()).await;
    part("calls");
    calls(&site.origin()).await
}

// ANCHOR: urls
async fn urls(site: &str) {
    let garbage = format!("{site}/garbage");
    let refused = "http://127.0.0.1:1/";
    for url in ["gopher://a.example/", "http://a.example:99999/", "http://no-such-host.invalid/", refused, &garbage] {
        explain(get(url).await.unwrap_err());
    }
}
// ANCHOR_END: urls

// ANCHOR: explain
/// What `GetLastError` says, and what it does not: which call, how far it was, and whose fault it is.
fn explain(error: Error) {
    let (code, call) = (error.code(), error.operation().winhttp_name());
    println!("{:>5} {:<24} {call:<25} {:?}, {:?}", code.number(), code.name(), error.stage(), error.blame());
}
// ANCHOR_END: explain

// ANCHOR: calls
async fn calls(site: &str) -> Result<()> {
    let session = Session::open()?;
    let request = session.connect(site)?.open_request(Method::GET, "/slow")?;
    explain(request.add_header("x-note", "one\r\nx-smuggled: two").unwrap_err());
    explain(request.read().await.unwrap_err()); // before it was sent

    let mut options = request.options();
    options.timeouts.receive_response = Some(Duration::from_millis(50)); // WinHttpSetTimeouts
    request.set_options(options)?;
    request.send(()).await?;
    explain(request.receive_response().await.unwrap_err());

    request.close().await?;
    explain(request.send(()).await.unwrap_err());
    session.close().await
}
// ANCHOR_END: calls
