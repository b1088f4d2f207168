//! Downloads that are read as they come.

use futures_util::StreamExt;
use hinternet::ErrorCode;

use super::*;

async fn read(world: &World) -> hinternet::Result<Vec<u8>> {
    let mut download = world.download().stream()?;
    let mut octets = Vec::new();
    while let Some(piece) = download.next().await {
        octets.extend_from_slice(&piece?);
    }
    Ok(octets)
}

#[tokio::test]
async fn what_breaks_is_gone_on_from_unseen() {
    let scripts = vec![
        broken(&whole(&film(), TAG), 100),
        broken(&part(&film(), 100, TAG), 0),
        Script::answering(part(&film(), 100, TAG)),
    ];
    let world = World::of(scripts).await;
    assert_eq!(read(&world).await.unwrap(), film());
    let rest = asks("bytes=100-", TAG);
    assert_eq!(world.asked(), [ALL, rest.clone(), rest]);
    world.end().await;
}

#[tokio::test]
async fn behind_the_end_there_is_the_end_again() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    let mut download = world.download().stream().unwrap();
    while download.chunk().await.unwrap().is_some() {}
    assert_eq!(download.chunk().await.unwrap(), None);
    assert!(download.next().await.is_none());
    world.end().await;
}

#[tokio::test]
async fn all_of_the_same_in_place_of_a_part_is_skipped_as_far_as_it_was_read() {
    let scripts = vec![
        broken(&whole(&film(), TAG), 100),
        // It breaks while that is skipped.
        broken(&whole(&film(), TAG), 40),
        Script::answering(whole(&film(), TAG)),
    ];
    let world = World::of(scripts).await;
    assert_eq!(read(&world).await.unwrap(), film());
    let rest = asks("bytes=100-", TAG);
    assert_eq!(world.asked(), [ALL, rest.clone(), rest]);
    world.end().await;
}

#[tokio::test]
async fn another_version_is_an_error_once_something_was_read() {
    let world = World::of(vec![broken(&whole(&film(), TAG), 100), Script::answering(whole(&other(), "\"v2\""))]).await;
    assert_eq!(read(&world).await.unwrap_err().code(), ErrorCode::ResendRequest);
    world.end().await;

    let world = World::of(vec![broken(&whole(&film(), TAG), 0), Script::answering(whole(&other(), "\"v2\""))]).await;
    assert_eq!(read(&world).await.unwrap(), other(), "nothing was read of the first");
    world.end().await;
}

#[tokio::test]
async fn after_the_attempts_in_a_row_that_bring_nothing_the_last_failure_is_the_callers() {
    let world = World::of(vec![broken(&whole(&film(), TAG), 100), Script::new().read_request().close()]).await;
    let mut download = world.download().stream().unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap().len(), 100);
    assert_eq!(download.chunk().await.unwrap_err().code(), ErrorCode::ConnectionError);
    assert!(download.chunk().await.unwrap().is_none(), "after an error it ends");
    assert_eq!(world.requests().len(), 3);
    world.end().await;
}
