//! C.5: when a notification is posted, and how many completions there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use hinternet::{Method, NotificationMask as Mask, Session, Status};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::{Mailbox, poll_once};

#[tokio::test]
async fn c5_handle_created_is_posted_before_the_creating_call_returns() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut told = session.notifications(Mask::HANDLES).unwrap();
    let mut created = || match told.next().now_or_never().flatten().map(|one| (one.handle, one.status)) {
        Some((handle, Status::HandleCreated(named))) => {
            assert_eq!(handle, named);
            Some(handle)
        }
        other => {
            assert!(other.is_none(), "{other:?}");
            None
        }
    };
    assert_eq!(created(), None);
    let connection = session.connect(&origin.origin()).unwrap();
    assert_eq!(created(), Some(connection.id()));
    let request = connection.open_request(Method::GET, "/").unwrap();
    assert_eq!(created(), Some(request.id()));

    // A paved request is created by the first poll of its `send`.
    let mut sending = Box::pin(session.get(origin.url("/").as_str()).unwrap().send());
    assert_eq!(created(), None);
    assert!(poll_once(sending.as_mut()).await.is_none());
    let paved = created().expect("the request is created");
    let response = sending.await.unwrap();
    assert_eq!(response.handle().id(), paved);
    drop(told);
    drop((response, request));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c5_a_session_has_a_handle_created_only_if_it_was_born_with_a_subscriber() {
    for born_with in [true, false] {
        let recorder = Recorder::start();
        let mut mailbox = Mailbox::new();
        let mut builder = Session::builder();
        if born_with {
            builder = builder.subscriber(mailbox.subscriber(), Mask::EVERYTHING);
        }
        let session = builder.open().unwrap();
        recorder.join(&session);
        if !born_with {
            session.set_subscriber(mailbox.subscriber(), Mask::EVERYTHING).await.unwrap();
        }
        session.close().await.unwrap();
        let names = mailbox.until("HandleClosing").await;
        assert_eq!(names.first() == Some(&"HandleCreated"), born_with, "{names:?}");
        recorder.finish(session).await;
    }
}

#[test]
fn c5_a_subscriber_never_runs_inside_the_callers_call() {
    // Caller, session and subscriber on one thread: what ran inline would have run when the call returns.
    actix::System::new().block_on(async {
        struct Counter(Arc<AtomicUsize>);
        impl actix::Actor for Counter {
            type Context = actix::Context<Self>;
        }
        impl actix::Handler<hinternet::Notification> for Counter {
            type Result = ();
            fn handle(&mut self, _: hinternet::Notification, _: &mut Self::Context) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let origin = Origin::start(|_| Reply::ok("hello")).await;
        let recorder = Recorder::start();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = actix::Actor::start(Counter(Arc::clone(&count)));
        let session = Session::builder().on_current_arbiter().subscriber(counter, Mask::EVERYTHING).open().unwrap();
        recorder.join(&session);
        let connection = session.connect(&origin.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        drop(request.close());
        drop(connection.close());
        assert_eq!(count.load(Ordering::Relaxed), 0, "posted, and not handled within the call");
        recorder.finish(session).await;
        assert_eq!(count.load(Ordering::Relaxed), 6, "three handles, created and closed");
    });
}

#[tokio::test]
async fn c5_every_accepted_operation_has_exactly_one_completion() {
    let origin = Origin::start(|_| Reply::ok("0123456789")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    // All of the body has come; what is buffered completes once each all the same.
    assert_eq!(request.query_data_available().await.unwrap(), 10);
    for _ in 0..5 {
        assert_eq!(request.read_at_most(2).await.unwrap().len(), 2);
    }
    assert_eq!(request.read().await.unwrap(), "");
    assert_eq!(request.query_data_available().await.unwrap(), 0);
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    for (name, count) in [
        ("SendRequestComplete", 1),
        ("HeadersAvailable", 1),
        ("DataAvailable", 2),
        ("ReadComplete", 6),
        ("RequestError", 0),
    ] {
        assert_eq!(recorder.count_of(request.id(), name), count, "{name}");
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn c5_a_refused_call_gives_no_notification() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::POST, "/").unwrap();
    let id = request.id();
    let state = recorder.refusal(id, request.read().await);
    assert!(state.is_incorrect_state(), "12019: {state}");
    request.add_header("content-length", "4").unwrap();
    let parameter = recorder.refusal(id, request.send("hello").await);
    assert_eq!(parameter.code().number(), 87);
    request.close().await.unwrap();
    let closed = recorder.refusal(id, request.send(()).await);
    assert_eq!(closed.code().number(), 6);
    recorder.wait_for_closing(id).await;
    recorder.assert_sequence(id, &["HandleCreated", "HandleClosing"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c5_one_handles_notifications_come_one_at_a_time_to_every_subscriber() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let running = Arc::new(AtomicUsize::new(0));
    let overlap = Arc::new(AtomicUsize::new(0));
    let (inside, overlaps) = (Arc::clone(&running), Arc::clone(&overlap));
    let subscriber = hinternet::subscriber(move |_| {
        overlaps.fetch_add(inside.fetch_add(1, Ordering::AcqRel), Ordering::AcqRel);
        std::thread::yield_now();
        inside.fetch_sub(1, Ordering::AcqRel);
    });
    session.subscribe(subscriber, Mask::EVERYTHING).unwrap();
    let gets = (0..20).map(|_| session.get(origin.url("/").as_str()).unwrap().send());
    for response in futures_util::future::join_all(gets).await {
        response.unwrap().bytes().await.unwrap();
    }
    recorder.finish(session).await;
    assert_eq!((running.load(Ordering::Acquire), overlap.load(Ordering::Acquire)), (0, 0));
}
