//! Everything that can happen at the k-th notification, for every k: the story ends, the rules hold, nothing leaks (testing.md,
//! technique 3; P8).
//!
//! That no socket leaks is seen from the other side: every connection the peer ever had is closed by its client. That no place
//! in the pool leaks is seen by the request that follows, since the pool has one.

use hinternet::messages::SendRequest;
use hinternet::{AnyHandle, Error, ErrorCode, Handle, HandleId, HandleKind, Notification, Operation, Session};
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::ScriptedPeer;
use integration_tests::story::{audience, paved, story};
use integration_tests::{Trap, Whence, patiently};

/// The handle at or above the one that the notification is about.
fn at(level: HandleKind, session: &Session, one: &Notification) -> Option<AnyHandle> {
    let id: HandleId = match (level, one.kind) {
        (HandleKind::Session, _) => session.id(),
        (HandleKind::Connection, HandleKind::Request) => one.parent.filter(|parent| *parent != session.id())?,
        (level, kind) if level == kind => one.handle,
        _ => return None,
    };
    session.handle(id)
}

const LEVELS: [HandleKind; 3] = [HandleKind::Session, HandleKind::Connection, HandleKind::Request];
const ANYWHERE: [Whence; 2] = [Whence::Handler, Whence::Outside];

/// How many notifications the whole story has.
async fn length() -> usize {
    let scene = alone().await;
    story(&scene.session, &scene.peer).await.unwrap();
    scene.session.close().await.unwrap();
    patiently("the last words", scene.session.closed()).await;
    let length = scene.recorder.log().len();
    scene.end().await;
    length
}

/// A scene in which one wire is all there may be.
async fn alone() -> Scene {
    Scene::of(ScriptedPeer::always(audience()).await, Session::builder().wires_per_origin(1))
}

/// Tells the story again and again, and does the deed one notification later each time.
///
/// A subscriber lags behind what it is told of, so the deed comes at that notification or soon after; when the story has
/// ended by then it is left undone.
async fn at_every_notification(
    whence: Whence,
    deed: impl Fn(&Session, &Notification) + Clone + Send + Sync + Unpin + 'static,
    may_fail_with: impl Fn(&Error) -> bool,
) {
    let (length, mut deeds) = (length().await, 0);
    for k in 0..length {
        let scene = alone().await;
        let trap = Trap::at(k, &scene.session, whence, deed.clone());
        let told = patiently(&format!("the story to end, at {k}"), story(&scene.session, &scene.peer)).await;
        let sprung = trap.disarm().await;
        deeds += usize::from(sprung);
        if let Err(error) = told {
            assert!(sprung && may_fail_with(&error), "at {k}: {error}");
        }
        let what = format!("the pool's place to be free, at {k}");
        match patiently(&what, paved(&scene.session, &scene.peer)).await {
            Ok(()) => {}
            // The deed was the end of the session.
            Err(error) if sprung && error.operation() == Operation::OpenRequest && may_fail_with(&error) => {}
            Err(error) => panic!("at {k}: {error}"),
        }
        nothing_is_left(scene).await;
    }
    assert!(deeds > length / 2, "only {deeds} of {length} traps have sprung");
}

async fn nothing_is_left(scene: Scene) {
    scene.session.close().await.unwrap();
    for n in 0..scene.peer.connections() {
        scene.peer.wait_for_end(n).await;
    }
    scene.end().await;
}

fn by_close(error: &Error) -> bool {
    error.is_invalid_handle() || error.is_cancelled()
}

#[tokio::test]
async fn b4_b5_b6_closing_a_session_connection_or_request_at_every_notification() {
    for whence in ANYWHERE {
        for level in LEVELS {
            let close = move |session: &Session, one: &Notification| {
                if let Some(handle) = at(level, session, one) {
                    drop(handle.close());
                }
            };
            at_every_notification(whence, close, by_close).await;
        }
    }
}

#[tokio::test]
async fn b7_cancelling_a_session_connection_or_request_at_every_notification() {
    for whence in ANYWHERE {
        for level in LEVELS {
            let cancel = move |session: &Session, one: &Notification| {
                if let Some(handle) = at(level, session, one) {
                    handle.cancel();
                }
            };
            at_every_notification(whence, cancel, Error::is_cancelled).await;
        }
    }
}

#[tokio::test]
async fn b10_sending_from_the_handler_at_every_notification() {
    for whence in ANYWHERE {
        let send = |session: &Session, one: &Notification| {
            if let Some(AnyHandle::Request(request)) = at(HandleKind::Request, session, one) {
                request.addr().do_send(SendRequest::new(()));
            }
        };
        // It gives up a response that is being read; then the program's own calls come out of order.
        let surprised = |error: &Error| matches!(error.code(), ErrorCode::IncorrectHandleState);
        at_every_notification(whence, send, surprised).await;
    }
}

#[tokio::test]
async fn b8_shutting_down_at_every_notification() {
    for whence in ANYWHERE {
        let shut_down = |session: &Session, _: &Notification| {
            drop(session.shutdown(std::time::Duration::from_secs(600)));
        };
        let no_new_work = |error: &Error| error.code() == ErrorCode::Shutdown || error.is_invalid_handle();
        at_every_notification(whence, shut_down, no_new_work).await;
    }
}

#[tokio::test]
async fn b7_dropping_the_whole_story_at_every_notification() {
    for k in 0..length().await {
        let scene = alone().await;
        let trap = Trap::at(k, &scene.session, Whence::Outside, |_, _| ());
        tokio::select! {
            biased;
            () = trap.sprung() => {}
            told = story(&scene.session, &scene.peer) => told.unwrap(),
        }
        trap.disarm().await;
        patiently(&format!("the pool's place to be free, at {k}"), paved(&scene.session, &scene.peer)).await.unwrap();
        nothing_is_left(scene).await;
    }
}
