//! What comes, and what stays with the server.

use futures_util::StreamExt;
use hinternet::EventSourceState;
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::{Gate, dropped_after};

use super::*;

#[test]
fn html_9_2_2_events_come_with_type_data_and_id_and_the_request_says_what_it_wants() {
    in_virtual_time(async {
        let events = "\u{feff}: hello\r\nevent: add\ndata: 1\ndata: 2\nid: a\n\ndata: 3\r\r";
        let world = World::of(MemoryPeer::playing(stream(events)));
        let mut source = world.builder().header("x-who", "me").open().unwrap();
        assert_eq!(source.state(), EventSourceState::Connecting);
        let first = source.next().await.unwrap().unwrap();
        assert_eq!((&*first.event, &*first.data, &*first.id), ("add", "1\n2", "a"));
        let second = source.next().await.unwrap().unwrap();
        assert_eq!((&*second.event, &*second.data, &*second.id), ("message", "3", "a"));
        assert_eq!((source.state(), source.last_event_id()), (EventSourceState::Open, "a"));
        let [request] = &world.requests()[..] else { panic!("one request") };
        assert_eq!((request.method.as_str(), request.field("accept")), ("GET", Some("text/event-stream")));
        assert_eq!((request.field("cache-control"), request.field("x-who")), (Some("no-store"), Some("me")));
        assert_eq!(request.field("last-event-id"), None);
        drop(source);
        world.end().await;
    });
}

#[test]
fn p7_an_event_is_shown_without_what_it_says() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(stream("event: add\ndata: planted-secret\nid: planted-id\n\n")));
        let mut source = world.source();
        let shown = format!("{:?}", source.next().await.unwrap().unwrap());
        assert_eq!(shown, "ServerEvent { event: \"add\", data: 14 octets, id: 10 octets }");
        drop(source);
        world.end().await;
    });
}

#[test]
fn nothing_is_asked_before_an_event_is() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(stream("data: 1\n\n")));
        let mut source = world.source();
        tokio::time::sleep(9 * SECOND).await;
        assert_eq!(world.peer.connections().len(), 0);
        assert_eq!(data(&mut source, 1).await, ["1"]);
        drop(source);
        world.end().await;
    });
}

#[test]
fn what_is_not_read_stops_the_server() {
    in_virtual_time(async {
        let sent = Gate::new();
        let event = format!("data: {}\n\n", "x".repeat(1000));
        let script = Script::new().read_request().send(STREAM).repeat(event, 4_000).signal(&sent).close();
        let world = World::of(MemoryPeer::playing(script).then(answering(204, "")));
        let mut source = world.source();
        data(&mut source, 1).await;
        tokio::time::sleep(60 * SECOND).await;
        assert!(!sent.is_open(), "four megabytes wait at the server");
        data(&mut source, 3_999).await;
        assert!(source.next().await.is_none());
        assert!(sent.is_open());
        world.end().await;
    });
}

#[test]
fn an_event_is_not_lost_with_the_future_that_waited_for_it() {
    in_virtual_time(async {
        for polls in 0..20 {
            let script = Script::new().read_request().send(STREAM).send("data: 1\n\ndata: 2\n\n").close();
            let world = World::of(MemoryPeer::playing(script).then(answering(204, "")));
            let mut source = world.source();
            let mut came = Vec::new();
            loop {
                match dropped_after(polls, source.next()).await {
                    Some(None) => break,
                    Some(Some(event)) => came.push(event.unwrap().data),
                    None => tokio::time::sleep(SECOND).await,
                }
                if polls == 0 {
                    break;
                }
            }
            if polls > 0 {
                assert_eq!(came, ["1", "2"], "{polls} polls");
            }
            drop(source);
            world.end().await;
        }
    });
}

#[test]
fn dropping_and_closing_it_ends_the_stream() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(stream("data: 1\n\n")));
        let mut source = world.source();
        data(&mut source, 1).await;
        source.close();
        assert!(source.next().await.is_none());
        assert_eq!(source.state(), EventSourceState::Closed);
        world.recorder.wait_for(|told| matches!(told.status, Status::HandleClosing)).await;
        world.end().await;
    });
}

#[test]
fn any_response_may_be_read_as_events_and_is_not_asked_for_again() {
    in_virtual_time(async {
        let body = "data: {\"delta\": 1}\n\nevent: done\ndata: [DONE]\n\ndata: unfinished";
        let world = World::of(MemoryPeer::playing(ending(body)));
        let asked = world.session.post("http://a.example/chat").unwrap().body("{}");
        let events: Vec<_> =
            asked.send().await.unwrap().events().unwrap().map(|event| event.unwrap().data).collect().await;
        assert_eq!(events, ["{\"delta\": 1}", "[DONE]"]);
        assert_eq!(world.requests().len(), 1);

        let other = Script::answering("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n");
        let plain = World::of(MemoryPeer::playing(other));
        assert!(plain.session.get(URL).unwrap().send().await.unwrap().events().is_err());
        plain.end().await;
        world.end().await;
    });
}
