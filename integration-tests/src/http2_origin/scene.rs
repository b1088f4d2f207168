//! A scene over HTTP/2: one origin, one watched session that knows that it is HTTP/2, and a connection handle between them.

use hinternet::{Connection, Method, Protocols, Request, Session, SessionBuilder};

use super::{Answer, Http2Origin};
use crate::patience::patiently;
use crate::recorder::Recorder;
use crate::request::Request as Asked;

/// One HTTP/2 origin, one session with its recorder, and a connection handle from one to the other.
#[derive(Debug)]
pub struct Http2Scene {
    /// Watches the session.
    pub recorder: Recorder,
    /// The session.
    pub session: Session,
    /// A handle to the origin.
    pub connection: Connection,
    /// The origin.
    pub origin: Http2Origin,
}

impl Http2Scene {
    /// An origin that answers so, and a session that requires HTTP/2.
    pub async fn with(handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(Http2Origin::start(handler).await, builder())
    }

    /// With this origin, and a session of this kind.
    ///
    /// # Panics
    /// When the session does not open.
    pub fn of(origin: Http2Origin, builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let connection = session.connect(&origin.origin()).expect("the origin is one");
        Self { recorder, session, connection, origin }
    }

    /// A new request.
    ///
    /// # Panics
    /// When the connection is closed.
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.connection.open_request(method, path).expect("the connection is open")
    }

    /// A GET that was sent.
    ///
    /// # Panics
    /// When it fails.
    pub async fn sent(&self, path: &str) -> Request {
        let request = self.request(Method::GET, path);
        patiently("a send", request.send(())).await.expect("the origin listens");
        request
    }

    /// A GET that has its response head.
    ///
    /// # Panics
    /// When it fails.
    pub async fn reading(&self, path: &str) -> Request {
        let request = self.sent(path).await;
        patiently("a response", request.receive_response()).await.expect("the origin answers");
        request
    }

    /// The text of a GET by the paved path.
    ///
    /// # Errors
    /// What it failed with.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn text(&self, path: &str) -> hinternet::Result<String> {
        let builder = self.session.get(self.origin.url(path))?;
        patiently("an answer", async { builder.send().await?.text().await }).await
    }

    /// Closes the session and checks all that was recorded.
    pub async fn end(self) {
        let Self { recorder, session, connection, origin } = self;
        drop(connection);
        recorder.finish(session).await;
        drop(origin);
    }
}

/// A session that speaks HTTP/2 and nothing else.
pub fn builder() -> SessionBuilder {
    Session::builder().protocols(Protocols::RequireHttp2)
}
