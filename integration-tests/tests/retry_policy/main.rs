//! Requests that are sent again by the policy of their caller: when, how often, how soon, and what never is.
//!
//! The clock is paused and the network is in memory, so that every pause is exact.

mod answers;
mod failures;
mod limits;
mod waiting;

use std::ops::Deref;
use std::time::Duration;

use hinternet::{Method, Request, RequestBuilder, RetryBudget, RetryPolicy, Session, SessionBuilder, Status};
use integration_tests::memory_peer::{MemoryPeer, MemoryScene};
use integration_tests::scripted_peer::Script;

const SECOND: Duration = Duration::from_secs(1);
const URL: &str = "http://a.example/";

/// One session in a network in memory.
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

    /// With a policy whose pauses are at most a second, and no budget.
    fn retrying(script: Script) -> Self {
        Self::of(MemoryPeer::playing(script), Session::builder().retry(policy()))
    }

    fn get(&self) -> RequestBuilder {
        self.session.get(URL).unwrap()
    }

    fn request(&self, method: Method) -> Request {
        self.session.connect("http://a.example").unwrap().open_request(method, "/").unwrap()
    }

    /// Sends, reads all of it, and says which status came.
    async fn status(&self, request: RequestBuilder) -> u16 {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        response.bytes().await.unwrap();
        status
    }

    /// What was told of resends: which attempt, after which pause, because of which status or error.
    fn told(&self) -> Vec<(u32, Duration, u32)> {
        let told = |status| match status {
            Status::Retrying { attempt, pause, error } => {
                let cause = error.answered().map_or(error.code().number(), |status| status.as_u16().into());
                Some((attempt, pause, cause))
            }
            _ => None,
        };
        self.recorder.log().into_iter().filter_map(|one| told(one.status)).collect()
    }

    fn sent(&self) -> usize {
        self.requests().len()
    }

    /// Just so long, but for what a timer rounds up.
    fn has_waited(&self, time: Duration) -> bool {
        let waited = self.began.elapsed();
        waited >= time && waited <= time + Duration::from_millis(5)
    }

    async fn end(self) {
        self.0.end().await;
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy::new().first_pause(SECOND).longest_pause(SECOND).budget(None)
}

fn answer(status: u16, fields: &str) -> String {
    format!("HTTP/1.1 {status} So\r\n{fields}content-length: 2\r\n\r\nok")
}

/// These answers in turn, on one connection.
fn answers(all: impl IntoIterator<Item = String>) -> Script {
    all.into_iter().fold(Script::new(), |script, answer| script.read_request().send(answer)).keep()
}

/// Again and again.
fn always(status: u16, fields: &str) -> Script {
    Script::answering(answer(status, fields))
}

/// So many in all, and none that time brings.
fn budget(retries: f64) -> RetryBudget {
    let mut budget = RetryBudget::default();
    (budget.per_request, budget.per_second, budget.most) = (0.0, 0.0, retries);
    budget
}
