//! RFC 9112 5.2: a field line that goes on in the next one is read as one line, but never where it would move the end of a body.

use hinternet::{CloseReason, ErrorCode};
use integration_tests::scripted_peer::Script;

use crate::answer::Scene;
use crate::reasons;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn folded_lines_of_heads_and_trailers_are_read_as_one_and_the_wire_serves_again() {
    let head = "HTTP/1.1 200 OK\r\nA: b;\r\n\tc\r\nTransfer-Encoding: chunked\r\n\r\n";
    let interim = "HTTP/1.1 103 Early Hints\r\nLink:\r\n </a>\r\n\r\n";
    let octets = format!("{interim}{head}2\r\nok\r\n0\r\nT: u\r\n  v\r\n\r\n");
    let scene = Scene::with(vec![Script::new().read_request().send(octets).read_request().send(OK).keep()]).await;
    let answer = scene.get().await;
    assert_eq!(answer.text(), "ok");
    assert_eq!(answer.interims[0].1["link"], "</a>");
    let received = answer.head.as_ref().unwrap();
    assert_eq!(received.headers()["a"], "b; c");
    assert_eq!(received.raw(), head);
    assert_eq!(answer.trailers["t"], "u v");
    assert_eq!(scene.get().await.text(), "ok");
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_fold_that_could_move_the_end_of_a_body_is_refused() {
    for lines in
        ["Content-Length: 2\r\n 0", "Content-Length:\r\n 2", "Transfer-Encoding:\r\n chunked", "A: b\r\n \r\nC: d"]
    {
        reasons::listen();
        let octets = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        let first = Script::new().read_request().send(octets).keep();
        let scene = Scene::with(vec![first, Script::answering(OK)]).await;
        let answer = scene.get().await;
        assert_eq!(
            answer.error.as_ref().map(|error| error.code()),
            Some(ErrorCode::InvalidServerResponse),
            "{lines:?}"
        );
        assert_eq!(reasons::of(&scene.recorder, answer.id), CloseReason::ProtocolError.to_string(), "{lines:?}");
        assert_eq!(scene.get().await.text(), "ok");
        scene.end().await;
    }
}
