//! The echo service called through a session, by the stubs that `tonic` has generated.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use futures_util::{TryStreamExt, stream};
use hinternet::{Connection, Protocols, Session, ShutdownReport};
use tokio::sync::mpsc;
use tonic::{Request, Status};

use crate::echo::Words;
use crate::echo::echo_client::EchoClient;
use crate::echo_server::{Running, Wall};
use crate::grpc::{Transport, transport, where_safe};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

// ANCHOR: show
/// All four kinds of call, and how calls end.
///
/// # Errors
/// What should not have failed.
pub async fn show() -> Result<()> {
    let server = Running::start(Wall, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let session = Session::builder().protocols(Protocols::RequireHttp2).open()?;
    let connection = session.connect(&server.origin())?;
    first(connection.clone()).await?;

    let echo = EchoClient::new(transport(connection));
    kinds(echo.clone()).await?;
    failures(echo.clone()).await?;
    again(&session).await?;
    drain(session, echo).await?;
    server.stop().await;
    Ok(())
}
// ANCHOR_END: show

// ANCHOR: first
/// The stub as it was generated, over a connection as it is.
async fn first(connection: Connection) -> Result<()> {
    let mut echo = EchoClient::new(connection);
    let reply = echo.once(words("first")).await?.into_inner();
    println!("once      {:?}", reply.text);
    Ok(())
}
// ANCHOR_END: first

// ANCHOR: kinds
async fn kinds(mut echo: EchoClient<Transport>) -> Result<()> {
    let reply = echo.once(words("hello")).await?.into_inner();
    println!("once      {:?}", reply.text);

    let mut replies = echo.repeat(Words { times: 3, ..words("again") }).await?.into_inner();
    while let Some(reply) = replies.message().await? {
        println!("repeat    {:?}, {} of 3", reply.text, reply.number);
    }

    let told = stream::iter(["one", "two", "three"].map(words));
    println!("gather    {:?}", echo.gather(told).await?.into_inner().text);
    converse(echo).await
}
// ANCHOR_END: kinds

// ANCHOR: converse
/// Each message is sent when the last one is answered.
async fn converse(mut echo: EchoClient<Transport>) -> Result<()> {
    let (say, mut said) = mpsc::channel(1);
    let told = stream::poll_fn(move |context| said.poll_recv(context));
    say.send(words("who is there?")).await?;
    let mut replies = echo.converse(told).await?.into_inner();
    println!("converse  {:?}", replies.message().await?.map(|reply| reply.text));
    say.send(words("so it is you")).await?;
    println!("converse  {:?}", replies.message().await?.map(|reply| reply.text));
    drop(say);
    println!("converse  {:?}", replies.message().await?.map(|reply| reply.text));
    Ok(())
}
// ANCHOR_END: converse

// ANCHOR: failures
async fn failures(mut echo: EchoClient<Transport>) -> Result<()> {
    let status = echo.once(words("")).await.expect_err("there is nothing to say");
    println!("refused   {:?}: {}", status.code(), status.message());

    let mut slow = Request::new(Words { times: 1, after_ms: 10_000, ..words("late") });
    slow.set_timeout(Duration::from_millis(100));
    let status = echo.repeat(slow).await?.into_inner().try_collect::<Vec<_>>().await.expect_err("it comes too late");
    println!("too late  {:?}", status.code());
    Ok(())
}
// ANCHOR_END: failures

// ANCHOR: again
/// The server is not there yet when the call begins.
async fn again(session: &Session) -> Result<()> {
    let address = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?; // and closed
    let connection = session.connect(&format!("http://{address}"))?;
    let mut echo = EchoClient::new(transport(connection));
    let mut server = None;
    let reply = where_safe(async |attempt| {
        if attempt == 2 {
            server = Some(Running::start(Wall, address).await?);
        }
        let outcome = echo.once(words("at last")).await;
        match &outcome {
            Ok(reply) => println!("attempt {attempt} {:?}", reply.get_ref().text),
            Err(status) => println!("attempt {attempt} {:?}", status.code()),
        }
        outcome
    });
    reply.await?;
    Ok(())
}
// ANCHOR_END: again

// ANCHOR: drain
/// What is under way may finish; new calls are refused.
async fn drain(session: Session, mut echo: EchoClient<Transport>) -> Result<()> {
    let mut replies = echo.repeat(Words { times: 2, after_ms: 50, ..words("last words") }).await?.into_inner();
    let shutdown = session.shutdown(Duration::from_secs(5));
    let status = echo.once(words("one more")).await.expect_err("no new work is taken");
    println!("a new one {:?}", status.code());
    let (report, last) = tokio::join!(shutdown, async {
        let mut last = None;
        while let Some(reply) = replies.message().await? {
            last = Some(reply.text);
        }
        Ok::<_, Status>(last)
    });
    println!("drained   {:?}", last?.unwrap_or_default());
    print_report(report);
    Ok(())
}
// ANCHOR_END: drain

/// What a shutdown says.
pub fn print_report(ShutdownReport { completed, cancelled, never_sent, .. }: ShutdownReport) {
    println!("report    completed {completed}, cancelled {cancelled}, never sent {never_sent}");
}

// ANCHOR: until
/// Asks a server once a second, until `stop` comes; then drains.
///
/// # Errors
/// The status of the first call that fails for good.
pub async fn ask_until(origin: &str, text: String, stop: impl Future) -> Result<()> {
    let session = Session::builder().protocols(Protocols::RequireHttp2).open()?;
    let echo = EchoClient::new(transport(session.connect(origin)?));
    let mut asking = pin!(ask(echo, text));
    tokio::select! {
        biased;
        _ = stop => {}
        asked = &mut asking => return Ok(asked?),
    }
    // The call under way may finish; the next one is refused.
    let shutdown = session.shutdown(Duration::from_secs(5));
    println!("draining  what is under way may finish");
    let (report, _refused) = tokio::join!(shutdown, asking);
    print_report(report);
    Ok(())
}

async fn ask(echo: EchoClient<Transport>, text: String) -> Result<(), Status> {
    loop {
        let reply = where_safe(async |_| {
            let mut request = Request::new(words(&text));
            request.set_timeout(Duration::from_secs(5));
            echo.clone().once(request).await
        });
        println!("once      {:?}", reply.await?.into_inner().text);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
// ANCHOR_END: until

fn words(text: &str) -> Words {
    Words { text: text.to_owned(), times: 0, after_ms: 0 }
}
