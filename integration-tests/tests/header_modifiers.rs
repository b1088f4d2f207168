//! Header fields that are set with a say in what becomes of those that are there (`WinHttpAddRequestHeaders` and its flags).

use hinternet::{
    ErrorCode, HeaderMap, HeaderModifier, Method, Operation, Request, Session, SessionBuilder, SessionOptions,
};
use http::{HeaderName, HeaderValue};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

struct World {
    recorder: Recorder,
    session: Session,
    origin: Origin,
}

impl World {
    async fn new() -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        Self { recorder, session, origin: Origin::start(|_| Reply::ok("ok")).await }
    }

    fn request(&self) -> Request {
        self.session.connect(&self.origin.origin()).unwrap().open_request(Method::GET, "/").unwrap()
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// The lines of a name, as they came.
fn lines(visit: &integration_tests::origin::Visit, name: &str) -> Vec<String> {
    visit.fields.iter().filter(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()).collect()
}

#[tokio::test]
async fn what_a_builder_is_told_is_what_is_sent() {
    let world = World::new().await;
    let sent = world.session.get(world.origin.url("/")).unwrap().header("x-a", "1").header("x-a", "2");
    let sent = sent
        .header_with(HeaderModifier::ReplaceNth(1), "x-a", "3")
        .header_with(HeaderModifier::CoalesceWithComma, "x-a", "4")
        .header_with(HeaderModifier::AddIfNew, "x-a", "5")
        .header_with(HeaderModifier::Replace, "x-b", "6")
        .header_with(HeaderModifier::AddOrReplace, "x-c", "7");
    assert_eq!(sent.send().await.unwrap().text().await.unwrap(), "ok");
    let visit = world.origin.log().remove(0);
    assert_eq!(lines(&visit, "x-a"), ["1, 4", "3"]);
    assert_eq!((lines(&visit, "x-b"), lines(&visit, "x-c")), (Vec::<String>::new(), vec!["7".to_owned()]));
    for (name, value) in [("x", "a\r\nb: c"), ("", "1"), ("a b", "1"), ("x", "\0"), (":path", "/")] {
        let wrong = world.session.get(world.origin.url("/")).unwrap().header_with(HeaderModifier::Add, name, value);
        let error = wrong.send().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name:?} {value:?}");
    }
    assert_eq!(world.origin.log().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn lines_are_taken_all_or_none() {
    let world = World::new().await;
    let request = world.request();
    let add = |text: &str| request.add_header_lines(HeaderModifier::Add, text);
    assert_eq!(add("x-a: 1\r\n\r\nx-b: 2\nx-a: 3").unwrap(), 3);
    let many: String = (0..100_000).map(|number| format!("y-{number}: 1\n")).collect();
    for text in ["x-c: 1\nno colon", "x-c: 1\n : 2", "x-c: 1\nx: \0", "x-c: 1\n on: 2", &many] {
        let error = add(text).unwrap_err();
        assert_eq!((error.code(), error.operation()), (ErrorCode::InvalidParameter, Operation::AddHeader));
    }
    assert_eq!(request.headers().len(), 3, "nothing of what was refused");
    assert_eq!(request.add_header_lines(HeaderModifier::Replace, "x-a:\nx-none: 1\nx-b: 4").unwrap(), 2);
    request.send(()).await.unwrap();
    assert_eq!(add("x-d: 1").unwrap_err().code(), ErrorCode::IncorrectHandleState);
    request.receive_response().await.unwrap();
    request.close().await.unwrap();
    let visit = world.origin.log().remove(0);
    assert_eq!((lines(&visit, "x-a"), lines(&visit, "x-b")), (vec!["3".to_owned()], vec!["4".to_owned()]));
    drop(request);
    world.end().await;
}

#[tokio::test]
async fn no_modifier_makes_a_request_that_can_be_read_in_two_ways() {
    let world = World::new().await;
    let two = [
        (HeaderModifier::Add, "content-length: 5"),
        (HeaderModifier::CoalesceWithComma, "content-length: 0\ncontent-length: 0"),
        (HeaderModifier::Add, "content-length: 0\ncontent-length: 5"),
        (HeaderModifier::Add, "transfer-encoding: chunked\ncontent-length: 0"),
        (HeaderModifier::CoalesceWithComma, "host: a\nhost: b"),
        (HeaderModifier::CoalesceWithSemicolon, "host: a\nhost: b"),
        (HeaderModifier::Add, "host: a\nhost: b"),
        (HeaderModifier::Add, "host: a/b"),
    ];
    for (modifier, text) in two {
        let request = world.request();
        request.add_header_lines(modifier, text).unwrap();
        let error = request.send(()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{modifier:?} {text:?}");
        request.close().await.unwrap();
    }
    assert_eq!(world.origin.log().len(), 0);
    world.end().await;
}

/// More names than a map has room for once what the library adds is there too.
fn too_many() -> HeaderMap {
    let name = |number: u32| HeaderName::try_from(format!("x-{number}")).unwrap();
    (0..8_001).map(|number| (name(number), HeaderValue::from_static("1"))).collect()
}

#[tokio::test]
async fn more_names_than_there_is_room_for_are_refused_wherever_they_come_from() {
    let world = World::new().await;
    let url = world.origin.url("/");
    let by_builder = world.session.get(&url).unwrap().headers(too_many()).send().await.unwrap_err();
    let lines = too_many().keys().map(|name| format!("{name}: 1\n")).collect::<String>();
    let request = world.request();
    let refused = [
        (by_builder, Operation::AddHeader),
        (request.set_headers(too_many()).unwrap_err(), Operation::AddHeader),
        (request.add_header_lines(HeaderModifier::Add, &lines).unwrap_err(), Operation::AddHeader),
        (request.send_with(too_many(), (), 0).await.unwrap_err(), Operation::Send),
    ];
    for (error, operation) in refused {
        assert_eq!((error.code(), error.operation()), (ErrorCode::InvalidParameter, operation), "{error}");
    }
    let mut options = SessionOptions::default();
    options.default_headers = too_many();
    assert_eq!(Session::builder().options(options).open().unwrap_err().code(), ErrorCode::InvalidParameter);
    let many = |builder: SessionBuilder, number| builder.default_header(&format!("x-{number}"), "1");
    let by_name = (0..30_000).fold(Session::builder(), many);
    assert_eq!(by_name.open().unwrap_err().code(), ErrorCode::InvalidParameter);

    let mut most = too_many();
    most.remove("x-0");
    let taken = Script::new().read_until("\r\n\r\n").read_exactly("a=b".len());
    let peer = ScriptedPeer::always(taken.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").keep()).await;
    let full = world.session.post(peer.url("/")).unwrap().headers(most).header("x-1", "2").form(&[("a", "b")]);
    assert_eq!(full.send().await.unwrap().text().await.unwrap(), "ok", "what a form says of itself has room");
    drop(request);
    world.end().await;
}

#[tokio::test]
async fn a_map_of_fields_adds_lines_to_those_that_are_there() {
    let world = World::new().await;
    let mut more = HeaderMap::new();
    more.append("x-a", HeaderValue::from_static("2"));
    more.append("x-a", HeaderValue::from_static("3"));
    let sent = world.session.get(world.origin.url("/")).unwrap().header("x-a", "1").headers(more);
    assert_eq!(sent.send().await.unwrap().text().await.unwrap(), "ok");
    assert_eq!(lines(&world.origin.log()[0], "x-a"), ["1", "2", "3"]);
    world.end().await;
}
