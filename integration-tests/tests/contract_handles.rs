//! Handles: the tree, what creating them does not do, what they share, and what a request says of itself (contract B.1-B.3,
//! B.12, E).

use hinternet::{AnyHandle, Connection, ErrorCode, Handle, HandleKind, Method, Payload, Request, Session};
use integration_tests::Gate;
use integration_tests::origin::{Origin, Reply, Visit};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, Scene, read_all};
use integration_tests::scripted_peer::{Ending, Script};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn b1_the_tree_is_session_connection_request() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();

    assert_eq!(
        (session.kind(), connection.kind(), request.kind()),
        (HandleKind::Session, HandleKind::Connection, HandleKind::Request)
    );
    assert_eq!(session.parent(), None);
    assert_eq!(connection.parent(), Some(session.id()));
    assert_eq!(request.parent(), Some(connection.id()));
    recorder.finish(session).await;
}

#[tokio::test]
async fn b1_a_handle_is_found_by_the_id_a_notification_names_until_it_closes() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();

    assert!(matches!(session.handle(session.id()), Some(AnyHandle::Session(_))));
    assert!(matches!(session.handle(connection.id()), Some(AnyHandle::Connection(_))));
    let found = Request::try_from(session.handle(request.id()).unwrap()).unwrap();
    assert_eq!(found.id(), request.id());
    drop(found);
    request.close().await.unwrap();
    assert!(session.handle(request.id()).is_none());

    let other = Session::open().unwrap();
    assert!(other.handle(connection.id()).is_none(), "a handle of another session");
    recorder.finish(session).await;
}

#[tokio::test]
async fn b1_a_handle_of_another_kind_is_refused_with_12018() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let error = Request::try_from(AnyHandle::from(connection.clone())).unwrap_err();
    assert_eq!(error.code(), ErrorCode::IncorrectHandleType);
    assert_eq!(error.code().number(), 12018);
    assert_eq!(Connection::try_from(AnyHandle::from(connection.clone())).unwrap().id(), connection.id());
    recorder.finish(session).await;
}

#[tokio::test]
async fn b2_open_connect_and_open_request_resolve_nothing_and_open_no_socket() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let dead_name = scene.session.connect("http://no.such.host.invalid").unwrap();
    let dead_port = scene.session.connect(&Nobody::new().origin()).unwrap();
    let requests =
        [&scene.connection, &dead_name, &dead_port].map(|handle| handle.open_request(Method::GET, "/").unwrap());
    for request in &requests {
        scene.recorder.wait_for_status(request.id(), "HandleCreated").await;
    }
    assert!(scene.recorder.log().iter().all(|one| one.name() == "HandleCreated"), "nothing but creations");
    assert_eq!(scene.peer.connections(), 0);

    requests[0].send(()).await.unwrap();
    // `send` connects.
    scene.peer.wait_for_connections(1).await;
    scene.end().await;
}

#[tokio::test]
async fn b3_every_connect_gives_a_new_handle_with_its_own_id_context_and_options() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let first = session.connect("http://127.0.0.1:1").unwrap().context(1);
    let second = session.connect("http://127.0.0.1:1").unwrap().context(2);
    assert_ne!(first.id(), second.id());
    assert_eq!((first.context_value(), second.context_value()), (1, 2));

    let mut options = first.options();
    options.request.resends = 0;
    first.set_options(options).unwrap();
    assert_eq!((first.options().request.resends, second.options().request.resends), (0, 1));
    recorder.finish(session).await;
}

/// `Connection::context` sets; the trait's method of the same name asks.
trait ContextValue: Handle {
    fn context_value(&self) -> u64 {
        Handle::context(self)
    }
}

impl<T: Handle> ContextValue for T {}

#[tokio::test]
async fn b3_wires_are_shared_by_the_handles_of_one_origin() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let other = scene.session.connect(&scene.peer.origin()).unwrap();
    for connection in [&scene.connection, &other, &scene.connection] {
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"hello");
    }
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn b3_closing_one_handle_closes_neither_anothers_request_nor_an_idle_wire() {
    let gate = Gate::new();
    let held = Script::new().read_request().hold(&gate).send(HELLO).again();
    let scene = Scene::with(held).await;
    let other = scene.session.connect(&scene.peer.origin()).unwrap();
    let request = other.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();

    scene.connection.close().await.unwrap();
    gate.open();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");

    other.close().await.unwrap();
    let third = scene.session.connect(&scene.peer.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    third.send(()).await.unwrap();
    third.receive_response().await.unwrap();
    assert_eq!(scene.peer.connections(), 1, "the idle wire outlived the handle that dialed it");
    scene.end().await;
}

#[tokio::test]
async fn b3_closing_the_session_closes_its_idle_wires() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.reading().await;
    read_all(&request).await.unwrap();
    scene.session.close().await.unwrap();
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
    scene.end().await;
}

#[tokio::test]
async fn b3_wires_are_never_shared_across_sessions() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let sessions = [recorder.session(Session::builder()), recorder.session(Session::builder())];
    for session in &sessions {
        let response = session.get(origin.url("/")).unwrap().send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello");
    }
    assert_eq!(origin.connections(), 2);
    let [first, second] = sessions;
    first.close().await.unwrap();
    recorder.finish(second).await;
}

#[tokio::test]
async fn b12_methods_are_sent_as_given_and_a_known_one_in_the_wrong_case_is_refused_with_87() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    for extension in ["PURGE", "purge", "M-SEARCH"] {
        let request = scene.request(Method::from_bytes(extension.as_bytes()).unwrap());
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        read_all(&request).await.unwrap();
    }
    let methods: Vec<_> = scene.peer.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["PURGE", "purge", "M-SEARCH"]);

    for (wrong, right) in [("get", "GET"), ("Post", "POST"), ("dElete", "DELETE")] {
        let result = scene.connection.open_request(Method::from_bytes(wrong.as_bytes()).unwrap(), "/");
        let error = scene.recorder.refusal(scene.connection.id(), result);
        assert_eq!(error.code(), ErrorCode::InvalidParameter);
        assert!(error.to_string().contains(right), "{error}");
    }
    scene.end().await;
}

#[tokio::test]
async fn b12_path_and_query_are_percent_encoded_once() {
    let cases = [
        ("/a b?c d", "/a%20b?c%20d"),
        ("/a%20b?c%20d", "/a%20b?c%20d"),
        ("/\u{e4}?\u{f6}=\u{1f600}", "/%C3%A4?%C3%B6=%F0%9F%98%80"),
        ("/tab\there", "/tab%09here"),
        ("no/slash", "/no/slash"),
        ("/percent%25?x=%2F%zz", "/percent%25?x=%2F%zz"),
    ];
    let scene = Scene::with(Script::answering(HELLO)).await;
    for (given, _) in cases {
        let request = scene.connection.open_request(Method::GET, given).unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        read_all(&request).await.unwrap();
        // The paved path goes by the same rule.
        let url = scene.peer.url(&format!("/{}", given.trim_start_matches('/')));
        scene.session.get(url.as_str()).unwrap().send().await.unwrap().bytes().await.unwrap();
    }
    let sent: Vec<_> = scene.peer.requests().into_iter().map(|request| request.target).collect();
    let expected: Vec<_> = cases.iter().flat_map(|(_, encoded)| [*encoded; 2]).collect();
    assert_eq!(sent, expected);
    scene.end().await;
}

#[tokio::test]
async fn b12_hosts_go_to_punycode_and_lower_case() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let host = |origin: &str| session.connect(origin).unwrap().origin().host().to_owned();
    assert_eq!(host("http://B\u{fc}cher.example"), "xn--bcher-kva.example");
    assert_eq!(host("http://XN--BCHER-KVA.Example"), "xn--bcher-kva.example");
    recorder.finish(session).await;
}

/// What a server gets of a GET that the program does not adorn, by a session like this.
async fn visit(session: Session, url: &str, origin: &Origin, adorn: impl FnOnce(&Request)) -> Visit {
    let before = origin.log().len();
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, url).unwrap();
    adorn(&request);
    request.send(Payload::empty()).await.unwrap();
    request.receive_response().await.unwrap();
    read_all(&request).await.unwrap();
    origin.log()[before].clone()
}

#[tokio::test]
async fn e_a_request_names_its_host_with_the_port_unless_it_is_the_schemes() {
    let origin = Origin::start(|_| Reply::ok("")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let visit = visit(session.clone(), "/", &origin, |_| {}).await;
    assert_eq!(fields(&visit, "host"), [origin.address().to_string()]);

    let authority = |origin: &str| session.connect(origin).unwrap().origin().authority().to_owned();
    assert_eq!(authority("http://example.com"), "example.com");
    assert_eq!(authority("http://example.com:80"), "example.com");
    assert_eq!(authority("http://example.com:8080/"), "example.com:8080");
    assert_eq!(session.connect("http://example.com").unwrap().origin().port(), 80);
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_exactly_one_user_agent_is_sent() {
    let origin = Origin::start(|_| Reply::ok("")).await;
    let recorder = Recorder::start();
    let plain = recorder.session(Session::builder());
    let named = recorder.session(Session::builder().user_agent("example/1.0"));

    let default = visit(plain.clone(), "/", &origin, |_| {}).await;
    let agents = fields(&default, "user-agent");
    assert!(agents.len() == 1 && agents[0].starts_with("hinternet/"), "{agents:?}");

    let of_the_session = visit(named.clone(), "/", &origin, |_| {}).await;
    assert_eq!(fields(&of_the_session, "user-agent"), ["example/1.0"]);

    let of_the_request =
        visit(named.clone(), "/", &origin, |request| request.add_header("User-Agent", "own/2").unwrap()).await;
    assert_eq!(fields(&of_the_request, "user-agent"), ["own/2"]);
    plain.close().await.unwrap();
    recorder.finish(named).await;
}

#[tokio::test]
async fn e_accept_is_everything_and_nothing_else_is_added() {
    let origin = Origin::start(|_| Reply::ok("")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let plain = visit(session.clone(), "/", &origin, |_| {}).await;
    assert_eq!(fields(&plain, "accept"), ["*/*"]);
    let mut names: Vec<_> = plain.fields.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"], "no Referer, no Content-Length");

    let own = visit(session.clone(), "/", &origin, |request| {
        request.add_header("accept", "text/html").unwrap();
        request.add_header("accept", "text/plain").unwrap();
    });
    assert_eq!(fields(&own.await, "accept"), ["text/html", "text/plain"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_connect_takes_scheme_host_and_port_only() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let refused = |origin: &str, code: ErrorCode| {
        let error = recorder.refusal(session.id(), session.connect(origin));
        assert_eq!(error.code(), code, "{origin}: {error}");
    };
    for origin in
        ["http://h/path", "http://h/?q", "http://user@h", "http://user:secret@h", "http://h:0", "http://", "h"]
    {
        refused(origin, ErrorCode::InvalidUrl);
    }
    refused("http://h:65536", ErrorCode::InvalidUrl);
    refused("ftp://h", ErrorCode::UnrecognizedScheme);
    refused("http://h\r\nx: y", ErrorCode::InvalidParameter);
    let accepted = session.connect("http://h").unwrap();
    recorder.wait_for_status(accepted.id(), "HandleCreated").await;
    assert_eq!(recorder.log().len(), 2, "no other handle was created");
    recorder.finish(session).await;
}

fn fields<'a>(visit: &'a Visit, name: &str) -> Vec<&'a str> {
    let named = visit.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str()).collect()
}
