//! A wire that speaks HTTP/2 (RFC 9113): one driver moves its octets, exchanges borrow streams of it.

mod driver;
mod due;
mod ending;
mod exchange;
mod heard;
mod opening;
mod readers;
mod receiving;
mod sending;
mod showing;
mod stream;
mod tunnel;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::uri::Authority;
use tokio::sync::Notify;

use crate::clock;
use crate::handle::Node;
use crate::id::WireId;
use crate::options::Http2Options;
use crate::protocol::http2::health::{Life, Outcome};
use crate::protocol::http2::keepalive::RoundTrip;
use crate::protocol::http2::window::Windows;
use crate::reason::{CloseReason, WireHealth};
use crate::transport::{ByProxy, Dialed};
use crate::wire::WireFacts;

use due::Due;
use heard::Heard;

pub(crate) use driver::{Change, Driver};
pub(super) use ending::StreamEnd;
pub(super) use exchange::Exchange;
pub(crate) use sending::SendingHalf;
pub(crate) use tunnel::Tunnel;

/// A hold of a wire that speaks HTTP/2, or a share in it for one stream.
pub(crate) struct Http2 {
    shared: Rc<Shared>,
    share: Cell<Share>,
    /// Who reads what comes on its stream, until that is opened.
    reader: Cell<Option<Arc<Node>>>,
}

/// What a hold is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// No stream.
    None,
    /// A stream that is to be opened yet.
    Unopened,
    /// One that was.
    Opened,
}

struct Shared {
    facts: Arc<WireFacts>,
    by: Option<Rc<ByProxy>>,
    /// What the last request was sent to.
    authority: RefCell<Option<Authority>>,
    /// Opens streams; `None` when no more are to be opened.
    sender: RefCell<Option<SendRequest<Bytes>>>,
    exchanges: Cell<u64>,
    /// It is to serve no other exchange than those that it carries.
    is_expired: Cell<bool>,
    /// What the server says may be open at a time.
    streams: Cell<usize>,
    /// Shares for streams that are to be opened yet.
    unopened: Cell<usize>,
    /// Somebody was told that there is no room.
    crowded: Cell<bool>,
    /// Readers that read no more take much of what it can carry.
    burdened: Cell<bool>,
    life: RefCell<Life>,
    /// Its health, as it was when it was told last.
    told: Cell<WireHealth>,
    wishes: Cell<Wishes>,
    driver: RefCell<Option<Waker>>,
    /// Until when heads are waited for.
    due: Due,
    /// Who waits for the server's first word.
    greeting: Notify,
    /// What its driver knows of the way to the server.
    round_trip: Cell<Option<RoundTrip>>,
    windows: Cell<Windows>,
    heard: Rc<Heard>,
}

/// What its users want of the driver.
#[derive(Debug, Clone, Copy, Default)]
struct Wishes {
    /// An exchange has begun: is the server still there?
    used: bool,
    /// An exchange has met silence.
    doubted: bool,
}

impl Http2 {
    /// Sends the preface. The server's settings are not waited for (RFC 9113 3.4).
    pub(super) async fn open(
        dialed: Dialed,
        options: &Http2Options,
        response_head: usize,
    ) -> io::Result<(Self, Driver)> {
        let facts = WireFacts::new(&dialed);
        let Dialed { stream, by, .. } = dialed;
        let heard = Rc::new(Heard::new(options));
        let handshake = builder(options, response_head).handshake(heard::Listening::new(stream, Rc::clone(&heard)));
        let (sender, connection) = handshake.await.map_err(|error| match error.into_io() {
            Some(error) => error,
            None => io::ErrorKind::Other.into(),
        })?;
        let shared = Rc::new(Shared {
            facts,
            by,
            authority: RefCell::default(),
            sender: RefCell::new(Some(sender)),
            exchanges: Cell::new(0),
            is_expired: Cell::new(false),
            streams: Cell::new(FIRST_STREAMS),
            unopened: Cell::new(0),
            crowded: Cell::new(false),
            burdened: Cell::new(false),
            life: RefCell::new(Life::new()),
            told: Cell::new(WireHealth::Fresh),
            wishes: Cell::default(),
            driver: RefCell::default(),
            due: Due::default(),
            greeting: Notify::new(),
            round_trip: Cell::new(None),
            windows: Cell::new(Windows { stream: options.stream_window, connection: options.connection_window }),
            heard,
        });
        let wire = Self { shared, share: Cell::new(Share::None), reader: Cell::default() };
        let driver = Driver::new(&wire, connection, options, clock::now());
        Ok((wire, driver))
    }

    pub(crate) fn id(&self) -> WireId {
        self.shared.facts.id
    }

    pub(super) fn facts(&self) -> &Arc<WireFacts> {
        &self.shared.facts
    }

    /// The proxy it goes through, if it does.
    pub(super) fn by(&self) -> Option<&Rc<ByProxy>> {
        self.shared.by.as_ref()
    }

    pub(super) fn expire(&self) {
        self.shared.is_expired.set(true);
    }

    pub(super) fn is_expired(&self) -> bool {
        self.shared.is_expired.get()
    }

    /// How many have begun on it.
    pub(crate) fn exchanges(&self) -> u64 {
        self.shared.exchanges.get()
    }

    /// How many more streams it can carry now; `None` if it takes no new ones. A response that has come, and is not read yet, is
    /// no stream any more.
    pub(crate) fn room(&self) -> Option<usize> {
        if !self.health().takes_requests() {
            return None;
        }
        let open = self.shared.heard.budget().open();
        let room = self.shared.streams.get().saturating_sub(open + self.shared.unopened.get());
        self.shared.crowded.set(room == 0);
        Some(room)
    }

    /// Has the server said how many streams it takes?
    pub(crate) fn has_greeted(&self) -> bool {
        self.shared.heard.budget().has_greeted()
    }

    /// Has the server said that a stream may carry a WebSocket (RFC 8441 section 3)?
    pub(crate) fn takes_websockets(&self) -> bool {
        self.shared.heard.budget().extends_connect()
    }

    /// It carries nothing, and keeps no room for more.
    pub(crate) fn rest(&self) {
        self.shared.heard.rest();
        self.shared.due.rest();
    }

    /// Waits for the server's first word: does it take WebSockets? Ready also where no stream is opened any more, whose opening says
    /// why. Dropped, it leaves nothing on the wire.
    pub(crate) async fn comes_to_take_websockets(&self) -> bool {
        while !self.has_greeted() && self.shared.sender.borrow().is_some() {
            // Nothing is missed in between: the driver is on this thread.
            self.shared.greeting.notified().await;
        }
        self.takes_websockets() || !self.has_greeted()
    }

    /// Whoever waits for the server's first word looks again.
    fn wake_who_waits_for_greeting(&self) {
        self.shared.greeting.notify_waiters();
    }

    fn heard_last(&self) -> Option<Instant> {
        self.shared.heard.last()
    }

    pub(crate) fn health(&self) -> WireHealth {
        self.shared.life.borrow().health()
    }

    /// A share for one stream, which is over when it is dropped. `None` if no new streams are taken.
    #[inline]
    pub(super) fn lend(&self) -> Option<Self> {
        if !self.health().takes_requests() {
            return None;
        }
        self.happens(Life::stream_opened);
        self.shared.unopened.set(self.shared.unopened.get() + 1);
        Some(Self { shared: Rc::clone(&self.shared), share: Cell::new(Share::Unopened), reader: Cell::default() })
    }

    /// No new share is lent, and when the last stream has ended the wire is closed for this reason.
    pub(crate) fn retire(&self, reason: CloseReason) {
        self.happens(|life| life.retired(reason));
        self.opens_no_more_than_lent();
        self.wake_driver();
    }

    /// Once nobody has a share for a stream that is to be opened yet, none is.
    fn opens_no_more_than_lent(&self) {
        if self.shared.unopened.get() == 0 {
            self.opens_no_more();
        }
    }

    /// Whoever has a share is sent elsewhere.
    fn opens_no_more(&self) {
        self.shared.sender.borrow_mut().take();
        self.wake_who_waits_for_greeting();
    }

    fn happens(&self, event: impl FnOnce(&mut Life) -> Outcome) {
        if let Err(illegal) = event(&mut self.shared.life.borrow_mut()) {
            tracing::error!(wire = self.id().value(), %illegal, "a wire has lost count of its streams");
        }
    }

    /// An exchange met silence: the server is asked for a sign of life.
    pub(crate) fn doubt(&self) {
        self.wish(|wishes| wishes.doubted = true);
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        let mut wishes = self.shared.wishes.get();
        change(&mut wishes);
        self.shared.wishes.set(wishes);
        self.wake_driver();
    }

    fn wake_driver(&self) {
        if let Some(waker) = self.shared.driver.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// The stream of this share is opened now, or never.
    pub(super) fn opens(&self) {
        if self.share.get() == Share::Unopened {
            self.share.set(Share::Opened);
            self.shared.unopened.set(self.shared.unopened.get() - 1);
            if self.health() == WireHealth::Retiring {
                self.opens_no_more_than_lent();
            }
        }
    }

    fn count_exchange(&self) {
        self.shared.exchanges.set(self.shared.exchanges.get() + 1);
        let mut wishes = self.shared.wishes.get();
        wishes.used = true;
        // The stream that is opened next wakes the driver.
        self.shared.wishes.set(wishes);
    }
}

impl Clone for Http2 {
    /// A hold, and no share for a stream.
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), share: Cell::new(Share::None), reader: Cell::default() }
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.opens();
        if self.share.get() == Share::Opened {
            self.happens(Life::stream_ended);
            if !self.health().takes_requests() || self.shared.crowded.get() {
                // It may have been the last one, or in somebody's way.
                self.wake_driver();
            }
        }
    }
}

fn builder(options: &Http2Options, response_head: usize) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(options.stream_window)
        .initial_connection_window_size(options.connection_window)
        .max_frame_size(options.max_frame_size)
        .max_header_list_size(
            u32::try_from(response_head.saturating_mul(2).saturating_add(HEAD_TO_SPARE)).unwrap_or(u32::MAX),
        )
        .initial_max_send_streams(FIRST_STREAMS)
        .max_concurrent_reset_streams(RESET_STREAMS)
        .reset_stream_duration(REMEMBERED)
        .max_local_error_reset_streams(Some(FAULTY_STREAMS))
        .max_send_buffer_size(SEND_BUFFER);
    builder
}

/// Streams that are opened before the server has said how many it takes (RFC 9113 5.1.2 recommends it not to take fewer).
const FIRST_STREAMS: usize = 100;
/// What `h2` lets through beyond the limit of a response's head, which is then refused by its name: `h2` would only say that the
/// protocol was broken.
const HEAD_TO_SPARE: usize = 16 * 1024;
/// Streams given up by this side whose late frames are still known for what they are.
const RESET_STREAMS: usize = 1_000;
/// And for how long: what was under way when they were given up may be much, and slow.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Streams of one wire, in all its life, that may break the rules before it is closed. What comes late on one that was given up
/// longer ago than is remembered counts too, and is no fault of anybody's.
const FAULTY_STREAMS: usize = 16 * 1024;
/// Octets of a stream's body that wait to be written.
const SEND_BUFFER: usize = 256 * 1024;
