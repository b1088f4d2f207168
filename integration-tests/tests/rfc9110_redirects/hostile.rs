//! Servers that redirect in bad faith: the cases `redir/*` of the hostile server, octet by octet.

use hinternet::{Blame, ErrorCode, Status};
use integration_tests::patiently;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::world::Watched;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What comes of a redirect whose fields are these, and what the server was asked after it.
async fn redirected(fields: &[u8]) -> (hinternet::Result<(u16, String)>, Vec<String>) {
    let head = [b"HTTP/1.1 302 Found\r\n", fields, b"\r\ncontent-length: 0\r\n\r\n"].concat();
    let peer = ScriptedPeer::always(Script::new().read_request().send(head).read_request().send(OK).keep()).await;
    let world = Watched::new();
    let result = patiently("the answer", world.get(&peer.url("/first"))).await;
    let result = result.map(|response| (response.status().as_u16(), response.url().replace(&peer.origin(), "")));
    world.end().await;
    let targets = peer.requests().into_iter().map(|request| request.target).skip(1);
    (result, targets.collect())
}

#[tokio::test]
async fn redir_file_js_data_only_http_and_https_are_followed() {
    for location in ["file:///etc/passwd", "javascript:alert(1)", "data:,x"] {
        let (result, asked) = redirected(format!("Location: {location}").as_bytes()).await;
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::UnrecognizedScheme, Blame::Peer), "{location}");
        assert_eq!(asked.len(), 0);
    }
}

#[tokio::test]
async fn redir_space_is_never_sent_raw() {
    let (result, asked) = redirected(b"Location: /a b").await;
    assert_eq!(result.unwrap(), (200, "/a%20b".to_owned()));
    assert_eq!(asked, ["/a%20b"]);
}

#[tokio::test]
async fn redir_nul_crlf_and_two_are_errors_and_ask_for_nothing() {
    for fields in [&b"Location: /a\0b"[..], b"Location: /a\rb", b"Location: /a\r\nLocation: /b"] {
        let (result, asked) = redirected(fields).await;
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
        assert_eq!(asked.len(), 0);
    }
}

#[tokio::test]
async fn redir_two_that_say_the_same_are_one_and_empty_is_none() {
    assert_eq!(redirected(b"Location: /a\r\nLocation: /a").await.0.unwrap().0, 200);
    assert_eq!(redirected(b"Location: ").await.0.unwrap(), (302, "/first".to_owned()));
}

#[tokio::test]
async fn redir_long_is_bounded_by_the_head() {
    let long = [b"Location: /".to_vec(), vec![b'a'; 70_000]].concat();
    assert_eq!(redirected(&long).await.0.unwrap_err().code(), ErrorCode::HeaderSizeOverflow);
}

#[tokio::test]
async fn a_password_in_a_location_is_in_no_request_no_notification_and_no_url() {
    let peer = ScriptedPeer::always(Script::new().read_request().send(OK).keep()).await;
    let to = peer.url("/next").replace("http://", "http://user:s3cret@");
    let first = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let redirecting = ScriptedPeer::always(Script::answering(first)).await;
    let world = Watched::new();
    let response = world.get(&redirecting.url("/")).await.unwrap();
    assert_eq!(response.url(), peer.url("/next"));
    // The recorder may be a little behind.
    let told = || world.recorder.count(|status| matches!(status, Status::Redirect(url) if !url.contains('@')));
    let is_told = async {
        while told() == 0 {
            tokio::task::yield_now().await;
        }
    };
    patiently("the redirect is told of", is_told).await;
    assert_eq!(told(), 1);
    let received = String::from_utf8(peer.received(0)).unwrap();
    assert!(!received.contains("s3cret") && !received.to_lowercase().contains("authorization"), "{received}");
    world.end().await;
}

#[tokio::test]
async fn the_body_of_a_redirect_is_read_away_up_to_the_bound_and_no_further() {
    let small = "HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 5\r\n\r\nmoved";
    let peer = ScriptedPeer::always(Script::new().read_request().send(small).read_request().send(OK).keep()).await;
    let world = Watched::new();
    assert_eq!(world.text(&peer.url("/")).await, "ok");
    assert_eq!(peer.connections(), 1);

    let large = "HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 2000000\r\n\r\nmoved";
    let endless = Script::new().read_request().send(large).keep();
    let peer = ScriptedPeer::start(vec![endless, Script::new().read_request().send(OK).keep()]).await;
    assert_eq!(patiently("the answer", world.text(&peer.url("/"))).await, "ok");
    assert_eq!(peer.connections(), 2, "what is announced to be too long is not waited for");
    world.end().await;
}

#[tokio::test]
async fn a_redirect_whose_body_never_ends_holds_nobody_up() {
    let dripping = "HTTP/1.1 302 Found\r\nlocation: /next\r\ntransfer-encoding: chunked\r\n\r\n5\r\nmoved\r\n";
    let endless = Script::new().read_request().send(dripping).keep();
    let peer = ScriptedPeer::start(vec![endless, Script::new().read_request().send(OK).keep()]).await;
    let world = Watched::new();
    assert_eq!(patiently("the answer", world.text(&peer.url("/"))).await, "ok");
    world.end().await;
}
