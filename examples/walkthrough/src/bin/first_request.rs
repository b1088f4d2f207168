//! First request: the paved path, and what its errors say.

use std::time::Duration;

use hinternet::{Blame, Session, Timeouts};
use walkthrough::part;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("get");
    get(&site).await?;
    part("more");
    more(&site).await?;
    part("status");
    status(&site).await?;
    part("timeout");
    timeout(&site).await?;
    part("errors");
    errors().await?;
    part("refused");
    refused(&site).await
}

// ANCHOR: get
async fn get(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let response = session.get(format!("{site}/"))?.send().await?;
    println!("{}", response.status());
    println!("{}", response.text().await?);
    Ok(())
}
// ANCHOR_END: get

// ANCHOR: more
async fn more(site: &str) -> hinternet::Result<()> {
    let session = Session::builder().user_agent("walkthrough/1.0").default_header("accept-language", "en").open()?;
    let request = session.post(format!("{site}/echo"))?;
    let request = request.query(&[("page", "1")]).header("x-request", "7");
    let response = request.form(&[("name", "Ada"), ("born", "1815")]).send().await?;

    println!("url       {}", response.url());
    println!("type      {:?}", response.headers().get("content-type"));
    println!("etag      {:?}", response.headers().get("etag"));
    println!("length    {:?}", response.content_length());
    println!("connected {}", response.timings().connect_end.is_some());
    println!("body      {}", response.text().await?);
    Ok(())
}
// ANCHOR_END: more

// ANCHOR: status
async fn status(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let response = session.get(format!("{site}/missing"))?.send().await?;
    println!("{}: a response like any other", response.status());
    if let Err(error) = response.error_for_status() {
        println!("{error}");
    }
    Ok(())
}
// ANCHOR_END: status

// ANCHOR: timeout
async fn timeout(site: &str) -> hinternet::Result<()> {
    let mut timeouts = Timeouts::default();
    timeouts.receive_response = Some(Duration::from_millis(50));
    let session = Session::builder().timeouts(timeouts).open()?;

    let error = session.get(format!("{site}/slow"))?.send().await.unwrap_err();
    println!("{error}");
    println!("timeout {}, stage {:?}, waited {:?}", error.is_timeout(), error.stage(), error.waited());
    println!("retryable {}, {}", error.is_retryable(), error.wire_state());
    Ok(())
}
// ANCHOR_END: timeout

// ANCHOR: errors
async fn errors() -> hinternet::Result<()> {
    let session = Session::open()?;
    for url in ["http://no-such-host.invalid/", "http://127.0.0.1:1/"] {
        let error = session.get(url)?.send().await.unwrap_err();
        println!("{error}");
        match error.blame() {
            Blame::Caller => println!("    mend the call"),
            Blame::Peer => println!("    the server broke the rules"),
            Blame::Network => println!("    try later: retryable {}", error.is_retryable()),
            _ => println!("    report it"),
        }
    }
    Ok(())
}
// ANCHOR_END: errors

// ANCHOR: refused
async fn refused(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    for url in ["ftp://127.0.0.1/", "127.0.0.1/index", "http://ada:secret@127.0.0.1/", "http://127.0.0.1/a\r\nb"] {
        println!("{}", session.get(url).unwrap_err());
    }
    let request = session.get(site)?.header("x-note", "one\r\nx-smuggled: two");
    println!("{}", request.send().await.unwrap_err());
    Ok(())
}
// ANCHOR_END: refused
