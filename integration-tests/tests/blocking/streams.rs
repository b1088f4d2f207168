//! Downloads and server-sent events that are waited for.

use std::io::Read;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hinternet::{ErrorCode, EventSourceOptions, EventSourceState, RetryPolicy};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use super::World;

/// The first answer breaks off in the middle; the second is the rest.
fn broken_film() -> Vec<Script> {
    let head = "HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: 10\r\n\r\n01234";
    let rest =
        "HTTP/1.1 206 Partial Content\r\netag: \"v1\"\r\ncontent-range: bytes 5-9/10\r\ncontent-length: 5\r\n\r\n56789";
    vec![Script::answering_once(head), Script::answering_once(rest)]
}

fn at_once() -> RetryPolicy {
    RetryPolicy::new().first_pause(Duration::from_millis(1))
}

#[test]
fn a_download_goes_on_where_it_broke_off_while_its_caller_waits() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film");
    let peer = world.servers.block_on(ScriptedPeer::start(broken_film()));
    let (told, progress) = mpsc::channel();
    let download = world.session.download(peer.url("/")).unwrap().header("x-a", "1").with(|it| it.retry(at_once()));
    let film = download.on_progress(move |it| told.send(it.received).unwrap()).to_file(&path).unwrap();
    assert_eq!((film.length, film.attempts, std::fs::read(path).unwrap()), (10, 2, b"0123456789".to_vec()));
    assert_eq!(progress.iter().last(), Some(10));
    let asked = peer.requests();
    assert_eq!((asked[0].field("x-a"), asked[1].field("range")), (Some("1"), Some("bytes=5-")));

    let peer = world.servers.block_on(ScriptedPeer::start(broken_film()));
    let mut film = world.session.download(peer.url("/")).unwrap().with(|it| it.retry(at_once())).stream().unwrap();
    let mut room = [0; 3];
    film.read_exact(&mut room).unwrap();
    assert_eq!((room, film.chunk().unwrap().unwrap()), (*b"012", "34".into()), "what a read left is the next piece");
    let rest: Vec<_> = Iterator::by_ref(&mut film).map(Result::unwrap).collect();
    assert_eq!((rest.concat(), film.read(&mut room).unwrap()), (b"56789".to_vec(), 0));
    world.end();
}

#[test]
fn events_come_again_after_a_stream_has_ended_until_the_server_wants_no_more() {
    let world = World::new();
    let stream = |events| format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{events}");
    let scripts = vec![
        Script::answering_once(stream("id: 1\ndata: a\n\n")),
        Script::answering_once(stream("retry: 1\n\nevent: b\ndata: c\n\n")),
        Script::answering_once("HTTP/1.1 204 No Content\r\n\r\n"),
    ];
    let peer = world.servers.block_on(ScriptedPeer::start(scripts));
    let mut options = EventSourceOptions::default();
    options.first_pause = Duration::from_millis(1);
    let source = world.session.events(peer.url("/")).unwrap().header("x-a", "1").with(|it| it.options(options));
    let mut source = source.open().unwrap();
    assert_eq!(source.state(), EventSourceState::Connecting);
    let events: Vec<_> = source.by_ref().map(|event| event.unwrap()).collect();
    let told: Vec<_> = events.iter().map(|it| (&*it.event, &*it.data, &*it.id)).collect();
    assert_eq!(told, [("message", "a", "1"), ("b", "c", "1")]);
    assert_eq!((source.state(), source.last_event_id()), (EventSourceState::Closed, "1"));
    assert!(source.last_end().is_some());
    assert_eq!(source.reconnection_time(), Some(Duration::from_millis(1)));
    let asked = peer.requests();
    assert_eq!((asked[1].field("last-event-id"), asked[2].field("x-a")), (Some("1"), Some("1")));

    let once = Script::answering_once(stream("data: a\n\ndata: b\n\n"));
    let peer = world.servers.block_on(ScriptedPeer::start(vec![once]));
    let events = world.session.get(peer.url("/")).unwrap().send().unwrap().events().unwrap();
    assert_eq!(events.map(|event| event.unwrap().data).collect::<Vec<_>>(), ["a", "b"]);
    world.end();
}

#[test]
fn a_session_that_is_closed_ends_the_wait_for_an_event() {
    let world = World::new();
    let silent = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").keep();
    let peer = world.servers.block_on(ScriptedPeer::always(silent));
    let mut source = world.session.events(peer.url("/")).unwrap().open().unwrap();
    let waiting = thread::spawn(move || source.next());
    world.servers.block_on(peer.wait_for_requests(1));
    world.end();
    assert_eq!(waiting.join().unwrap().unwrap().unwrap_err().code(), ErrorCode::InvalidHandle);
}
