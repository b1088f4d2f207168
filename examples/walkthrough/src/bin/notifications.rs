//! Notifications: an actor, a closure and a stream that hear of each step, and an actor that lives by them.

use std::sync::mpsc;

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use futures_util::StreamExt;
use hinternet::messages::{Amount, ReadData, ReceiveResponse, RequestActor, SendRequest};
use hinternet::{Error, Method, Notification, NotificationMask, Session, Status};
use tokio::sync::oneshot;
use walkthrough::part;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("actor");
    actor(&site).await?;
    part("pooled");
    pooled(&site).await?;
    part("last");
    last(&site).await?;
    part("failed");
    failed().await?;
    part("context");
    context(&site).await?;
    part("stream");
    stream(&site).await?;
    part("previous");
    previous(&site).await?;
    part("missed");
    missed(&site).await?;
    part("driven");
    driven(&site).await
}

// ANCHOR: progress
/// Shows each step, and counts what was read.
#[derive(Default)]
struct Progress {
    octets: u64,
}

impl Actor for Progress {
    type Context = Context<Self>;
}

impl Handler<Notification> for Progress {
    type Result = ();

    fn handle(&mut self, told: Notification, _: &mut Self::Context) {
        println!("{} {:>2} {:?}", told.kind, told.sequence, told.status);
        if let Status::ReadComplete(octets) = told.status {
            self.octets += octets;
        }
    }
}

/// A question of the program's own: an actor takes as many kinds of messages as it likes.
#[derive(Message)]
#[rtype(result = "u64")]
struct Octets;

impl Handler<Octets> for Progress {
    type Result = u64;

    fn handle(&mut self, _: Octets, _: &mut Self::Context) -> u64 {
        self.octets
    }
}
// ANCHOR_END: progress

// ANCHOR: actor
async fn actor(site: &str) -> hinternet::Result<()> {
    let progress: Addr<Progress> = hinternet::start(Progress::default());
    let session = Session::builder().subscriber(progress.clone(), NotificationMask::ALL_NOTIFICATIONS).open()?;

    session.get(site)?.send().await?.text().await?;
    session.close().await?;
    session.closed().await; // the actor has handled the last notification
    println!("{} octets", progress.send(Octets).await.expect("the actor lives"));
    Ok(())
}
// ANCHOR_END: actor

// ANCHOR: pooled
async fn pooled(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    session.get(site)?.send().await?.text().await?; // leaves its wire behind

    session.set_subscriber(hinternet::start(Progress::default()), NotificationMask::EVERYTHING).await?;
    session.get(site)?.send().await?.text().await?;
    session.close().await?;
    session.closed().await;
    Ok(())
}
// ANCHOR_END: pooled

// ANCHOR: last
async fn last(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/last")?;
    request.set_subscriber(hinternet::start(Progress::default()), NotificationMask::ALL_NOTIFICATIONS).await?;
    request.send(()).await?;
    request.receive_response().await?;
    while request.query_data_available().await? > 0 {
        request.read().await?;
    }
    request.close().await?;
    request.closed().await;
    Ok(())
}
// ANCHOR_END: last

// ANCHOR: failed
async fn failed() -> hinternet::Result<()> {
    let told = hinternet::subscriber(|told| println!("{} {}", told.kind, told.name()));
    let session = Session::builder().subscriber(told, NotificationMask::ALL_NOTIFICATIONS).open()?;
    let failed = session.get("http://127.0.0.1:1/")?.send().await;
    session.close().await?;
    session.closed().await;
    println!("{}", failed.unwrap_err());
    Ok(())
}
// ANCHOR_END: failed

// ANCHOR: context
async fn context(site: &str) -> hinternet::Result<()> {
    let told = hinternet::subscriber(|told| {
        if let Some(done) = told.completion() {
            println!("context {}: {} {:?}", told.context, done.operation, done.result);
        }
    });
    let session = Session::open()?;
    let mask = NotificationMask::ALL_COMPLETIONS;
    session.set_subscriber(told, mask).await?;
    for number in [1, 2] {
        session.get(site)?.context(number).send().await?.text().await?;
    }
    session.close().await?;
    session.closed().await;
    Ok(())
}
// ANCHOR_END: context

// ANCHOR: stream
async fn stream(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::GET, "/")?;
    let told = request.notifications(NotificationMask::SEND_REQUEST | NotificationMask::HANDLES)?;

    request.send(()).await?;
    request.close().await?;
    let names: Vec<_> = told.map(|told| told.name()).collect().await; // ends with the handle
    println!("{names:?}");
    session.close().await
}
// ANCHOR_END: stream

// ANCHOR: previous
async fn previous(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let first = hinternet::subscriber(|told| println!("first  {} {}", told.sequence, told.name()));
    let second = hinternet::subscriber(|told| println!("second {} {}", told.sequence, told.name()));
    let request = connection.open_request(Method::GET, "/")?;
    request.set_subscriber(first, NotificationMask::ALL_COMPLETIONS).await?;
    request.send(()).await?;

    let previous = request.set_subscriber(second, NotificationMask::ALL_COMPLETIONS).await?;
    let previous = previous.expect("the first was there");
    previous.drained().await; // it has handled all it was sent
    request.receive_response().await?;

    let previous = request.set_subscriber(previous.subscriber, previous.mask).await?; // back again, as it was
    previous.expect("the second was there").drained().await;
    request.close().await?;
    request.closed().await;
    session.close().await
}
// ANCHOR_END: previous

// ANCHOR: missed
async fn missed(site: &str) -> hinternet::Result<()> {
    let (release, held) = mpsc::channel::<()>();
    let mut busy = true;
    let slow = hinternet::subscriber(move |told| {
        if std::mem::take(&mut busy) {
            let _released = held.recv(); // busy with the first one while all else happens
        }
        println!("{} {} {:?}", told.kind, told.sequence, told.status);
    });
    let session = Session::builder()
        .unhandled(2, 4096) // two informational notifications may wait; the rest of them is counted
        .subscriber(slow, NotificationMask::ALL_NOTIFICATIONS)
        .open()?;
    session.get(site)?.send().await?.text().await?;
    release.send(()).expect("the closure waits");
    session.close().await?;
    session.closed().await;
    Ok(())
}
// ANCHOR_END: missed

// ANCHOR: driver
/// Drives one request by messages alone: each completion tells it what to ask next.
struct Driver {
    request: Addr<RequestActor>,
    finished: Option<oneshot::Sender<Result<(), Error>>>,
}

impl Driver {
    const MASK: NotificationMask = NotificationMask::SENDREQUEST_COMPLETE
        .union(NotificationMask::HEADERS_AVAILABLE)
        .union(NotificationMask::REQUEST_ERROR);
}

impl Actor for Driver {
    type Context = Context<Self>;
}

impl Handler<Notification> for Driver {
    type Result = ();

    fn handle(&mut self, told: Notification, context: &mut Self::Context) {
        println!("{}", told.name());
        match told.status {
            Status::SendRequestComplete => self.request.do_send(ReceiveResponse::default()),
            Status::HeadersAvailable => self.read(context),
            Status::RequestError { error, .. } => self.finish(Err(error)),
            _ => {}
        }
    }
}

impl Driver {
    /// A notification carries counts. The octets come with the reply.
    fn read(&self, context: &mut Context<Self>) {
        let reply = self.request.send(ReadData::new(Amount::AtMost(12)));
        context.spawn(reply.into_actor(self).map(|reply, driver, context| match reply {
            Ok(Ok(octets)) if octets.is_empty() => driver.finish(Ok(())),
            Ok(Ok(octets)) => {
                println!("    {octets:?}");
                driver.read(context);
            }
            Ok(Err(_)) | Err(_) => {} // its RequestError has come, or its HandleClosing
        }));
    }

    fn finish(&mut self, result: Result<(), Error>) {
        if let Some(finished) = self.finished.take() {
            finished.send(result).expect("the program waits for it");
        }
    }
}
// ANCHOR_END: driver

// ANCHOR: driven
async fn driven(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let request = session.connect(site)?.open_request(Method::GET, "/")?;
    let (finished, result) = oneshot::channel();
    let driver = hinternet::start(Driver { request: request.addr(), finished: Some(finished) });
    request.set_subscriber(driver, Driver::MASK).await?;
    request.addr().do_send(SendRequest::new(())); // from here on the driver answers each completion
    result.await.expect("the driver finishes")?;
    session.close().await
}
// ANCHOR_END: driven
