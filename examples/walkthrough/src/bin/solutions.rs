//! One solution for each exercise of part I.

use std::io;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hinternet::{Blame, Error, Session, Timeouts};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use walkthrough::{hostile, part};

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let servers = hostile::hostile();
    part("by_content_length");
    for (server, origin) in servers.iter().filter(|(server, _)| ["closes", "keeps", "cuts"].contains(server)) {
        let address = origin.strip_prefix("http://").expect("they speak http");
        match by_content_length(address).await {
            Ok(body) => println!("{server:8} {body:?}"),
            Err(error) => println!("{server:8} {:?}", error.kind()),
        }
    }

    let mut timeouts = Timeouts::default();
    timeouts.receive_response = Some(Duration::from_millis(500));
    timeouts.total = Some(Duration::from_secs(1));
    let session = Session::builder().timeouts(timeouts).open()?;
    part("heads_only");
    heads_only(&session, &servers).await?;
    part("exit_code");
    let mut worst = 0;
    for (_, url) in &servers {
        worst = worst.max(exit_code(&fetch(&session, url).await));
    }
    println!("{worst}");
    part("two_at_a_time");
    println!("{} are well", two_at_a_time(&session, &servers).await);
    part("worth_it");
    for url in ["ftp://127.0.0.1/", "http://127.0.0.1:1/"] {
        println!("{}", worth_it(&fetch(&session, url).await.unwrap_err()));
    }
    session.close().await
}

/// A client by hand: it reads what was announced, no more, and takes no less for the whole.
async fn by_content_length(address: &str) -> io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let (mut length, mut line) = (0, String::new());
    while stream.read_line(&mut line).await? > 2 {
        if let Some((_, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        line.clear();
    }
    let mut body = vec![0; length]; // still missing: a bound for it, for the head and for the time; chunks; and much else
    stream.read_exact(&mut body).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The same on a session: `cuts` and `drips` have good heads, for it is their bodies that are not.
async fn heads_only(session: &Session, servers: &[(&str, String)]) -> hinternet::Result<()> {
    for (server, url) in servers {
        match session.head(url)?.send().await {
            Ok(response) => println!("{server:8} {}", response.status()),
            Err(error) => println!("{server:8} {}", error.code()),
        }
    }
    Ok(())
}

async fn fetch(session: &Session, url: &str) -> hinternet::Result<String> {
    session.get(url)?.send().await?.text().await
}

/// Errors and deadlines: what a shell script is told.
fn exit_code(outcome: &hinternet::Result<String>) -> u8 {
    match outcome.as_ref().map_err(Error::blame) {
        Ok(_) => 0,
        Err(Blame::Peer) => 1,
        Err(Blame::Network) => 2,
        Err(_) => 3,
    }
}

/// Many at once, but not more than two.
async fn two_at_a_time(session: &Session, servers: &[(&str, String)]) -> usize {
    let pages = stream::iter(servers).map(|(_, url)| fetch(session, url)).buffer_unordered(2);
    pages.filter(|page| std::future::ready(page.is_ok())).count().await
}

/// Supervision: whether a job that failed by this may succeed the next time.
fn worth_it(error: &Error) -> bool {
    error.blame() != Blame::Caller
}
