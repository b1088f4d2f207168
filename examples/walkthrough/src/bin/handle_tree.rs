//! The handle tree: what a child takes over from its parent, in which order calls may come, and what a close does below.

use hinternet::{AnyHandle, Connection, Handle, Method, NotificationMask, Payload, Request, Session};
use walkthrough::part;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("tree");
    tree(&site).await?;
    part("inherit");
    inherit(&site).await?;
    part("order");
    order(&site).await?;
    part("length");
    length(&site).await?;
    part("below");
    below(&site).await?;
    part("own");
    own(&site).await?;
    part("kinds");
    kinds(&site).await
}

// ANCHOR: tree
async fn tree(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let dead = session.connect("http://127.0.0.1:1")?; // nobody listens there, and nobody was asked
    let connection = session.connect(site)?;
    let same = session.connect(site)?; // another handle to the same origin
    let request = connection.open_request(Method::GET, "/")?;

    show(&session);
    show(&dead);
    show(&connection);
    show(&same);
    show(&request);
    session.close().await
}
// ANCHOR_END: tree

// ANCHOR: show
fn show(handle: &impl Handle) {
    match handle.parent() {
        Some(parent) => println!("{} {} below {parent}", handle.kind(), handle.id()),
        None => println!("{} {}", handle.kind(), handle.id()),
    }
}
// ANCHOR_END: show

// ANCHOR: inherit
async fn inherit(site: &str) -> hinternet::Result<()> {
    let session = Session::builder().context(1).open()?;
    let early: Connection = session.connect(site)?; // copies the 1
    session.set_context(2)?;
    let late = session.connect(site)?; // copies the 2
    let request: Request = late.open_request(Method::GET, "/")?.context(3); // copies the 2, gets a 3

    // `context` of a connection or request sets it; the trait's method of this name tells it.
    println!("session {}", Handle::context(&session));
    println!("early   {}, late {}", Handle::context(&early), Handle::context(&late));
    println!("request {}", Handle::context(&request));
    session.close().await
}
// ANCHOR_END: inherit

// ANCHOR: order
async fn order(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/")?;
    println!("{}", request.read().await.unwrap_err());

    request.send(()).await?;
    println!("{}", request.add_header("accept", "text/plain").unwrap_err());

    request.receive_response().await?; // both calls were refused, and neither changed anything
    println!("{}", request.receive_response().await.unwrap_err());
    session.close().await
}
// ANCHOR_END: order

// ANCHOR: length
async fn length(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::POST, "/upload")?;
    request.send(Payload::begin("ab", 4)).await?;
    println!("{}", request.receive_response().await.unwrap_err());
    println!("{}", request.write("cde").await.unwrap_err());
    request.write("cd").await?;
    println!("{}", request.receive_response().await?.status());
    session.close().await
}
// ANCHOR_END: length

// ANCHOR: below
async fn below(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let other = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/slow")?;
    let mut told = request.notifications(NotificationMask::RECEIVE_RESPONSE)?;
    request.send(()).await?;

    let waiting = request.clone();
    let waiting = tokio::spawn(async move { waiting.receive_response().await });
    told.next().await; // ReceivingResponse: the call is in flight
    connection.close().await?;

    println!("in flight: {}", waiting.await.expect("it did not panic").unwrap_err());
    println!("later:     {}", request.receive_response().await.unwrap_err());
    println!("above:     {}", connection.open_request(Method::GET, "/").unwrap_err());
    println!("beside:    open {}", other.is_open());
    session.close().await
}
// ANCHOR_END: below

// ANCHOR: own
async fn own(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/slow")?;
    let mut told = request.notifications(NotificationMask::RECEIVE_RESPONSE)?;
    request.send(()).await?;

    let waiting = request.clone();
    let waiting = tokio::spawn(async move { waiting.receive_response().await });
    told.next().await;
    request.close().await?;

    println!("in flight: {}", waiting.await.expect("it did not panic").unwrap_err());
    println!("later:     {}", request.send(()).await.unwrap_err());
    session.close().await
}
// ANCHOR_END: own

// ANCHOR: kinds
async fn kinds(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let found: Option<AnyHandle> = session.handle(connection.id());
    let found = found.expect("it is open");
    println!("{}", Request::try_from(found).unwrap_err());

    let id = connection.id();
    connection.close().await?;
    println!("{:?}", session.handle(id).map(|found| found.kind()));
    session.close().await
}
// ANCHOR_END: kinds
