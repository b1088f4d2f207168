//! One story in which every status happens that this version emits.

use hinternet::{Connection, HandleId, Method, Payload, Session};
use integration_tests::Gate;
use integration_tests::origin::{Origin, Reply};
use integration_tests::scene::{Nobody, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::WebSocketOrigin;

/// Who is in it.
pub(crate) struct Told {
    pub(crate) session: HandleId,
    pub(crate) connection: HandleId,
    /// A chunked POST that is answered after a 103.
    pub(crate) upload: HandleId,
    /// A GET on a wire that dies under it, and whose second wire is closed after the answer.
    pub(crate) retried: HandleId,
    /// A GET that has to wait for a wire.
    pub(crate) queued: HandleId,
    /// A GET that finds no server.
    pub(crate) refused: HandleId,
    /// A WebSocket that is shut down and closed.
    pub(crate) websocket: HandleId,
    pub(crate) peer: ScriptedPeer,
    pub(crate) nobody: Nobody,
    /// Redirects once.
    _moving: Origin,
}

pub(crate) const EARLY: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
pub(crate) const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const LAST_ANSWER: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

/// Tells it on this session, which must allow one wire per origin.
pub(crate) async fn tell(session: &Session) -> Told {
    let waits = Gate::new();
    let dying = Script::new().read_request().send(EARLY).send(ANSWER).read_request().close();
    let last = Script::new().read_request().hold(&waits).send(LAST_ANSWER).keep();
    let peer = ScriptedPeer::start_with_default(vec![dying, last], Script::answering(ANSWER)).await;
    let connection = session.connect(&peer.origin()).unwrap();

    let upload = upload(&connection).await;
    let retried = connection.open_request(Method::GET, "/retried").unwrap();
    let retried_id = retried.id();
    retried.send(()).await.unwrap();
    let receiving = tokio::spawn(async move {
        retried.receive_response().await.unwrap();
        read_all(&retried).await.unwrap();
    });
    peer.wait_for_requests(3).await;
    let queued = connection.open_request(Method::GET, "/queued").unwrap();
    let queued_id = queued.id();
    let mut told = queued.notifications(hinternet::NotificationMask::QUEUED).unwrap();
    let sending = tokio::spawn(async move {
        queued.send(()).await.unwrap();
        queued.receive_response().await.unwrap();
        read_all(&queued).await.unwrap();
    });
    told.next().await.unwrap();
    waits.open();
    receiving.await.unwrap();
    sending.await.unwrap();

    let moving = Origin::start(|request| match request.path() {
        "/" => Reply::redirect(302, "/here"),
        _ => Reply::ok("ok"),
    })
    .await;
    session.get(moving.url("/")).unwrap().send().await.unwrap().text().await.unwrap();

    let nobody = Nobody::new();
    let refused = session.connect(&nobody.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    refused.send(()).await.unwrap_err();
    let echo = WebSocketOrigin::echo().await;
    let websocket = session.websocket(&echo.url()).unwrap().context(8).connect().await.unwrap();
    websocket.send("hello").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("hello"));
    websocket.shutdown(1000, "bye").await.unwrap();
    assert!(websocket.receive().await.unwrap().is_close());
    websocket.close(1000, "").await.unwrap();
    let websocket = websocket.id();
    let (session, connection) = (session.id(), connection.id());
    Told {
        websocket,
        session,
        connection,
        upload,
        retried: retried_id,
        queued: queued_id,
        refused: refused.id(),
        peer,
        nobody,
        _moving: moving,
    }
}

async fn upload(connection: &Connection) -> HandleId {
    let request = connection.open_request(Method::POST, "/upload").unwrap().context(7);
    request.send(Payload::chunked()).await.unwrap();
    request.write("some body").await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(request.query_data_available().await.unwrap(), 5);
    assert_eq!(request.read().await.unwrap(), "hello");
    assert_eq!(request.query_data_available().await.unwrap(), 0);
    request.id()
}

/// Every status, with WinHTTP's bit, and the flag that asks for it. `Missed` and `Unsubscribed` come unasked.
pub(crate) const STATUSES: [(&str, Option<u32>, u64); 33] = [
    ("ResolvingName", Some(0x1), 0x3),
    ("NameResolved", Some(0x2), 0x3),
    ("ConnectingToServer", Some(0x4), 0xC),
    ("ConnectedToServer", Some(0x8), 0xC),
    ("SendingRequest", Some(0x10), 0x30),
    ("RequestSent", Some(0x20), 0x30),
    ("ReceivingResponse", Some(0x40), 0xC0),
    ("ResponseReceived", Some(0x80), 0xC0),
    ("ClosingConnection", Some(0x100), 0x300),
    ("ConnectionClosed", Some(0x200), 0x300),
    ("HandleCreated", Some(0x400), 0xC00),
    ("HandleClosing", Some(0x800), 0xC00),
    ("Redirect", Some(0x4000), 0x4000),
    ("IntermediateResponse", Some(0x8000), 0x8000),
    ("HeadersAvailable", Some(0x2_0000), 0x2_0000),
    ("DataAvailable", Some(0x4_0000), 0x4_0000),
    ("ReadComplete", Some(0x8_0000), 0x8_0000),
    ("WriteComplete", Some(0x10_0000), 0x10_0000),
    ("RequestError", Some(0x20_0000), 0x20_0000),
    ("SendRequestComplete", Some(0x40_0000), 0x40_0000),
    ("WebSocketReadComplete", Some(0x8_0000), 0x8_0000),
    ("WebSocketWriteComplete", Some(0x10_0000), 0x10_0000),
    ("CloseComplete", Some(0x200_0000), 0x200_0000),
    ("ShutdownComplete", Some(0x400_0000), 0x400_0000),
    ("ConnectAttemptEnded", None, 0xC),
    ("WireAcquired", None, 1 << 32),
    ("WireReleased", None, 1 << 32),
    ("Queued", None, 1 << 33),
    ("UploadProgress", None, 1 << 34),
    ("DownloadProgress", None, 1 << 34),
    ("Retrying", None, 1 << 35),
    ("FrameSent", None, 1 << 38),
    ("FrameReceived", None, 1 << 38),
];
