//! What a session knows of names: for how long, and what follows when a name has other addresses (issue: DNS).
//!
//! The clock is paused and the network is in memory where nothing else is said; with a name server over UDP, in `hickory`, neither is.

mod cache;
mod hickory;
mod overrides;
mod renewal;
mod servers;
mod under_way;

use std::time::Duration;

use hinternet::{Connection, DialOptions, Method, Request, Session, SessionOptions};
use integration_tests::FakeResolver;
use integration_tests::recorder::Recorder;
use servers::Servers;

const SECOND: Duration = Duration::from_secs(1);
const ONE: &str = "192.0.2.1";
const TWO: &str = "192.0.2.2";

/// A session, the servers of its network, and who knows their names.
struct World {
    recorder: Recorder,
    session: Session,
    resolver: FakeResolver,
    servers: Servers,
}

impl World {
    /// `a.example` is the first server, for half a minute.
    fn new() -> Self {
        Self::with(FakeResolver::knowing("a.example", &[ONE]).telling(30 * SECOND), |_| ())
    }

    /// Every request has a wire of its own, and so a dial.
    fn dialing() -> Self {
        Self::with(FakeResolver::knowing("a.example", &[ONE]).telling(30 * SECOND), dialing)
    }

    fn with(resolver: FakeResolver, set: impl FnOnce(&mut SessionOptions)) -> Self {
        Self::of(resolver, Servers::of_http1(), set)
    }

    fn of(resolver: FakeResolver, servers: Servers, set: impl FnOnce(&mut SessionOptions)) -> Self {
        let mut options = SessionOptions::default();
        options.request.dial = DialOptions::default().resolver(resolver.clone()).dialer(servers.clone());
        options.request.protocols = servers.protocols();
        set(&mut options);
        let recorder = Recorder::on_current_arbiter();
        let session = recorder.session(Session::builder().options(options).on_current_arbiter());
        Self { recorder, session, resolver, servers }
    }

    /// Another session with the very resolver and dialer of the first.
    fn another(&self) -> Session {
        let dial = self.session.options().dial;
        self.recorder.session(Session::builder().dial(dial).on_current_arbiter())
    }

    /// Asks a server for its address.
    async fn asked(&self, host: &str) -> hinternet::Result<String> {
        asked(&self.session, host).await
    }

    fn connection(&self) -> Connection {
        self.session.connect("http://a.example").unwrap()
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

async fn asked(session: &Session, host: &str) -> hinternet::Result<String> {
    session.get(format!("http://{host}/"))?.send().await?.text().await
}

fn dialing(options: &mut SessionOptions) {
    options.wire_max_requests = Some(1);
}

fn request(connection: &Connection) -> Request {
    connection.open_request(Method::GET, "/").unwrap()
}
