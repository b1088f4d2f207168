//! Makes a recorded scenario's calls on our API, and collects what its callbacks were told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hinternet::{
    Connection, Error, Handle, HandleId, Method, Notification, NotificationMask, Payload, Previous, RedirectPolicy,
    Request, Session, Subscriber,
};
use integration_tests::recorder::Recorder;
use tokio::task::JoinHandle;

use super::compare::{self, Story};
use super::differences::{self, Edit};
use super::trace::{self, Call, Line, Scenario};
use super::world::World;

/// Plays the scenario; gives what was told, and every call that answered otherwise than recorded.
pub(crate) async fn play(name: &str, scenario: &Scenario) -> (Story, Vec<String>) {
    let mut player = Player::new(name).await;
    let mut lines = with_unlogged_calls(name, &scenario.lines).into_iter().peekable();
    while let Some(line) = lines.next() {
        match line {
            Line::Remark(text) => player.remark(&text).await,
            Line::Call(call) if call.is_of_the_body() => {
                let mut block = vec![call];
                while let Some(Line::Call(next)) = lines.next_if(|line| is_body_call_on(line, &block[0].handle)) {
                    block.push(next);
                }
                player.read_body(&block).await;
            }
            Line::Call(call) => player.call(&call).await,
        }
    }
    player.end().await
}

fn with_unlogged_calls(name: &str, lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for edit in differences::of(name) {
        if let Edit::Unlogged { before, call } = edit {
            let place = lines.iter().position(|line| matches!(line, Line::Call(one) if one.function == before));
            lines.splice(place.unwrap_or(0)..place.unwrap_or(0), trace::line(call));
        }
    }
    lines
}

fn is_body_call_on(line: &Line, handle: &str) -> bool {
    matches!(line, Line::Call(call) if call.is_of_the_body() && call.handle == handle)
}

struct Player {
    name: String,
    world: World,
    recorder: Recorder,
    told: Arc<Mutex<Vec<(char, Notification)>>>,
    callbacks: BTreeMap<char, Subscriber>,
    sessions: BTreeMap<String, Session>,
    connections: BTreeMap<String, Connection>,
    requests: BTreeMap<String, Request>,
    names: BTreeMap<HandleId, String>,
    /// A `ReceiveResponse` that may not have completed.
    receiving: BTreeMap<String, JoinHandle<Result<(), Error>>>,
    mismatches: Vec<String>,
}

impl Player {
    async fn new(name: &str) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let callback = |label: char| {
            let told = Arc::clone(&told);
            let write_down =
                move |one: Notification| told.lock().unwrap_or_else(PoisonError::into_inner).push((label, one.clone()));
            (label, Subscriber::from(hinternet::subscriber(write_down)))
        };
        Self {
            name: name.to_owned(),
            world: World::for_scenario(name).await,
            recorder: Recorder::start(),
            callbacks: [callback('A'), callback('B')].into(),
            told,
            sessions: BTreeMap::new(),
            connections: BTreeMap::new(),
            requests: BTreeMap::new(),
            names: BTreeMap::new(),
            receiving: BTreeMap::new(),
            mismatches: Vec::new(),
        }
    }

    async fn end(mut self) -> (Story, Vec<String>) {
        for session in std::mem::take(&mut self.sessions).into_values() {
            session.close().await.unwrap();
            session.closed().await;
        }
        self.requests.clear();
        self.connections.clear();
        self.recorder.settle().await;
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let names = self.names;
        let name = |one: &Notification| names.get(&one.handle).cloned().unwrap_or_else(|| one.handle.to_string());
        (compare::ours(&told, name), self.mismatches)
    }

    async fn remark(&mut self, text: &str) {
        if text.starts_with("server closes the idle connection") {
            self.world.close_idle().await;
        }
    }

    async fn call(&mut self, call: &Call) {
        match call.function.as_str() {
            "Connect" => self.connect(call).await,
            "OpenRequest" => self.open_request(call),
            "SendRequest" => self.send(call).await,
            "WriteData" => self.write(call).await,
            "ReceiveResponse" => self.receive(call).await,
            // Of the recorded queries of other fields the answer is not compared.
            "QueryHeaders" if call.arguments.contains_key("query") => {}
            "QueryHeaders" => self.query_status(call).await,
            "SetStatusCallback" => self.set_callback(call).await,
            "SetOption" if call.is_about("REDIRECT_POLICY") || call.is_about("DISABLE_FEATURE") => {
                self.follow_nothing(call)
            }
            "SetOption" => self.set_context(call).await,
            // The recorded implementation had no URL to give.
            "QueryOption" if call.is_about("URL") => {}
            "QueryOption" => self.query_context(call),
            "CloseHandle" => self.close(&call.handle).await,
            other => self.mismatches.push(format!("the player has no {other}")),
        }
    }

    /// A session is not in the recordings before its first call.
    async fn session(&mut self, name: &str) -> Session {
        if let Some(session) = self.sessions.get(name) {
            return session.clone();
        }
        let session = Session::builder().unhandled(1 << 20, 1 << 20).open().unwrap();
        self.recorder.join(&session);
        if !differences::of(&self.name).any(|edit| edit == Edit::StartsSilent) {
            session.set_subscriber(self.callbacks[&'A'].clone(), marked('A', ALL)).await.unwrap();
        }
        self.names.insert(session.id(), name.to_owned());
        self.sessions.insert(name.to_owned(), session.clone());
        session
    }

    async fn connect(&mut self, call: &Call) {
        let session = self.session(&call.handle).await;
        let url = format!("http://{}:{}", call.argument("host"), self.world.port(call.number("port")));
        let connection = session.connect(&url).unwrap();
        self.names.insert(connection.id(), call.result.clone());
        self.connections.insert(call.result.clone(), connection);
    }

    fn open_request(&mut self, call: &Call) {
        let method = if call.argument("verb") == "POST" { Method::POST } else { Method::GET };
        let request = self.connections[&call.handle].open_request(method, call.argument("path")).unwrap();
        self.names.insert(request.id(), call.result.clone());
        self.requests.insert(call.result.clone(), request);
    }

    async fn send(&mut self, call: &Call) {
        let optional = Bytes::from(vec![b'o'; usize::try_from(call.number("optional")).unwrap()]);
        let payload = match call.number("total") {
            0 => Payload::empty(),
            total => Payload::begin(optional, total),
        };
        let sent =
            self.requests[&call.handle].send_with(hinternet::HeaderMap::new(), payload, call.number("ctx")).await;
        self.expect_error_as_told(call, sent.err());
    }

    async fn write(&mut self, call: &Call) {
        let data = vec![b'w'; usize::try_from(call.number("size")).unwrap()];
        let written = self.requests[&call.handle].write(data).await;
        self.expect_error_as_told(call, written.err());
    }

    /// The call returns when the response is being waited for, as there; `join_receive` waits for its end.
    async fn receive(&mut self, call: &Call) {
        let request = self.requests[&call.handle].clone();
        if differences::of(&self.name).any(|edit| edit == Edit::Refused("ReceiveResponse")) {
            let pending = self.receiving.contains_key(&call.handle);
            if pending || request.head().is_ok() {
                let error = self.recorder.refusal(request.id(), request.receive_response().await);
                assert!(error.is_incorrect_state(), "{error}");
                return;
            }
        }
        let receive = tokio::spawn({
            let request = request.clone();
            async move { request.receive_response().await.map(drop) }
        });
        self.receiving.insert(call.handle.clone(), receive);
        self.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
        if call.told.iter().any(|told| told.status == "REQUEST_ERROR") {
            let failed = self.join_receive(&call.handle).await;
            self.expect_error_as_told(call, failed);
        }
    }

    async fn join_receive(&mut self, handle: &str) -> Option<Error> {
        let receive = self.receiving.remove(handle)?;
        self.world.slow.open();
        receive.await.unwrap().err()
    }

    async fn query_status(&mut self, call: &Call) {
        if let Some(error) = self.join_receive(&call.handle).await {
            self.mismatches.push(format!("{call:?}: {error}"));
            return;
        }
        let status = self.requests[&call.handle].head().unwrap().status().as_u16();
        self.expect_value(call, u64::from(status));
    }

    /// Reads what the recording read, in pieces of our own: by announcements if it used them, else by size.
    async fn read_body(&mut self, block: &[Call]) {
        let handle = &block[0].handle;
        self.join_receive(handle).await;
        let request = self.requests[handle].clone();
        let total: u64 = block.iter().filter(|call| call.function == "ReadData").filter_map(Call::octets_told).sum();
        let to_the_end = block.last().and_then(Call::octets_told) == Some(0);
        let announced = block[0].function == "QueryDataAvailable";
        let size = block.iter().map(|call| call.number("size")).max().and_then(|size| usize::try_from(size).ok());
        let mut read = 0;
        loop {
            if announced && request.query_data_available().await.unwrap() == 0 {
                break;
            }
            let octets = if announced { request.read().await } else { request.read_at_most(size.unwrap_or(1)).await };
            let octets = octets.unwrap().len() as u64;
            read += octets;
            if octets == 0 || (read >= total && !to_the_end) {
                break;
            }
        }
    }

    async fn set_callback(&mut self, call: &Call) {
        if call.handle.starts_with("session") {
            self.session(&call.handle).await;
        }
        let mask = u64::from_str_radix(call.argument("flags").trim_start_matches("0x"), 16).unwrap();
        let label = call.argument("cb").chars().next().filter(|_| call.argument("cb") != "NULL");
        let next = label.map(|label| (self.callbacks[&label].clone(), marked(label, mask)));
        let previous = match call.handle.split('#').next() {
            Some("session") => set(&self.sessions[&call.handle], next).await,
            Some("connect") => set(&self.connections[&call.handle], next).await,
            _ => set(&self.requests[&call.handle], next).await,
        };
        let previous = previous.map_or("NULL".to_owned(), |previous| label_of(previous.mask).to_string());
        if previous != call.result {
            self.mismatches.push(format!("{call:?}: the previous callback was {previous}"));
        }
    }

    fn follow_nothing(&mut self, call: &Call) {
        let request = &self.requests[&call.handle];
        let mut options = request.options();
        options.redirects = RedirectPolicy::Never.into();
        request.set_options(options).unwrap();
    }

    async fn set_context(&mut self, call: &Call) {
        // The event of option 99 is our `closed()`.
        if call.arguments.contains_key("UNLOAD_NOTIFY_EVENT") {
            return;
        }
        if call.handle.starts_with("session") {
            self.session(&call.handle).await;
        }
        let value = call.number("value");
        self.with_handle(&call.handle, |handle| handle.set_context(value)).unwrap();
    }

    fn query_context(&mut self, call: &Call) {
        // Before the first call on a session there is none in the recording, nor a context.
        if call.handle.starts_with("session") && !self.sessions.contains_key(&call.handle) {
            return;
        }
        let context = self.with_handle(&call.handle, |handle| handle.context());
        let recorded = call.result.split("value='0x").nth(1).and_then(|text| text.split('\'').next());
        let recorded = recorded.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if recorded != Some(context) {
            self.mismatches.push(format!("{call:?}: the context is {context:#x}"));
        }
    }

    async fn close(&mut self, handle: &str) {
        self.join_receive(handle).await;
        match handle.split('#').next() {
            Some("session") => {
                let session = self.session(handle).await;
                session.close().await.unwrap();
            }
            Some("connect") => self.connections[handle].close().await.unwrap(),
            _ => self.requests[handle].close().await.unwrap(),
        }
    }

    fn with_handle<T>(&self, name: &str, act: impl FnOnce(&dyn Contextual) -> T) -> T {
        match name.split('#').next() {
            Some("session") => act(&self.sessions[name]),
            Some("connect") => act(&self.connections[name]),
            _ => act(&self.requests[name]),
        }
    }

    fn expect_error_as_told(&mut self, call: &Call, error: Option<Error>) {
        let told = call.told.iter().find(|told| told.status == "REQUEST_ERROR");
        let right = match (&error, told) {
            (None, None) => true,
            (Some(error), Some(told)) => told.payload.ends_with(error.code().name()),
            _ => false,
        };
        if !right {
            self.mismatches.push(format!("{call:?}: {error:?}"));
        }
    }

    fn expect_value(&mut self, call: &Call, value: u64) {
        if !call.result.ends_with(&format!("value={value}")) {
            self.mismatches.push(format!("{call:?}: the value is {value}"));
        }
    }
}

/// The part of `Handle` that the recordings use on any handle.
trait Contextual {
    fn set_context(&self, context: u64) -> hinternet::Result<()>;
    fn context(&self) -> u64;
}

impl<H: Handle> Contextual for H {
    fn set_context(&self, context: u64) -> hinternet::Result<()> {
        Handle::set_context(self, context)
    }

    fn context(&self) -> u64 {
        Handle::context(self)
    }
}

async fn set(handle: &impl Handle, next: Option<(Subscriber, NotificationMask)>) -> Option<Previous> {
    let previous = match next {
        Some((subscriber, mask)) => handle.set_subscriber(subscriber, mask).await.unwrap(),
        None => handle.clear_subscriber().await.unwrap(),
    };
    // Two subscribers handle what they are told each in its own time: the story goes on when the old one has.
    if let Some(previous) = &previous {
        previous.drained().await;
    }
    previous
}

/// A mask that also says whose it is, in bits no status has: so a `Previous` can be told from another.
fn marked(label: char, mask: u64) -> NotificationMask {
    NotificationMask::from_bits_retain(mask | if label == 'A' { 1 << 62 } else { 1 << 63 })
}

fn label_of(mask: NotificationMask) -> char {
    if mask.bits() & 1 << 62 != 0 { 'A' } else { 'B' }
}

const ALL: u64 = 0xFFFF_FFFF;
