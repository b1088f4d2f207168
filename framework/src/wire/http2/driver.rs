//! The task that moves a wire's octets, and what it finds out on the way that others have to know.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};

use super::Http2;
use super::heard::Listening;
use crate::clock;
use crate::options::Http2Options;
use crate::protocol::http2::keepalive::{Action, KeepAlive};
use crate::protocol::http2::window::AdaptiveWindow;
use crate::reason::CloseReason;

/// Moves the octets of one wire. Dropped, it ends it.
pub(crate) struct Driver {
    wire: Http2,
    connection: Connection<Listening, Bytes>,
    pings: Option<PingPong>,
    keepalive: KeepAlive,
    window: AdaptiveWindow,
    /// When time alone changes something, as it was when the wait began.
    deadline: Option<Instant>,
    /// When the last words have to be said.
    leave_by: Option<Instant>,
}

/// What has changed about a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Another number of streams may be open.
    Streams,
    /// The server answers no more: no new streams.
    Suspect,
    /// It was heard again.
    Recovered,
    /// The server takes no new streams; those that are open go on.
    GoingAway,
    /// It is over.
    Ended(CloseReason),
}

impl Driver {
    pub(super) fn new(
        wire: &Http2,
        mut connection: Connection<Listening, Bytes>,
        options: &Http2Options,
        now: Instant,
    ) -> Self {
        let pings = connection.ping_pong();
        let window = AdaptiveWindow::new(options);
        let keepalive = KeepAlive::new(options, now);
        Self { wire: wire.clone(), connection, pings, keepalive, window, deadline: None, leave_by: None }
    }

    /// Moves octets until something changes. After `Ended` it is not asked again.
    pub(crate) async fn next(&mut self) -> Change {
        loop {
            self.deadline = self.next_deadline();
            let deadline = self.deadline;
            if let Ok(Some(change)) = clock::until(deadline, pin!(poll_fn(|context| self.poll(context)))).await {
                return change;
            }
        }
    }

    /// `None` if there is another deadline than the one that is waited for.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Change>> {
        self.remember_waker(context);
        loop {
            if let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(context) {
                return Poll::Ready(Some(self.ended(ended)));
            }
            let now = clock::now();
            self.listen(now);
            let ponged = self.hear_pong(context, now);
            let (change, pinged) = self.keep_alive(now);
            // What is left to be done then is done when it is asked again.
            if let Some(change) = change.or_else(|| self.changed()).or_else(|| self.left(now)) {
                return Poll::Ready(Some(change));
            }
            if !ponged && !pinged {
                return if self.next_deadline() == self.deadline { Poll::Pending } else { Poll::Ready(None) };
            }
        }
    }

    fn remember_waker(&self, context: &Context<'_>) {
        let mut driver = self.wire.0.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *driver = Some(context.waker().clone());
        }
    }

    /// Hands on what was heard and what is wished.
    fn listen(&mut self, now: Instant) {
        let octets = self.wire.0.heard.take_octets();
        if octets > 0 {
            self.keepalive.heard(now);
            if self.wire.0.heard.budget().has_greeted() {
                self.keepalive.greeted(now);
            }
            self.window.received(octets, now);
            if self.window.wants_ping() {
                self.keepalive.measure();
            }
        }
        let wishes = self.wire.0.wishes.take();
        if wishes.used {
            self.keepalive.used(now);
        }
        if wishes.doubted {
            self.keepalive.doubted();
        }
        // One hold is the pool's, one the driver's.
        self.keepalive.streams(Rc::strong_count(&self.wire.0).saturating_sub(HOLDERS), now);
    }

    /// Whether the connection has something new to do: it must be polled then.
    fn hear_pong(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let Some(pings) = &mut self.pings else { return false };
        if !matches!(pings.poll_pong(context), Poll::Ready(Ok(_))) {
            return false;
        }
        self.keepalive.pong(now);
        if let Some(windows) = self.window.pong(now) {
            self.connection.set_target_window_size(windows.connection);
            // Refused while the last change is not acknowledged: the next measurement brings it.
            let _unacknowledged = self.connection.set_initial_window_size(windows.stream);
        }
        true
    }

    /// What has changed, and whether the connection has something new to do.
    fn keep_alive(&mut self, now: Instant) -> (Option<Change>, bool) {
        let mut pinged = false;
        while let Some(action) = self.keepalive.poll(now) {
            match action {
                Action::Ping => {
                    if let Some(pings) = &mut self.pings {
                        // One is under way at a time, so that the only error is that the connection is over.
                        let _over = pings.send_ping(Ping::opaque());
                    }
                    self.window.pinged(now);
                    pinged = true;
                }
                Action::Suspect => {
                    self.wire.0.open.set(false);
                    return (Some(Change::Suspect), pinged);
                }
                Action::Recovered => {
                    let open = self.wire.0.sender.borrow().is_some();
                    self.wire.0.open.set(open);
                    return (Some(Change::Recovered), pinged);
                }
                Action::Close => {
                    self.wire.retire(CloseReason::PingTimeout);
                    return (Some(Change::Ended(CloseReason::PingTimeout)), pinged);
                }
            }
        }
        (None, pinged)
    }

    fn changed(&mut self) -> Option<Change> {
        if self.wire.0.heard.budget().going_away().is_some() && self.wire.0.sender.borrow().is_some() {
            self.wire.retire(CloseReason::GoingAway);
            return Some(Change::GoingAway);
        }
        let streams = self.connection.max_concurrent_send_streams();
        (self.wire.0.streams.replace(streams) != streams).then_some(Change::Streams)
    }

    /// Nobody holds it any more, and its last words were not taken in time.
    fn left(&mut self, now: Instant) -> Option<Change> {
        let reason = self.wire.0.closed.get()?;
        if Rc::strong_count(&self.wire.0) > 1 {
            return None;
        }
        let by = *self.leave_by.get_or_insert(now + LAST_WORDS);
        (by <= now).then_some(Change::Ended(reason))
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.keepalive.next_deadline().into_iter().chain(self.leave_by).min()
    }

    fn ended(&mut self, ended: Result<(), h2::Error>) -> Change {
        let shared = &self.wire.0;
        let found = match ended {
            _ if shared.heard.fault().is_some() => CloseReason::ProtocolError,
            Ok(()) => CloseReason::PeerClosed,
            Err(error) if error.is_go_away() && error.is_remote() => CloseReason::GoingAway,
            Err(error) if error.is_io() => CloseReason::TransportError,
            Err(_) => CloseReason::ProtocolError,
        };
        self.wire.retire(found);
        Change::Ended(self.wire.0.closed.get().unwrap_or(found))
    }
}

/// The holds of a wire that no exchange has.
const HOLDERS: usize = 2;
/// How long the last words to a server may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
