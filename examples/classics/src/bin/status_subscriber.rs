//! `status_subscriber`: an actor in place of the status callback; its mask, who stood there before it, who inherits it, and how it
//! is taken away.

use std::process::ExitCode;

use actix::{Actor, Context, Handler};
use classics::part;
use hinternet::{Method, Notification, NotificationMask as Mask, Result, Session, Subscriber};

#[tokio::main]
async fn main() -> ExitCode {
    classics::ended(tour().await)
}

async fn tour() -> Result<()> {
    let site = classics::site().await;
    part("mask");
    mask(&site.origin()).await?;
    part("previous");
    previous(&site.origin()).await?;
    part("inherit");
    inherit(&site.origin()).await?;
    part("remove");
    remove(&site.origin()).await?;
    part("levels");
    levels(&site.origin()).await
}

// ANCHOR: shows
/// What the callback of a WinHTTP program was: a name of its own in place of the `dwContext` pointer.
struct Shows(&'static str);

impl Actor for Shows {
    type Context = Context<Self>;
}

impl Handler<Notification> for Shows {
    type Result = ();

    fn handle(&mut self, told: Notification, _: &mut Self::Context) {
        println!("{}: {} {:?}", self.0, told.kind, told.status);
    }
}

fn shows(name: &'static str) -> Subscriber {
    hinternet::start(Shows(name)).into()
}
// ANCHOR_END: shows

// ANCHOR: mask
async fn mask(site: &str) -> Result<()> {
    let mask = Mask::CONNECT_TO_SERVER | Mask::HEADERS_AVAILABLE | Mask::HANDLES;
    let session = Session::builder().subscriber(shows("all three"), mask).open()?;
    session.get(site)?.send().await?.text().await?;
    session.close().await?;
    session.closed().await; // it has handled its last notification
    Ok(())
}
// ANCHOR_END: mask

// ANCHOR: previous
async fn previous(site: &str) -> Result<()> {
    let session = Session::open()?;
    let nobody = session.set_subscriber(shows("first"), Mask::HEADERS_AVAILABLE).await?;
    println!("before the first: {}", nobody.map_or("nobody", |_| "somebody"));
    session.get(site)?.send().await?.text().await?;

    let first = session.set_subscriber(shows("second"), Mask::READ_COMPLETE).await?.expect("it stood there");
    first.drained().await; // it has handled all it was sent
    println!("before the second: {:?}", first.mask);
    session.get(site)?.send().await?.text().await?;

    let second = session.set_subscriber(first.subscriber, first.mask).await?.expect("it stood there");
    second.drained().await;
    println!("the first again");
    session.get(site)?.send().await?.text().await?;
    session.close().await?;
    session.closed().await;
    Ok(())
}
// ANCHOR_END: previous

// ANCHOR: inherit
async fn inherit(site: &str) -> Result<()> {
    let session = Session::builder().subscriber(shows("a"), Mask::HEADERS_AVAILABLE).open()?;
    let early = session.connect(site)?; // has a copy of the slot: a
    session.set_subscriber(shows("b"), Mask::HEADERS_AVAILABLE).await?;
    let late = session.connect(site)?; // b
    for connection in [early, late] {
        let status = connection.get("/")?.send().await?.status(); // a request takes over what its connection has
        connection.close().await?;
        connection.closed().await; // what was told below it is handled, too
        println!("{status}");
    }
    session.close().await
}
// ANCHOR_END: inherit

// ANCHOR: remove
async fn remove(site: &str) -> Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    connection.set_subscriber(shows("a"), Mask::HEADERS_AVAILABLE).await?;
    let request = connection.open_request(Method::GET, "/")?; // has a copy
    connection.clear_subscriber().await?.expect("it stood there").drained().await; // WinHttpSetStatusCallback(.., NULL, ..)

    request.send(()).await?;
    request.receive_response().await?; // told to the copy
    let removed = request.clear_subscriber().await?.expect("the copy stood there");
    removed.drained().await;
    println!("nobody hears of what comes now");
    request.read().await?;
    session.close().await
}
// ANCHOR_END: remove

// ANCHOR: levels
async fn levels(site: &str) -> Result<()> {
    let session = Session::open()?;
    session.set_subscriber(shows("for sessions"), Mask::HANDLES).await?;
    let connection = session.connect(site)?; // its first word still goes to the one it inherits
    connection.set_subscriber(shows("for connections"), Mask::HANDLES).await?.expect("inherited").drained().await;
    let request = connection.open_request(Method::GET, "/")?;
    let completions = Mask::ALL_COMPLETIONS | Mask::HANDLES;
    request.set_subscriber(shows("for requests"), completions).await?.expect("inherited").drained().await;

    request.send(()).await?;
    request.receive_response().await?;
    request.close().await?;
    request.closed().await;
    connection.close().await?;
    connection.closed().await;
    session.close().await?;
    session.closed().await;
    Ok(())
}
// ANCHOR_END: levels
