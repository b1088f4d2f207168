//! The task that moves a wire's octets, and what it finds out on the way that others have to know.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};

use super::Http2;
use super::heard::Listening;
use super::readers::Readers;
use crate::clock::{self, Alarm};
use crate::options::Http2Options;
use crate::protocol::http2::health::Life;
use crate::protocol::http2::keepalive::{Action, KeepAlive};
use crate::protocol::http2::window::AdaptiveWindow;
use crate::reason::{CloseReason, WireHealth};

/// Moves the octets of one wire. Dropped, it ends it.
pub(crate) struct Driver {
    wire: Http2,
    connection: Connection<Listening, Bytes>,
    /// Taken for the first ping: from then on `h2` looks for one with every frame.
    pings: Option<PingPong>,
    keepalive: KeepAlive,
    window: AdaptiveWindow,
    /// Octets that it was told of.
    measured: u64,
    readers: Readers,
    /// The server was not told yet how large the windows of its streams have become.
    stream_window_is_due: bool,
    /// There while time alone may change something.
    alarm: Alarm,
    /// What it is set to, which may be early.
    deadline: Option<Instant>,
    /// Was it told that the server has said how many streams it takes?
    greeted: bool,
    /// Was it told that unread responses take much of it?
    burdened: bool,
    /// There is nothing left to be moved.
    over: bool,
}

/// What has changed about a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Another number of streams may be open.
    Streams,
    /// It takes new streams no more, or again; or it is over.
    Health(WireHealth),
}

impl Driver {
    pub(super) fn new(
        wire: &Http2,
        connection: Connection<Listening, Bytes>,
        options: &Http2Options,
        now: Instant,
    ) -> Self {
        let window = AdaptiveWindow::new(options);
        let keepalive = KeepAlive::new(options, now);
        let readers = Readers::new(options);
        Self {
            wire: wire.clone(),
            connection,
            pings: None,
            keepalive,
            window,
            measured: 0,
            readers,
            stream_window_is_due: false,
            alarm: Alarm::default(),
            deadline: None,
            greeted: false,
            burdened: false,
            over: false,
        }
    }

    /// Moves octets until something changes. Once it is closed it is not asked again.
    pub(crate) async fn next(&mut self) -> Change {
        poll_fn(|context| self.poll(context)).await
    }

    /// What it is a hold of.
    pub(crate) fn wire(&self) -> &Http2 {
        &self.wire
    }

    /// Says the last words (GOAWAY), which a peer that takes nothing may never hear.
    pub(crate) async fn leave(&mut self) {
        if !self.over && self.wire.health() != WireHealth::Closed(CloseReason::PingTimeout) {
            let connection = pin!(poll_fn(|context| Pin::new(&mut self.connection).poll(context)));
            let _heard_or_not = clock::within(Some(LAST_WORDS), connection).await;
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Change> {
        self.remember_waker(context);
        loop {
            if let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(context) {
                self.ended(ended);
                return Poll::Ready(self.changed().unwrap_or(Change::Health(self.wire.health())));
            }
            let now = clock::now();
            self.listen(now);
            self.wire.shared.due.wake(now);
            let ponged = self.hear_pong(context, now);
            let pinged = self.keep_alive(now);
            let opened = self.mind_readers(now);
            self.heed_farewell();
            // What is left to be done then is done when it is asked again.
            if let Some(change) = self.changed() {
                return Poll::Ready(change);
            }
            if !ponged && !pinged && !opened && self.poll_alarm(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.keepalive.next_deadline(), self.readers.next_look(), self.wire.shared.due.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Is it time to look? A deadline that moves away with all that is heard costs no new timer each time: the old one is early.
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next = self.next_deadline();
        self.deadline = match (next, self.deadline) {
            (Some(next), Some(early)) if early <= next => Some(early),
            (next, _) => next,
        };
        let woken = self.alarm.poll(self.deadline, context);
        if woken.is_ready() {
            self.deadline = None;
        }
        woken
    }

    fn remember_waker(&self, context: &Context<'_>) {
        let mut driver = self.wire.shared.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *driver = Some(context.waker().clone());
        }
    }

    /// Hands on what was heard and what is wished.
    fn listen(&mut self, now: Instant) {
        let octets = self.wire.shared.heard.take_octets();
        self.wire.shared.heard.wake_if_acknowledged();
        if octets > 0 {
            self.wire.shared.heard.note_ended();
            self.keepalive.heard(now);
            if self.wire.shared.heard.budget().has_greeted() {
                self.keepalive.greeted(now);
            }
            let octets = self.wire.shared.heard.budget().received().window_octets;
            self.window.received(octets - std::mem::replace(&mut self.measured, octets), now);
            if self.window.wants_ping() {
                self.keepalive.measure();
            }
        }
        let wishes = self.wire.shared.wishes.take();
        if wishes.used {
            self.keepalive.used(now);
        }
        if wishes.doubted {
            self.keepalive.doubted();
        }
        let open = self.wire.shared.life.borrow().streams();
        self.keepalive.streams(open, now);
    }

    /// Whether the connection has something new to do: it must be polled then.
    fn hear_pong(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let Some(pings) = self.pings.as_mut().filter(|_| self.keepalive.awaits_pong()) else { return false };
        if !matches!(pings.poll_pong(context), Poll::Ready(Ok(_))) {
            return false;
        }
        self.keepalive.pong(now);
        self.wire.shared.round_trip.set(self.keepalive.rtt());
        if self.window.pong(now).is_some() {
            self.set_windows();
        } else if self.stream_window_is_due {
            self.set_stream_window();
        }
        true
    }

    /// Whether the connection has something new to do: it must be polled then.
    fn mind_readers(&mut self, now: Instant) -> bool {
        let changed = self.readers.look(&self.wire, self.window.windows(), now);
        if changed {
            self.set_windows();
        }
        changed
    }

    fn set_windows(&mut self) {
        let windows = self.readers.windows(self.window.windows());
        self.connection.set_target_window_size(windows.connection);
        let changed = self.wire.shared.windows.replace(windows).stream != windows.stream;
        // A pong may be the one that a refused change waited for: no other comes for it.
        if changed || self.stream_window_is_due {
            self.set_stream_window();
        }
    }

    fn set_stream_window(&mut self) {
        // Refused while the last change of settings is not acknowledged; the next pong comes behind that.
        let stream = self.wire.shared.windows.get().stream;
        self.stream_window_is_due = self.connection.set_initial_window_size(stream).is_err();
        if self.stream_window_is_due {
            self.keepalive.measure();
        }
    }

    /// Whether the connection has something new to do: it must be polled then.
    fn keep_alive(&mut self, now: Instant) -> bool {
        let mut pinged = false;
        while let Some(action) = self.keepalive.poll(now) {
            match action {
                Action::Ping => {
                    if self.pings.is_none() {
                        // `h2` has not looked for one yet, and is made to by what this gives.
                        self.pings = self.connection.ping_pong();
                    }
                    if let Some(pings) = &mut self.pings {
                        // One is under way at a time, so that the only error is that the connection is over.
                        let _over = pings.send_ping(Ping::opaque());
                    }
                    self.window.pinged(now);
                    pinged = true;
                }
                Action::Suspect => self.wire.happens(Life::suspected),
                Action::Recovered => self.wire.happens(Life::recovered),
                Action::Close => self.close(CloseReason::PingTimeout),
            }
        }
        pinged
    }

    fn heed_farewell(&mut self) {
        let leaves = self.wire.shared.heard.budget().going_away().is_some();
        if leaves && self.wire.shared.sender.borrow().is_some() {
            self.wire.opens_no_more();
            self.wire.happens(Life::going_away);
        }
    }

    fn changed(&mut self) -> Option<Change> {
        let health = self.wire.health();
        let told = self.wire.shared.told.replace(health);
        // That streams come and go is told by those who have them.
        if health != told && !(health.takes_requests() && told.takes_requests()) {
            return Some(Change::Health(health));
        }
        let streams = self.connection.max_concurrent_send_streams();
        let news = self.wire.shared.streams.replace(streams) != streams || self.wire.has_greeted() != self.greeted;
        if news {
            self.wire.wake_who_waits_for_greeting();
        }
        self.greeted = self.wire.has_greeted();
        let news = std::mem::replace(&mut self.burdened, self.wire.is_burdened()) != self.burdened || news;
        let news = news || self.wire.shared.crowded.get() && self.wire.room() > Some(0);
        news.then_some(Change::Streams)
    }

    fn close(&self, reason: CloseReason) {
        self.wire.happens(|life| life.closed(reason));
        self.wire.opens_no_more();
    }

    /// It has failed in a way of its own, and is not to be asked again.
    pub(crate) fn condemn(&mut self) {
        self.over = true;
        self.close(CloseReason::TransportError);
    }

    fn ended(&mut self, ended: Result<(), h2::Error>) {
        self.over = true;
        let found = match ended {
            _ if self.wire.shared.heard.fault().is_some() => CloseReason::ProtocolError,
            Ok(()) if self.wire.shared.heard.budget().going_away().is_some() => CloseReason::GoingAway,
            Ok(()) => CloseReason::PeerClosed,
            Err(error) if error.is_go_away() && error.is_remote() => CloseReason::GoingAway,
            Err(error) if error.is_io() => CloseReason::TransportError,
            Err(_) => CloseReason::ProtocolError,
        };
        self.close(found);
    }
}

/// How long the last words to a server may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
