//! The ends: by `close`, by the handle's, by the session's, by a crash (contract B.4 to B.9).

use hinternet::{
    ErrorCode, Handle, HandleKind, HealingState, Notification, Overflow, SelfHealing, SelfHealingBuilder, Session,
};
use integration_tests::memory_peer::MemoryPeer;
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{WebSocketOrigin, close};

use crate::scene::{SECOND, Scene, at, next, options, switching, with};

fn receiving(feed: &SelfHealing) -> tokio::task::JoinHandle<hinternet::Result<hinternet::HealingEvent>> {
    let feed = feed.clone();
    actix::spawn(async move { feed.receive().await })
}

#[test]
fn close_lets_out_what_waits_and_then_shakes_hands() {
    // The three messages first: by chance an octet of theirs, masked, is that of a close.
    let peer = switching().read_exactly(3 * 7).read_until(&b"\x88"[..]).send(close(1000, "bye")).keep();
    with([peer], async |scene| {
        let feed = scene.feed(options());
        for message in ["a", "b", "c"] {
            feed.send(message).await.unwrap();
        }
        assert_eq!(next(&feed).await, "connected");
        assert_eq!(feed.close(1000, "done").await.unwrap(), 0);
        assert_eq!(scene.texts(0), ["a", "b", "c"]);
        assert_eq!((next(&feed).await.as_str(), feed.state()), ("closed", HealingState::Over));
        // Again it is the same, and the handle is open.
        assert_eq!(feed.close(1001, "").await.unwrap(), 0);
        assert!(feed.is_open() && feed.send("late").await.unwrap_err().code() == ErrorCode::InvalidOperation);
        assert_eq!(feed.close(999, "").await.unwrap_err().code(), ErrorCode::InvalidParameter);
        scene.end(feed).await;
    });
}

#[test]
fn close_while_it_pauses_ends_it_at_once_and_says_what_is_left() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let feed = scene.feed(options());
        feed.send("a").await.unwrap();
        feed.send("b").await.unwrap();
        scene.recorder.wait_for_status(feed.id(), "Healing").await;
        let waiting = receiving(&feed);
        let flushing = feed.clone();
        let flushing = actix::spawn(async move { flushing.flush().await });
        let began = tokio::time::Instant::now();
        assert_eq!(feed.close(1000, "").await.unwrap(), 2);
        assert_eq!(began.elapsed().as_millis(), 0);
        assert!(matches!(waiting.await.unwrap().unwrap(), hinternet::HealingEvent::Closed));
        assert_eq!(flushing.await.unwrap().unwrap_err().code(), ErrorCode::InvalidOperation);
        assert_eq!((feed.figures().queued, feed.figures().dropped), (0, 2));
        scene.end(feed).await;
    });
}

#[test]
fn close_while_it_connects_or_its_hook_runs_ends_it_at_once() {
    with([Script::new().keep()], async |scene| {
        let feed = scene.feed(options());
        tokio::time::sleep(SECOND).await;
        assert_eq!((feed.state(), feed.close(1000, "").await.unwrap()), (HealingState::Connecting, 0));
        scene.end(feed).await;
    });
    with([switching()], async |scene| {
        let hook = |_| std::future::pending::<hinternet::Result<()>>();
        let feed = scene.making(options()).resume(hook).open().unwrap();
        tokio::time::sleep(SECOND).await;
        assert_eq!((feed.close(1000, "").await.unwrap(), next(&feed).await.as_str()), (0, "closed"));
        scene.end(feed).await;
    });
}

#[test]
fn a_send_that_waits_for_room_ends_with_the_close() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let mut options = options();
        (options.queue_messages, options.overflow) = (1, Overflow::Wait);
        let feed = scene.feed(options);
        feed.send("a").await.unwrap();
        let waiting = feed.clone();
        let waiting = actix::spawn(async move { waiting.send("b").await });
        tokio::time::sleep(SECOND / 10).await;
        assert_eq!(feed.close(1000, "").await.unwrap(), 1);
        assert_eq!(waiting.await.unwrap().unwrap_err().code(), ErrorCode::InvalidOperation);
        scene.end(feed).await;
    });
}

/// In each of its states, the session closes.
fn b5_session_closes(
    peer: MemoryPeer,
    change: impl FnOnce(SelfHealingBuilder) -> SelfHealingBuilder,
    reaches: impl AsyncFnOnce(&Scene, &SelfHealing),
) {
    at(peer, async |scene| {
        let mut options = options();
        (options.queue_messages, options.overflow) = (1, Overflow::Wait);
        let feed = change(scene.making(options)).open().unwrap();
        feed.send("a").await.unwrap();
        reaches(&scene, &feed).await;
        let (waiting, sending) = (receiving(&feed), feed.clone());
        let sending = actix::spawn(async move { sending.send("larger than there is room").await });
        tokio::task::yield_now().await;
        scene.session.close().await.unwrap();
        let error = waiting.await.unwrap().unwrap_err();
        assert!(error.is_invalid_handle() && error.to_string().contains("session"), "{error}");
        if let Err(error) = sending.await.unwrap() {
            assert!(error.is_invalid_handle(), "{error}");
        }
        assert!(feed.receive().await.unwrap_err().is_invalid_handle());
        assert!(feed.close(1000, "").await.unwrap_err().is_invalid_handle());
        let log = scene.recorder.log();
        assert_eq!((log.last().unwrap().name(), log.last().unwrap().handle), ("HandleClosing", scene.session.id()));
        assert_eq!(scene.recorder.names(feed.id()).last(), Some(&"HandleClosing"));
        scene.end(feed).await;
    });
}

#[test]
fn b5_closing_the_session_ends_it_wherever_it_stands_with_6_and_its_last_word_behind_those_below() {
    let as_it_is = |making| making;
    b5_session_closes(MemoryPeer::that_refuses(), as_it_is, async |scene, feed| {
        scene.recorder.wait_for_status(feed.id(), "Healing").await;
        assert_eq!(feed.state(), HealingState::Pausing);
    });
    b5_session_closes(MemoryPeer::playing(Script::new().keep()), as_it_is, async |_, feed| {
        tokio::time::sleep(SECOND).await;
        assert_eq!(feed.state(), HealingState::Connecting);
    });
    let hangs = |making: SelfHealingBuilder| making.resume(|_| std::future::pending::<hinternet::Result<()>>());
    b5_session_closes(MemoryPeer::playing(switching()), hangs, async |scene, feed| {
        tokio::time::sleep(SECOND).await;
        assert_eq!((feed.state(), websockets(scene)), (HealingState::Connecting, 1));
    });
    b5_session_closes(MemoryPeer::playing(switching()), as_it_is, async |_, feed| {
        assert_eq!(next(feed).await, "connected");
    });
}

fn websockets(scene: &Scene) -> usize {
    let is_new = |one: &&Notification| one.kind == HandleKind::WebSocket && one.name() == "HandleCreated";
    scene.recorder.log().iter().filter(is_new).count()
}

#[test]
fn b5_closing_the_session_ends_it_while_it_closes() {
    // The server does not answer the close.
    with([switching()], async |scene| {
        let feed = scene.feed(options());
        assert_eq!(next(&feed).await, "connected");
        let (waiting, closing) = (receiving(&feed), feed.clone());
        let closing = actix::spawn(async move { closing.close(1000, "").await });
        tokio::time::sleep(SECOND).await;
        assert_eq!(feed.state(), HealingState::Live);
        scene.session.close().await.unwrap();
        assert!(waiting.await.unwrap().unwrap_err().is_invalid_handle());
        assert!(closing.await.unwrap().unwrap_err().is_invalid_handle());
        assert_eq!(scene.recorder.names(feed.id()), ["HandleCreated", "Healed", "HandleClosing"]);
        scene.end(feed).await;
    });
}

#[test]
fn b5_what_waits_is_dropped_and_counted_when_the_handle_is_closed() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let feed = scene.feed(options());
        feed.send("a").await.unwrap();
        feed.send("b").await.unwrap();
        Handle::close(&feed).await.unwrap();
        let figures = feed.figures();
        assert_eq!((figures.queued, figures.queued_octets, figures.dropped), (0, 0, 2));
        scene.end(feed).await;
    });
}

/// Its WebSocket hears of the close first, on the thread of both.
#[tokio::test]
async fn b5_an_end_that_is_a_close_from_another_thread_is_not_told_as_one_to_heal() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    for _ in 0..200 {
        let session = Session::open().unwrap();
        recorder.join(&session);
        let feed = session.websocket(&origin.url()).unwrap().self_healing(options()).open().unwrap();
        assert_eq!(next(&feed).await, "connected");
        session.close().await.unwrap();
        session.closed().await;
        let told = recorder.names(feed.id());
        assert_eq!(told, ["HandleCreated", "Healed", "HandleClosing"]);
    }
    recorder.settle().await;
}

#[test]
fn b4_dropping_the_last_clone_ends_it_wherever_it_stands() {
    for script in [switching(), Script::new().keep(), switching().close()] {
        for patience in [0, 1, 10, 1_000] {
            with([script.clone()], async |scene| {
                let feed = scene.feed(options());
                feed.send("a").await.unwrap();
                tokio::time::sleep(SECOND * patience / 1_000).await;
                let (id, closed) = (feed.id(), feed.closed());
                drop(feed);
                closed.await;
                assert_eq!(scene.recorder.names(id).last(), Some(&"HandleClosing"));
                scene.recorder.finish(scene.session).await;
            });
        }
    }
}

#[test]
fn b5_closing_the_handle_fails_what_waits_with_12017_and_what_follows_with_6() {
    with([switching()], async |scene| {
        let feed = scene.feed(options());
        assert_eq!(next(&feed).await, "connected");
        let waiting = receiving(&feed);
        tokio::task::yield_now().await;
        Handle::close(&feed).await.unwrap();
        assert!(waiting.await.unwrap().unwrap_err().is_cancelled());
        assert!(feed.send("late").await.unwrap_err().is_invalid_handle());
        scene.end(feed).await;
    });
}

#[test]
fn b8_a_session_that_shuts_down_has_no_attempt_follow() {
    with([switching().read_until(&b"\x81"[..]).send(close(1001, "")).keep(), switching()], async |scene| {
        let feed = scene.feed(options());
        assert_eq!(next(&feed).await, "connected");
        let began = tokio::time::Instant::now();
        let report = actix::spawn(scene.session.shutdown(100 * SECOND));
        feed.send("a").await.unwrap();
        // When its WebSocket has ended the session has nothing left to wait for.
        while feed.receive().await.is_ok() {}
        assert!(began.elapsed() < SECOND && scene.peer.connections().len() == 1);
        report.await.unwrap();
        scene.end(feed).await;
    });
}

#[tokio::test]
async fn b9_a_hook_that_panics_ends_that_handle_with_12004_and_no_other() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let making = || session.websocket(&origin.url()).unwrap().self_healing(options());
    let sibling = making().open().unwrap();
    let hook = |_| async { if true { panic!("a fault of the caller's") } else { Ok::<_, hinternet::Error>(()) } };
    let feed = making().resume(hook).open().unwrap();
    let error = patiently("the end", feed.receive()).await.unwrap_err();
    assert!(matches!(error.code(), ErrorCode::InternalError | ErrorCode::InvalidHandle), "{error}");
    recorder.wait_for_closing(feed.id()).await;
    sibling.send("hello").await.unwrap();
    assert_eq!([next(&sibling).await, next(&sibling).await], ["connected", "hello"]);
    drop((feed, sibling));
    recorder.finish(session).await;
}

#[tokio::test]
async fn it_works_from_any_runtime_and_over_real_sockets() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let feed = session.websocket(&origin.url()).unwrap().protocol("chat").self_healing(options()).open().unwrap();
    assert_eq!(next(&feed).await, "connected");
    assert_eq!(feed.protocol().as_deref(), Some("chat"));
    for n in 0..100 {
        feed.send(n.to_string()).await.unwrap();
        assert_eq!(next(&feed).await, n.to_string());
    }
    assert_eq!(feed.close(1000, "").await.unwrap(), 0);
    drop(feed);
    recorder.finish(session).await;
}
