//! For whom `closed()` waits: for every subscriber that the handle, or one below it, had at its end (contract B.4).

use futures_util::FutureExt;
use hinternet::{Method, NotificationMask, Session};
use integration_tests::recorder::Recorder;
use integration_tests::{Mailbox, patiently};

const EVERYTHING: NotificationMask = NotificationMask::EVERYTHING;

fn watched() -> (Recorder, Session) {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    (recorder, session)
}

/// Closes the session. `closed()` must wait until the mailbox was emptied, and no longer.
async fn waits_for(mut mailbox: Mailbox, last: &str, recorder: Recorder, session: Session) {
    session.close().await.unwrap();
    let mut closed = Box::pin(session.closed());
    // Whatever else it waits for comes to its end meanwhile.
    recorder.wait_for_closing(session.id()).await;
    for _ in 0..100 {
        assert!(closed.as_mut().now_or_never().is_none(), "there are unhandled notifications");
        tokio::task::yield_now().await;
    }
    mailbox.until(last).await;
    patiently("closed", closed).await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn b4_closed_of_a_session_waits_for_a_subscriber_that_only_a_request_had() {
    let (recorder, session) = watched();
    let connection = session.connect("http://127.0.0.1:9").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let mailbox = Mailbox::new();
    request.subscribe(mailbox.subscriber(), EVERYTHING).unwrap();
    request.close().await.unwrap();
    waits_for(mailbox, "HandleClosing", recorder, session).await;
}

#[tokio::test]
async fn b4_closed_of_a_session_waits_for_what_children_told_a_subscriber_it_no_longer_has() {
    let (recorder, session) = watched();
    let mut mailbox = Mailbox::new();
    let id = session.subscribe(mailbox.subscriber(), EVERYTHING).unwrap();
    let connection = session.connect("http://127.0.0.1:9").unwrap();
    drop(session.unsubscribe(id).unwrap());
    mailbox.until("Unsubscribed").await;
    drop(connection);
    waits_for(mailbox, "HandleClosing", recorder, session).await;
}

#[tokio::test]
async fn b4_for_a_subscriber_that_was_removed_only_its_remover_can_wait() {
    let (recorder, session) = watched();
    let connection = session.connect("http://127.0.0.1:9").unwrap();
    let mut mailbox = Mailbox::new();
    let id = connection.subscribe(mailbox.subscriber(), EVERYTHING).unwrap();
    let removed = connection.unsubscribe(id).unwrap();
    session.close().await.unwrap();
    patiently("closed", session.closed()).await;
    let mut drained = Box::pin(removed.drained());
    assert!(drained.as_mut().now_or_never().is_none(), "`Unsubscribed` is unhandled");
    mailbox.until("Unsubscribed").await;
    patiently("drained", drained).await;
    recorder.finish(session).await;
}
