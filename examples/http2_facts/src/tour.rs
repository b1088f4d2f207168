//! What HTTP/2 is like, shown on a server of the program's own.

use std::collections::BTreeSet;

use hinternet::{
    Connection, HeaderMap, HeaderValue, Method, NotificationMask, Notifications, Payload, Result, Session, Status,
    WireHealth, WireId,
};
use tokio::task::JoinSet;

use crate::own_server::OwnServer;

pub(crate) async fn show() -> Result<()> {
    let server = OwnServer::start().await;
    let session = server.session().open()?;
    let connection = session.connect(&server.origin())?;
    burst(&session, &server).await?;
    trailers(&connection).await?;
    goaway(&session, &server).await?;
    session.close().await
}

// ANCHOR: burst
/// A hundred requests at once to a server that nobody has spoken to yet.
async fn burst(session: &Session, server: &OwnServer) -> Result<()> {
    let mut calls = JoinSet::new();
    for n in 0..100 {
        let call = session.get(format!("{}/{n}", server.origin()))?.send();
        calls.spawn(async move {
            let response = call.await?;
            let of = (response.version(), response.wire());
            response.text().await.map(|_| of)
        });
    }
    let (mut versions, mut wires) = (BTreeSet::new(), BTreeSet::new());
    while let Some(Ok(answer)) = calls.join_next().await {
        let (version, wire) = answer?;
        versions.insert(version);
        wires.extend(wire);
    }
    let connections = server.connections();
    println!("a burst: 100 answers by {versions:?} on {wires:?}; connections at the server: {connections}");
    Ok(())
}
// ANCHOR_END: burst

// ANCHOR: trailers
/// Fields behind the body, both ways: the server sends back what it got.
async fn trailers(connection: &Connection) -> Result<()> {
    let request = connection.open_request(Method::POST, "/echo")?;
    request.send(Payload::chunked()).await?;
    request.write("one line\n").await?;
    let mut trailers = HeaderMap::new();
    trailers.insert("lines", HeaderValue::from_static("1"));
    request.finish(trailers).await?;

    let head = request.receive_response().await?;
    while !request.read().await?.is_empty() {}
    println!("the head: {:?}", String::from_utf8_lossy(head.raw()));
    println!("trailers: {:?}", request.trailers());
    request.close().await
}
// ANCHOR_END: trailers

// ANCHOR: goaway
/// The server goes away in the middle of a request.
async fn goaway(session: &Session, server: &OwnServer) -> Result<()> {
    let mut told = session.notifications(NotificationMask::WIRES)?;
    let late = session.get(format!("{}/late", server.origin()))?.send();
    let late = tokio::spawn(async move { late.await?.text().await });
    server.asked(102).await; // a hundred, the one with trailers, and this one
    server.go_away();
    let (wire, health) = next_change(&mut told).await;
    println!("GOAWAY:   {wire} is {health}");

    let next = session.get(format!("{}/next", server.origin()))?.send().await?;
    println!("the next: {} on {:?}", next.status(), next.wire().expect("it came over one"));
    drop(next.text().await?);

    server.gate.open();
    println!("the late: {:?}", late.await.expect("it does not panic")?);
    let (wire, health) = next_change(&mut told).await;
    // Why is chance: this side has no more use for it, or the server was faster.
    let closed = matches!(health, WireHealth::Closed(_));
    println!("          {wire} is closed: {closed}");
    Ok(())
}

/// The next change of a wire's health.
async fn next_change(told: &mut Notifications) -> (WireId, WireHealth) {
    while let Some(one) = told.next().await {
        if let Status::WireHealthChanged { wire, health } = one.status {
            return (wire, health);
        }
    }
    unreachable!("the session is open")
}
// ANCHOR_END: goaway
