//! Closing: who may close what and when, what a cascade does and in which order, and what the last words are (contract B.4 to
//! B.6).

use std::sync::mpsc;

use futures_util::FutureExt;
use hinternet::{
    AnyHandle, ErrorCode, Handle, HandleId, HandleKind, Method, Notification, NotificationMask, Payload, Request,
    Session, Status,
};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, Scene, read_all};
use integration_tests::scripted_peer::{Ending, Script};
use integration_tests::{blocking_subscriber, patiently};
use tokio::task::JoinHandle;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn silent() -> Script {
    Script::new().read_head().keep()
}

/// A `receive_response` that is in flight for sure: a second one was refused because of it.
async fn receiving(recorder: &Recorder, request: &Request) -> JoinHandle<hinternet::Result<()>> {
    let call = tokio::spawn({
        let request = request.clone();
        async move { request.receive_response().await.map(drop) }
    });
    tokio::task::yield_now().await;
    let refused = recorder.refusal(request.id(), request.read().await);
    assert!(refused.is_incorrect_state(), "{refused}");
    call
}

fn is_closing(one: &Notification) -> bool {
    matches!(one.status, Status::HandleClosing)
}

#[tokio::test]
async fn b4_close_is_idempotent_and_legal_from_any_clone_and_thread() {
    let scene = Scene::with(silent()).await;
    let request = scene.sent().await;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let request = request.clone();
            std::thread::spawn(move || drop((request.close(), request.close())))
        })
        .collect();
    request.close().await.unwrap();
    request.clone().close().await.unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    scene.recorder.wait_for_closing(request.id()).await;
    assert_eq!(scene.recorder.count_of(request.id(), "HandleClosing"), 1);
    scene.end().await;
}

#[tokio::test]
async fn b4_close_is_legal_in_a_handler() {
    for level in [HandleKind::Session, HandleKind::Connection, HandleKind::Request] {
        let scene = Scene::with(Script::answering(HELLO)).await;
        let session = scene.session.clone();
        let closer = hinternet::subscriber(move |one| {
            if matches!(one.status, Status::RequestSent(_)) {
                let at_level = [Some(session.id()), one.parent, Some(one.handle)][level as usize];
                let handle = at_level.and_then(|id| session.handle(id)).expect("all are open");
                drop(handle.close());
                drop(handle.close());
            }
        });
        let connection = scene.session.connect(&scene.peer.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.subscribe(closer, NotificationMask::ALL_NOTIFICATIONS).unwrap();
        let story = async {
            request.send(()).await?;
            request.receive_response().await?;
            read_all(&request).await
        };
        // The close races with the rest of the exchange; whoever wins, the call ends and the handle closes.
        let _either = patiently("the story to end", story).await;
        patiently("the handle to close", request.closed()).await;
        assert_eq!(
            (scene.session.is_open(), connection.is_open()),
            (level != HandleKind::Session, level == HandleKind::Request)
        );
        scene.end().await;
    }
}

#[tokio::test]
async fn b4_close_resolves_when_the_last_words_of_all_descendants_were_posted() {
    let scene = Scene::with(silent()).await;
    let mut posted = scene.session.notifications(NotificationMask::HANDLES).unwrap();
    let second = scene.session.connect(&scene.peer.origin()).unwrap();
    let mut handles = vec![scene.session.id(), second.id()];
    let mut calls = Vec::new();
    for _ in 0..3 {
        let request = second.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        calls.push(receiving(&scene.recorder, &request).await);
        handles.push(request.id());
    }
    scene.session.close().await.unwrap();
    let mut closed = Vec::new();
    while let Some(Some(one)) = posted.next().now_or_never() {
        closed.extend(is_closing(&one).then_some(one.handle));
    }
    closed.sort();
    handles.sort();
    assert_eq!(closed, handles, "all had been posted when `close` resolved");
    for call in calls {
        assert!(call.await.unwrap().unwrap_err().is_invalid_handle());
    }
    scene.end().await;
}

#[tokio::test]
async fn b4_closed_resolves_when_the_last_notification_was_handled() {
    let scene = Scene::with(silent()).await;
    let (release, released) = mpsc::channel();
    let (entered, mut inside) = tokio::sync::mpsc::unbounded_channel();
    let slow = blocking_subscriber(move |one: Notification| {
        if is_closing(&one) {
            entered.send(()).unwrap();
            let _released = released.recv();
        }
    });
    let request = scene.request(Method::GET);
    request.subscribe(slow, NotificationMask::HANDLES).unwrap();
    request.close().await.unwrap();
    patiently("the handler to be entered", inside.recv()).await.unwrap();
    let mut closed = Box::pin(request.closed());
    assert!(closed.as_mut().now_or_never().is_none(), "the handler has not returned");
    release.send(()).unwrap();
    patiently("closed", closed).await;
    scene.end().await;
}

#[tokio::test]
async fn b4_closed_resolves_when_a_subscriber_has_died() {
    let scene = Scene::with(silent()).await;
    let mut stream = Some(scene.session.notifications(NotificationMask::EVERYTHING).unwrap());
    let mortal = hinternet::start(Mortal);
    let request = scene.request(Method::GET);
    request.subscribe(mortal.clone(), NotificationMask::EVERYTHING).unwrap();
    mortal.send(Die).await.unwrap();
    // A stream that nobody reads any more is as dead.
    drop(stream.take());
    request.close().await.unwrap();
    patiently("closed", request.closed()).await;
    scene.end().await;
}

#[tokio::test]
async fn b4_drop_closes_with_the_last_clone_and_a_child_keeps_its_parents() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let Scene { recorder, session, connection, peer } = scene;
    let request = connection.open_request(Method::GET, "/").unwrap();
    let (session_id, connection_id) = (session.id(), connection.id());
    drop((session.clone(), request.clone()));
    drop((session, connection));
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello", "nothing above is closed");

    let request_id = request.id();
    drop(request);
    recorder.wait_for_closing(session_id).await;
    let order: Vec<_> = recorder.log().iter().filter(|one| is_closing(one)).map(|one| one.handle).collect();
    assert_eq!(order, [request_id, connection_id, session_id]);
    peer.wait_for_end(0).await;
    recorder.settle().await;
}

#[tokio::test]
async fn b4_dropping_the_response_closes_its_request_and_gives_up_the_rest() {
    let scene =
        Scene::with(Script::new().read_head().send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nh").keep()).await;
    let mut response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "h");
    let request = response.handle().id();
    drop(response);
    scene.recorder.wait_for_closing(request).await;
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
    assert!(scene.session.is_open());
    scene.end().await;
}

#[tokio::test]
async fn b5_the_cascade_fails_what_is_below_with_6_and_names_the_ancestor() {
    for close_session in [true, false] {
        let scene = Scene::with(silent()).await;
        let request = scene.sent().await;
        let call = receiving(&scene.recorder, &request).await;
        let closed = if close_session {
            scene.session.close().await.unwrap();
            AnyHandle::from(scene.session.clone())
        } else {
            scene.connection.close().await.unwrap();
            AnyHandle::from(scene.connection.clone())
        };
        let error = scene.recorder.failure(request.id(), call.await.unwrap());
        assert_eq!(error.code(), ErrorCode::InvalidHandle);
        let name = format!("{} {}", closed.kind(), closed.id());
        assert!(error.to_string().contains(&name), "{error} does not name {name}");
        let later = scene.recorder.refusal(request.id(), request.read().await);
        assert!(later.is_invalid_handle() && later.to_string().contains(&name), "{later}");
        scene.end().await;
    }
}

#[tokio::test]
async fn b5_the_closed_handles_own_operation_fails_with_12017_and_later_calls_with_6() {
    let scene = Scene::with(silent()).await;
    let request = scene.sent().await;
    let call = receiving(&scene.recorder, &request).await;
    request.close().await.unwrap();
    let error = scene.recorder.failure(request.id(), call.await.unwrap());
    assert_eq!(error.code(), ErrorCode::OperationCancelled);
    let later = scene.recorder.refusal(request.id(), request.read().await);
    assert!(later.is_invalid_handle(), "{later}");
    assert!(scene.connection.is_open() && scene.session.is_open());
    scene.end().await;
}

#[tokio::test]
async fn b5_closing_a_connection_leaves_its_sibling_alone() {
    let gate = integration_tests::Gate::new();
    let scene = Scene::with(Script::new().read_head().hold(&gate).send(HELLO).keep()).await;
    let sibling = scene.session.connect(&scene.peer.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    sibling.send(()).await.unwrap();
    let call = receiving(&scene.recorder, &sibling).await;
    let doomed = scene.sent().await;
    scene.connection.close().await.unwrap();
    assert!(scene.recorder.refusal(doomed.id(), doomed.receive_response().await).is_invalid_handle());
    gate.open();
    call.await.unwrap().unwrap();
    assert_eq!(read_all(&sibling).await.unwrap(), b"hello");
    scene.end().await;
}

#[tokio::test]
async fn b5_every_call_after_close_fails_with_6_and_tells_nothing() {
    let scene = Scene::with(silent()).await;
    let (session, connection, request) = (&scene.session, &scene.connection, scene.request(Method::POST));
    session.close().await.unwrap();
    patiently("the last words", session.closed()).await;
    let before = scene.recorder.log().len();

    let subscriber = || hinternet::subscriber(|_| ());
    let errors = [
        session.connect("http://h").err(),
        session.get("http://h/").err(),
        session.set_options(session.options()).err(),
        session.set_context(1).err(),
        session.subscribe(subscriber(), NotificationMask::EVERYTHING).err(),
        session.notifications(NotificationMask::EVERYTHING).err(),
        session.set_subscriber(subscriber(), NotificationMask::EVERYTHING).await.err(),
        session.clear_subscriber().await.err(),
        connection.open_request(Method::GET, "/").err(),
        connection.set_options(connection.options()).err(),
        request.add_header("a", "b").err(),
        request.set_options(request.options()).err(),
        request.head().err(),
        request.send(()).await.err(),
        request.send(Payload::begin("a", 2)).await.err(),
        request.write("a").await.err(),
        request.finish(hinternet::HeaderMap::new()).await.err(),
        request.receive_response().await.err(),
        request.query_data_available().await.err(),
        request.read().await.err(),
        request.read_at_most(1).await.err(),
        request.read_exact(1).await.err(),
    ];
    for (n, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("call {n} succeeded on a closed handle"));
        assert_eq!(error.code(), ErrorCode::InvalidHandle, "call {n}: {error}");
    }
    request.cancel();
    assert_eq!(scene.recorder.log().len(), before);
    scene.end().await;
}

#[tokio::test]
async fn b6_children_say_their_last_words_before_their_parents_and_everybody_once() {
    let scene = Scene::with(silent()).await;
    let mut parents: Vec<(HandleId, HandleId)> = vec![(scene.connection.id(), scene.session.id())];
    let mut kept = Vec::new();
    for _ in 0..3 {
        let connection = scene.session.connect(&scene.peer.origin()).unwrap();
        parents.push((connection.id(), scene.session.id()));
        for _ in 0..3 {
            let request = connection.open_request(Method::GET, "/").unwrap();
            request.send(()).await.unwrap();
            parents.push((request.id(), connection.id()));
            kept.push(request);
        }
    }
    scene.session.close().await.unwrap();
    patiently("the last words", scene.session.closed()).await;
    let order: Vec<_> = scene.recorder.log().iter().filter(|one| is_closing(one)).map(|one| one.handle).collect();
    assert_eq!(order.len(), parents.len() + 1, "everybody, once");
    let place = |handle| order.iter().position(|one| *one == handle).expect("it closed");
    assert!(parents.iter().all(|(child, parent)| place(*child) < place(*parent)), "{order:?} {parents:?}");
    scene.end().await;
}

#[tokio::test]
async fn b6_the_last_words_come_once_after_an_error_and_after_a_drop() {
    let scene = Scene::with(Script::answering_once("no answer at all")).await;
    let dead = scene.session.connect(&Nobody::new().origin()).unwrap();
    let refused = dead.open_request(Method::GET, "/").unwrap();
    scene.recorder.failure(refused.id(), refused.send(()).await);
    let broken = scene.sent().await;
    scene.recorder.failure(broken.id(), broken.receive_response().await);
    let idle = scene.request(Method::GET);
    let ids = [refused.id(), broken.id(), idle.id(), dead.id()];
    drop((refused, broken, idle, dead));
    for id in ids {
        scene.recorder.wait_for_closing(id).await;
    }
    assert!(ids.iter().all(|id| scene.recorder.count_of(*id, "HandleClosing") == 1));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_closing_at_once_from_everywhere_is_one_end() {
    let recorder = Recorder::start();
    for _ in 0..50 {
        let session = recorder.session(Session::builder());
        let connection = session.connect("http://127.0.0.1:1").unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        let ends = [
            tokio::spawn(request.close()),
            tokio::spawn(connection.close()),
            tokio::spawn(session.close()),
            tokio::spawn(async move {
                drop(request);
                Ok(())
            }),
            tokio::spawn(async move {
                drop(connection);
                Ok(())
            }),
            tokio::spawn(session.close()),
        ];
        for end in ends {
            patiently("an end", end).await.unwrap().unwrap();
        }
    }
    recorder.settle().await;
}

/// Stops when it is told.
struct Mortal;

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Die;

impl actix::Actor for Mortal {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Notification> for Mortal {
    type Result = ();
    fn handle(&mut self, _: Notification, _: &mut Self::Context) {}
}

impl actix::Handler<Die> for Mortal {
    type Result = ();
    fn handle(&mut self, _: Die, context: &mut Self::Context) {
        actix::ActorContext::stop(context);
    }
}
