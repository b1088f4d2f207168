//! Names, addresses and deadlines: who resolves, who dials, what may be reached, and how long each step may take.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hinternet::network::{AddressPolicy, PublicAddresses};
use hinternet::transport::{BlockingResolver, in_memory};
use hinternet::{DialOptions, MinimumRate, NotificationMask, RequestOptions, Session, Status, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use walkthrough::part;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("race");
    race(&site).await?;
    part("policy");
    policy(&site).await?;
    part("memory");
    memory().await?;
    part("deadlines");
    deadlines(&site).await?;
    part("total");
    total(&site).await?;
    part("stalled");
    stalled().await
}

// ANCHOR: race
async fn race(site: &str) -> hinternet::Result<()> {
    // Nobody answers at 127.0.0.2 on this port; the site is at 127.0.0.1.
    let hosts = BlockingResolver::new(|host| match host {
        "site.internal" => Ok(["127.0.0.2", "127.0.0.1"].map(|address| address.parse().unwrap()).to_vec()),
        _ => Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no such host")),
    });
    let told = hinternet::subscriber(|told| match &told.status {
        Status::ResolvingName(host) => println!("resolving {host}"),
        Status::NameResolved(addresses) => println!("{} addresses", addresses.len()),
        Status::ConnectingToServer(address) => println!("connecting to {}", address.ip()),
        Status::ConnectAttemptEnded(address, _) => println!("no connection to {}", address.ip()),
        Status::ConnectedToServer(address) => println!("connected to {}", address.ip()),
        _ => {}
    });
    let mask = NotificationMask::RESOLVE_NAME | NotificationMask::CONNECT_TO_SERVER;
    let session = Session::builder().dial(DialOptions::default().resolver(hosts)).subscriber(told, mask).open()?;

    let named = site.replace("127.0.0.1", "site.internal");
    let text = session.get(named)?.send().await?.text().await?;
    session.close().await?;
    session.closed().await; // the subscriber has printed its last line
    println!("{text}");
    Ok(())
}
// ANCHOR_END: race

// ANCHOR: policy
/// The public internet, and one machine of our own.
#[derive(Debug)]
struct AlsoOurs(IpAddr);

impl AddressPolicy for AlsoOurs {
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        if address.ip() == self.0 { Ok(()) } else { PublicAddresses.check(host, address) }
    }
}

async fn policy(site: &str) -> hinternet::Result<()> {
    let public = DialOptions::default().address_policy(PublicAddresses);
    let session = Session::builder().dial(public).open()?;
    let refused = session.get(site)?.send().await.unwrap_err();
    println!("{refused}");
    println!("blame: {:?}, again: {}", refused.blame(), refused.is_retryable());
    session.close().await?;

    let ours = DialOptions::default().address_policy(AlsoOurs([127, 0, 0, 1].into()));
    let session = Session::builder().dial(ours).open()?;
    println!("{}", session.get(site)?.send().await?.status());
    session.close().await
}
// ANCHOR_END: policy

// ANCHOR: memory
async fn memory() -> hinternet::Result<()> {
    let (dialer, mut listener) = in_memory();
    tokio::spawn(async move {
        while let Some((mut stream, meant)) = listener.accept().await {
            let mut request = [0; 1024];
            let _octets = stream.read(&mut request).await?;
            let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nThis is {}.", meant.host);
            stream.write_all(answer.as_bytes()).await?;
        }
        std::io::Result::Ok(())
    });
    let session = Session::builder().dial(DialOptions::default().dialer(dialer)).open()?;
    println!("{}", session.get("http://nowhere.example/")?.send().await?.text().await?);
    session.close().await
}
// ANCHOR_END: memory

// ANCHOR: deadlines
async fn deadlines(site: &str) -> hinternet::Result<()> {
    let mut timeouts = Timeouts::default();
    timeouts.receive_response = Some(Duration::from_millis(50));
    let session = Session::builder().timeouts(timeouts).open()?;
    let error = session.get(format!("{site}/slow"))?.send().await.unwrap_err();
    println!("{error}");
    println!("{:?}, {:?}", error.stage(), error.waited());
    session.close().await
}
// ANCHOR_END: deadlines

// ANCHOR: total
async fn total(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let error = session.get(format!("{site}/slow"))?.timeout(Duration::from_millis(500)).send().await.unwrap_err();
    println!("{error}");
    session.close().await
}
// ANCHOR_END: total

// ANCHOR: stalled
async fn stalled() -> hinternet::Result<()> {
    let (dialer, mut listener) = in_memory();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await.ok()?;
        std::future::pending::<Option<()>>().await // a head, and no body
    });
    let mut options = RequestOptions::default();
    options.dial = DialOptions::default().dialer(dialer);
    options.minimum_rate = Some(MinimumRate { octets: 1_000, within: Duration::from_millis(100) });
    let session = Session::builder().request_options(options).open()?;
    let response = session.get("http://nowhere.example/")?.send().await?;
    println!("{}", response.bytes().await.unwrap_err());
    session.close().await
}
// ANCHOR_END: stalled
