//! Every limit of time ends its operation when it passes: not before, and at most a millisecond later (P9).
//!
//! The clock is paused and the network is in memory, so a test that waits for an hour takes no time, and a test that asserts a
//! time is not late on a busy machine.

mod begun_again;
mod duplex;
mod heads;
mod phases;
mod pools;
mod rate;
mod total;

use std::time::Duration;

use hinternet::tls::TlsOptions;
use hinternet::{Connection, Error, ErrorCode, Method, Request, Session, SessionBuilder, Stage, Timeouts};
use integration_tests::memory_peer::{MemoryPeer, in_virtual_time};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::Script;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// What drips once a second never drips at the very moment at which this is over.
const LIMIT: Duration = Duration::from_millis(7500);

/// One session in a network in memory.
struct Scene {
    recorder: Recorder,
    session: Session,
    connection: Connection,
    peer: MemoryPeer,
}

impl Scene {
    fn of(peer: MemoryPeer, builder: SessionBuilder) -> Self {
        let recorder = Recorder::on_current_arbiter();
        // No handshake comes so far that the machine's authorities were needed, of which it may have none.
        let nobody = TlsOptions::new().trust_only([]);
        let session = recorder.session(builder.on_current_arbiter().dial(peer.dial()).tls(nobody));
        let connection = session.connect("http://a.example").unwrap();
        Self { recorder, session, connection, peer }
    }

    /// With a limit or two, and no others.
    fn limited(peer: MemoryPeer, set: impl FnOnce(&mut Timeouts)) -> Self {
        Self::of(peer, Session::builder().timeouts(limits(set)))
    }

    fn playing(script: Script, set: impl FnOnce(&mut Timeouts)) -> Self {
        Self::limited(MemoryPeer::playing(script), set)
    }

    fn request(&self, method: Method) -> Request {
        self.connection.open_request(method, "/").unwrap()
    }

    async fn sent(&self) -> Request {
        let request = self.request(Method::GET);
        request.send(()).await.unwrap();
        request
    }

    async fn reading(&self) -> Request {
        let request = self.sent().await;
        request.receive_response().await.unwrap();
        request
    }

    async fn end(self) {
        let Self { recorder, session, connection, .. } = self;
        drop(connection);
        recorder.finish(session).await;
    }
}

fn limits(set: impl FnOnce(&mut Timeouts)) -> Timeouts {
    let mut timeouts = Timeouts::infinite();
    set(&mut timeouts);
    timeouts
}

/// Did what began then end at this deadline: not before, and at most a millisecond after it?
#[track_caller]
fn assert_on_time(began: Instant, deadline: Duration) {
    let took = began.elapsed();
    assert!(took >= deadline, "it ended after {took:?}, and its deadline was {deadline:?}");
    assert!(took <= deadline + Duration::from_millis(1), "it ended after {took:?}, and its deadline was {deadline:?}");
}

#[track_caller]
fn assert_timeout(error: &Error, stage: Stage, waited: Duration) {
    assert_eq!((error.code(), error.stage(), error.waited()), (ErrorCode::Timeout, stage, Some(waited)), "{error}");
}

impl Scene {
    /// The call fails at its deadline, counted from now, with a timeout at this stage.
    async fn fails_on_time<T>(
        &self,
        request: &Request,
        limit: Duration,
        stage: Stage,
        call: impl Future<Output = hinternet::Result<T>>,
    ) -> Error {
        let began = Instant::now();
        self.fails_at(began, limit, request, limit, stage, call).await
    }

    /// The same, with a deadline that is counted from another moment, or is not the whole limit.
    async fn fails_at<T>(
        &self,
        began: Instant,
        deadline: Duration,
        request: &Request,
        limit: Duration,
        stage: Stage,
        call: impl Future<Output = hinternet::Result<T>>,
    ) -> Error {
        let error = self.recorder.failure(request.id(), call.await);
        assert_on_time(began, deadline);
        assert_timeout(&error, stage, limit);
        error
    }
}
