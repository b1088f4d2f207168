//! C.3: added subscribers and streams.

use futures_util::{FutureExt, StreamExt};
use hinternet::{Method, NotificationMask as Mask, Session};
use integration_tests::Mailbox;
use integration_tests::recorder::Recorder;

use crate::hello;

#[tokio::test]
async fn c3_added_subscribers_hear_beside_the_slot_until_they_are_removed() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let (mut stays, mut goes) = (Mailbox::new(), Mailbox::new());
    session.subscribe(stays.subscriber(), Mask::HANDLES).unwrap();
    let id = session.subscribe(goes.subscriber(), Mask::HANDLES).unwrap();
    let first = session.connect("http://127.0.0.1:1").unwrap();
    let removed = session.unsubscribe(id).expect("it was there");
    assert_eq!(removed.mask, Mask::HANDLES);
    assert!(session.unsubscribe(id).is_none(), "and is not any more");
    let second = session.connect("http://127.0.0.1:1").unwrap();

    assert_eq!(stays.next().await.handle, first.id());
    assert_eq!(stays.next().await.handle, second.id());
    assert_eq!(goes.next().await.handle, first.id());
    let last = goes.next().await;
    assert_eq!((last.handle, last.name()), (session.id(), "Unsubscribed"));
    // What the first connection inherited is its own.
    assert!(first.unsubscribe(id).is_some());
    drop((first, second, last, removed, stays, goes));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_stream_gives_a_handle_and_its_children_and_ends_when_all_are_closed() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap();
    let elder = connection.open_request(Method::GET, "/").unwrap();
    let stream = connection.notifications(Mask::HANDLES).unwrap();
    let child = connection.open_request(Method::GET, "/").unwrap();
    let (connection_id, child_id) = (connection.id(), child.id());
    child.close().await.unwrap();
    elder.close().await.unwrap();
    connection.close().await.unwrap();
    let told: Vec<_> = stream.map(|one| (one.handle, one.name())).collect().await;
    let expected = [(child_id, "HandleCreated"), (child_id, "HandleClosing"), (connection_id, "HandleClosing")];
    assert_eq!(told, expected, "nothing of the elder one, which was there before");
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_dropping_a_stream_ends_its_subscription() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut kept = session.notifications(Mask::HANDLES).unwrap();
    drop(session.notifications(Mask::EVERYTHING).unwrap());
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    assert_eq!(kept.next().now_or_never().flatten().map(|one| one.handle), Some(connection.id()));
    drop(kept);
    drop(connection);
    // Nobody has to read what was never read.
    recorder.finish(session).await;
}
