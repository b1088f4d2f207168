//! The governor of an origin: how many requests at once, how often, who first, and when the server is left alone.
//!
//! Where times are asserted the clock is paused and the network is in memory; where numbers are counted the servers are real.

mod changing;
mod line;
mod many;
mod pauses;
mod seen;
mod times;

use std::ops::Deref;
use std::time::Duration;

use hinternet::{Governor, GovernorSnapshot, HandleId, Method, Request, Session, SessionBuilder, Status};
use integration_tests::memory_peer::{MemoryPeer, MemoryScene};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::Script;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const A: &str = "http://a.example";
const B: &str = "http://b.example";

/// One session in a network in memory, where every host plays the same script.
struct World(MemoryScene);

impl Deref for World {
    type Target = MemoryScene;

    fn deref(&self) -> &MemoryScene {
        &self.0
    }
}

impl World {
    fn of(peer: MemoryPeer, builder: SessionBuilder) -> Self {
        Self(MemoryScene::of(peer, builder))
    }

    fn governed(script: Script, governor: Governor) -> Self {
        Self::of(MemoryPeer::playing(script), Session::builder().governor(governor))
    }

    fn request(&self, origin: &str) -> Request {
        self.session.connect(origin).unwrap().open_request(Method::GET, "/").unwrap()
    }

    /// Asks, reads all of it, and says which status came when.
    async fn status(&self, origin: &str) -> (u16, Duration) {
        let response = self.session.get(origin).unwrap().send().await.unwrap();
        let (status, came) = (response.status().as_u16(), self.began.elapsed());
        response.bytes().await.unwrap();
        (status, came)
    }

    /// The same beside the test.
    fn asking(&self, origin: &str) -> JoinHandle<u16> {
        let request = self.session.get(origin).unwrap();
        actix::spawn(async move {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            response.bytes().await.unwrap();
            status
        })
    }

    /// When which handle was sent.
    fn sent(&self) -> Vec<(HandleId, Duration)> {
        let log = self.recorder.log().into_iter();
        let began = self.began.into_std();
        log.filter(|one| matches!(one.status, Status::SendingRequest)).map(|one| (one.handle, one.at - began)).collect()
    }

    /// When each was sent.
    fn times(&self) -> Vec<Duration> {
        self.sent().into_iter().map(|(_, at)| at).collect()
    }

    async fn gates(&self) -> Vec<GovernorSnapshot> {
        self.session.snapshot().await.governors
    }

    /// The only gate there is.
    async fn gate(&self) -> GovernorSnapshot {
        let [gate] = &self.gates().await[..] else { panic!("one gate") };
        gate.clone()
    }

    /// Nobody is under way or waits any more.
    async fn end(self) {
        let left: Vec<_> =
            self.gates().await.into_iter().filter(|gate| (gate.under_way, gate.waiting) != (0, 0)).collect();
        assert!(left.is_empty(), "{left:#?}");
        self.0.end().await;
    }
}

fn answer(status: u16, fields: &str) -> String {
    format!("HTTP/1.1 {status} So\r\n{fields}content-length: 2\r\n\r\nok")
}

/// Answers after so long, again and again.
fn after(time: Duration) -> Script {
    Script::new().read_request().wait(time).send(answer(200, "")).again()
}

fn at_once() -> Script {
    Script::answering(answer(200, ""))
}

/// These answers in turn, on one connection; the last again and again is not: after it the peer is silent.
fn answers(all: impl IntoIterator<Item = String>) -> Script {
    all.into_iter().fold(Script::new(), |script, answer| script.read_request().send(answer)).keep()
}
