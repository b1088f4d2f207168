//! C.8: a slow subscriber loses progress and nothing else, holds up new operations of its own and nothing else.

use futures_util::FutureExt;
use hinternet::{ErrorCode, Method, NotificationMask as Mask, Request, Session, Status, Subscriber};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{read_all, receiving, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, Mailbox, patiently};

use crate::hello;

#[tokio::test]
async fn c8_progress_is_dropped_and_counted_and_completions_never_are() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let mut slow = Mailbox::new();
    let builder = Session::builder().unhandled(4, 4096).subscriber(slow.subscriber(), Mask::EVERYTHING);
    let session = builder.open().unwrap();
    recorder.join(&session);
    let connection = session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let id = request.id();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(request.query_data_available().await.unwrap(), 5);
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    request.close().await.unwrap();

    let (mut names, mut next) = (Vec::new(), 0);
    while names.last() != Some(&"HandleClosing") {
        let one = slow.next().await;
        if one.handle != id {
            continue;
        }
        if let Status::Missed(lost) = one.status {
            next += lost;
        }
        assert_eq!(one.sequence, next, "gapless but for what `Missed` counts: {one:?}");
        next += 1;
        names.push(one.name());
    }
    let expected = [
        "HandleCreated",
        "ResolvingName",
        "NameResolved",
        "ConnectingToServer",
        "ConnectedToServer",
        "Missed",
        "SendRequestComplete",
        "Missed",
        "HeadersAvailable",
        "DataAvailable",
        "Missed",
        "ReadComplete",
        "ReadComplete",
        "HandleClosing",
    ];
    assert_eq!(names, expected);
    drop((connection, slow));
    recorder.finish(session).await;
}

/// A session whose subscriber has as much unhandled as it may: three handles were created.
struct Exhausted {
    recorder: Recorder,
    session: Session,
    request: Request,
    slow: Mailbox,
}

impl Exhausted {
    fn by_a_request_to(origin: &str) -> Self {
        let slow = Mailbox::new();
        Self::of(origin, slow.subscriber().into(), slow)
    }

    /// The subscriber dies when the mailbox lets it go.
    fn by_a_mortal_and_a_request_to(origin: &str) -> Self {
        let slow = Mailbox::new();
        Self::of(origin, slow.subscriber().downgrade().into(), slow)
    }

    fn of(origin: &str, subscriber: Subscriber, slow: Mailbox) -> Self {
        let recorder = Recorder::start();
        let session = Session::builder().unhandled(1024, 3).subscriber(subscriber, Mask::HANDLES).open().unwrap();
        recorder.join(&session);
        let request = session.connect(origin).unwrap().open_request(Method::GET, "/").unwrap();
        Self { recorder, session, request, slow }
    }

    /// Sends, and waits until it is told that the send waits.
    async fn waiting(&self) -> tokio::task::JoinHandle<hinternet::Result<()>> {
        let sending = sending(&self.request, ());
        let queued = self.recorder.wait_for_status(self.request.id(), "Queued").await;
        assert!(matches!(queued.status, Status::Queued { position: 0 }), "{queued:?}");
        sending
    }

    async fn end(self) {
        let Self { recorder, session, request, slow } = self;
        drop((request, slow));
        recorder.finish(session).await;
    }
}

#[tokio::test]
async fn c8_at_the_limit_a_new_operation_waits_visibly_until_one_is_handled() {
    let origin = hello().await;
    let mut scene = Exhausted::by_a_request_to(&origin.origin());
    let sending = scene.waiting().await;
    assert_eq!(origin.connections(), 0, "nothing was begun");
    drop(scene.slow.next().await);
    sending.await.unwrap().unwrap();
    origin.wait_for_requests(1).await;
    scene.end().await;
}

#[tokio::test]
async fn c8_an_operation_waits_on_and_is_not_told_so_again_when_another_handle_loses_the_subscriber() {
    let origin = hello().await;
    let mut scene = Exhausted::by_a_request_to(&origin.origin());
    let sending = scene.waiting().await;
    let other = scene.session.connect(&origin.origin()).unwrap();
    drop(other.clear_subscriber().await.unwrap());
    // The second answer comes after what the request's actor was woken for before the first.
    for _ in 0..2 {
        let refused = scene.recorder.refusal(scene.request.id(), scene.request.send(()).await);
        assert!(refused.is_incorrect_state(), "{refused}");
    }
    // Its first and its last word are unhandled too.
    for _ in 0..3 {
        assert!(!sending.is_finished());
        drop(scene.slow.next().await);
    }
    patiently("the send", sending).await.unwrap().unwrap();
    let id = scene.request.id();
    scene.recorder.wait_for_status(id, "SendRequestComplete").await;
    assert_eq!(scene.recorder.count_of(id, "Queued"), 1);
    drop(other);
    scene.end().await;
}

#[tokio::test]
async fn c8_cancel_does_not_wait() {
    let origin = hello().await;
    let scene = Exhausted::by_a_request_to(&origin.origin());
    let sending = scene.waiting().await;
    scene.request.cancel();
    let error = scene.recorder.failure(scene.request.id(), sending.await.unwrap());
    assert_eq!(error.code(), ErrorCode::OperationCancelled);
    assert_eq!(origin.connections(), 0);
    scene.end().await;
}

#[tokio::test]
async fn c8_close_does_not_wait() {
    let origin = hello().await;
    let scene = Exhausted::by_a_request_to(&origin.origin());
    let sending = scene.waiting().await;
    scene.session.close().await.unwrap();
    let error = scene.recorder.failure(scene.request.id(), sending.await.unwrap());
    assert_eq!(error.code(), ErrorCode::InvalidHandle);
    assert!(scene.session.closed().now_or_never().is_none(), "its last words are not handled yet");
    scene.end().await;
}

#[tokio::test]
async fn c8_operations_in_flight_finish() {
    let answer = Gate::new();
    let script = Script::new().read_request().hold(&answer).send("HTTP/1.1 204 No Content\r\n\r\n").keep();
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start();
    let slow = Mailbox::new();
    let builder = Session::builder().unhandled(1024, 4).subscriber(slow.subscriber(), Mask::HANDLES);
    let session = builder.open().unwrap();
    recorder.join(&session);
    let connection = session.connect(&peer.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    let receiving = receiving(&request);
    recorder.wait_for_status(request.id(), "ReceivingResponse").await;
    let one_too_many = connection.open_request(Method::GET, "/").unwrap();
    answer.open();
    assert_eq!(receiving.await.unwrap().unwrap().status(), 204);
    drop((one_too_many, request, connection, slow));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c8_other_requests_and_other_sessions_go_on() {
    let origin = hello().await;
    let scene = Exhausted::by_a_request_to(&origin.origin());
    let sending = scene.waiting().await;

    let apart = scene.session.connect(&origin.origin()).unwrap();
    drop(apart.clear_subscriber().await.unwrap());
    let request = apart.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello", "its handles have other subscribers");

    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let response = session.get(origin.url("/").as_str()).unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    recorder.finish(session).await;

    assert!(!sending.is_finished());
    scene.request.cancel();
    scene.recorder.failure(scene.request.id(), sending.await.unwrap());
    drop((request, apart));
    scene.end().await;
}

#[tokio::test]
async fn c8_a_subscriber_that_is_replaced_or_removed_holds_nobody() {
    let origin = hello().await;
    for next in [Some(Mailbox::new()), None] {
        let scene = Exhausted::by_a_request_to(&origin.origin());
        let sending = scene.waiting().await;
        let left = match &next {
            Some(next) => scene.request.set_subscriber(next.subscriber(), Mask::HANDLES).await,
            None => scene.request.clear_subscriber().await,
        };
        patiently("the send", sending).await.unwrap().unwrap();
        assert!(left.unwrap().unwrap().drained().now_or_never().is_none(), "all it was told is unhandled");
        drop(next);
        scene.end().await;
    }
}

#[tokio::test]
async fn c8_an_added_subscriber_that_is_removed_holds_nobody() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let slow = Mailbox::new();
    // It joins late: two handles are created then.
    let session = Session::builder().unhandled(1024, 2).open().unwrap();
    recorder.join(&session);
    let id = session.subscribe(slow.subscriber(), Mask::HANDLES).unwrap();
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let scene = Exhausted { recorder, session, request, slow };
    let sending = scene.waiting().await;
    let left = scene.request.unsubscribe(id).unwrap();
    patiently("the send", sending).await.unwrap().unwrap();
    assert!(left.drained().now_or_never().is_none(), "all it was told is unhandled");
    drop(left);
    scene.end().await;
}

#[tokio::test]
async fn c8_a_subscriber_that_died_before_holds_nobody() {
    let origin = hello().await;
    let mut scene = Exhausted::by_a_mortal_and_a_request_to(&origin.origin());
    let left_behind = scene.slow.left_behind().await;
    assert_eq!(left_behind.len(), 3, "as many as it may have unhandled");
    patiently("the send", scene.request.send(())).await.unwrap();
    drop(left_behind);
    scene.end().await;
}

/// Nothing tells of an actor's death; the next notification of any handle it was subscribed to finds out.
#[tokio::test]
async fn c8_a_subscriber_that_died_meanwhile_holds_nobody_from_when_that_is_found() {
    let origin = hello().await;
    let mut scene = Exhausted::by_a_mortal_and_a_request_to(&origin.origin());
    let sending = scene.waiting().await;
    let left_behind = scene.slow.left_behind().await;
    drop(scene.session.connect(&origin.origin()).unwrap());
    patiently("the send", sending).await.unwrap().unwrap();
    drop(left_behind);
    scene.end().await;
}

#[tokio::test]
async fn c8_what_was_missed_is_told_before_the_end_also_to_a_mask_without_handle_statuses() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let mut slow = Mailbox::new();
    let session = Session::builder().unhandled(1, 4096).open().unwrap();
    recorder.join(&session);
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    request.subscribe(slow.subscriber(), Mask::SEND_REQUEST | Mask::RECEIVE_RESPONSE).unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    request.close().await.unwrap();
    let told: Vec<_> = slow.left_behind().await.iter().map(|one| (one.sequence, one.status.clone())).collect();
    // RequestSent, ReceivingResponse and ResponseReceived are what it was not told.
    assert!(matches!(told[..], [(0, Status::SendingRequest), (4, Status::Missed(3))]), "{told:?}");
    recorder.finish(session).await;
}

#[tokio::test]
async fn c8_a_clone_holds_no_credit() {
    let origin = hello().await;
    let mut scene = Exhausted::by_a_request_to(&origin.origin());
    let sending = scene.waiting().await;
    let original = scene.slow.next().await;
    let clone = original.clone();
    assert!(!sending.is_finished());
    drop(original);
    sending.await.unwrap().unwrap();
    assert_eq!(clone.name(), "HandleCreated");
    scene.end().await;
}
