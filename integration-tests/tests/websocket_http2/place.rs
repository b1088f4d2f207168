//! Where the tests of this folder take place: a server of HTTP/2, scripted or honest, and WebSockets by streams of it.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hinternet::messages::ReceiveMessage;
use hinternet::{
    Error, ErrorCode, MessagePart, Protocols, Result, Session, SessionBuilder, WebSocket, WebSocketBuilder,
};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Served, Settings, builder};
use integration_tests::http2_peer::frames::{self, setting};
use integration_tests::http2_peer::{Frame, Kind};
use integration_tests::origin::Reply;
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::frames_of;
use tokio::task::JoinHandle;

/// A watched session that knows that its server speaks HTTP/2, and a WebSocket by the first stream.
pub(crate) struct Place {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    pub(crate) peer: ScriptedPeer,
    pub(crate) websocket: WebSocket,
}

impl Place {
    /// The server consents, and goes on by this script.
    pub(crate) async fn with(after: impl FnOnce(Script) -> Script) -> Self {
        Self::of(builder(), after).await
    }

    pub(crate) async fn of(builder: SessionBuilder, after: impl FnOnce(Script) -> Script) -> Self {
        let peer = ScriptedPeer::always(after(consenting())).await;
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let websocket = patiently("a WebSocket", asking(&session, &peer).connect()).await.unwrap();
        Self { recorder, session, peer, websocket }
    }

    /// What a call on the WebSocket failed with, and was told of.
    pub(crate) fn failure<T>(&self, result: Result<T>) -> Error {
        self.recorder.failure(self.websocket.id(), result)
    }

    /// Refused with 4317, and nobody told.
    pub(crate) fn out_of_order<T>(&self, result: Result<T>) {
        let error = self.recorder.refusal(self.websocket.id(), result);
        assert_eq!(error.code(), ErrorCode::InvalidOperation, "{error}");
    }

    /// The WebSocket's frames that the server has got.
    pub(crate) fn frames(&self) -> Vec<(u8, Vec<u8>)> {
        websocket_frames(&self.peer.connection(0).frames(), 1)
    }

    /// Waits until the server has got so many.
    pub(crate) async fn wait_for_frames(&self, count: usize) -> Vec<(u8, Vec<u8>)> {
        let count_of = |frames: &[Frame]| websocket_frames(frames, 1).len();
        self.peer.wait_until(|all| all.first().is_some_and(|one| count_of(&one.frames()) >= count)).await;
        self.frames()
    }

    /// Waits until the server has got a frame of HTTP/2 of which this is true.
    pub(crate) async fn wait_for_frame(&self, wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        self.peer.wait_for_frame(0, wanted).await
    }

    /// Begins to receive, beside the test: it is in flight when this returns, and the server says nothing yet.
    pub(crate) async fn receiving(&self) -> JoinHandle<Result<MessagePart>> {
        let answer = self.websocket.addr().send(ReceiveMessage::default());
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

/// A server that takes WebSockets by streams, with further settings.
pub(crate) fn announcing(more: &[(u16, u32)]) -> Script {
    let settings = [&[(setting::ENABLE_CONNECT_PROTOCOL, 1)], more].concat();
    Script::new().read_preface().send(frames::settings(&settings)).answering_pings()
}

/// It consents to the first.
pub(crate) fn consenting() -> Script {
    announcing(&[]).read_streams(1).send(frames::response(1, 200, false))
}

pub(crate) fn asking(session: &Session, peer: &ScriptedPeer) -> WebSocketBuilder {
    session.websocket(&format!("ws://{}/chat?x=1", peer.address())).unwrap()
}

/// DATA of the first stream.
pub(crate) fn data(octets: impl AsRef<[u8]>) -> Bytes {
    frames::data(1, octets, false)
}

/// The frames of a WebSocket in the DATA of a stream.
pub(crate) fn websocket_frames(frames: &[Frame], stream: u32) -> Vec<(u8, Vec<u8>)> {
    let data = frames.iter().filter(|frame| frame.kind == Kind::Data && frame.stream == stream);
    let octets: Vec<u8> = data.flat_map(|frame| frame.payload.to_vec()).collect();
    frames_of(&[b"\r\n\r\n", &octets[..]].concat())
}

/// Sends every message back, and closes when the client does.
pub(crate) async fn echo(mut served: Served) {
    while let Some(Ok(message)) = served.next().await {
        if (message.is_text() || message.is_binary()) && served.send(message).await.is_err() {
            return;
        }
    }
}

/// An honest server of echoes and of anything else, and a session that requires HTTP/2.
pub(crate) async fn scene(settings: Settings, builder: SessionBuilder) -> Http2Scene {
    let origin = Http2Origin::with(settings.websockets(echo), |_| Reply::ok("ok").into()).await;
    Http2Scene::of(origin, builder)
}

/// A WebSocket to it.
pub(crate) async fn open(scene: &Http2Scene) -> WebSocket {
    let builder = scene.session.websocket(&websocket_url(&scene.origin)).unwrap().protocols(Protocols::RequireHttp2);
    patiently("a WebSocket", builder.connect()).await.unwrap()
}

pub(crate) fn websocket_url(origin: &Http2Origin) -> String {
    origin.url("/chat").replacen("http", "ws", 1)
}

/// A message goes there and back.
pub(crate) async fn converse(websocket: &WebSocket, words: &str) {
    patiently("a send", websocket.send(words)).await.unwrap();
    assert_eq!(patiently("an echo", websocket.receive()).await.unwrap().as_text(), Some(words));
}
