//! The recorder: a subscriber that writes down every notification and checks it as it comes.
//!
//! It belongs into every test. What it checks are N1-N6, "nothing is lost", as the contract has them:
//!
//! | rule | is |
//! |---|---|
//! | N1 | `HandleCreated` first (a session may lack it) and before those of the handles below, `HandleClosing` last, each once; nothing afterwards |
//! | N2 | every operation that was begun has exactly one completion; a refused call has none |
//! | N3 | a completion belongs to an operation that can be open; informational statuses come only while one is |
//! | N4 | the order is that of the request's story (see `conversation.rs`); the body's end stays its end; a wire is given up before the handle closes |
//! | N5 | children close before their parents |
//! | N6 | closing twice tells nothing twice; a call after close tells nothing |
//! | B.1, B.5 | a handle keeps its place in the tree; after an operation ended with 6 only the end follows |
//! | C.2, C.7 | every -ing has its partner or an error; sequence numbers have no gap but for what `Missed` counts |
//!
//! Notifications alone cannot tell of an operation that began and ended in silence: a test hands the failures its
//! calls returned to [`Recorder::failure`] and [`Recorder::refusal`], which look for their notifications.

mod conversation;
mod event;
mod ledger;
mod self_healing;
#[cfg(test)]
mod tests;
mod trace;
mod websocket;
mod wire_health;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::{Actor, Context, Handler, Recipient};
use hinternet::{
    Engine, Error, Frame, HandleId, HandleKind, Notification, NotificationMask, Session, SessionBuilder, Status,
};
use tokio::sync::Notify;

use crate::catching_up::subscribers_catch_up;
use crate::patience::HANG;

pub use event::{Event, Happened, Step};
pub use ledger::{Ledger, Violation};
pub use trace::short;

/// Writes down and checks every notification of the sessions it is installed in.
///
/// A call may return before the recorder has handled what was posted on the way. Whoever looks at the trace is let look when
/// that is handled (but for a recorder on an arbiter or an engine that was named, which may share the test's thread: there a
/// test waits for a notification first).
///
/// A test ends with [`finish`](Self::finish) or [`settle`](Self::settle); a recorder that is dropped without fails the
/// test.
#[derive(Debug)]
pub struct Recorder {
    subscriber: Recipient<Notification>,
    mask: NotificationMask,
    shared: Arc<Shared>,
    /// Not on a thread that may be the test's own, which cannot wait for itself.
    is_apart: bool,
}

#[derive(Debug, Default)]
struct Shared {
    book: Mutex<Book>,
    grown: Notify,
}

#[derive(Debug, Default)]
struct Book {
    ledger: Ledger,
    log: Vec<Notification>,
    failures: Vec<Failure>,
    verified: bool,
    /// Nothing is written down.
    forgets: bool,
    heard: u64,
}

/// The subscriber of a recorder on the test's own thread.
struct Scribe(Arc<Shared>);

impl Actor for Scribe {
    type Context = Context<Self>;
}

impl Handler<Notification> for Scribe {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Context<Self>) {
        self.0.write_down(notification);
    }
}

/// What a call returned, to be found again among the notifications.
#[derive(Debug)]
struct Failure {
    handle: HandleId,
    error: Error,
    /// How often a notification of the same failure must be there.
    times: usize,
}

impl Recorder {
    /// Starts the subscriber.
    pub fn start() -> Self {
        Self::with(hinternet::subscriber, true)
    }

    /// Starts the subscriber on the thread of this engine, which may be the test's own.
    pub fn on(engine: &Engine) -> Self {
        Self::with(|handle| engine.subscriber(handle), false)
    }

    fn with(
        start: impl FnOnce(Box<dyn FnMut(Notification) + Send + Unpin>) -> Recipient<Notification>,
        is_apart: bool,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let book = Arc::clone(&shared);
        let subscriber = start(Box::new(move |notification| book.write_down(notification)));
        Self { subscriber, mask: MASK, shared, is_apart }
    }

    /// Starts the subscriber on the calling thread's arbiter, for a test that runs on one thread or whose clock is paused.
    ///
    /// # Panics
    /// On a thread that runs no arbiter.
    pub fn on_current_arbiter() -> Self {
        let shared = Arc::new(Shared::default());
        let subscriber = Scribe(Arc::clone(&shared)).start().recipient();
        Self { subscriber, mask: MASK, shared, is_apart: false }
    }

    /// A WebSocket's frames are recorded too.
    pub fn with_frames(mut self) -> Self {
        self.mask = NotificationMask::EVERYTHING;
        self
    }

    /// For a program that runs for long: all is checked as it comes, and nothing is kept but what is wrong and what is open.
    pub fn forgetting(self) -> Self {
        self.book().forgets = true;
        self.book().ledger.forget_what_closes();
        self
    }

    /// How many notifications it was given.
    pub fn heard(&self) -> u64 {
        self.book().heard
    }

    /// Opens the session with the recorder in its slot.
    ///
    /// # Panics
    /// When the session does not open.
    pub fn session(&self, builder: SessionBuilder) -> Session {
        let builder = builder.subscriber(self.subscriber.clone(), self.mask);
        builder.unhandled(UNHANDLED, UNHANDLED).open().expect("the session opens")
    }

    /// The recorder as a subscriber, for a session that the test opens itself.
    pub fn slot(&self) -> Recipient<Notification> {
        self.subscriber.clone()
    }

    /// Joins a session beside its slot, which a test then has for itself.
    ///
    /// # Panics
    /// When the session is closed.
    pub fn join(&self, session: &Session) {
        self.book().ledger.expect(session.id().value(), HandleKind::Session, None);
        session.subscribe(self.subscriber.clone(), self.mask).expect("the session is open");
    }

    /// On the requests of this test sending and receiving may overlap, as they can over HTTP/2 (B.10): a response may be received
    /// and read before the body is sent.
    pub fn sending_and_receiving_overlap(&self) {
        self.book().ledger.sending_and_receiving_overlap();
    }

    /// Closes the session, waits until all of its last words were handled, and checks what was recorded.
    ///
    /// # Panics
    /// When a rule was broken, with the list of breaches and the trace.
    pub async fn finish(self, session: Session) {
        self.guard("the session to close", async {
            session.close().await.expect("close is idempotent and never fails");
            session.closed().await;
        })
        .await;
        drop(session);
        self.settle().await;
    }

    /// For a test that has closed everything itself: waits until every handle has said its last words, and checks what
    /// was recorded.
    ///
    /// # Panics
    /// When a rule was broken, with the list of breaches and the trace.
    pub async fn settle(self) {
        self.until("every handle to close", |book| book.ledger.all_closed().then_some(())).await;
        let mut book = self.book();
        book.verified = true;
        let breaches = book.breaches();
        assert!(
            breaches.is_empty(),
            "rules broken:\n  {}\nthe trace:\n{}",
            breaches.join("\n  "),
            trace::all(&book.log)
        );
    }

    /// Takes the error a call on this handle returned. Its one `RequestError` must be among the notifications when the
    /// test ends, if not yet.
    ///
    /// # Panics
    /// When the call succeeded.
    pub fn failure<T>(&self, handle: HandleId, result: hinternet::Result<T>) -> Error {
        self.expect(handle, result, 1)
    }

    /// Takes the error a refused call on this handle returned: no notification may tell of it (N2, N6).
    ///
    /// # Panics
    /// When the call succeeded.
    pub fn refusal<T>(&self, handle: HandleId, result: hinternet::Result<T>) -> Error {
        self.expect(handle, result, 0)
    }

    /// Waits for the first notification, past ones included, of which this is true.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&Notification) -> bool) -> Notification {
        let mut seen = 0;
        self.until("a notification", |book| {
            let found = book.log[seen..].iter().find(|one| wanted(one)).cloned();
            seen = book.log.len();
            found
        })
        .await
    }

    /// Waits until the handle has been given a status of this name.
    pub async fn wait_for_status(&self, handle: HandleId, name: &str) -> Notification {
        self.wait_for(|one| one.handle == handle && one.name() == name).await
    }

    /// Waits until the handle has closed.
    pub async fn wait_for_closing(&self, handle: HandleId) {
        self.wait_for_status(handle, "HandleClosing").await;
    }

    /// All notifications so far, in the order of arrival.
    pub fn log(&self) -> Vec<Notification> {
        self.latest().log.clone()
    }

    /// The notifications of one handle.
    pub fn of(&self, handle: HandleId) -> Vec<Notification> {
        self.latest().log.iter().filter(|one| one.handle == handle).cloned().collect()
    }

    /// The frames that went over a WebSocket, and whether it was the server who sent them.
    pub fn frames(&self, websocket: HandleId) -> Vec<(bool, Frame)> {
        self.latest().log.iter().filter(|one| one.handle == websocket).filter_map(|one| frame(&one.status)).collect()
    }

    /// The names of one handle's statuses.
    pub fn names(&self, handle: HandleId) -> Vec<&'static str> {
        self.of(handle).iter().map(Notification::name).collect()
    }

    /// The names of one handle's statuses, without those that WinHTTP does not have.
    pub fn winhttp_names(&self, handle: HandleId) -> Vec<&'static str> {
        self.of(handle).iter().filter(|one| one.status.code().is_some()).map(Notification::name).collect()
    }

    /// One handle's statuses with their payload in short.
    pub fn trace_of(&self, handle: HandleId) -> Vec<String> {
        self.of(handle).iter().map(|one| short(&one.status)).collect()
    }

    /// How many notifications, of any handle, this is true of.
    pub fn count(&self, wanted: impl Fn(&Status) -> bool) -> usize {
        self.latest().log.iter().filter(|one| wanted(&one.status)).count()
    }

    /// How many statuses of this name the handle was given.
    pub fn count_of(&self, handle: HandleId, name: &str) -> usize {
        self.names(handle).iter().filter(|status| **status == name).count()
    }

    /// The handle of the n-th request (from 0) that was created, once it is: a paved request tells its handle nowhere
    /// else before its response.
    pub async fn request(&self, n: usize) -> HandleId {
        let created =
            |one: &&Notification| one.kind == HandleKind::Request && matches!(one.status, Status::HandleCreated(_));
        self.until("a request to be created", |book| book.log.iter().filter(created).nth(n).map(|one| one.handle)).await
    }

    /// The handle's statuses are these and no others.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn assert_sequence(&self, handle: HandleId, expected: &[&str]) {
        let got = self.names(handle);
        assert!(got == expected, "of {handle}\n expected {expected:?}\n      got {:#?}", self.trace_of(handle));
    }

    /// What is wrong so far. A test of the framework has no need of it: `finish` looks.
    pub fn violations(&self) -> Vec<Violation> {
        self.latest().ledger.violations().to_vec()
    }

    fn expect<T>(&self, handle: HandleId, result: hinternet::Result<T>, times: usize) -> Error {
        let error = result.err().expect("the call fails");
        self.book().failures.push(Failure { handle, error: error.clone(), times });
        error
    }

    /// Waits until the book gives an answer.
    async fn until<T>(&self, what: &str, mut look: impl FnMut(&Book) -> Option<T>) -> T {
        let wait = async {
            loop {
                let grown = self.shared.grown.notified();
                tokio::pin!(grown);
                // Registered before the look, or what comes in between would be missed.
                grown.as_mut().enable();
                if let Some(answer) = look(&self.book()) {
                    return answer;
                }
                grown.await;
            }
        };
        self.guard(what, wait).await
    }

    /// Turns a hang into a failure that shows what had happened. No test is decided by this time.
    async fn guard<T>(&self, what: &str, wait: impl Future<Output = T>) -> T {
        match tokio::time::timeout(HANG, wait).await {
            Ok(value) => value,
            Err(_) => {
                let mut book = self.book();
                book.verified = true;
                panic!("waited {HANG:?} for {what}; the trace:\n{}", trace::all(&book.log));
            }
        }
    }

    /// The book when all that was posted before this call stands in it.
    fn latest(&self) -> MutexGuard<'_, Book> {
        if self.is_apart {
            subscribers_catch_up();
        }
        self.book()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let forgotten = !self.book().verified && !std::thread::panicking();
        assert!(!forgotten, "the recorder was dropped without `finish` or `settle`: nothing was checked");
    }
}

impl Shared {
    fn write_down(&self, notification: Notification) {
        let mut book = self.book();
        book.ledger.handle(&Event::from(&notification));
        book.heard += 1;
        if !book.forgets {
            // A clone holds no credit.
            book.log.push(notification.clone());
        }
        drop(book);
        self.grown.notify_waiters();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn breaches(&self) -> Vec<String> {
        let rules = self.ledger.violations().iter().map(ToString::to_string);
        rules.chain(self.failures.iter().filter_map(|failure| failure.breach(&self.log))).collect()
    }
}

impl Failure {
    fn breach(&self, log: &[Notification]) -> Option<String> {
        let (operation, code) = (self.error.operation(), self.error.code());
        let told = log.iter().filter(|one| one.handle == self.handle).filter(|one| {
            matches!(&one.status, Status::RequestError { operation: of, error } if *of == operation && error.code() == code)
        });
        let told = told.count();
        let right = if self.times == 0 { told == 0 } else { told >= self.times };
        (!right).then(|| format!("N2       handle {}: {told} notifications tell of: {}", self.handle, self.error))
    }
}

fn frame(status: &Status) -> Option<(bool, Frame)> {
    match status {
        Status::FrameReceived(frame) => Some((true, *frame)),
        Status::FrameSent(frame) => Some((false, *frame)),
        _ => None,
    }
}

/// All but frames: a test that floods a WebSocket would fill this machine's memory with them.
const MASK: NotificationMask = NotificationMask::EVERYTHING.difference(NotificationMask::FRAMES);
/// More than any test leaves unhandled: the recorder is never the slow subscriber.
const UNHANDLED: usize = 1 << 24;
