//! The story of every feature, cut off at the k-th notification and at the k-th poll, for every k, and told to subscribers that
//! panic and that do not come back: the story ends, the rules hold, and the only wire is there for the story that follows
//! (testing.md, technique 3; P8).
//!
//! `torture.rs` and `torture_websocket.rs` do the same to plain requests and to WebSockets, `torture_io` to each call to the network.

mod snare;
mod stories;

use hinternet::{
    AnyHandle, Error, Handle, HandleId, HandleKind, Notification, NotificationMask, Result, Session, SessionBuilder,
};
use integration_tests::recorder::Recorder;
use integration_tests::{blocking_subscriber, dropped_after, patiently};

use snare::Snare;
use stories::{Feature, Stage};

/// A session for one telling, and its recorder.
struct Telling<'a> {
    stage: &'a Stage,
    recorder: Recorder,
    session: Session,
}

impl<'a> Telling<'a> {
    /// Everything of the library is on threads of its own.
    fn beside(stage: &'a Stage) -> Self {
        Self::of(stage, Recorder::start(), stage.session())
    }

    /// Everything is on this one thread, where a turn of the runtime is a turn of the library.
    fn here(stage: &'a Stage) -> Self {
        Self::of(stage, Recorder::on_current_arbiter(), stage.session().on_current_arbiter())
    }

    fn of(stage: &'a Stage, recorder: Recorder, builder: SessionBuilder) -> Self {
        recorder.sending_and_receiving_overlap();
        let session = recorder.session(builder);
        Self { stage, recorder, session }
    }

    async fn tell(&self, k: usize) -> Result<()> {
        let what = format!("the story of {:?} to end, at {k}", self.stage.feature);
        patiently(&what, self.stage.tell(&self.session)).await
    }

    /// The story can be told again, if there is a session to tell it.
    async fn again(&self, k: usize) {
        match self.tell(k).await {
            Ok(()) => {}
            Err(error) if !self.session.is_open() && error.is_invalid_handle() => {}
            Err(error) => panic!("{:?} at {k}, told again: {error}", self.stage.feature),
        }
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// How many notifications the whole story has.
async fn length(stage: &Stage) -> usize {
    let telling = Telling::beside(stage);
    telling.tell(0).await.unwrap();
    telling.session.close().await.unwrap();
    patiently("the last words", telling.session.closed()).await;
    let length = telling.recorder.log().len();
    telling.end().await;
    length
}

/// What is done to a handle.
type Deed = fn(&AnyHandle);

/// From where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whence {
    /// In the subscriber's own handler.
    Handler,
    /// A turn later.
    Outside,
}

/// Tells the story again and again, and does the deed to its request, or to its session, one notification later each time.
async fn at_every_notification(stage: &Stage, level: HandleKind, whence: Whence, deed: Deed) {
    let (length, mut deeds) = (length(stage).await, 0);
    for k in 0..length {
        let telling = Telling::here(stage);
        let snare = Snare::at(k, &telling.session, move |session, one| match (at(level, session, one), whence) {
            (Some(handle), Whence::Handler) => deed(&handle),
            (Some(handle), Whence::Outside) => drop(tokio::task::spawn_local(async move { deed(&handle) })),
            (None, _) => {}
        });
        let told = telling.tell(k).await;
        let sprung = snare.disarm();
        deeds += usize::from(sprung);
        if let Err(error) = told {
            assert!(sprung && by_the_deed(&error), "{:?} at {k}: {error}", stage.feature);
        }
        telling.again(k).await;
        telling.end().await;
    }
    assert!(deeds > length * 3 / 4, "only {deeds} of {length} snares have sprung");
}

fn at(level: HandleKind, session: &Session, one: &Notification) -> Option<AnyHandle> {
    let id: HandleId = match (level, one.kind) {
        (HandleKind::Session, _) => session.id(),
        (HandleKind::Request, HandleKind::Request | HandleKind::WebSocket) => one.handle,
        _ => return None,
    };
    session.handle(id)
}

fn by_the_deed(error: &Error) -> bool {
    error.is_cancelled() || error.is_invalid_handle()
}

/// The story is given up when the k-th notification comes.
async fn dropped_at_every_notification(stage: &Stage) {
    for k in 0..length(stage).await {
        let telling = Telling::here(stage);
        let snare = Snare::at(k, &telling.session, |_, _| ());
        tokio::select! {
            biased;
            () = snare.sprung() => {}
            told = telling.tell(k) => told.unwrap(),
        }
        snare.disarm();
        telling.again(k).await;
        telling.end().await;
    }
}

/// The story is given up at its k-th poll: at ever fewer of the later ones, but with `HINTERNET_DEEP=1` at every one.
async fn dropped_at_every_poll(stage: &Stage) {
    let telling = Telling::here(stage);
    let is_deep = std::env::var_os("HINTERNET_DEEP").is_some();
    let mut polls = 0;
    while dropped_after(polls, stage.tell(&telling.session)).await.map(Result::unwrap).is_none() {
        let stride = if is_deep { 1 } else { 1 + polls / 32 };
        if polls % 16 == 0 {
            telling.again(polls).await;
        }
        polls += stride;
        assert!(polls < 20_000, "there is no end to the polls");
    }
    assert!(polls > 4, "{polls} polls");
    telling.again(polls).await;
    telling.end().await;
}

/// On one thread.
fn here(feature: Feature, test: impl AsyncFnOnce(&Stage)) {
    actix::System::new().block_on(async { test(&Stage::of(feature).await).await });
}

/// A subscriber panics at the k-th notification: nobody else notices.
async fn told_to_who_panics(stage: &Stage) {
    for k in 0..length(stage).await {
        let telling = Telling::beside(stage);
        let mut left = k;
        let panicking = hinternet::subscriber(move |_| {
            assert!(left > 0, "a fault of the subscriber's");
            left -= 1;
        });
        telling.session.subscribe(panicking, NotificationMask::EVERYTHING).unwrap();
        telling.tell(k).await.unwrap();
        telling.again(k).await;
        telling.end().await;
    }
}

/// A subscriber does not come back from the k-th notification before the story has ended.
async fn told_to_who_does_not_come_back(stage: &Stage) {
    for k in (0..length(stage).await).step_by(5) {
        let telling = Telling::beside(stage);
        let (over, waits) = std::sync::mpsc::channel::<()>();
        let mut left = k;
        let blocking = blocking_subscriber(move |_| {
            if left == 0 {
                // The story is over when there is nobody any more to say so.
                let _over = waits.recv();
            }
            left = left.saturating_sub(1);
        });
        telling.session.subscribe(blocking, NotificationMask::EVERYTHING).unwrap();
        telling.tell(k).await.unwrap();
        drop(over);
        telling.again(k).await;
        telling.end().await;
    }
}

macro_rules! torture {
    ($($feature:ident: $module:ident,)*) => {
        $(
            mod $module {
                use super::*;

                #[test]
                fn b7_cancelled_at_every_notification() {
                    here(Feature::$feature, async |stage| {
                        at_every_notification(stage, HandleKind::Request, Whence::Handler, |it| it.cancel()).await;
                        at_every_notification(stage, HandleKind::Session, Whence::Outside, |it| it.cancel()).await;
                    });
                }

                #[test]
                fn b4_b5_closed_at_every_notification() {
                    here(Feature::$feature, async |stage| {
                        at_every_notification(stage, HandleKind::Request, Whence::Outside, |it| drop(it.close())).await;
                        at_every_notification(stage, HandleKind::Session, Whence::Handler, |it| drop(it.close())).await;
                    });
                }

                #[test]
                fn b7_dropped_at_every_notification() {
                    here(Feature::$feature, dropped_at_every_notification);
                }

                #[test]
                fn b7_dropped_at_every_poll() {
                    here(Feature::$feature, dropped_at_every_poll);
                }

                #[tokio::test]
                async fn c8_told_to_subscribers_that_panic_or_do_not_come_back() {
                    let stage = Stage::of(Feature::$feature).await;
                    told_to_who_panics(&stage).await;
                    told_to_who_does_not_come_back(&stage).await;
                }
            }
        )*
    };
}

torture! {
    Redirects: redirects,
    Authentication: authentication,
    Http2: http2,
    Tunnels: tunnels,
    Codings: codings,
    Downloads: downloads,
    Events: events,
    Caching: caching,
    WebSocketsByStream: websockets_by_stream,
}
