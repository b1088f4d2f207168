//! What fails, with a secret in what is at fault.

use hinternet::network::Proxy;
use hinternet::{NamedProxies, Session};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::{Place, Stage};

pub(crate) async fn answers_that_break_the_rules(stage: &Stage) {
    let plant = || stage.plant("a malformed answer");
    let answers = [
        plant(),
        format!("HTTP/1.1 {}\r\n\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\nx: {}\0\r\n\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}", plant()),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {}\r\n\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n{}\r\n\r\n", plant()),
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 21\r\n\r\n{}", plant()),
        format!("HTTP/1.1 302 Found\r\nlocation: gopher://a/{}\r\ncontent-length: 0\r\n\r\n", plant()),
        format!("HTTP/1.1 302 Found\r\nlocation: http://user:{}@[/\r\ncontent-length: 0\r\n\r\n", plant()),
        format!("HTTP/1.1 101 Switching\r\nupgrade: {}\r\n\r\n", plant()),
    ];
    for answer in answers {
        let peer = ScriptedPeer::always(Script::answering_once(answer)).await;
        let place = Place::of(stage, Session::builder());
        let url = peer.url(&format!("/?token={}", stage.plant("a query of what fails")));
        let field = stage.plant("a field of what fails");
        place.ask(place.session.get(url).map(|one| one.header("authorization", field))).await;
        place.end().await;
    }
}

pub(crate) async fn calls_that_are_refused(stage: &Stage) {
    let peer = ScriptedPeer::always(Script::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let place = Place::of(stage, Session::builder());
    let session = &place.session;
    let token = || stage.plant("what a call is refused for");
    for url in [
        format!("http://user:{}@a.example/", token()),
        format!("http://a.example/\r\n{}", token()),
        format!("http://[/?{}", token()),
        format!("nothing?{}", token()),
    ] {
        place.ask(session.get(url)).await;
    }
    place.ask(session.get(peer.url("/")).map(|one| one.header("x-token", format!("{}\n", token())))).await;
    place.ask(session.get(peer.url("/")).map(|one| one.header("transfer-encoding", token()))).await;
    place.ask(session.get(peer.url("/")).map(|one| one.basic_auth("a\n", &token()))).await;
    place.ask(session.get(peer.url("/")).map(|one| one.bearer_auth(&format!("{}\n", token())))).await;
    if let Err(error) = session.connect(&format!("http://user:{}@a.example", token())) {
        stage.show_error(&error);
    }
    if let Err(error) = session.cookies().set("http://a.example/", format!("a={}\x01", token())) {
        stage.show_error(&error);
    }
    if let Err(error) = Proxy::parse(&format!("gopher://user:{}@a.example", token())) {
        stage.show_error(&error);
    }
    place.end().await;
}

pub(crate) async fn proxies_that_refuse(stage: &Stage) {
    let (user, password) = (stage.plant("a user of a proxy"), stage.plant("a password for a proxy"));
    let field = format!("x-token: {}\r\n", stage.plant("a refusal's field"));
    for status in [403, 407, 502] {
        let http = HttpProxy::start(Manner::open().refusing(status, &field)).await;
        let proxy = Proxy::parse(&format!("http://{}", http.address())).unwrap().credentials(&user, &password).unwrap();
        let place = Place::of(stage, Session::builder().proxy(NamedProxies::new([proxy])));
        let url = format!("https://a.example/?token={}", stage.plant("a query of what fails"));
        place.ask(place.session.get(url)).await;
        place.end().await;
    }
}
