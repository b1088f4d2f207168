//! The face for programs without async: the same tree, from threads that wait, and from none that must not.

mod streams;

use std::io::Read;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hinternet::blocking::Session;
use hinternet::{
    ErrorCode, HeaderMap, HeaderModifier, Method, Operation, Payload, Session as AsyncSession, StatusCode,
};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::WebSocketOrigin;
use tokio::runtime::Runtime;

/// Servers on a runtime of their own; the test's thread has none.
struct World {
    servers: Runtime,
    recorder: Recorder,
    session: Session,
}

impl World {
    fn new() -> Self {
        let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let recorder = Recorder::start();
        let session = Session::from(recorder.session(AsyncSession::builder()));
        Self { servers, recorder, session }
    }

    fn origin(&self, answer: impl Fn(&integration_tests::request::Request) -> Reply + Send + Sync + 'static) -> Origin {
        self.servers.block_on(Origin::start(answer))
    }

    fn end(self) {
        let Self { servers, recorder, session } = self;
        session.close().unwrap();
        assert_eq!(session.get("http://h/").unwrap_err().code(), ErrorCode::InvalidHandle);
        servers.block_on(recorder.settle());
    }
}

fn echo(request: &integration_tests::request::Request) -> Reply {
    Reply::ok(request.body.clone()).field("x-method", request.method.clone())
}

#[test]
fn each_call_returns_when_it_is_done() {
    let world = World::new();
    let origin = world.origin(echo);
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/upload").unwrap();
    assert!(request.handle().add_header_with(HeaderModifier::AddIfNew, "x-a", "1").unwrap());
    request.send(Payload::begin("he", 5)).unwrap();
    request.write("llo").unwrap();
    let head = request.receive_response().unwrap();
    assert_eq!((head.status(), &head.headers()["x-method"]), (StatusCode::OK, &"POST".parse().unwrap()));
    assert_eq!(request.query_data_available().unwrap(), 5);
    assert_eq!(request.read_exact(2).unwrap(), "he");
    assert_eq!(request.read_to_end().unwrap(), "llo");
    assert!(request.read().unwrap().is_empty());

    request.send(Payload::chunked()).unwrap();
    request.write("again").unwrap();
    request.finish(HeaderMap::new()).unwrap();
    request.receive_response().unwrap();
    assert_eq!(request.read_to_end().unwrap(), "again");
    request.close().unwrap();
    assert!(!request.handle().is_open());
    connection.close().unwrap();
    world.end();
}

#[test]
fn everything_in_one_expression() {
    let world = World::new();
    let origin = world.origin(|request| if request.path() == "/" { echo(request) } else { Reply::new(404) });
    let url = origin.url("/");
    let response = world.session.post(&url).unwrap().body("hello").with(|it| it.context(7)).send().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.response().handle().method(), Method::POST);
    assert_eq!(response.text().unwrap(), "hello");
    assert_eq!(world.session.put(&url).unwrap().body("octets").send().unwrap().bytes().unwrap(), "octets");
    let missing = world.session.get(origin.url("/missing")).unwrap().send().unwrap();
    assert_eq!(missing.error_for_status().unwrap_err().code(), ErrorCode::InvalidServerResponse);
    let error = world.session.get(&url).unwrap().header("x", "\n").send().unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    world.end();
}

#[test]
fn a_body_is_read_in_pieces_of_any_size() {
    let world = World::new();
    let body: String = (0..1000).map(|number| number.to_string()).collect();
    let sent = body.clone();
    let origin = world.origin(move |_| Reply::ok("").chunked(sent.as_bytes().chunks(100).map(<[u8]>::to_vec)));
    let mut response = world.session.get(origin.url("/")).unwrap().send().unwrap();
    let (mut read, mut room) = (Vec::new(), [0; 7]);
    assert_eq!(response.read(&mut []).unwrap(), 0, "no room is no end");
    for _ in 0..5 {
        let length = response.read(&mut room).unwrap();
        read.extend_from_slice(&room[..length]);
    }
    read.extend(response.chunk().unwrap().unwrap());
    response.read_to_end(&mut read).unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), body);
    assert_eq!(response.read(&mut room).unwrap(), 0);

    let mut begun = world.session.get(origin.url("/")).unwrap().send().unwrap();
    begun.read_exact(&mut room).unwrap();
    assert_eq!(begun.bytes().unwrap(), &body[7..]);
    world.end();
}

#[test]
fn what_a_read_left_of_a_piece_is_part_of_text_and_json() {
    let world = World::new();
    let origin = world.origin(|_| Reply::ok("12[3,4]"));
    let begun = || {
        let mut response = world.session.get(origin.url("/")).unwrap().send().unwrap();
        response.read_exact(&mut [0; 2]).unwrap();
        response
    };
    assert_eq!(begun().text().unwrap(), "[3,4]");
    assert_eq!(begun().json::<Vec<u8>>().unwrap(), [3, 4]);
    assert_eq!(begun().bytes().unwrap(), "[3,4]");
    assert_eq!(begun().chunk().unwrap().unwrap(), "[3,4]");
    world.end();
}

#[test]
fn a_body_that_is_cut_short_is_the_same_error() {
    let world = World::new();
    let cut = Script::answering_once("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi");
    let peer = world.servers.block_on(ScriptedPeer::always(cut));
    let mut response = world.session.get(peer.url("/")).unwrap().send().unwrap();
    let error = hinternet::Error::from(response.read_to_end(&mut Vec::new()).unwrap_err());
    assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::Read));
    world.end();
}

#[test]
fn what_is_left_of_a_body_is_gathered_up_to_the_limit() {
    let world = World::new();
    let origin = world.origin(|_| Reply::ok("").chunked([b"12".to_vec(), b"345".to_vec()]));
    let connection = world.session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let limited = |most| {
        let mut options = request.handle().options();
        options.limits.gathered_body = Some(most);
        request.handle().set_options(options).unwrap();
        request.send(()).unwrap();
        request.receive_response().unwrap();
    };
    limited(5);
    assert_eq!(request.read_to_end().unwrap(), "12345");
    limited(3);
    assert_eq!(request.read_exact(2).unwrap(), "12", "what was read before is no part of it");
    assert_eq!(request.read_to_end().unwrap(), "345");
    limited(4);
    let error = request.read_to_end().unwrap_err();
    assert_eq!((error.code(), error.operation()), (ErrorCode::BodyTooLarge, Operation::Read));
    assert_eq!(error.url(), Some(&*origin.url("/")));
    assert!(request.read().is_err(), "nothing goes on behind what was lost");
    request.close().unwrap();
    world.end();
}

#[test]
fn a_websocket_is_sent_to_by_one_thread_and_received_from_by_another() {
    let world = World::new();
    let origin = world.servers.block_on(WebSocketOrigin::echo());
    let websocket = world.session.websocket_with(&origin.url(), |it| it.protocol("chat")).unwrap();
    assert_eq!(websocket.handle().protocol(), Some("chat"));
    let receiver = websocket.clone();
    let receiving = thread::spawn(move || -> Vec<String> {
        let texts = std::iter::from_fn(|| receiver.receive().unwrap().as_text().map(str::to_owned));
        texts.take(3).collect()
    });
    for text in ["one", "two", "three"] {
        websocket.send(text).unwrap();
    }
    assert_eq!(receiving.join().unwrap(), ["one", "two", "three"]);
    websocket.shutdown(1000, "done").unwrap();
    assert!(websocket.receive_at_most(100).unwrap().is_close());
    websocket.close(1000, "done").unwrap();
    assert_eq!(websocket.close_status().unwrap().code, 1000);
    world.end();
}

#[test]
fn the_handle_path_leads_to_a_websocket_too() {
    let world = World::new();
    let origin = world.servers.block_on(WebSocketOrigin::echo());
    let request = world.session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    request.handle().upgrade_to_websocket().unwrap();
    request.send(()).unwrap();
    assert_eq!(request.receive_response().unwrap().status(), StatusCode::SWITCHING_PROTOCOLS);
    let websocket = request.complete_upgrade(3).unwrap();
    websocket.send("hello").unwrap();
    assert_eq!(websocket.receive().unwrap().as_text(), Some("hello"));
    websocket.close(1000, "").unwrap();
    world.end();
}

#[test]
fn another_thread_ends_a_wait() {
    let world = World::new();
    let silent = world.servers.block_on(ScriptedPeer::always(Script::new().read_request().keep()));
    for closes in [false, true] {
        let request = world.session.connect(&silent.origin()).unwrap().open_request(Method::GET, "/").unwrap();
        request.send(()).unwrap();
        let waiter = request.clone();
        let waiting = thread::spawn(move || waiter.receive_response().unwrap_err());
        world.servers.block_on(world.recorder.wait_for_status(request.handle().id(), "ReceivingResponse"));
        if closes {
            request.close().unwrap()
        } else {
            request.handle().cancel()
        }
        assert_eq!(waiting.join().unwrap().code(), ErrorCode::OperationCancelled, "closes: {closes}");
    }
    world.end();
}

#[test]
fn a_session_that_another_thread_closes_ends_every_wait_below_it() {
    let world = World::new();
    let silent = world.servers.block_on(ScriptedPeer::always(Script::new().read_request().keep()));
    let begins = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi").keep();
    let begins = world.servers.block_on(ScriptedPeer::always(begins));
    let websockets = world.servers.block_on(WebSocketOrigin::echo());

    let mut response = world.session.get(begins.url("/")).unwrap().send().unwrap();
    assert_eq!(response.chunk().unwrap().unwrap(), "hi");
    let websocket = world.session.websocket(&websockets.url()).unwrap();
    let sent = world.session.get(silent.url("/")).unwrap();
    let waits = [
        thread::spawn(move || sent.send().unwrap_err()),
        thread::spawn(move || response.chunk().unwrap_err()),
        thread::spawn(move || websocket.receive().unwrap_err()),
    ];
    world.servers.block_on(silent.wait_for_requests(1));
    world.session.close().unwrap();
    for wait in waits {
        assert_eq!(wait.join().unwrap().code(), ErrorCode::InvalidHandle);
    }
    world.end();
}

/// The codes of every call that would wait, of handles that were made outside.
fn all_refused(world: &Session, url: &str, upload: &hinternet::blocking::Request) -> Vec<(ErrorCode, Operation)> {
    let errors = [
        Session::open().unwrap_err(),
        world.get(url).unwrap().send().unwrap_err(),
        world.websocket(&url.replace("http", "ws")).unwrap_err(),
        upload.send("x").unwrap_err(),
        upload.receive_response().unwrap_err(),
        upload.read().unwrap_err(),
        upload.close().unwrap_err(),
        world.download(url).unwrap().to_file("never").unwrap_err(),
        world.download(url).unwrap().stream().unwrap().chunk().unwrap_err(),
        world.events(url).unwrap().open().unwrap().next().unwrap().unwrap_err(),
        world.shutdown(Duration::ZERO).unwrap_err(),
        world.close().unwrap_err(),
    ];
    errors.map(|error| (error.code(), error.operation())).into()
}

#[test]
fn among_async_code_it_is_refused_and_nothing_is_begun() {
    let world = World::new();
    let origin = world.origin(echo);
    let upload = world.session.connect(&origin.origin()).unwrap().open_request(Method::POST, "/").unwrap();
    let (session, url) = (world.session.clone(), origin.url("/"));
    let look = move || all_refused(&session, &url, &upload);
    let of_a_task = world.servers.block_on(async {
        let look = look.clone();
        tokio::spawn(async move { look() }).await
    });
    let of_a_blocking_task = world.servers.block_on(async { tokio::task::spawn_blocking(look.clone()).await });
    let of_an_actor = {
        let (say, said) = mpsc::channel();
        let subscriber = hinternet::subscriber({
            let look = look.clone();
            move |_| drop(say.send(look()))
        });
        let id = world.session.handle().subscribe(subscriber, hinternet::NotificationMask::HANDLES).unwrap();
        let told = world.session.connect(&origin.origin()).unwrap();
        let refused = said.recv().unwrap();
        world.session.handle().unsubscribe(id);
        drop(told);
        refused
    };
    for refused in [of_a_task.unwrap(), of_a_blocking_task.unwrap(), of_an_actor] {
        assert_eq!(refused.len(), 12);
        assert!(refused.iter().all(|(code, _)| *code == ErrorCode::InvalidOperation), "{refused:?}");
        assert_eq!(
            refused[..3].iter().map(|(_, call)| *call).collect::<Vec<_>>(),
            [Operation::Open, Operation::Send, Operation::CompleteUpgrade]
        );
    }
    assert!(world.session.handle().is_open());
    assert_eq!(origin.connections(), 0);
    world.end();
}

/// Outside of what runs it, nothing of such a session goes on: a call that waited would wait for ever.
#[test]
fn on_a_thread_that_a_session_lives_on_it_is_refused() {
    let world = World::new();
    let refused = |session: &Session| {
        for error in [session.get("http://h/").unwrap().send().unwrap_err(), session.close().unwrap_err()] {
            assert_eq!(error.code(), ErrorCode::InvalidOperation, "{error}");
        }
        assert!(session.handle().is_open());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let set = tokio::task::LocalSet::new();
    let open = async { world.recorder.session(AsyncSession::builder().on_current_thread()) };
    let session = Session::from(set.block_on(&runtime, open));
    refused(&session);
    thread::scope(|scope| scope.spawn(|| assert!(Session::open().is_ok(), "another thread may")).join()).unwrap();
    set.block_on(&runtime, session.handle().close()).unwrap();
    drop((session, set));
    Session::open().unwrap().close().unwrap();

    let system = actix::System::new();
    let open = async { world.recorder.session(AsyncSession::builder().on_current_arbiter()) };
    let session = Session::from(system.block_on(open));
    refused(&session);
    system.block_on(session.handle().close()).unwrap();
    drop((session, system));
    Session::open().unwrap().close().unwrap();
    world.end();
}

#[test]
fn a_shutdown_waits_for_what_is_in_flight() {
    let world = World::new();
    let origin = world.origin(echo);
    let response = world.session.post(origin.url("/")).unwrap().body("x").send().unwrap();
    assert_eq!(response.text().unwrap(), "x");
    let report = world.session.shutdown(Duration::from_secs(60)).unwrap();
    assert_eq!(report, hinternet::ShutdownReport::default());
    world.end();
}
