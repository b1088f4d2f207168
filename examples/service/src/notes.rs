//! The client of a JSON service: base path, deadline, and what is safe to repeat, in one place.

use std::time::{Duration, Instant};

use hinternet::{Connection, Error, Method, Response, Result, Session, WireState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// A note as the service has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Note {
    /// Its number; the service gives it.
    #[serde(default)]
    pub id: u64,
    /// What it says.
    pub text: String,
}

// ANCHOR: client
/// Notes kept by a service.
#[derive(Clone, Debug)]
pub struct Notes {
    connection: Connection,
    deadline: Duration,
}

impl Notes {
    /// At this origin. Nothing is connected yet.
    ///
    /// # Errors
    /// 12005 for what is no origin.
    pub fn at(session: &Session, origin: &str) -> Result<Self> {
        Ok(Self { connection: session.connect(origin)?, deadline: Duration::from_secs(2) })
    }

    /// The same, with so much time for each call, repetitions included.
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// One note.
    ///
    /// # Errors
    /// 12152 for a note that is not there; else what became of the call.
    pub async fn read(&self, id: u64) -> Result<Note> {
        self.call(Method::GET, &format!("/notes/{id}"), None).await
    }

    /// A new note.
    ///
    /// # Errors
    /// What became of the call.
    pub async fn add(&self, text: &str) -> Result<Note> {
        self.call(Method::POST, "/notes", Some(&Note { id: 0, text: text.to_owned() })).await
    }
}
// ANCHOR_END: client

// ANCHOR: call
impl Notes {
    /// One call, and again where that is safe, all within the deadline.
    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&Note>) -> Result<T> {
        let end = Instant::now() + self.deadline;
        let mut pause = Duration::from_millis(20);
        loop {
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let request = self.connection.request(method.clone(), &format!("{BASE}{path}"))?.timeout(left);
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            match request.send().await.and_then(Response::error_for_status) {
                Ok(response) => return response.json().await,
                Err(error) if may_repeat(&method, &error) && Instant::now() + pause < end => sleep(pause).await,
                Err(error) => return Err(error),
            }
            pause *= 2;
        }
    }
}

const BASE: &str = "/v1";
// ANCHOR_END: call

// ANCHOR: may_repeat
/// Did it fail for a passing reason, and would it do no harm if the server has acted on it already?
fn may_repeat(method: &Method, error: &Error) -> bool {
    let is_safe = match error.wire_state() {
        WireState::NotSent | WireState::RefusedByPeer => true,
        _ => method.is_idempotent(),
    };
    is_safe && error.is_retryable()
}
// ANCHOR_END: may_repeat
