//! Reload, no writing, offline, and what is taken when the network fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hinternet::{Cache, CacheMode, ErrorCode, Method};
use integration_tests::origin::Reply;

use super::{World, counter, of_cache, text};

#[tokio::test]
async fn a_reload_asks_and_stores() {
    let world = World::counting().await;
    assert_eq!(world.text("/").await, "answer 0");
    assert_eq!(text(world.get("/").cache_mode(CacheMode::Reload)).await, "answer 1");
    assert_eq!(world.origin.log()[1].field("cache-control"), Some("no-cache"));
    assert_eq!(world.text("/").await, "answer 1");
    world.finish().await;
}

/// `WINHTTP_FLAG_REFRESH`.
#[tokio::test]
async fn a_request_that_is_to_refresh_asks_the_server_by_both_fields() {
    let world = World::counting().await;
    assert_eq!(world.text("/").await, "answer 0");
    assert_eq!(text(world.get("/").header("cache-control", "max-age=9").refresh()).await, "answer 1");
    let asked = world.origin.log().remove(1);
    assert_eq!((asked.field("cache-control"), asked.field("pragma")), (Some("no-cache"), Some("no-cache")));
    let connection = world.session.connect(&world.origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.refresh().unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.refresh().unwrap_err().code(), ErrorCode::IncorrectHandleState, "it is under way");
    request.receive_response().await.unwrap();
    assert_eq!(request.read().await.unwrap(), "answer 2");
    request.close().await.unwrap();
    assert_eq!(request.refresh().unwrap_err().code(), ErrorCode::InvalidHandle);
    drop((request, connection));
    world.finish().await;
}

#[tokio::test]
async fn no_write_stores_nothing_and_off_does_not_even_look() {
    let world = World::counting().await;
    assert_eq!(text(world.get("/").cache_mode(CacheMode::NoWrite)).await, "answer 0");
    assert_eq!(world.text("/").await, "answer 1");
    assert_eq!(text(world.get("/").cache_mode(CacheMode::NoWrite)).await, "answer 1");
    assert_eq!(text(world.get("/").cache_mode(CacheMode::Off)).await, "answer 2");
    assert_eq!(world.text("/").await, "answer 1");
    world.finish().await;
}

#[tokio::test]
async fn offline_takes_what_there_is_however_old_and_asks_nobody() {
    let world = World::serving(|_| Reply::ok("old").field("cache-control", "no-cache").field("etag", "\"1\"")).await;
    world.text("/").await;
    assert_eq!(text(world.get("/").cache_mode(CacheMode::Offline)).await, "old");
    let other = world.get("/other").cache_mode(CacheMode::Offline).send().await.unwrap_err();
    assert_eq!(other.code(), ErrorCode::ItemNotFound, "{other}");
    let post =
        world.session.post(world.origin.url("/")).unwrap().cache_mode(CacheMode::Offline).send().await.unwrap_err();
    assert_eq!(post.code(), ErrorCode::ItemNotFound);
    assert_eq!(world.asked(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_stale_response_is_better_than_a_network_that_fails() {
    let count = counter();
    let n = Arc::clone(&count);
    let world = World::serving(move |_| match n.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok("kept").field("cache-control", "no-cache").field("etag", "\"1\""),
        1 => Reply::new(503),
        2 => Reply::drop_connection(),
        3 => Reply::drop_connection(),
        4 => Reply::new(503),
        5 => Reply::new(404).body("gone"),
        _ => Reply::drop_connection(),
    })
    .await;
    assert_eq!(world.text("/").await, "kept");
    for _ in 0..2 {
        let response = world.get("/").cache_mode(CacheMode::IfNetworkFails).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.handle().id()), (200, response.handle().id()));
        let id = response.handle().id();
        assert_eq!(response.text().await.unwrap(), "kept");
        assert_eq!(of_cache(&world.recorder, id).await, ["CacheHit"]);
    }
    // 503 and another failure were met; who does not ask for it gets what the server said.
    while count.load(Ordering::SeqCst) < 4 {
        let _any = world.get("/").cache_mode(CacheMode::IfNetworkFails).send().await.unwrap();
    }
    assert_eq!(world.get("/").send().await.unwrap().status(), 503);
    let gone = world.get("/").cache_mode(CacheMode::IfNetworkFails).send().await.unwrap();
    assert_eq!(gone.status(), 404);
    world.finish().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_leaves_what_is_stored() {
    let world = World::serving(|_| Reply::ok("kept").field("cache-control", "no-cache").field("etag", "\"1\"")).await;
    let url = world.origin.url("/");
    assert_eq!(world.text("/").await, "kept");
    let World { recorder, session, cache, origin } = world;
    drop(origin);
    session.evict_idle().await;
    let response = session.get(&url).unwrap().cache_mode(CacheMode::IfNetworkFails).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "kept");
    assert!(session.get(&url).unwrap().send().await.unwrap_err().is_retryable());
    let request =
        session.connect(url.trim_end_matches('/')).unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    assert!(request.send(()).await.is_err());
    assert_eq!(cache.figures().entries, 1);
    recorder.finish(session).await;
    drop(Cache::in_memory());
}
