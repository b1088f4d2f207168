//! Event streams, which go on whatever breaks.

use hinternet::Session;
use integration_tests::origin::Reply;
use integration_tests::request::Request as Asked;
use integration_tests::scripted_peer::Script;

use super::{ALL, CONTENT, Torture, torture};

/// Whatever breaks, the stream is connected again, and so is one that never was.
#[test]
fn the_first_event_of_a_stream() {
    let stream = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {CONTENT}\n\n");
    let scenario = async |session: Session, origin: String| {
        let mut source = session.events(origin)?.open()?;
        let event = source.next().await.expect("a stream without end")?;
        Ok(event.data.into())
    };
    torture(Script::new().read_request().send(stream).keep(), scenario, &ALL);
}

/// Two events behind the last that is known, and the end.
fn two_more(request: &Asked) -> Reply {
    let known = request.field("last-event-id").map_or(0, |id| id.parse().expect("an id that was given"));
    let event = |n: usize| format!("id: {}\ndata: {}\n\n", n + 1, &CONTENT[n..=n]);
    let events: String = (known..CONTENT.len()).take(2).map(event).collect();
    Reply::new(200).field("content-type", "text/event-stream").until_close(format!("retry: 1\n{events}"))
}

/// None is lost and none comes twice, whatever breaks.
#[test]
fn events_that_are_gone_on_with() {
    let scenario = async |session: Session, origin: String| {
        let mut source = session.events(origin)?.open()?;
        let mut content = String::new();
        while content.len() < CONTENT.len() {
            content += &source.next().await.expect("a stream without end")?.data;
        }
        Ok(content.into())
    };
    Torture::at(|simulation| simulation.site(80, two_more), scenario).breaks(2..=2).run(&ALL);
}
