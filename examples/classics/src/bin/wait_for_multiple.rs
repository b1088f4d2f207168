//! `wait_for_multiple URL...`: many requests and a user who may cancel, without events and without `WaitForMultipleObjects`.

use std::process::ExitCode;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use classics::part;
use hinternet::{Result, Session, StatusCode};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> ExitCode {
    let urls: Vec<_> = std::env::args().skip(1).collect();
    classics::ended(if urls.is_empty() { tour().await } else { for_urls(urls).await })
}

// ANCHOR: waiting
/// Waits for all of its requests. All that can happen is a message to it: a request has ended, or the user has had enough.
struct Waiting {
    session: Session,
    urls: Vec<String>,
    ended: Vec<Ended>,
    so_far: watch::Sender<usize>,
    over: Option<oneshot::Sender<Vec<Ended>>>,
}

/// Which of them, and how.
type Ended = (usize, Result<StatusCode>);

impl Actor for Waiting {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        for (number, url) in self.urls.iter().enumerate() {
            let asked = ask(self.session.clone(), url.clone()).into_actor(self);
            context.spawn(asked.map(move |status, waiting, _| waiting.one_has_ended(number, status)));
        }
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct UserCancels;

impl Handler<UserCancels> for Waiting {
    type Result = ();

    fn handle(&mut self, _: UserCancels, _: &mut Self::Context) {
        drop(self.session.close()); // what is under way ends with 6, and is heard of like any other end
    }
}

impl Waiting {
    fn one_has_ended(&mut self, number: usize, status: Result<StatusCode>) {
        self.ended.push((number, status));
        self.so_far.send_replace(self.ended.len());
        if self.ended.len() == self.urls.len()
            && let Some(over) = self.over.take()
        {
            drop(over.send(std::mem::take(&mut self.ended)));
        }
    }
}
// ANCHOR_END: waiting

// ANCHOR: ask
/// One of the many, from its beginning to its end.
async fn ask(session: Session, url: String) -> Result<StatusCode> {
    let response = session.get(url)?.send().await?;
    let status = response.status();
    response.bytes().await?;
    Ok(status)
}
// ANCHOR_END: ask

// ANCHOR: wait
/// Waits for them all, and for the user, who is told how many have ended.
async fn wait<U: Future>(urls: Vec<String>, user: impl FnOnce(watch::Receiver<usize>) -> U) -> Result<Vec<Ended>> {
    let ((over, mut ended), (so_far, heard)) = (oneshot::channel(), watch::channel(0));
    let session = Session::open()?;
    let waiting = Waiting { session, urls, ended: Vec::new(), so_far, over: Some(over) };
    let waiting = hinternet::start(waiting);
    let ended = tokio::select! {
        ended = &mut ended => ended,
        _ = user(heard) => {
            waiting.do_send(UserCancels);
            ended.await
        }
    };
    let mut ended = ended.expect("the actor says so when all have ended");
    ended.sort_by_key(|(number, _)| *number);
    Ok(ended)
}
// ANCHOR_END: wait

async fn for_urls(urls: Vec<String>) -> Result<()> {
    let ended = wait(urls.clone(), |_| classics::ctrl_c()).await?;
    for (number, status) in ended {
        match status {
            Ok(status) => println!("{}: {status}", urls[number]),
            Err(error) => println!("{}: {error}", urls[number]),
        }
    }
    Ok(())
}

async fn tour() -> Result<()> {
    let site = classics::site().await;
    part("all");
    all(&site.origin()).await?;
    part("any");
    any(&site.origin()).await?;
    part("timeout");
    timeout(&site.origin()).await
}

// ANCHOR: all
async fn all(site: &str) -> Result<()> {
    let quick = (1..=97).map(|number| format!("{site}/?{number}"));
    let slow = (98..=100).map(|number| format!("{site}/slow?{number}")); // these would take an hour
    let patience = async |mut so_far: watch::Receiver<usize>| drop(so_far.wait_for(|ended| *ended == 97).await);

    let ended = wait(quick.chain(slow).collect(), patience).await?;
    let answered = ended.iter().filter(|(_, status)| matches!(status, Ok(StatusCode::OK))).count();
    println!("{answered} of {} were answered", ended.len());
    for (number, status) in ended {
        if let Err(error) = status {
            println!("{}: {}", number + 1, error.code());
        }
    }
    Ok(())
}
// ANCHOR_END: all

// ANCHOR: any
/// `bWaitAll` is `FALSE`: the first to end; the others are dropped, which cancels them.
async fn any(site: &str) -> Result<()> {
    let session = Session::open()?;
    let mut under_way = JoinSet::new();
    for path in ["/slow", "/", "/slow"] {
        under_way.spawn(ask(session.clone(), format!("{site}{path}")));
    }
    let first = under_way.join_next().await.expect("there are three").expect("it did not panic");
    println!("{}", first?);
    under_way.shutdown().await;
    session.close().await
}
// ANCHOR_END: any

// ANCHOR: timeout
/// `dwMilliseconds` is 50: whoever has not ended by then goes on, or is dropped.
async fn timeout(site: &str) -> Result<()> {
    let session = Session::open()?;
    let mut slow = tokio::spawn(ask(session.clone(), format!("{site}/slow")));
    let waited = tokio::time::timeout(Duration::from_millis(50), &mut slow).await;
    println!("WAIT_TIMEOUT: {}, still there: {}", waited.is_err(), !slow.is_finished());
    session.close().await?;
    println!("{}", slow.await.expect("it did not panic").unwrap_err().code());
    Ok(())
}
// ANCHOR_END: timeout
