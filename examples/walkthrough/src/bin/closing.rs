//! Closing and cancelling: what ends, in which order, and what becomes of the work in flight.

use std::time::Duration;

use hinternet::{Method, NotificationMask, Notifications, Session};
use walkthrough::part;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("cascade");
    cascade(&site).await?;
    part("drop");
    dropped(&site).await?;
    part("cancel");
    cancel(&site).await?;
    part("timeout");
    timeout(&site).await?;
    part("select");
    select(&site).await?;
    part("abandon");
    abandon(&site).await?;
    part("shutdown");
    shutdown().await
}

// ANCHOR: cascade
async fn cascade(site: &str) -> hinternet::Result<()> {
    let told = hinternet::subscriber(|told| println!("{} {} {}", told.kind, told.handle, told.name()));
    let session = Session::builder().subscriber(told, NotificationMask::HANDLES).open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/")?;

    session.close().await?; // each HandleClosing is posted
    session.close().await?; // again: nothing happens
    session.closed().await; // each HandleClosing is handled
    println!("open: {} {} {}", session.is_open(), connection.is_open(), request.is_open());
    Ok(())
}
// ANCHOR_END: cascade

// ANCHOR: drop
async fn dropped(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let closed = session.closed();
    let connection = session.connect(site)?;
    drop(session); // the connection keeps it
    let request = connection.open_request(Method::GET, "/")?;
    drop(connection); // the request keeps both

    request.send(()).await?;
    println!("{}", request.receive_response().await?.status());
    drop(request); // the last one: all three close
    closed.await;
    Ok(())
}
// ANCHOR_END: drop

// ANCHOR: cancel
async fn cancel(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/slow")?;
    let mut told = request.notifications(NotificationMask::RECEIVE_RESPONSE)?;
    request.send(()).await?;

    let canceller = request.clone();
    tokio::spawn(async move {
        told.next().await; // ReceivingResponse: the call is in flight
        canceller.cancel();
    });
    println!("{}", request.receive_response().await.unwrap_err());
    println!("open: {}", request.is_open());
    session.close().await
}
// ANCHOR_END: cancel

// ANCHOR: timeout
async fn timeout(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let whole = session.get(format!("{site}/slow"))?.send();
    let gave_up = tokio::time::timeout(Duration::from_millis(50), whole).await;
    println!("gave up: {}", gave_up.is_err());
    session.close().await
}
// ANCHOR_END: timeout

// ANCHOR: select
async fn select(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/gate")?; // answers when somebody has asked for /open
    request.send(()).await?;
    let mut asked = false;
    let head = loop {
        tokio::select! {
            head = request.receive_response() => break head?,
            () = tokio::time::sleep(Duration::from_millis(20)), if !asked => {
                asked = true;
                session.get(format!("{site}/open"))?.send().await?;
            }
        }
    };
    println!("{}", head.status());
    session.close().await
}
// ANCHOR_END: select

// ANCHOR: abandon
async fn abandon(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/large")?;
    request.send(()).await?;
    let head = request.receive_response().await?;
    let mut octets = 0;
    loop {
        // Polled once and dropped, before each read that is waited for.
        let abandoned = tokio::time::timeout(Duration::ZERO, request.read()).await;
        octets += abandoned.map_or(Ok(0), |read| read.map(|chunk| chunk.len()))?;
        let chunk = request.read().await?;
        if chunk.is_empty() {
            break;
        }
        octets += chunk.len();
    }
    println!("{octets} octets of {:?}", head.headers()["content-length"]);
    session.close().await
}
// ANCHOR_END: abandon

// ANCHOR: shutdown
async fn shutdown() -> hinternet::Result<()> {
    let (quick, slow) = (walkthrough::site(), walkthrough::site());
    let session = Session::builder().wires_per_origin(1).open()?;
    let mut told = session.notifications(NotificationMask::SEND_REQUEST | NotificationMask::QUEUED)?;

    let finishes = tokio::spawn(session.get(format!("{quick}/gate"))?.send());
    until(&mut told, "RequestSent").await;
    let hangs = tokio::spawn(session.get(format!("{slow}/slow"))?.send());
    until(&mut told, "RequestSent").await;
    let waits = tokio::spawn(session.get(format!("{slow}/"))?.send()); // for the one wire, which hangs
    until(&mut told, "Queued").await;

    let report = session.shutdown(Duration::from_secs(1)); // begins with the call
    println!("new work: {}", session.get(&quick).unwrap_err());
    Session::open()?.get(format!("{quick}/open"))?.send().await?; // somebody else opens the gate
    println!("finishes: {}", finishes.await.expect("it did not panic")?.text().await?);
    println!("{:?}", report.await);
    println!("hangs:    {}", hangs.await.expect("it did not panic").unwrap_err());
    println!("waits:    {}", waits.await.expect("it did not panic").unwrap_err());
    Ok(())
}
// ANCHOR_END: shutdown

// ANCHOR: until
async fn until(told: &mut Notifications, name: &str) {
    while told.next().await.is_some_and(|told| told.name() != name) {}
}
// ANCHOR_END: until
