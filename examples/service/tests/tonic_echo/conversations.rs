//! Both sides speak at a time.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use integration_tests::patiently;
use service::echo::Words;
use service::echo::echo_client::EchoClient;
use tokio::sync::mpsc;
use tonic::{Code, Request};

use super::{Scene, words};

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// Words that a test says one by one.
fn by_hand() -> (mpsc::Sender<Words>, impl futures_util::Stream<Item = Words> + Send + 'static) {
    let (say, mut said) = mpsc::channel(1);
    (say, stream::poll_fn(move |context| said.poll_recv(context)))
}

#[tokio::test]
async fn each_message_is_answered_before_the_next_is_sent() {
    let scene = scene().await;
    // Over the connection as it is, and over our transport.
    let (say, told) = by_hand();
    let mut plain = EchoClient::new(scene.connection.clone());
    let mut replies = patiently("a head", plain.converse(told)).await.unwrap().into_inner();
    for number in 1..=100 {
        patiently("room", say.send(words(format!("word {number}")))).await.unwrap();
        let reply = patiently("a reply", replies.message()).await.unwrap().unwrap();
        assert_eq!((reply.number, reply.text), (number, format!("word {number}")));
    }
    drop(say);
    assert!(patiently("the end", replies.message()).await.unwrap().is_none());
    drop(plain);

    let (say, told) = by_hand();
    let mut replies = patiently("a head", scene.echo().converse(told)).await.unwrap().into_inner();
    patiently("room", say.send(words("hello"))).await.unwrap();
    assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().text, "hello");
    drop(say);
    assert!(patiently("the end", replies.message()).await.unwrap().is_none());
    scene.end().await;
}

#[tokio::test]
async fn more_than_a_window_goes_both_ways() {
    let scene = scene().await;
    let text = "x".repeat(64 * 1024);
    let sent = text.clone();
    let told = stream::iter((0..256).map(move |_| words(sent.clone())));
    let replies = patiently("a head", scene.echo().converse(told)).await.unwrap().into_inner();
    let replies: Vec<_> = patiently("the replies", replies.try_collect()).await.unwrap();
    assert_eq!(replies.len(), 256);
    assert!(replies.iter().zip(1..).all(|(reply, number)| reply.number == number && reply.text == text));
    scene.end().await;
}

#[tokio::test]
async fn the_server_may_end_it_first() {
    let scene = scene().await;
    let (say, told) = by_hand();
    let mut replies = patiently("a head", scene.echo().converse(told)).await.unwrap().into_inner();
    patiently("room", say.send(words("hello"))).await.unwrap();
    assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().text, "hello");
    patiently("room", say.send(words("refuse"))).await.unwrap();
    let status = patiently("the status", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    // What is still to be said is not asked for any more.
    patiently("the end of the body", say.closed()).await;
    assert_eq!(patiently("a reply", scene.echo().once(words("next"))).await.unwrap().into_inner().text, "next");
    assert_eq!(scene.oracle.connections(), 1);
    scene.end().await;
}

/// A status in place of the reply, while this side could go on for ever.
#[tokio::test]
async fn a_refusal_ends_what_is_being_told() {
    let scene = scene().await;
    let told = stream::iter([words("one"), words("refuse")]).chain(stream::repeat(words("x".repeat(1024))));
    let status = patiently("the status", scene.echo().gather(told)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    assert_eq!(patiently("a reply", scene.echo().once(words("next"))).await.unwrap().into_inner().text, "next");
    assert_eq!(scene.oracle.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn replies_that_are_dropped_end_what_is_being_told() {
    let scene = scene().await;
    let (say, told) = by_hand();
    let mut replies = patiently("a head", scene.echo().converse(told)).await.unwrap().into_inner();
    patiently("room", say.send(words("hello"))).await.unwrap();
    patiently("a reply", replies.message()).await.unwrap();
    drop(replies);
    patiently("the end of the body", say.closed()).await;
    assert_eq!(patiently("a reply", scene.echo().once(words("next"))).await.unwrap().into_inner().text, "next");
    assert_eq!(scene.oracle.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_deadline_ends_a_conversation() {
    let scene = scene().await;
    let (say, told) = by_hand();
    let mut request = Request::new(told);
    request.set_timeout(Duration::from_millis(500));
    let mut replies = patiently("a head", scene.echo().converse(request)).await.unwrap().into_inner();
    patiently("room", say.send(words("hello"))).await.unwrap();
    assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().text, "hello");
    let status = patiently("the deadline", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    patiently("the end of the body", say.closed()).await;
    scene.end().await;
}

#[tokio::test]
async fn a_drain_lets_a_conversation_end() {
    let scene = scene().await;
    let (say, told) = by_hand();
    let mut replies = patiently("a head", scene.echo().converse(told)).await.unwrap().into_inner();
    let draining = tokio::spawn(scene.session.shutdown(Duration::from_secs(30)));
    patiently("room", say.send(words("last words"))).await.unwrap();
    assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().text, "last words");
    drop(say);
    assert!(patiently("the end", replies.message()).await.unwrap().is_none());
    let report = patiently("the drain", draining).await.unwrap();
    assert_eq!((report.completed, report.cancelled, report.never_sent), (1, 0, 0));
    scene.end().await;
}
