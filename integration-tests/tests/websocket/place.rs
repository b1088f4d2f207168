//! Where the tests of this folder take place: a watched session, a server, and a WebSocket between them.

use hinternet::messages::ReceiveMessage;
use hinternet::{Error, ErrorCode, MessagePart, Result, Session, SessionBuilder, WebSocket, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{SWITCHING, WebSocketOrigin, frames_of};
use tokio::task::JoinHandle;

/// A watched session, a scripted server, and a WebSocket to it.
pub(crate) struct Place {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    pub(crate) peer: ScriptedPeer,
    pub(crate) websocket: WebSocket,
}

impl Place {
    /// The server consents to the upgrade, and goes on by this script.
    pub(crate) async fn with(after: impl FnOnce(Script) -> Script) -> Self {
        Self::of(Session::builder(), WebSocketOptions::default(), after).await
    }

    pub(crate) async fn of(
        builder: SessionBuilder,
        options: WebSocketOptions,
        after: impl FnOnce(Script) -> Script,
    ) -> Self {
        Self::recorded(Recorder::start(), builder, options, after).await
    }

    pub(crate) async fn recorded(
        recorder: Recorder,
        builder: SessionBuilder,
        options: WebSocketOptions,
        after: impl FnOnce(Script) -> Script,
    ) -> Self {
        let peer = ScriptedPeer::always(after(switching())).await;
        let session = recorder.session(builder);
        let websocket = session.websocket(&url(&peer)).unwrap().options(options).connect().await.unwrap();
        Self { recorder, session, peer, websocket }
    }

    /// What a call on the WebSocket failed with, and was told of.
    pub(crate) fn failure<T>(&self, result: Result<T>) -> Error {
        self.recorder.failure(self.websocket.id(), result)
    }

    /// What a call was refused with, and nobody was told of.
    pub(crate) fn refusal<T>(&self, result: Result<T>) -> Error {
        self.recorder.refusal(self.websocket.id(), result)
    }

    /// Refused with 4317.
    pub(crate) fn out_of_order<T>(&self, result: Result<T>) {
        let error = self.refusal(result);
        assert_eq!(error.code(), ErrorCode::InvalidOperation, "{error}");
    }

    /// What the server has got, frame by frame.
    pub(crate) fn frames(&self) -> Vec<(u8, Vec<u8>)> {
        frames_of(&self.peer.received(0))
    }

    /// Waits until the server has got so many frames.
    pub(crate) async fn wait_for_frames(&self, count: usize) -> Vec<(u8, Vec<u8>)> {
        self.peer.wait_until(|all| all.first().is_some_and(|one| frames_of(&one.received).len() >= count)).await;
        self.frames()
    }

    /// Begins to receive, beside the test: it is in flight when this returns, and the server says nothing yet.
    pub(crate) async fn receiving(&self) -> JoinHandle<Result<MessagePart>> {
        let answer = self.websocket.addr().send(ReceiveMessage::default());
        // W-20
        self.out_of_order(self.websocket.receive().await);
        tokio::spawn(async move { answer.await.expect("the actor answers") })
    }

    /// Closes the session and checks all that was recorded.
    pub(crate) async fn end(self) {
        let Self { recorder, session, websocket, peer } = self;
        drop(websocket);
        recorder.finish(session).await;
        drop(peer);
    }
}

/// Consents to an upgrade.
pub(crate) fn switching() -> Script {
    Script::new().read_head().send_accepting(SWITCHING)
}

/// The server's URL for WebSockets.
pub(crate) fn url(peer: &ScriptedPeer) -> String {
    format!("ws://{}/", peer.address())
}

/// A watched session, and a WebSocket to an honest server.
pub(crate) async fn honest(origin: &WebSocketOrigin) -> (Recorder, Session, WebSocket) {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let websocket = session.websocket(&origin.url()).unwrap().connect().await.unwrap();
    (recorder, session, websocket)
}
