//! What is gone on with, within a call and in a later one, and what is begun anew.

use hinternet::{DownloadProgress, ErrorCode, Status};
use integration_tests::patiently;

use super::*;

#[tokio::test]
async fn a_file_that_comes_whole_is_there_and_nothing_else() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    let downloaded = world.download().to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.length, downloaded.resumed_from, downloaded.attempts), (300, 0, 1));
    assert_eq!((downloaded.path.clone(), world.film()), (world.path(), film()));
    assert_eq!((world.files(), world.asked()), (vec!["film".to_owned()], vec![ALL]));
    assert_eq!(world.requests()[0].field("accept-encoding"), Some("identity"));
    world.end().await;
}

#[tokio::test]
async fn what_breaks_is_gone_on_from_within_the_call() {
    for cut in [1, 100, 299] {
        let world =
            World::of(vec![broken(&whole(&film(), TAG), cut), Script::answering(part(&film(), cut, TAG))]).await;
        let progress = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&progress);
        let download = world.download().on_progress(move |now| seen.lock().unwrap().push(now));
        let downloaded = download.to_file(world.path()).await.unwrap();
        assert_eq!((downloaded.attempts, downloaded.resumed_from, world.film()), (2, 0, film()));
        assert_eq!(world.asked(), [ALL, asks(&format!("bytes={cut}-"), TAG)]);
        let progress: Vec<DownloadProgress> = progress.lock().unwrap().clone();
        assert!(progress.is_sorted_by_key(|now| now.received) && progress.iter().all(|now| now.total == Some(300)));
        assert_eq!(progress.last().map(|now| (now.received, now.attempts)), Some((300, 2)));
        let told = world.recorder.log().into_iter().filter_map(|one| match one.status {
            Status::Retrying { attempt, error, .. } => Some((attempt, error.code())),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), [(2, ErrorCode::ConnectionError)]);
        world.end().await;
    }
}

#[tokio::test]
async fn attempts_that_bring_something_are_as_many_as_it_takes() {
    let mut scripts = vec![broken(&whole(&film(), TAG), 30)];
    scripts.extend((1..10).map(|nth| broken(&part(&film(), nth * 30, TAG), if nth < 9 { 30 } else { 29 })));
    scripts.push(Script::answering(part(&film(), 299, TAG)));
    let world = World::of(scripts).await;
    let downloaded = world.download().retry(policy().attempts(2)).to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.attempts, world.film()), (11, film()));
    world.end().await;
}

#[tokio::test]
async fn a_later_call_goes_on_where_the_one_before_was_broken_off() {
    let world = World::of(vec![broken(&whole(&film(), TAG), 100), Script::answering(part(&film(), 100, TAG))]).await;
    let error = world.once().to_file(world.path()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionError);
    assert_eq!(world.files(), ["film.part", "film.part.record"]);
    let downloaded = world.once().to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.resumed_from, downloaded.attempts, world.film()), (100, 1, film()));
    assert_eq!((world.asked(), world.files()), (vec![ALL, asks("bytes=100-", TAG)], vec!["film".to_owned()]));
    world.end().await;
}

#[tokio::test]
async fn rfc9110_13_1_5_another_version_is_begun_anew() {
    for again in [whole(&other(), "\"v2\""), whole(&other()[..200], "\"v2\""), whole(&other(), "W/\"v1\"")] {
        let world = World::of(vec![broken(&whole(&film(), TAG), 250), Script::answering(again.clone())]).await;
        let downloaded = world.download().to_file(world.path()).await.unwrap();
        assert_eq!(world.film(), other()[..downloaded.length as usize]);
        assert!(again.ends_with(&world.film()));
        assert_eq!(world.files(), ["film"]);
        world.end().await;
    }
}

#[tokio::test]
async fn a_server_that_sends_the_rest_of_another_version_makes_no_mixture() {
    let liar = Script::answering_once(part(&other(), 100, "\"v2\""));
    let longer = Script::answering_once(part(&[film(), film()].concat(), 100, TAG));
    for wrong in [liar, longer] {
        let scripts = vec![broken(&whole(&film(), TAG), 100), wrong, Script::answering(whole(&other(), "\"v2\""))];
        let world = World::of(scripts).await;
        let downloaded = world.download().to_file(world.path()).await.unwrap();
        assert_eq!((world.film(), downloaded.attempts), (other(), 3));
        assert_eq!(world.asked(), [ALL, asks("bytes=100-", TAG), ALL]);
        world.end().await;
    }
}

#[tokio::test]
async fn without_a_strong_validator_all_of_it_is_asked_for_each_time() {
    let weak = whole(&film(), "W/\"v1\"");
    let world = World::of(vec![broken(&weak, 100), Script::answering(weak)]).await;
    let downloaded = world.download().to_file(world.path()).await.unwrap();
    assert_eq!((world.film(), downloaded.attempts, world.asked()), (film(), 2, vec![ALL, ALL]));
    world.end().await;

    let weak = whole(&film(), "W/\"v1\"");
    let world = World::of(vec![broken(&weak, 100), Script::answering(weak)]).await;
    world.once().to_file(world.path()).await.unwrap_err();
    assert_eq!(world.files(), [""; 0], "there is nothing to go on from by");
    assert_eq!(world.once().to_file(world.path()).await.unwrap().resumed_from, 0);
    assert_eq!(world.film(), film());
    world.end().await;
}

#[tokio::test]
async fn rfc9110_15_5_17_what_was_whole_but_for_its_end_is_whole_with_a_416() {
    // Chunked and cut before its last chunk: all is there, and nobody said so.
    let head = format!("HTTP/1.1 200 OK\r\netag: {TAG}\r\ntransfer-encoding: chunked\r\n\r\n12c\r\n");
    let all_but_the_end = [head.as_bytes(), &film(), b"\r\n"].concat();
    let beyond = "HTTP/1.1 416 No\r\ncontent-range: bytes */300\r\ncontent-length: 0\r\n\r\n";
    let world = World::of(vec![Script::answering_once(all_but_the_end), Script::answering(beyond)]).await;
    let downloaded = world.download().to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.length, world.film()), (300, film()));
    assert_eq!(world.asked(), [ALL, asks("bytes=300-", TAG)]);
    world.end().await;
}

#[tokio::test]
async fn what_was_whole_but_for_its_name_asks_for_nothing() {
    let world = World::of(vec![broken(&whole(&film(), TAG), 299), Script::answering(whole(&film(), TAG))]).await;
    world.once().to_file(world.path()).await.unwrap_err();
    std::fs::write(world.folder.path().join("film.part"), film()).unwrap();
    let downloaded = world.once().to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.attempts, downloaded.resumed_from, world.film()), (0, 300, film()));
    assert_eq!(world.requests().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_one_that_says_no_is_not() {
    let busy = "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let world = World::of(vec![Script::answering_once(busy), Script::answering(whole(&film(), TAG))]).await;
    assert_eq!(world.download().to_file(world.path()).await.unwrap().attempts, 2);
    world.end().await;

    let world = World::of(vec![Script::answering("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")]).await;
    let error = world.download().to_file(world.path()).await.unwrap_err();
    assert_eq!((error.answered().unwrap().as_u16(), world.requests().len()), (404, 1));
    assert_eq!(world.files(), [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn what_breaks_the_rules_is_an_error_of_the_servers() {
    let not_asked = part(&film(), 50, TAG);
    let shifted = part(&film(), 99, TAG);
    let nameless = b"HTTP/1.1 206 Partial Content\r\ncontent-length: 3\r\n\r\nabc".to_vec();
    for (scripts, requests) in [
        (vec![Script::answering(not_asked)], 1),
        (vec![broken(&whole(&film(), TAG), 100), Script::answering(shifted)], 2),
        (vec![broken(&whole(&film(), TAG), 100), Script::answering(nameless)], 2),
    ] {
        let world = World::of(scripts).await;
        let error = world.download().to_file(world.path()).await.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, hinternet::Blame::Peer));
        assert_eq!(world.requests().len(), requests);
        world.end().await;
    }
}

#[tokio::test]
async fn a_redirect_is_followed_and_the_rest_is_asked_for_where_it_leads() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let first =
        Script::new().read_request().send(moved).read_request().send(whole(&film(), TAG)[..200].to_vec()).close();
    let again = Script::new().read_request().send(moved).read_request();
    let held = 200 - (whole(&film(), TAG).len() - 300);
    let world = World::of(vec![first, again.send(part(&film(), held, TAG)).keep()]).await;
    let downloaded = world.download().to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.attempts, world.film()), (2, film()));
    let last = asks(&format!("bytes={held}-"), TAG);
    assert_eq!(world.asked(), [ALL, ALL, last.clone(), last]);
    world.end().await;
}

#[tokio::test]
async fn attempts_that_never_come_further_than_those_before_have_an_end() {
    let weak = broken(&whole(&film(), "W/\"v1\""), 100);
    let deaf_to_ranges = broken(&whole(&film(), TAG), 100);
    let ever_new = (0..30).map(|nth| broken(&whole(&film(), &format!("\"v{nth}\"")), 100));
    for scripts in [vec![weak], vec![deaf_to_ranges], ever_new.collect()] {
        let world = World::of(scripts).await;
        let download = world.download().retry(policy().attempts(3));
        let error = patiently("the last attempt", download.to_file(world.path())).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectionError);
        // Another version may begin the count anew, as often as there are attempts.
        assert!(world.requests().len() <= 3 + 3, "{}", world.requests().len());
        world.end().await;
    }
}

#[tokio::test]
async fn a_whole_that_ends_before_what_is_held_of_it_is_not_whole() {
    let head = format!("HTTP/1.1 200 OK\r\netag: {TAG}\r\ntransfer-encoding: chunked\r\n\r\n32\r\n");
    let endless = [head.as_bytes(), &film()[..50], b"\r\n0\r\n\r\n"].concat();
    for shorter in [whole(&film()[..50], TAG), endless] {
        let world = World::of(vec![broken(&whole(&film(), TAG), 100), Script::answering(shorter)]).await;
        let error = world.download().retry(policy().attempts(2)).to_file(world.path()).await.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, hinternet::Blame::Peer));
        assert!(!world.files().contains(&"film".to_owned()));
        world.end().await;
    }
}

#[tokio::test]
async fn the_head_of_every_answer_is_told_before_anything_is_made_of_it() {
    let busy = Script::answering_once("HTTP/1.1 503 Busy\r\nX-Why: busy\r\ncontent-length: 0\r\n\r\n");
    let scripts = vec![busy, broken(&whole(&film(), TAG), 100), Script::answering(part(&film(), 100, TAG))];
    for streamed in [false, true] {
        let world = World::of(scripts.clone()).await;
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        let download = world.download().on_head(move |head| {
            seen.lock().unwrap().push((head.status().as_u16(), head.raw().clone()));
        });
        if streamed {
            let mut download = download.stream().unwrap();
            while download.chunk().await.unwrap().is_some() {}
        } else {
            download.to_file(world.path()).await.unwrap();
        }
        let heads = heads.lock().unwrap().clone();
        assert_eq!(heads.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [503, 200, 206]);
        assert_eq!(heads[0].1, "HTTP/1.1 503 Busy\r\nX-Why: busy\r\ncontent-length: 0\r\n\r\n");
        world.end().await;
    }
}
