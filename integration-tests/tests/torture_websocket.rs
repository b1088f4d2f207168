//! Everything that can happen at the k-th notification of a WebSocket's whole life, for every k, and every call dropped at every poll:
//! the story ends, the rules hold, nothing leaks (testing.md, technique 3; contract B.4 to B.8).
//!
//! That no socket leaks is seen from the other side: every connection the server ever had is ended by its client. That no place in
//! the pool leaks is seen by the WebSocket that follows, since the pool has one.

use hinternet::{
    AnyHandle, Error, ErrorCode, Handle, HandleId, HandleKind, MessageKind, MessagePart, Method, Notification,
    Operation, Result, Session, WebSocket,
};
use integration_tests::recorder::Recorder;
use integration_tests::websocket::WebSocketOrigin;
use integration_tests::{Trap, Whence, dropped_after, patiently, subscribers_catch_up};

/// A watched session in which one wire is all there may be, and an honest server.
struct Place {
    recorder: Recorder,
    session: Session,
    origin: WebSocketOrigin,
}

impl Place {
    async fn new() -> Self {
        let (recorder, origin) = (Recorder::start(), WebSocketOrigin::echo().await);
        let session = recorder.session(Session::builder().wires_per_origin(1));
        Self { recorder, session, origin }
    }

    /// An upgrade in two steps, messages of all kinds and a close; then the paved path and a shutdown. Between its parts the
    /// subscribers catch up: what one of them does at a notification comes before the next part begins.
    async fn story(&self) -> Result<()> {
        let request = self.session.connect(&self.origin.origin())?.open_request(Method::GET, "/")?;
        request.upgrade_to_websocket()?;
        request.send(()).await?;
        request.receive_response().await?;
        let websocket = request.complete_upgrade(7).await?;
        // It lives on.
        drop(request);
        subscribers_catch_up();
        echo(&websocket, "one").await?;
        websocket.send(MessagePart::new(MessageKind::TextFragment, "tw")).await?;
        websocket.send(MessagePart::new(MessageKind::Text, "o")).await?;
        let mut whole = Vec::new();
        loop {
            let part = websocket.receive_at_most(2).await?;
            whole.extend_from_slice(part.octets());
            if !part.kind().is_fragment() {
                break;
            }
        }
        assert_eq!(whole, b"two");
        subscribers_catch_up();
        echo(&websocket, vec![3; 100_000]).await?;
        websocket.close(1000, "bye").await?;
        drop(websocket);
        subscribers_catch_up();
        self.paved().await
    }

    async fn paved(&self) -> Result<()> {
        let websocket = self.session.websocket(&self.origin.url())?.connect().await?;
        websocket.send("last words").await?;
        websocket.shutdown(1000, "").await?;
        assert_eq!(websocket.receive().await?.as_text(), Some("last words"));
        assert!(websocket.receive().await?.is_close());
        Ok(())
    }

    async fn nothing_is_left(self) {
        self.session.close().await.unwrap();
        self.origin.wait_for_ends().await;
        self.recorder.finish(self.session).await;
    }
}

async fn echo(websocket: &WebSocket, part: impl Into<MessagePart>) -> Result<()> {
    let part = part.into();
    websocket.send(part.clone()).await?;
    assert!(websocket.receive().await? == part);
    Ok(())
}

/// The handle at or above the one that the notification is about.
fn at(level: HandleKind, session: &Session, one: &Notification) -> Option<AnyHandle> {
    let id: HandleId = match (level, one.kind) {
        (HandleKind::Session, _) => session.id(),
        (HandleKind::Connection, HandleKind::Request | HandleKind::WebSocket) => {
            one.parent.filter(|parent| *parent != session.id())?
        }
        (level, kind) if level == kind => one.handle,
        _ => return None,
    };
    session.handle(id)
}

const LEVELS: [HandleKind; 4] =
    [HandleKind::Session, HandleKind::Connection, HandleKind::Request, HandleKind::WebSocket];
const ANYWHERE: [Whence; 2] = [Whence::Handler, Whence::Outside];

/// How many notifications the whole story has.
async fn length() -> usize {
    let place = Place::new().await;
    place.story().await.unwrap();
    place.session.close().await.unwrap();
    patiently("the last words", place.session.closed()).await;
    let length = place.recorder.log().len();
    place.nothing_is_left().await;
    length
}

/// Tells the story again and again, and does the deed one notification later each time.
async fn at_every_notification(
    whence: Whence,
    deed: impl Fn(&Session, &Notification) + Clone + Send + Sync + Unpin + 'static,
    may_fail_with: impl Fn(&Error) -> bool,
) {
    let (length, mut deeds) = (length().await, 0);
    for k in 0..length {
        let place = Place::new().await;
        let trap = Trap::at(k, &place.session, whence, deed.clone());
        let told = patiently(&format!("the story to end, at {k}"), place.story()).await;
        let sprung = trap.disarm().await;
        deeds += usize::from(sprung);
        if let Err(error) = told {
            assert!(sprung && may_fail_with(&error), "at {k}: {error}");
        }
        match patiently(&format!("the pool's place to be free, at {k}"), place.paved()).await {
            Ok(()) => {}
            // The deed was the end of the session.
            Err(error) if sprung && error.operation() == Operation::OpenRequest && may_fail_with(&error) => {}
            Err(error) => panic!("at {k}: {error}"),
        }
        place.nothing_is_left().await;
    }
    assert!(deeds > length / 2, "only {deeds} of {length} traps have sprung");
}

fn by_close(error: &Error) -> bool {
    error.is_invalid_handle() || error.is_cancelled()
}

#[tokio::test]
async fn b4_b5_b6_closing_any_level_at_every_notification() {
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
async fn b7_cancelling_any_level_at_every_notification() {
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
        let place = Place::new().await;
        let trap = Trap::at(k, &place.session, Whence::Outside, |_, _| ());
        tokio::select! {
            biased;
            () = trap.sprung() => {}
            told = place.story() => told.unwrap(),
        }
        trap.disarm().await;
        patiently(&format!("the pool's place to be free, at {k}"), place.paved()).await.unwrap();
        place.nothing_is_left().await;
    }
}

#[test]
fn b7_dropping_the_whole_story_at_every_poll() {
    // On one thread, where a turn of the runtime is a turn of the library.
    actix::System::new().block_on(async {
        let (recorder, origin) = (Recorder::start(), WebSocketOrigin::echo().await);
        let session = recorder.session(Session::builder().on_current_arbiter().wires_per_origin(1));
        let place = Place { recorder, session, origin };
        let mut polls = 0;
        while dropped_after(polls, place.story()).await.map(|told| told.unwrap()).is_none() {
            if polls % 16 == 0 {
                patiently(&format!("the pool's place to be free, after {polls} polls"), place.paved()).await.unwrap();
            }
            polls += 1;
            assert!(polls < 10_000, "there is no end to the polls");
        }
        assert!(polls > 20, "{polls} polls");
        place.nothing_is_left().await;
    });
}
