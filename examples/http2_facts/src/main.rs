//! `http2_facts [URL]`: HTTP/2 at work on a server of the program's own, or what the server of a URL speaks.
//!
//! | exit code | when |
//! |---|---|
//! | 0 | there was an answer |
//! | 1 | there was none |
//! | 2 | the arguments make no sense |

mod arguments;
mod own_server;
mod tour;

use std::process::ExitCode;

use clap::Parser;
use hinternet::{Result, SessionBuilder};

use arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let session = match arguments.session() {
        Ok(session) => session,
        Err(sentence) => {
            eprintln!("http2_facts: {sentence}");
            return ExitCode::from(2);
        }
    };
    let shown = match &arguments.url {
        Some(url) => ask(session, url).await,
        None => tour::show().await,
    };
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("http2_facts: {error}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: ask
/// What was spoken with the server of this URL.
async fn ask(session: SessionBuilder, url: &str) -> Result<()> {
    let session = session.open()?;
    let mut response = session.get(url)?.send().await?;
    let mut octets = 0;
    while let Some(piece) = response.chunk().await? {
        octets += piece.len();
    }
    let agreed = response.security_info().map(|security| security.application_protocol.as_deref());
    println!("protocol  {:?}", response.version());
    println!("ALPN      {}", agreed.map_or("no TLS", |agreed| agreed.unwrap_or("none agreed on")));
    println!("status    {}", response.status());
    println!("body      {octets} octets");
    for (name, value) in &response.trailers() {
        println!("trailer   {name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    if let Some(time) = response.timings().to_head() {
        println!("the head  after {} ms", time.as_millis());
    }
    session.close().await
}
// ANCHOR_END: ask
