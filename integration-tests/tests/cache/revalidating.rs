//! What is stale is asked for with its validators (RFC 9111 section 4.3).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use integration_tests::origin::Reply;

use super::{World, counter, of_cache, text};

#[tokio::test]
async fn a_304_delivers_what_is_stored_with_fresh_fields() {
    let world = World::serving(|request| match request.field("if-none-match") {
        Some("\"1\"") => Reply::new(304).field("etag", "\"1\"").field("x-said", "by the 304"),
        _ => Reply::ok("body").field("cache-control", "no-cache").field("etag", "\"1\"").field("x-said", "at first"),
    })
    .await;
    assert_eq!(world.text("/").await, "body");
    let again = world.get("/").send().await.unwrap();
    let id = again.handle().id();
    assert_eq!((again.status().as_u16(), again.headers()["x-said"].as_bytes()), (200, &b"by the 304"[..]));
    assert!(again.wire().is_some(), "the one that asked");
    assert_eq!(again.text().await.unwrap(), "body");
    assert_eq!(of_cache(&world.recorder, id).await, ["CacheRevalidated"]);
    assert_eq!(world.asked(), 2);
    assert_eq!(world.origin.connections(), 1, "its wire serves again");
    world.finish().await;
}

#[tokio::test]
async fn by_last_modified_where_there_is_no_entity_tag_and_anything_else_replaces_it() {
    let count = counter();
    let n = Arc::clone(&count);
    let world = World::serving(move |_| {
        let n = n.fetch_add(1, Ordering::SeqCst);
        Reply::ok(format!("body {n}"))
            .field("cache-control", "no-cache")
            .field("last-modified", "Sat, 07 Nov 2026 12:05:09 GMT")
    })
    .await;
    assert_eq!(world.text("/").await, "body 0");
    assert_eq!(world.text("/").await, "body 1");
    assert_eq!(world.origin.log()[1].field("if-modified-since"), Some("Sat, 07 Nov 2026 12:05:09 GMT"));
    assert_eq!(world.cache.figures().entries, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_304_of_something_else_is_not_believed() {
    let count = counter();
    let n = Arc::clone(&count);
    let world = World::serving(move |_| match n.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok("old").field("cache-control", "no-cache").field("etag", "\"1\""),
        1 => Reply::new(304).field("etag", "\"2\""),
        _ => Reply::ok("new").field("cache-control", "no-cache").field("etag", "\"2\""),
    })
    .await;
    assert_eq!(world.text("/").await, "old");
    assert_eq!(world.text("/").await, "new");
    let log = world.origin.log();
    assert_eq!((log.len(), log[2].field("if-none-match")), (3, None));
    world.finish().await;
}

#[tokio::test]
async fn a_condition_of_the_callers_own_is_answered_to_the_caller() {
    let world = World::serving(|request| match request.field("if-none-match") {
        Some(_) => Reply::new(304).field("etag", "\"1\""),
        None => Reply::ok("body").field("cache-control", "max-age=60").field("etag", "\"1\""),
    })
    .await;
    assert_eq!(world.text("/").await, "body");
    let own = world.get("/").header("if-none-match", "\"1\"").send().await.unwrap();
    assert_eq!(own.status(), 304);
    assert_eq!(world.text("/").await, "body");
    assert_eq!(text(world.get("/").header("range", "bytes=0-1")).await, "body", "a range is the server's affair");
    assert_eq!(world.asked(), 3);
    world.finish().await;
}
