//! Crashes: of the caller's own code inside an actor, of a subscriber, of the engine; and what stays whole (contract B.9).

use std::future::pending;
use std::io;
use std::sync::mpsc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hinternet::{Engine, ErrorCode, Method, NotificationMask, Operation, Payload, Request, Session, Status};
use integration_tests::http2_peer::frames;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all, receiving, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{blocking_subscriber, http2_origin, patiently};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// A body that gives a piece, and brings down who asks for the next.
fn explosive() -> Payload {
    Payload::stream(explosive_stream())
}

fn explosive_stream() -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::iter([()]).map(|()| Ok(Bytes::from_static(b"tick"))).chain(stream::poll_fn(|_| panic!("the body explodes")))
}

async fn get(request: &Request) -> Vec<u8> {
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    read_all(request).await.unwrap()
}

#[tokio::test]
async fn b9_a_crash_fails_the_operation_with_12004_and_closes_that_handle() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    let error = scene.recorder.failure(request.id(), patiently("the send", request.send(explosive())).await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::InternalError, Operation::Send));
    assert_eq!(error.code().number(), 12004);

    scene.recorder.wait_for_closing(request.id()).await;
    let names = scene.recorder.names(request.id());
    assert_eq!(names[names.len() - 2..], ["RequestError", "HandleClosing"]);
    patiently("closed", request.closed()).await;
    assert!(!request.is_open());
    let later = scene.recorder.refusal(request.id(), request.receive_response().await);
    assert!(later.is_invalid_handle(), "the old handle stays closed: {later}");
    // Its wire is gone with it.
    scene.peer.wait_for_end(0).await;
    scene.end().await;
}

#[tokio::test]
async fn b9_a_crash_leaves_siblings_and_parents_working() {
    let gate = integration_tests::Gate::new();
    let held = Script::new().read_request().hold(&gate).send(HELLO).again();
    let scene = Scene::of(ScriptedPeer::always(held).await, Session::builder().wires_per_origin(2));
    // In flight on the same thread, on a wire of the same origin, when the crash comes.
    let sibling = scene.sent().await;
    let call = tokio::spawn({
        let sibling = sibling.clone();
        async move { sibling.receive_response().await }
    });
    let crashed = scene.request(Method::POST);
    scene.recorder.failure(crashed.id(), patiently("the send", crashed.send(explosive())).await);

    gate.open();
    call.await.unwrap().unwrap();
    assert_eq!(read_all(&sibling).await.unwrap(), b"hello");
    assert!(scene.connection.is_open() && scene.session.is_open());
    assert_eq!(get(&scene.request(Method::GET)).await, b"hello", "the parent opens new requests");
    let again = scene.session.connect(&scene.peer.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    assert_eq!(get(&again).await, b"hello", "the next connect to that origin works");
    let paved = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
    assert_eq!(paved.bytes().await.unwrap(), "hello", "and the next get");
    scene.end().await;
}

#[tokio::test]
async fn b9_a_crash_on_the_paved_path_is_the_sends_error_and_its_place_in_the_pool_is_free() {
    let scene = Scene::of(ScriptedPeer::always(Script::answering(HELLO)).await, Session::builder().wires_per_origin(1));
    for n in 0..3 {
        let send = scene.session.post(scene.peer.url("/")).unwrap().body(explosive()).send();
        let result = patiently("the send", send).await;
        let request = scene.recorder.request(n).await;
        let error = scene.recorder.failure(request, result);
        assert_eq!(error.code(), ErrorCode::InternalError);
        scene.recorder.wait_for_closing(request).await;
    }
    let response = patiently("a get", scene.session.get(scene.peer.url("/")).unwrap().send()).await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "hello");
    scene.end().await;
}

#[tokio::test]
async fn b9_a_crash_of_a_send_beside_the_response_fails_both_under_their_own_names() {
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, http2_origin::builder());
    scene.recorder.sending_and_receiving_overlap();
    let (explode, mut told) = tokio::sync::mpsc::unbounded_channel::<()>();
    let body = stream::poll_fn(move |context| match told.poll_recv(context) {
        Poll::Ready(_) => panic!("the body explodes"),
        Poll::Pending => Poll::<Option<io::Result<Bytes>>>::Pending,
    });
    let request = scene.request(Method::POST);
    let sending = sending(&request, Payload::stream(body));
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    let receiving = receiving(&request);
    scene.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
    explode.send(()).unwrap();
    let sent = scene.recorder.failure(request.id(), patiently("the send", sending).await.unwrap());
    let received = scene.recorder.failure(request.id(), patiently("the head", receiving).await.unwrap());
    assert_eq!((sent.code(), sent.operation()), (ErrorCode::InternalError, Operation::Send), "{sent}");
    assert_eq!((received.code(), received.operation()), (ErrorCode::InternalError, Operation::Receive), "{received}");
    scene.recorder.wait_for_closing(request.id()).await;
    scene.end().await;
}

#[tokio::test]
async fn b9_no_lock_is_held_while_user_code_runs_in_an_actor() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    let (session, connection, origin) = (scene.session.clone(), scene.connection.clone(), scene.peer.origin());
    let busy = request.clone();
    let mut steps = 0;
    // Everything that does not wait, from inside of the operation that it concerns.
    let body = stream::poll_fn(move |_| {
        steps += 1;
        if steps > 2 {
            return Poll::Ready(None);
        }
        assert!(session.handle(busy.id()).is_some());
        assert!(busy.add_header("too", "late").unwrap_err().is_incorrect_state());
        let other = session.connect(&origin).unwrap();
        drop(other.open_request(Method::GET, "/").unwrap());
        drop(connection.open_request(Method::GET, "/").unwrap().close());
        let subscription = busy.subscribe(hinternet::subscriber(|_| ()), NotificationMask::EVERYTHING).unwrap();
        busy.unsubscribe(subscription);
        busy.set_context(7).unwrap();
        Poll::Ready(Some(Ok::<_, io::Error>(Bytes::from_static(b"piece"))))
    });
    patiently("the send", request.send(Payload::stream(body))).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(scene.peer.requests()[0].body, "piecepiece");
    scene.end().await;
}

#[tokio::test]
async fn b9_a_body_may_close_the_session_it_is_sent_in() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    let session = scene.session.clone();
    let body = stream::poll_fn(move |_| {
        drop(session.close());
        Poll::<Option<io::Result<Bytes>>>::Pending
    });
    let result = patiently("the send", request.send(Payload::stream(body))).await;
    assert!(scene.recorder.failure(request.id(), result).is_invalid_handle());
    scene.end().await;
}

#[tokio::test]
async fn b9_a_subscriber_that_panics_hurts_nobody_else() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let bad = hinternet::subscriber(|one| {
        assert!(!matches!(one.status, Status::SendingRequest), "this subscriber does not like it");
    });
    session.subscribe(bad, NotificationMask::EVERYTHING).unwrap();
    for _ in 0..2 {
        let response = patiently("a response", session.get(origin.url("/")).unwrap().send()).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello");
    }
    patiently("closed", async {
        session.close().await.unwrap();
        session.closed().await;
    })
    .await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn b9_a_subscriber_that_blocks_holds_up_no_wire() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let (release, released) = mpsc::channel::<()>();
    let (entered, mut inside) = tokio::sync::mpsc::unbounded_channel();
    let slow = blocking_subscriber(move |one| {
        if matches!(one.status, Status::SendingRequest) {
            let _nobody_waits = entered.send(());
            let _released = released.recv();
        }
    });
    session.subscribe(slow, NotificationMask::EVERYTHING).unwrap();
    let response = patiently("a response", session.get(origin.url("/")).unwrap().send()).await.unwrap();
    patiently("the handler to be entered", inside.recv()).await.unwrap();
    assert_eq!(patiently("the body", response.bytes()).await.unwrap(), "hello");
    for _ in 0..20 {
        let response = patiently("a response", session.get(origin.url("/")).unwrap().send()).await.unwrap();
        response.bytes().await.unwrap();
    }
    patiently("close", session.close()).await.unwrap();
    drop(release);
    recorder.finish(session).await;
}

/// A session on an engine of its own, with a request in each state that an engine's end can meet.
async fn on_private_engine(peer: &ScriptedPeer, recorder: &Recorder) -> (Engine, Session, Vec<Request>) {
    let engine = Engine::builder().shards(2).start().unwrap();
    let session = recorder.session(Session::builder().engine(engine.clone()));
    let connection = session.connect(&peer.origin()).unwrap();
    let open = || connection.open_request(Method::POST, "/").unwrap();
    (engine, session.clone(), vec![open(), open(), open(), open()])
}

#[tokio::test]
async fn b9_stopping_the_engine_fails_everything_on_it_with_12012() {
    let peer = ScriptedPeer::always(Script::new().read_request().keep()).await;
    let recorder = Recorder::start();
    let (engine, session, requests) = on_private_engine(&peer, &recorder).await;
    let [unsent, sending, receiving, uploading] = &requests[..] else { unreachable!() };
    uploading.send(Payload::chunked()).await.unwrap();
    receiving.send(()).await.unwrap();
    let calls = [
        tokio::spawn({
            let request = sending.clone();
            async move { request.send(Payload::stream(stream::once(pending()))).await }
        }),
        tokio::spawn({
            let request = receiving.clone();
            async move { request.receive_response().await.map(drop) }
        }),
    ];
    recorder.wait_for_status(sending.id(), "RequestSent").await;
    recorder.wait_for_status(receiving.id(), "ReceivingResponse").await;

    engine.stop();
    for (call, request) in calls.into_iter().zip([sending, receiving]) {
        let error = recorder.failure(request.id(), patiently("a call", call).await.unwrap());
        assert_eq!(error.code(), ErrorCode::Shutdown, "{error}");
    }
    for request in &requests {
        recorder.wait_for_closing(request.id()).await;
    }
    recorder.wait_for_closing(session.id()).await;
    let later = [
        unsent.send(()).await.err(),
        uploading.write("a").await.err(),
        session.connect("http://h").err(),
        session.get("http://h/").err(),
        Session::builder().engine(engine).open().err(),
    ];
    for (n, error) in later.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("call {n} was taken"));
        assert_eq!(error.code(), ErrorCode::Shutdown, "call {n}: {error}");
    }
    patiently("the end", recorder.finish(session)).await;
    for n in 0..peer.connections() {
        peer.wait_for_end(n).await;
    }
}

#[tokio::test]
async fn b9_stopping_the_engine_ends_those_who_wait_in_line_too() {
    let peer = ScriptedPeer::always(Script::new().read_request().keep()).await;
    let recorder = Recorder::start();
    let engine = Engine::builder().shards(1).start().unwrap();
    let session = recorder.session(Session::builder().engine(engine.clone()).wires_per_origin(1));
    let calls: Vec<_> = (0..5).map(|_| tokio::spawn(session.get(peer.url("/")).unwrap().send())).collect();
    recorder.wait_for(|one| matches!(one.status, Status::Queued { position: 4 })).await;
    peer.wait_for_requests(1).await;
    engine.stop();
    for call in calls {
        let error = patiently("a call", call).await.unwrap().unwrap_err();
        assert_eq!(error.code(), ErrorCode::Shutdown, "{error}");
    }
    patiently("the end", recorder.finish(session)).await;
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn b9_an_engine_that_stops_takes_no_other_with_it() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let (engine, private, _requests) = on_private_engine(&scene.peer, &scene.recorder).await;
    engine.stop();
    scene.recorder.wait_for_closing(private.id()).await;
    assert_eq!(get(&scene.request(Method::GET)).await, b"hello");
    scene.end().await;
}

#[tokio::test]
async fn b9_the_end_of_the_callers_arbiter_ends_the_session_that_lives_there_with_12012() {
    let peer = ScriptedPeer::always(Script::new().read_request().keep()).await;
    let recorder = Recorder::start();
    let builder = Session::builder();
    let (opened, opening) = tokio::sync::oneshot::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let (slot, url) = (recorder.slot(), peer.url("/"));
    let thread = std::thread::spawn(move || {
        actix::System::new().block_on(async {
            let session = builder.on_current_arbiter().subscriber(slot, NotificationMask::EVERYTHING).open().unwrap();
            let _kept = opened.send(session);
            let _told = ended.await;
        });
    });
    let session = patiently("the session", opening).await.unwrap();
    let call = tokio::spawn(session.get(url).unwrap().send());
    peer.wait_for_requests(1).await;
    end.send(()).unwrap();
    let error = patiently("the call", call).await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::Shutdown, "{error}");
    thread.join().unwrap();
    patiently("the end", recorder.finish(session)).await;
}
