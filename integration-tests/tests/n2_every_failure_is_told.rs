//! N2: whatever makes an operation fail, the caller's error has its one `RequestError`, and nothing is left open.
//!
//! Every test hands the error it got to the recorder, which looks for its notification when the test ends: a suite
//! that passed with a terminal notification deleted would be no suite.

use std::time::Duration;

use hinternet::{Connection, ErrorCode, Method, Operation, Payload, Request, Session, Timeouts};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

/// A session on one scripted peer, watched.
struct Scene {
    recorder: Recorder,
    session: Session,
    connection: Connection,
    peer: ScriptedPeer,
}

impl Scene {
    async fn with(script: Script) -> Self {
        Self::with_timeouts(script, Timeouts::default()).await
    }

    async fn with_timeouts(script: Script, timeouts: Timeouts) -> Self {
        let peer = ScriptedPeer::always(script).await;
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().timeouts(timeouts));
        let connection = session.connect(&peer.origin()).unwrap();
        Self { recorder, session, connection, peer }
    }

    fn request(&self, method: Method) -> Request {
        self.connection.open_request(method, "/").unwrap()
    }

    /// A GET that has its response head.
    async fn reading(&self) -> Request {
        let request = self.request(Method::GET);
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        request
    }

    async fn end(self) {
        let Self { recorder, session, .. } = self;
        recorder.finish(session).await;
    }
}

fn answer(octets: &'static str) -> Script {
    Script::answering_once(octets)
}

fn silent() -> Script {
    Script::new().read_head().keep()
}

#[tokio::test]
async fn a_send_that_finds_no_server() {
    let refusing = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    refusing.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = refusing.local_addr().unwrap().as_socket().unwrap().port();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect(&format!("http://127.0.0.1:{port}")).unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::CannotConnect, Operation::Send));
    recorder.wait_for_status(request.id(), "ConnectAttemptEnded").await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_send_whose_name_does_not_exist() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let host = format!("http://{}.invalid", "a".repeat(64));
    let request = session.connect(&host).unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::NameNotResolved, Operation::Send));
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_receive_whose_answer_is_no_answer() {
    for (octets, code) in [
        ("", ErrorCode::ConnectionError),
        ("HTTP/1.1 200 O", ErrorCode::ConnectionError),
        ("SSH-2.0-something\r\n\r\n", ErrorCode::InvalidServerResponse),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ErrorCode::InvalidServerResponse),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", ErrorCode::InvalidServerResponse),
    ] {
        let scene = Scene::with(answer(octets)).await;
        let request = scene.request(Method::GET);
        request.send(()).await.unwrap();
        let error = scene.recorder.failure(request.id(), request.receive_response().await);
        assert_eq!((error.code(), error.operation()), (code, Operation::Receive), "{octets:?}: {error}");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_receive_on_a_wire_that_is_reset() {
    let scene = Scene::with(Script::new().read_request().reset()).await;
    let request = scene.request(Method::GET);
    request.send(()).await.unwrap();
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!(error.code(), ErrorCode::ConnectionError);
    scene.end().await;
}

#[tokio::test]
async fn a_receive_that_waits_too_long() {
    let mut timeouts = Timeouts::default();
    timeouts.receive_response = Some(Duration::from_millis(20));
    let scene = Scene::with_timeouts(silent(), timeouts).await;
    let request = scene.request(Method::GET);
    request.send(()).await.unwrap();
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert!(error.is_timeout(), "{error}");
    scene.end().await;
}

#[tokio::test]
async fn a_read_of_a_body_that_is_cut_short() {
    for octets in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let scene = Scene::with(answer(octets)).await;
        let request = scene.reading().await;
        let read = async {
            while !request.read().await?.is_empty() {}
            Ok(())
        };
        let error = scene.recorder.failure(request.id(), read.await);
        assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::Read), "{octets:?}");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_query_for_a_body_whose_framing_is_broken() {
    let scene = Scene::with(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")).await;
    let request = scene.reading().await;
    let error = scene.recorder.failure(request.id(), request.query_data_available().await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::InvalidServerResponse, Operation::QueryDataAvailable));
    scene.end().await;
}

#[tokio::test]
async fn a_write_on_a_wire_that_is_reset() {
    let scene = Scene::with(Script::new().read_head().read_exactly(1).reset()).await;
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    // The reset is seen by the first write after it has arrived.
    let write = async {
        loop {
            request.write(vec![b'w'; 64 * 1024]).await?;
        }
        #[allow(unreachable_code, reason = "names the type")]
        Ok::<(), hinternet::Error>(())
    };
    let error = scene.recorder.failure(request.id(), write.await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::Write), "{error}");
    scene.end().await;
}

/// Which operation is in flight when the end comes.
#[derive(Clone, Copy, Debug)]
enum InFlight {
    Receive,
    Query,
    Read,
}

impl InFlight {
    const ALL: [Self; 3] = [Self::Receive, Self::Query, Self::Read];

    /// A peer that lets this operation begin and never end.
    fn script(self) -> Script {
        match self {
            Self::Receive => silent(),
            _ => Script::new().read_head().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").keep(),
        }
    }

    async fn start(self, scene: &Scene) -> (Request, tokio::task::JoinHandle<hinternet::Result<()>>) {
        let request = scene.request(Method::GET);
        request.send(()).await.unwrap();
        if !matches!(self, Self::Receive) {
            request.receive_response().await.unwrap();
        }
        let call = tokio::spawn({
            let request = request.clone();
            async move {
                match self {
                    Self::Receive => request.receive_response().await.map(drop),
                    Self::Query => request.query_data_available().await.map(drop),
                    Self::Read => request.read().await.map(drop),
                }
            }
        });
        // Once the call has been posted, a second one comes after it; that it is refused shows that the first is under way.
        tokio::task::yield_now().await;
        let refused = scene.recorder.refusal(request.id(), request.read().await);
        assert!(refused.is_incorrect_state(), "{self:?}: {refused}");
        (request, call)
    }
}

#[tokio::test]
async fn b5_closing_the_request_itself_ends_its_operation_with_12017() {
    for operation in InFlight::ALL {
        let scene = Scene::with(operation.script()).await;
        let (request, call) = operation.start(&scene).await;
        request.close().await.unwrap();
        let error = scene.recorder.failure(request.id(), call.await.unwrap());
        assert_eq!(error.code(), ErrorCode::OperationCancelled, "{operation:?}: {error}");
        let after = scene.recorder.refusal(request.id(), request.read().await);
        assert!(after.is_invalid_handle(), "{after}");
        scene.end().await;
    }
}

#[tokio::test]
async fn b5_closing_the_connection_or_the_session_ends_it_with_6() {
    for operation in InFlight::ALL {
        for close_session in [false, true] {
            let scene = Scene::with(operation.script()).await;
            let (request, call) = operation.start(&scene).await;
            if close_session {
                scene.session.close().await.unwrap()
            } else {
                scene.connection.close().await.unwrap()
            };
            let error = scene.recorder.failure(request.id(), call.await.unwrap());
            assert_eq!(error.code(), ErrorCode::InvalidHandle, "{operation:?}: {error}");
            scene.end().await;
        }
    }
}

#[tokio::test]
async fn b7_cancel_ends_it_with_12017_and_closes_nothing() {
    for operation in InFlight::ALL {
        let scene = Scene::with(operation.script()).await;
        let (request, call) = operation.start(&scene).await;
        request.cancel();
        let error = scene.recorder.failure(request.id(), call.await.unwrap());
        assert!(error.is_cancelled(), "{operation:?}: {error}");
        assert!(request.is_open() && scene.connection.is_open() && scene.session.is_open());
        scene.peer.wait_for_end(0).await;
        scene.end().await;
    }
}

#[tokio::test]
async fn a_paved_request_tells_its_failure_under_the_operation_that_failed() {
    let scene = Scene::with(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")).await;
    let response = scene.session.get(scene.peer.url("/").as_str()).unwrap().send().await.unwrap();
    let request = response.handle().id();
    let error = scene.recorder.failure(request, response.bytes().await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::Read));
    scene.recorder.wait_for_closing(request).await;
    scene.end().await;
}

#[tokio::test]
async fn a_paved_send_that_ends_without_a_response_tells_its_failure() {
    let dead = Script::new().reset();
    for script in [dead, Script::new().read_request().close(), answer("SSH-2.0-something\r\n\r\n")] {
        let scene = Scene::with(script).await;
        let result = scene.session.get(scene.peer.url("/").as_str()).unwrap().send().await;
        let request = scene.recorder.request(0).await;
        scene.recorder.failure(request, result.map(drop));
        scene.recorder.wait_for_closing(request).await;
        assert_eq!(scene.recorder.count_of(request, "RequestError"), 1);
        scene.end().await;
    }
}
