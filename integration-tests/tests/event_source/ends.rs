//! What ends it for good.

use hinternet::{Cache, CacheMode, Error, ErrorCode, EventSourceState, RequestOptions, Stage};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::patiently;

use super::*;

/// What it ends with, and that it asks once.
async fn error_of(script: Script) -> Error {
    let world = World::of(MemoryPeer::playing(script));
    let mut source = world.source();
    let error = source.next().await.unwrap().unwrap_err();
    assert_eq!(source.state(), EventSourceState::Closed);
    assert!(source.next().await.is_none(), "nothing follows");
    assert_eq!((world.requests().len(), world.told().len()), (1, 0));
    world.end().await;
    error
}

#[test]
fn html_9_2_3_a_204_ends_it_without_an_error() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(ending("data: 1\n\n")).then(answering(204, "")));
        let mut source = world.source();
        assert_eq!(data(&mut source, 1).await, ["1"]);
        assert!(source.next().await.is_none());
        assert_eq!((source.state(), world.requests().len()), (EventSourceState::Closed, 2));
        world.end().await;
    });
}

#[test]
fn html_9_2_3_another_type_is_an_error() {
    in_virtual_time(async {
        for fields in ["content-type: text/html\r\n", ""] {
            let error = error_of(answering(200, fields)).await;
            assert_eq!((error.code(), error.stage()), (ErrorCode::InvalidServerResponse, Stage::Decode));
        }
    });
}

#[test]
fn html_9_2_3_another_status_is_an_error() {
    in_virtual_time(async {
        for status in [201, 206, 400, 401, 404, 410] {
            let error = error_of(answering(status, "content-type: text/event-stream\r\n")).await;
            assert_eq!(error.answered().unwrap().as_u16(), status);
        }
    });
}

#[test]
fn an_event_without_end_is_an_error_and_not_asked_for_again() {
    in_virtual_time(async {
        let endless = || Script::new().read_request().send(STREAM);
        for script in [
            endless().send("data: ").repeat("x".repeat(1000), 2_000),
            endless().repeat(format!("data: {}\n", "x".repeat(993)), 2_000),
            endless().repeat("y".repeat(1000), 2_000),
        ] {
            let error = error_of(script.keep()).await;
            assert_eq!((error.code(), error.stage()), (ErrorCode::NotEnoughQuota, Stage::Body));
        }
    });
}

#[test]
fn closing_the_session_ends_it_also_in_a_pause() {
    in_virtual_time(async {
        for script in [stream("data: 1\n\n"), ending("retry: 50000\ndata: 1\n\n")] {
            let world = World::of(MemoryPeer::playing(script));
            let mut source = world.source();
            data(&mut source, 1).await;
            let waiting = actix::spawn(async move { (source.next().await, source.next().await.is_none()) });
            tokio::time::sleep(SECOND).await;
            world.session.close().await.unwrap();
            let (last, is_over) = patiently("the end", waiting).await.unwrap();
            assert!(last.unwrap().unwrap_err().is_invalid_handle() && is_over);
            assert!(world.began.elapsed() < 2 * SECOND);
            world.end().await;
        }
    });
}

#[test]
fn what_is_wrong_with_the_call_is_told_at_once() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(stream("")));
        assert!(world.builder().header("x", "a\r\nb").open().is_err());
        assert!(world.builder().options(options(|it| it.attempts = Some(0))).open().is_err());
        assert!(world.session.events("ftp://a.example/").is_err());
        world.end().await;
    });
}

#[test]
fn where_only_the_cache_may_answer_and_has_nothing_it_ends() {
    in_virtual_time(async {
        let mut options = RequestOptions::default();
        options.cache = CacheMode::Offline;
        let world =
            World::built(MemoryPeer::playing(ending("data: 1\n\n")), Session::builder().cache(Cache::in_memory()));
        options.dial = world.peer.dial();
        let mut source = world.builder().request_options(options).open().unwrap();
        let error = source.next().await.unwrap().unwrap_err();
        assert_eq!((error.code(), source.state()), (ErrorCode::ItemNotFound, EventSourceState::Closed));
        assert!(source.next().await.is_none());
        assert_eq!((world.requests().len(), world.told().len()), (0, 0));
        world.end().await;
    });
}
