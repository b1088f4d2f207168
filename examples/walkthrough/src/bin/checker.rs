//! The checker: it asks every server, bounds what it waits for, and tells what to do about a failure.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hinternet::{Blame, Error, NotificationMask, Session, Timeouts};
use walkthrough::{hostile, part};

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let servers = hostile::hostile();
    part("session");
    one_by_one(&servers).await?;
    part("judge");
    judged(&servers).await?;
    part("many");
    together(&servers).await?;
    part("crowd");
    crowd(&walkthrough::site()).await?;
    part("end");
    end(&servers).await
}

// ANCHOR: fetch
/// The status and the body of a page.
async fn fetch(session: &Session, url: &str) -> hinternet::Result<(u16, String)> {
    let response = session.get(url)?.send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}
// ANCHOR_END: fetch

// ANCHOR: open
/// A session that waits no longer than half a second for a head, and a second for everything.
fn impatient() -> hinternet::Result<Session> {
    let mut timeouts = Timeouts::default();
    timeouts.receive_response = Some(Duration::from_millis(500));
    timeouts.total = Some(Duration::from_secs(1));
    Session::builder().timeouts(timeouts).open()
}
// ANCHOR_END: open

// ANCHOR: session
async fn one_by_one(servers: &[(&str, String)]) -> hinternet::Result<()> {
    let session = impatient()?;
    for (server, url) in servers {
        match fetch(&session, url).await {
            Ok((status, body)) => println!("{server:8} {status} {body:?}"),
            Err(error) => println!("{server:8} {error}"),
        }
    }
    session.close().await
}
// ANCHOR_END: session

// ANCHOR: judge
/// What is to be done.
fn judge(error: &Error) -> &'static str {
    match error.blame() {
        Blame::Caller => "mend the program",
        Blame::Peer => "tell who runs the server",
        Blame::Network if error.is_retryable() => "try again later",
        Blame::Network => "look whether it has happened, then try again",
        _ => "report a defect of the library",
    }
}
// ANCHOR_END: judge

async fn judged(servers: &[(&str, String)]) -> hinternet::Result<()> {
    let session = impatient()?;
    // ANCHOR: judged
    for (server, url) in servers {
        if let Err(error) = fetch(&session, url).await {
            println!("{server:8} {} at {:?}: {}", error.code(), error.stage(), judge(&error));
        }
    }
    // ANCHOR_END: judged
    session.close().await
}

// ANCHOR: many
async fn together(servers: &[(&str, String)]) -> hinternet::Result<()> {
    let session = impatient()?;
    let ask = |(server, url)| {
        let session = session.clone();
        async move { (server, fetch(&session, url).await) }
    };
    let mut under_way: FuturesUnordered<_> = servers.iter().map(|(server, url)| ask((*server, url))).collect();
    let (mut well, mut ill) = (Vec::new(), Vec::new());
    while let Some((server, outcome)) = under_way.next().await {
        if outcome.is_ok() { well.push(server) } else { ill.push(server) }
    }
    well.sort_unstable();
    ill.sort_unstable();
    println!("well: {well:?}");
    println!("ill:  {ill:?}");
    session.close().await
}
// ANCHOR_END: many

// ANCHOR: crowd
async fn crowd(site: &str) -> hinternet::Result<()> {
    let session = Session::builder().wires_per_origin(4).open()?;
    let url = format!("{site}/large");
    let all = futures_util::future::join_all((0..100).map(|_| fetch(&session, &url))).await;
    let octets: usize = all.into_iter().map(|page| page.map_or(0, |(_, body)| body.len())).sum();
    println!("{octets} octets");

    let origin = &session.snapshot().await.origins[0];
    println!("{} requests on no more than 4 wires: {}", origin.requests_begun, origin.wires_opened <= 4);
    session.close().await
}
// ANCHOR_END: crowd

// ANCHOR: end
async fn end(servers: &[(&str, String)]) -> hinternet::Result<()> {
    let session = Session::open()?; // a patient one: the deadlines are the defaults
    let silent = &servers.iter().find(|(server, _)| *server == "silent").expect("it is one of them").1;
    let mut told = session.notifications(NotificationMask::SEND_REQUEST)?;
    let waits = tokio::spawn(session.get(silent)?.send());
    while told.next().await.is_some_and(|told| told.name() != "RequestSent") {}
    let report = session.shutdown(Duration::from_millis(200)).await;
    println!("{report:?}");
    println!("{}", waits.await.expect("it did not panic").unwrap_err());
    Ok(())
}
// ANCHOR_END: end
