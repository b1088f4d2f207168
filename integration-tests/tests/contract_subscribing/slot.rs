//! C.3: the slot, what comes back from it, and who lives how long.

use actix::Actor;
use futures_util::FutureExt;
use hinternet::{ErrorCode, Handle, Method, Notification, NotificationMask as Mask, Session};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, receiving};
use integration_tests::scripted_peer::Script;
use integration_tests::{Gate, Mailbox};

use crate::{hello, watched};

#[tokio::test]
async fn c3_the_previous_subscriber_comes_back_and_can_be_set_again_as_it_is() {
    let (recorder, session) = watched();
    let (mut first, second) = (Mailbox::new(), Mailbox::new());
    assert!(session.set_subscriber(first.subscriber(), Mask::HANDLES).await.unwrap().is_none());
    let previous = session.set_subscriber(second.subscriber(), Mask::EVERYTHING).await.unwrap().unwrap();
    assert_eq!(previous.mask, Mask::HANDLES);
    assert_eq!(first.next().await.name(), "Unsubscribed");

    session.set_subscriber(previous.subscriber.clone(), previous.mask).await.unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let created = first.next().await;
    assert_eq!((created.handle, created.name(), created.sequence), (connection.id(), "HandleCreated", 0));
    drop((connection, previous, created));
    first.until("HandleClosing").await;
    drop((first, second));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_an_inherited_subscriber_comes_back_too() {
    let (recorder, session) = watched();
    let (mut inherited, own) = (Mailbox::new(), Mailbox::new());
    session.set_subscriber(inherited.subscriber(), Mask::HANDLES).await.unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let previous = connection.set_subscriber(own.subscriber(), Mask::EVERYTHING).await.unwrap().unwrap();
    assert_eq!(previous.mask, Mask::HANDLES);
    assert_eq!(inherited.until("Unsubscribed").await, ["HandleCreated", "Unsubscribed"]);
    // The session's own slot is as it was.
    let of_session = session.clear_subscriber().await.unwrap().unwrap();
    assert_eq!(of_session.mask, Mask::HANDLES);
    drop((previous, of_session, inherited, own, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_clear_subscriber_empties_the_slot() {
    let (recorder, session) = watched();
    assert!(session.clear_subscriber().await.unwrap().is_none());
    let mut mailbox = Mailbox::new();
    session.set_subscriber(mailbox.subscriber(), Mask::EVERYTHING).await.unwrap();
    assert!(session.clear_subscriber().await.unwrap().is_some());
    assert!(session.clear_subscriber().await.unwrap().is_none());
    drop(session.connect("http://127.0.0.1:1").unwrap());
    assert_eq!(mailbox.died().await, ["Unsubscribed"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_unsubscribed_is_the_last_message_and_drained_waits_until_it_was_handled() {
    let (recorder, session) = watched();
    let mut mailbox = Mailbox::new();
    session.set_subscriber(mailbox.subscriber(), Mask::HANDLES).await.unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let previous = connection.clear_subscriber().await.unwrap().unwrap();
    assert!(previous.drained().now_or_never().is_none(), "two messages of the connection are unhandled");
    assert_eq!(mailbox.next().await.name(), "HandleCreated");
    let last = mailbox.next().await;
    assert_eq!((last.handle, last.name()), (connection.id(), "Unsubscribed"));
    assert!(previous.drained().now_or_never().is_none(), "the last one is in our hand");
    let copy = last.clone();
    drop(last);
    previous.drained().await;
    assert_eq!(copy.name(), "Unsubscribed", "a clone holds nothing up");
    connection.close().await.unwrap();
    drop((previous, mailbox));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_closed_handle_has_no_slot() {
    let (recorder, session) = watched();
    session.close().await.unwrap();
    let mailbox = Mailbox::new();
    let errors = [
        session.set_subscriber(mailbox.subscriber(), Mask::EVERYTHING).await.unwrap_err(),
        session.clear_subscriber().await.unwrap_err(),
        session.subscribe(mailbox.subscriber(), Mask::EVERYTHING).unwrap_err(),
        session.notifications(Mask::EVERYTHING).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), ErrorCode::InvalidHandle, "{error}");
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_subscriber_joins_and_leaves_with_an_operation_pending() {
    let answer = Gate::new();
    let script = Script::new().read_request().hold(&answer).send("HTTP/1.1 204 No Content\r\n\r\n").keep();
    let scene = Scene::with(script).await;
    let request = scene.sent().await;
    let receiving = receiving(&request);
    scene.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
    let (mut leaves, mut joins) = (Mailbox::new(), Mailbox::new());
    // The recorder keeps its place in the slot; these two come and go beside it.
    let leaving = request.subscribe(leaves.subscriber(), Mask::EVERYTHING).unwrap();
    let left = request.unsubscribe(leaving).unwrap();
    request.subscribe(joins.subscriber(), Mask::EVERYTHING).unwrap();
    answer.open();
    receiving.await.unwrap().unwrap();
    let first = joins.next().await;
    assert_eq!((first.name(), first.sequence), ("ResponseReceived", 0));
    request.close().await.unwrap();
    drop((first, left));
    assert_eq!(joins.until("HandleClosing").await.last(), Some(&"HandleClosing"));
    assert_eq!(leaves.died().await, ["Unsubscribed"]);
    scene.end().await;
}

/// A subscriber that opens the gate when it dies.
fn mortal(dead: &Gate) -> actix::Addr<Mortal> {
    hinternet::start(Mortal(dead.clone()))
}

struct Mortal(Gate);

impl Actor for Mortal {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Notification> for Mortal {
    type Result = ();

    fn handle(&mut self, _: Notification, _: &mut Self::Context) {}
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[tokio::test]
async fn c3_the_slot_keeps_its_subscriber_alive_until_it_is_replaced() {
    let (recorder, session) = watched();
    let dead = Gate::new();
    session.set_subscriber(mortal(&dead), Mask::EVERYTHING).await.unwrap();
    let previous = session.clear_subscriber().await.unwrap().unwrap();
    previous.drained().await;
    assert!(!dead.is_open(), "it lives in `previous`");
    drop(previous);
    dead.passed().await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_the_slot_lets_its_subscriber_go_after_handle_closing() {
    let (recorder, session) = watched();
    let dead = Gate::new();
    session.set_subscriber(mortal(&dead), Mask::EVERYTHING).await.unwrap();
    session.close().await.unwrap();
    dead.passed().await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_weak_subscriber_is_not_kept_alive() {
    let (recorder, session) = watched();
    let dead = Gate::new();
    let subscriber = mortal(&dead);
    session.set_subscriber(subscriber.downgrade().recipient::<Notification>(), Mask::EVERYTHING).await.unwrap();
    drop(subscriber);
    dead.passed().await;
    drop(session.connect("http://127.0.0.1:1").unwrap());
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_dead_subscriber_is_removed() {
    struct Quits;
    impl Actor for Quits {
        type Context = actix::Context<Self>;
    }
    impl actix::Handler<Notification> for Quits {
        type Result = ();
        fn handle(&mut self, _: Notification, context: &mut Self::Context) {
            actix::ActorContext::stop(context);
        }
    }
    let (recorder, session) = watched();
    let subscriber = hinternet::start(Quits);
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    connection.set_subscriber(subscriber.clone(), Mask::EVERYTHING).await.unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    while subscriber.connected() {
        tokio::task::yield_now().await;
    }
    // The next notification finds it dead; that disturbs nobody.
    request.close().await.unwrap();
    request.closed().await;
    recorder.wait_for_closing(request.id()).await;
    drop(connection.open_request(Method::GET, "/").unwrap());
    recorder.finish(session).await;
}

async fn get_and_count(subscriber: actix::Recipient<Notification>, mut told: Mailbox) {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = Session::builder().subscriber(subscriber, Mask::HANDLES).open().unwrap();
    recorder.join(&session);
    session.get(origin.url("/").as_str()).unwrap().send().await.unwrap().bytes().await.unwrap();
    let names = told.until("HandleClosing").await;
    assert_eq!(names, ["HandleCreated", "HandleCreated", "HandleClosing"], "the session's and the request's");
    let (last, ()) = tokio::join!(told.until("HandleClosing"), recorder.finish(session));
    assert_eq!(last, ["HandleClosing"]);
}

/// Passes what it is told on to a mailbox.
struct Forwards(actix::Recipient<Notification>);

impl Actor for Forwards {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Notification> for Forwards {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Self::Context) {
        self.0.do_send(notification);
    }
}

async fn started_and_subscribed() {
    let (by_start, by_closure) = (Mailbox::new(), Mailbox::new());
    let (start, closure) = (by_start.subscriber(), by_closure.subscriber());
    get_and_count(hinternet::start(Forwards(start)).recipient(), by_start).await;
    get_and_count(hinternet::subscriber(move |one| closure.do_send(one)), by_closure).await;
}

#[tokio::test]
async fn c3_start_and_subscriber_work_from_tokio() {
    started_and_subscribed().await;
}

#[test]
fn c3_start_and_subscriber_work_from_actix() {
    actix::System::new().block_on(started_and_subscribed());
}

#[test]
fn c3_start_and_subscriber_work_from_a_bare_thread() {
    let (by_start, by_closure) = (Mailbox::new(), Mailbox::new());
    let (start, closure) = (by_start.subscriber(), by_closure.subscriber());
    let start = std::thread::spawn(|| hinternet::start(Forwards(start)).recipient()).join().unwrap();
    let closure = std::thread::spawn(|| hinternet::subscriber(move |one| closure.do_send(one))).join().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(get_and_count(start, by_start));
    runtime.block_on(get_and_count(closure, by_closure));
}

#[tokio::test]
async fn c3_every_kind_of_handle_has_a_slot() {
    async fn silence(handle: &impl Handle) -> bool {
        Handle::clear_subscriber(handle).await.unwrap().is_some()
    }
    let (recorder, session) = watched();
    let mailbox = Mailbox::new();
    session.set_subscriber(mailbox.subscriber(), Mask::EVERYTHING).await.unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let any = session.handle(request.id()).unwrap();
    assert!(silence(&any).await);
    assert!(silence(&connection).await && silence(&session).await);
    drop((mailbox, any, request, connection));
    recorder.finish(session).await;
}
