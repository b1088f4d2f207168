//! Torture: the end comes at every moment there is. A handle is closed at the k-th notification and the caller goes away at the
//! k-th poll, for every k; afterwards every call has ended, the recorder has found nothing, and no socket is left (P8).

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use hinternet::{AnyHandle, Handle, HandleKind, HeaderMap, Method, Notification, NotificationMask, Payload, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use tokio::sync::Mutex;

/// Sockets are counted for the whole process: one test at a time.
static SOCKETS: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

async fn origin() -> Origin {
    Origin::start(|request| match request.target.as_str() {
        "/chunked" => Reply::new(200).chunked(["one ", "two ", "three"]),
        "/last" => Reply::ok("the last of this wire").closing(),
        _ => Reply::ok(request.body.clone()),
    })
    .await
}

/// Every kind of call there is, on a new wire, a pooled one and one that is not kept.
async fn story(session: &Session, origin: &str) -> hinternet::Result<()> {
    let connection = session.connect(origin)?;
    let get = connection.open_request(Method::GET, "/chunked")?;
    get.send(()).await?;
    get.receive_response().await?;
    while get.query_data_available().await? > 0 {
        get.read().await?;
    }
    let post = connection.open_request(Method::POST, "/echo")?;
    post.send(Payload::chunked()).await?;
    for _ in 0..3 {
        post.write(vec![b'x'; 1000]).await?;
    }
    post.finish(HeaderMap::new()).await?;
    post.receive_response().await?;
    assert_eq!(read_all(&post).await?.len(), 3000);
    let paved = session.get(&format!("{origin}/last"))?.send().await?;
    assert_eq!(paved.text().await?, "the last of this wire");
    Ok(())
}

fn sockets() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").expect("this system shows its descriptors");
    let links = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// A socket is closed without telling anybody, so this can only look again and again.
async fn sockets_are_down_to(before: usize) {
    let settled = async {
        while sockets() > before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    patiently("every socket to be closed", settled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_a_close_at_every_notification_ends_every_call_and_leaks_nothing() {
    let _alone = SOCKETS.lock().await;
    let origin = origin().await;
    for level in [HandleKind::Request, HandleKind::Connection, HandleKind::Session] {
        let before = sockets();
        let mut reached = true;
        let mut k = 0;
        while reached {
            k += 1;
            reached = close_at(k, level, &origin.origin()).await;
        }
        assert!(k > 40, "the whole story has more than {k} notifications");
        sockets_are_down_to(before).await;
    }
}

/// Plays the story and closes a handle when the k-th notification is handled. Did the story come that far?
async fn close_at(k: usize, level: HandleKind, origin: &str) -> bool {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let handled = Arc::new(AtomicUsize::new(0));
    let (count, root) = (Arc::clone(&handled), session.clone());
    let closer = move |one: Notification| {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == k {
            close_from_handler(&root, &one, level);
        }
    };
    session.subscribe(hinternet::subscriber(closer), NotificationMask::EVERYTHING).expect("the session is open");
    let told = patiently("the story to end", story(&session, origin)).await;
    let reached = handled.load(Ordering::Relaxed) >= k;
    assert!(reached || told.is_ok(), "nobody closed anything: {told:?}");
    recorder.finish(session).await;
    reached
}

/// Closes the handle of this level that the notification is about, or the one of that level above it.
fn close_from_handler(session: &Session, one: &Notification, level: HandleKind) {
    let id = match level {
        HandleKind::Session => Some(session.id()),
        _ if one.kind == level => Some(one.handle),
        _ => one.parent,
    };
    let handle: Option<AnyHandle> = id.and_then(|id| session.handle(id));
    if let Some(handle) = handle {
        // The close has begun with the call; a handler waits for nothing.
        drop(handle.close());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_caller_that_goes_away_at_every_poll_leaks_nothing() {
    let _alone = SOCKETS.lock().await;
    let origin = origin().await;
    let before = sockets();
    let mut finished = false;
    let mut k = 0;
    while !finished {
        k += 1;
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        finished = gone_at_poll(k, story(&session, &origin.origin())).await;
        recorder.finish(session).await;
    }
    assert!(k > 10, "the whole story takes more than {k} polls");
    sockets_are_down_to(before).await;
}

/// Polls the future k times and drops it. Did it end before?
async fn gone_at_poll(k: usize, story: impl Future<Output = hinternet::Result<()>>) -> bool {
    let mut story = pin!(story);
    let mut polls = 0;
    let polled = poll_fn(|context| {
        polls += 1;
        match story.as_mut().poll(context) {
            Poll::Ready(told) => Poll::Ready(Some(told)),
            Poll::Pending if polls >= k => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    match patiently("the next poll", polled).await {
        Some(told) => {
            told.expect("nobody disturbed it");
            true
        }
        None => false,
    }
}
