//! RFC 9110 15.2: what may come before the final response, and how much of it.

use hinternet::{ErrorCode, Limits, Session};
use integration_tests::scripted_peer::Script;

use crate::answer::Scene;

const FINAL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn interim_responses_are_told_in_order_and_the_final_one_is_the_answer() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    let scene = Scene::with(vec![Script::answering(format!("{early}{FINAL}"))]).await;
    let answer = scene.get().await;
    assert_eq!((answer.status(), answer.text()), (200, "ok"));
    let statuses: Vec<_> = answer.interims.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [103, 102]);
    assert_eq!(answer.interims[0].1["link"], "</a>; rel=preload");
    assert!(answer.head().headers().get("link").is_none());
    assert!(!scene.closed_the_wire(answer.id));
    scene.end().await;
}

#[tokio::test]
async fn a_100_nobody_asked_for_is_one_of_them() {
    let scene = Scene::with(vec![Script::answering(format!("HTTP/1.1 100 Continue\r\n\r\n{FINAL}"))]).await;
    let answer = scene.get().await;
    assert_eq!((answer.interims.len(), answer.text()), (1, "ok"));
    scene.end().await;
}

#[tokio::test]
async fn ten_interim_responses_pass_and_eleven_do_not() {
    for (count, passes) in [(10, true), (11, false)] {
        let early = "HTTP/1.1 102 Processing\r\n\r\n".repeat(count);
        let scene = Scene::with(vec![Script::answering(format!("{early}{FINAL}"))]).await;
        let answer = scene.get().await;
        match passes {
            true => assert_eq!((answer.interims.len(), answer.text()), (10, "ok")),
            false => assert_eq!(answer.error().code(), ErrorCode::InvalidServerResponse),
        }
        assert_eq!(scene.closed_the_wire(answer.id), !passes);
        scene.end().await;
    }
}

#[tokio::test]
async fn their_number_and_their_octets_are_options() {
    let mut limits = Limits::default();
    (limits.interim_responses, limits.response_head) = (3, 300);
    for (early, code) in [
        ("HTTP/1.1 102 x\r\n\r\n".repeat(4), ErrorCode::InvalidServerResponse),
        (format!("HTTP/1.1 103 x\r\nA: {}\r\n\r\n", "b".repeat(140)).repeat(2), ErrorCode::HeaderSizeOverflow),
    ] {
        let builder = Session::builder().limits(limits);
        let scene = Scene::with_session(vec![Script::answering(format!("{early}{FINAL}"))], builder).await;
        let answer = scene.get().await;
        assert_eq!(answer.error().code(), code, "{}", answer.error());
        scene.end().await;
    }
}

#[tokio::test]
async fn a_101_nobody_asked_for_is_an_error_and_nothing_behind_it_is_delivered() {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x01raw";
    let scene = Scene::with(vec![Script::answering(upgrade)]).await;
    let answer = scene.get().await;
    assert_eq!(answer.error().code(), ErrorCode::InvalidServerResponse);
    assert!(answer.head.is_none() && answer.body.is_empty() && answer.interims.is_empty());
    assert!(scene.closed_the_wire(answer.id));
    scene.end().await;
}
