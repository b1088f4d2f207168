//! A client by hand: it works, until a server does what servers do.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use walkthrough::{hostile, part};

#[tokio::main]
async fn main() -> io::Result<()> {
    part("site");
    site().await?;
    part("hostile");
    watch().await;
    Ok(())
}

// ANCHOR: fetch
/// The status and the body of a page.
async fn fetch(address: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?; // to the end: we have asked for `close`

    let no_head = || io::Error::other(format!("no head in {} octets", answer.len()));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_head)?;
    let status = head.split(' ').nth(1).and_then(|number| number.parse().ok());
    Ok((status.ok_or_else(no_head)?, body.to_owned()))
}
// ANCHOR_END: fetch

async fn site() -> io::Result<()> {
    let site = walkthrough::site();
    let address = site.strip_prefix("http://").expect("the site speaks http");
    // ANCHOR: site
    let (status, body) = fetch(address).await?;
    println!("{status} {body}");
    // ANCHOR_END: site
    Ok(())
}

// ANCHOR: hostile
async fn watch() {
    for (server, origin) in hostile::hostile() {
        let address = origin.strip_prefix("http://").expect("they speak http");
        match tokio::time::timeout(Duration::from_secs(2), fetch(address)).await {
            Ok(Ok((status, body))) => println!("{server:8} {status} {body:?}"),
            Ok(Err(error)) => println!("{server:8} {error}"),
            Err(_) => println!("{server:8} nothing yet, and never will be"),
        }
    }
}
// ANCHOR_END: hostile
