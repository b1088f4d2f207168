//! Supervision: by the framework, where it can know what to do, and by a dozen lines of one's own, where it cannot.

use std::io;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hinternet::{Bytes, Method, NotificationMask, Payload, RetryPolicy, Session, Status};
use walkthrough::{hostile, part};

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    std::panic::set_hook(Box::new(|_| {})); // the panics below are meant
    let site = walkthrough::site();
    part("crash");
    crash(&site).await?;
    part("again");
    again().await?;
    part("supervise");
    supervised(&site).await
}

// ANCHOR: crash
async fn crash(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;

    let explodes = stream::poll_fn(|_| panic!("a defect in the program's own stream"));
    let body = Payload::stream(explodes.map(|()| io::Result::Ok(Bytes::new())));
    let error = connection.post("/upload")?.body(body).send().await.unwrap_err();
    println!("{}: retryable {}", error.code(), error.is_retryable());

    println!("session open {}, connection open {}", session.is_open(), connection.is_open());
    println!("{}", connection.get("/")?.send().await?.text().await?);
    session.close().await
}
// ANCHOR_END: crash

// ANCHOR: again
async fn again() -> hinternet::Result<()> {
    let policy = RetryPolicy::new().attempts(5).first_pause(Duration::from_millis(10));
    let session = Session::builder().retry(policy).open()?;
    let mut told = session.notifications(NotificationMask::RETRYING)?;

    let response = session.get(hostile::recovering())?.send().await?;
    println!("{} {}", response.status(), response.text().await?);
    session.close().await?;
    while let Some(told) = told.next().await {
        if let Status::Retrying { attempt, .. } = told.status {
            println!("attempt {attempt}");
        }
    }
    Ok(())
}
// ANCHOR_END: again

// ANCHOR: supervise
/// Does a job again when it panics or fails, after a pause that doubles, so many times.
async fn supervise<F>(most: u32, job: impl Fn(u32) -> F) -> Result<(), String>
where
    F: Future<Output = hinternet::Result<()>> + Send + 'static,
{
    let mut pause = Duration::from_millis(10);
    for attempt in 1..=most {
        match tokio::spawn(job(attempt)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => println!("attempt {attempt} failed: {}", error.code()),
            Err(_) => println!("attempt {attempt} panicked"),
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(format!("gave up after {most} attempts"))
}
// ANCHOR_END: supervise

// ANCHOR: supervised
async fn supervised(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let check = |attempt| {
        let (session, site) = (session.clone(), site.to_owned());
        async move {
            let held = session.connect(&site)?.open_request(Method::GET, "/slow")?;
            held.send(()).await?; // in flight, whatever comes next
            match attempt {
                1 => panic!("a defect in the check"),
                2 => session.get("http://127.0.0.1:1/")?.send().await.map(drop),
                _ => session.get(&site)?.send().await.map(|response| println!("{}", response.status())),
            }
        }
    };
    println!("{:?}", supervise(5, check).await);

    while !session.snapshot().await.requests.is_empty() {
        tokio::task::yield_now().await; // a handle that was dropped closes soon
    }
    println!("no request is left");
    session.close().await
}
// ANCHOR_END: supervised
