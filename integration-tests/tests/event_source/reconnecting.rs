//! Streams that are lost, end, or cannot be had now.

use hinternet::{EventSourceState, HandleKind};
use integration_tests::memory_peer::in_virtual_time;

use super::*;

#[test]
fn html_9_2_3_a_stream_that_ended_is_connected_again_behind_the_last_id() {
    in_virtual_time(async {
        let peer = MemoryPeer::playing(ending("data: 1\nid: \u{e9}7\n\ndata: unfinished\nid: 8\n"))
            .then(ending("data: 2\n\n"))
            .then(stream("data: 3\nid\n\n"));
        let world = World::of(peer);
        let mut source = world.source();
        assert_eq!(data(&mut source, 3).await, ["1", "2", "3"]);
        let ids: Vec<_> =
            world.requests().iter().map(|request| request.field("last-event-id").map(str::to_owned)).collect();
        assert_eq!(ids, [None, Some("\u{e9}7".to_owned()), Some("\u{e9}7".to_owned())], "kept, as browsers do");
        assert_eq!(source.last_event_id(), "", "the server has taken it back");
        assert_eq!(source.last_end().unwrap().code().number(), 12030);
        drop(source);
        world.end().await;
    });
}

#[test]
fn html_9_2_6_the_servers_reconnection_time_is_waited_and_jitter_on_top() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(ending("retry: 20000\ndata: 1\n\n")).then(stream("data: 2\n\n")));
        let mut source = world.source();
        data(&mut source, 2).await;
        assert_eq!(source.reconnection_time(), Some(20 * SECOND));
        let [(1, pause)] = world.told()[..] else { panic!("{:?}", world.told()) };
        assert!(pause >= 20 * SECOND && pause <= 21 * SECOND, "{pause:?}");
        let waited = world.began.elapsed();
        assert!(waited >= pause && waited < pause + SECOND / 10, "{waited:?}");
        drop(source);
        world.end().await;
    });
}

#[test]
fn no_pause_is_longer_than_the_longest_whatever_the_server_wants() {
    in_virtual_time(async {
        let script = ending("retry: 99999999999999999999\ndata: 1\n\n");
        let world = World::of(MemoryPeer::playing(script).then(stream("data: 2\n\n")));
        let mut source = world.source();
        data(&mut source, 2).await;
        assert_eq!(world.told(), [(1, 60 * SECOND)]);
        drop(source);
        world.end().await;
    });
}

#[test]
fn a_busy_server_is_asked_again_when_it_says_so() {
    in_virtual_time(async {
        for status in [408, 429, 500, 503] {
            let peer = MemoryPeer::playing(answering(status, "retry-after: 30\r\nconnection: close\r\n"));
            let world = World::of(peer.then(stream("data: 1\n\n")));
            let mut source = world.source();
            assert_eq!(data(&mut source, 1).await, ["1"]);
            let waited = world.began.elapsed();
            assert!(waited >= 30 * SECOND && waited <= 32 * SECOND, "{status}: {waited:?}");
            assert_eq!(source.last_end().unwrap().answered().unwrap().as_u16(), status);
            drop(source);
            world.end().await;
        }
    });
}

#[test]
fn each_attempt_is_a_request_of_its_own_that_tells_whose_place_it_takes() {
    in_virtual_time(async {
        let busy = || answering(503, "connection: close\r\n");
        let world = World::of(MemoryPeer::playing(busy()).then(busy()).then(stream("data: 1\n\n")));
        let mut source = world.source();
        data(&mut source, 1).await;
        let told = world.told();
        assert_eq!(told.iter().map(|it| it.0).collect::<Vec<_>>(), [2, 3]);
        let created: Vec<_> = world
            .recorder
            .log()
            .into_iter()
            .filter(|one| one.kind == HandleKind::Request && matches!(one.status, Status::HandleCreated(_)))
            .map(|one| one.handle)
            .collect();
        let second: Vec<_> = world.recorder.names(created[1])[..2].to_vec();
        assert_eq!((created.len(), second), (3, vec!["HandleCreated", "Retrying"]));
        drop(source);
        world.end().await;
    });
}

#[test]
fn a_stream_that_falls_silent_is_given_up_and_a_comment_is_a_sign_of_life() {
    in_virtual_time(async {
        let quiet =
            Script::new().read_request().send(format!("{STREAM}data: 1\n\n")).wait(50 * SECOND).send(": alive\n\n");
        let world = World::of(MemoryPeer::playing(quiet.keep()).then(stream("data: 2\n\n")));
        let options = options(|it| it.silence = Some(60 * SECOND));
        let mut source = world.builder().options(options).open().unwrap();
        assert_eq!(data(&mut source, 2).await, ["1", "2"]);
        let waited = world.began.elapsed();
        assert!(waited >= 110 * SECOND && waited <= 112 * SECOND, "{waited:?}");
        assert!(source.last_end().unwrap().is_timeout());
        drop(source);
        world.end().await;
    });
}

#[test]
fn a_stream_broken_in_the_middle_of_an_event_gives_that_event_once() {
    in_virtual_time(async {
        let whole = "data: 1\nid: 1\n\n";
        for cut in 0..whole.len() {
            let world = World::of(MemoryPeer::playing(ending(&whole[..cut])).then(stream(whole)));
            let mut source = world.source();
            assert_eq!(data(&mut source, 1).await, ["1"], "cut at {cut}");
            assert_eq!(source.state(), EventSourceState::Open);
            drop(source);
            world.end().await;
        }
    });
}

#[test]
fn after_so_many_attempts_in_a_row_it_gives_up() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::that_refuses());
        let options = options(|it| it.attempts = Some(4));
        let mut source = world.builder().options(options).open().unwrap();
        let error = source.next().await.unwrap().unwrap_err();
        assert!(error.is_connect());
        assert!(source.next().await.is_none());
        assert_eq!(world.told().iter().map(|it| it.0).collect::<Vec<_>>(), [2, 3, 4]);
        world.end().await;
    });
}
