//! The cache of a session (RFC 9111): what it answers, what it asks, what it stores, and what of that is told.

mod modes;
mod places;
mod revalidating;
mod storing;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::{Cache, CacheMode, HandleId, Method, RequestBuilder, Session, SessionBuilder};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::request::Request;

/// A session with a cache, and a server.
struct World {
    recorder: Recorder,
    session: Session,
    cache: Cache,
    origin: Origin,
}

impl World {
    async fn serving(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Cache::in_memory(), |builder| builder, handler).await
    }

    async fn with(
        cache: Cache,
        set: impl FnOnce(SessionBuilder) -> SessionBuilder,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(set(Session::builder().cache(cache.clone())));
        Self { recorder, session, cache, origin: Origin::start(handler).await }
    }

    /// Counts its answers, which are fresh for a minute.
    async fn counting() -> Self {
        let count = AtomicUsize::new(0);
        Self::serving(move |_| {
            let n = count.fetch_add(1, Ordering::SeqCst);
            Reply::ok(format!("answer {n}")).field("cache-control", "max-age=60")
        })
        .await
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.session.get(self.origin.url(path)).unwrap()
    }

    async fn text(&self, path: &str) -> String {
        text(self.get(path)).await
    }

    /// How many requests reached the server.
    fn asked(&self) -> usize {
        self.origin.log().len()
    }

    async fn finish(self) {
        self.recorder.finish(self.session).await;
    }
}

async fn text(request: RequestBuilder) -> String {
    let response = patiently("the response", request.send()).await.unwrap();
    patiently("its body", response.text()).await.unwrap()
}

/// Only what is told of the cache.
async fn of_cache(recorder: &Recorder, handle: HandleId) -> Vec<&'static str> {
    recorder.wait_for_closing(handle).await;
    recorder.names(handle).into_iter().filter(|name| name.starts_with("Cache")).collect()
}

#[tokio::test]
async fn what_is_fresh_is_not_asked_for_again() {
    let world = World::counting().await;
    assert_eq!(world.text("/").await, "answer 0");
    let again = world.get("/").send().await.unwrap();
    assert!(again.headers().contains_key("age") && again.wire().is_none() && again.status() == 200);
    assert!(again.head().raw().starts_with(b"HTTP/1.1 200\r\n"));
    assert_eq!(again.content_length(), Some(8));
    assert_eq!(again.text().await.unwrap(), "answer 0");
    assert_eq!(world.text("/?other").await, "answer 1");
    assert_eq!(world.asked(), 2);
    world.finish().await;
}

/// The golden order: no wire, and none of what is told of one.
#[tokio::test]
async fn a_hit_takes_no_wire_and_tells_its_own_story() {
    let world = World::counting().await;
    world.text("/").await;
    let hit = world.get("/").send().await.unwrap();
    let id = hit.handle().id();
    assert_eq!(hit.text().await.unwrap(), "answer 0");
    world.recorder.wait_for_closing(id).await;
    world.recorder.assert_sequence(
        id,
        &[
            "HandleCreated",
            "CacheHit",
            "SendRequestComplete",
            "HeadersAvailable",
            "DownloadProgress",
            "ReadComplete",
            "ReadComplete",
            "HandleClosing",
        ],
    );
    world.finish().await;
}

#[tokio::test]
async fn a_miss_tells_so_before_a_wire_is_asked_for_and_what_is_stored_when_it_has_come() {
    let world = World::counting().await;
    let miss = world.get("/").send().await.unwrap();
    let id = miss.handle().id();
    miss.text().await.unwrap();
    world.recorder.wait_for_closing(id).await;
    let names = world.recorder.names(id);
    assert_eq!(names[1], "CacheMiss", "{names:?}");
    let place = |name| names.iter().position(|one| *one == name).unwrap();
    assert!(
        place("HeadersAvailable") < place("CacheStored") || place("CacheStored") < place("WireReleased"),
        "{names:?}"
    );
    world.finish().await;
}

#[tokio::test]
async fn the_handle_path_reads_a_hit_step_by_step() {
    let world = World::counting().await;
    world.text("/").await;
    let connection = world.session.connect(&world.origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    let head = request.receive_response().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(request.query_data_available().await.unwrap(), 8);
    assert_eq!(request.read_at_most(3).await.unwrap(), "ans");
    assert_eq!(request.read().await.unwrap(), "wer 0");
    assert_eq!(request.read().await.unwrap(), "");
    // And again by the same handle.
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(request.read_exact(8).await.unwrap(), "answer 0");
    request.close().await.unwrap();
    assert_eq!(world.asked(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_long_body_is_given_in_pieces() {
    let long: String = "0123456789".repeat(100_000);
    let body = long.clone();
    let world = World::serving(move |_| Reply::ok(body.clone()).field("cache-control", "max-age=60")).await;
    assert_eq!(world.text("/").await, long);
    assert_eq!(world.text("/").await, long);
    let unread = world.get("/").send().await.unwrap();
    drop(unread);
    assert_eq!(world.text("/").await, long);
    assert_eq!(world.asked(), 1);
    world.finish().await;
}

#[tokio::test]
async fn each_hop_of_a_redirect_looks_for_itself() {
    let world = World::serving(|request| match request.path() {
        "/moved" => Reply::redirect(301, "/place").field("cache-control", "max-age=60"),
        _ => Reply::ok("here").field("cache-control", "max-age=60"),
    })
    .await;
    for _ in 0..3 {
        assert_eq!(world.text("/moved").await, "here");
    }
    let targets: Vec<_> = world.origin.log().iter().map(|visit| visit.target.clone()).collect();
    assert_eq!(targets, ["/moved", "/place"]);
    world.finish().await;
}

#[tokio::test]
async fn without_a_cache_nothing_is_stored_and_nothing_is_told() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let origin = Origin::start(|_| Reply::ok("hello").field("cache-control", "max-age=60")).await;
    for _ in 0..2 {
        assert_eq!(text(session.get(origin.url("/")).unwrap().cache_mode(CacheMode::Standard)).await, "hello");
    }
    assert_eq!(origin.log().len(), 2);
    assert_eq!(recorder.count(|status| status.name().starts_with("Cache")), 0);
    recorder.finish(session).await;
}

/// Counts from 0.
fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

#[tokio::test]
async fn the_mask_of_the_cache_gives_its_statuses_and_no_other() {
    let world = World::serving(|request| match request.field("if-none-match") {
        Some(_) => Reply::new(304).field("etag", "\"1\""),
        None => Reply::ok("body").field("cache-control", "no-cache").field("etag", "\"1\""),
    })
    .await;
    let mut told = world.session.notifications(hinternet::NotificationMask::CACHE).unwrap();
    world.text("/").await;
    world.text("/").await;
    text(world.get("/").cache_mode(CacheMode::Offline)).await;
    let closing = world.session.close();
    let mut names = Vec::new();
    while let Some(one) = patiently("the last word", futures_util::StreamExt::next(&mut told)).await {
        names.push(one.name());
    }
    assert_eq!(names, ["CacheMiss", "CacheStored", "CacheRevalidated", "CacheHit"]);
    closing.await.unwrap();
    world.finish().await;
}
