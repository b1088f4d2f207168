//! Server-sent events: what comes, what is connected again, and what ends it (WHATWG HTML 9.2).
//!
//! The clock is paused and the network is in memory, so that every pause is exact and nothing is waited for in vain.

mod ends;
mod events;
mod reconnecting;

use std::ops::Deref;
use std::time::Duration;

use hinternet::{EventSource, EventSourceBuilder, EventSourceOptions, Session, SessionBuilder, Status};
use integration_tests::memory_peer::{MemoryPeer, MemoryScene};
use integration_tests::scripted_peer::Script;

const SECOND: Duration = Duration::from_secs(1);
const URL: &str = "http://a.example/events";
const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// One session in a network in memory.
struct World(MemoryScene);

impl Deref for World {
    type Target = MemoryScene;

    fn deref(&self) -> &MemoryScene {
        &self.0
    }
}

impl World {
    fn of(peer: MemoryPeer) -> Self {
        Self::built(peer, Session::builder())
    }

    fn built(peer: MemoryPeer, builder: SessionBuilder) -> Self {
        Self(MemoryScene::of(peer, builder))
    }

    fn builder(&self) -> EventSourceBuilder {
        self.session.events(URL).unwrap()
    }

    fn source(&self) -> EventSource {
        self.builder().options(options(|_| ())).open().unwrap()
    }

    /// What was told of attempts: which one, after which pause.
    fn told(&self) -> Vec<(u32, Duration)> {
        let told = |status| match status {
            Status::Retrying { attempt, pause, .. } => Some((attempt, pause)),
            _ => None,
        };
        self.recorder.log().into_iter().filter_map(|one| told(one.status)).collect()
    }

    async fn end(self) {
        self.0.end().await;
    }
}

/// Those of a test, whose jitter has a seed.
fn options(change: impl FnOnce(&mut EventSourceOptions)) -> EventSourceOptions {
    let mut options = EventSourceOptions::default();
    options.seed = Some(7);
    change(&mut options);
    options
}

/// A stream of these events, which then stays open.
fn stream(events: &str) -> Script {
    Script::new().read_request().send(format!("{STREAM}{events}")).keep()
}

/// A stream of these events, which then ends.
fn ending(events: &str) -> Script {
    Script::new().read_request().send(format!("{STREAM}{events}")).close()
}

fn answering(status: u16, fields: &str) -> Script {
    Script::answering(format!("HTTP/1.1 {status} So\r\n{fields}content-length: 0\r\n\r\n"))
}

/// The data of the next so many events.
async fn data(source: &mut EventSource, count: usize) -> Vec<String> {
    let mut data = Vec::new();
    for _ in 0..count {
        data.push(source.next().await.expect("there is more").unwrap().data);
    }
    data
}
