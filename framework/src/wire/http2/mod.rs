//! A wire that speaks HTTP/2 (RFC 9113): one driver moves its octets, exchanges borrow streams of it.

mod driver;
mod ending;
mod exchange;
mod heard;
mod receiving;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};

use crate::clock;
use crate::id::WireId;
use crate::network::SecurityInfo;
use crate::options::Http2Options;
use crate::reason::CloseReason;
use crate::transport::{DialTimes, Dialed};

use heard::Heard;

pub(crate) use driver::{Change, Driver};
pub(super) use ending::StreamEnd;
pub(super) use exchange::Exchange;

/// A hold of a wire that speaks HTTP/2. The wire ends when nobody holds it any more, or its driver is gone.
#[derive(Clone)]
pub(crate) struct Http2(Rc<Shared>);

struct Shared {
    id: WireId,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    times: DialTimes,
    security: Option<Arc<SecurityInfo>>,
    /// Opens streams; `None` when no more are to be opened.
    sender: RefCell<Option<SendRequest<Bytes>>>,
    exchanges: Cell<u64>,
    /// What the server says may be open at a time.
    streams: Cell<usize>,
    /// Does it take new streams?
    open: Cell<bool>,
    /// Why it was closed by this side.
    closed: Cell<Option<CloseReason>>,
    wishes: Cell<Wishes>,
    driver: RefCell<Option<Waker>>,
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
        let Dialed { stream, times, security } = dialed;
        let (remote, local) = (stream.remote(), stream.local());
        let heard = Rc::new(Heard::new(options));
        let handshake = builder(options, response_head).handshake(heard::Listening::new(stream, Rc::clone(&heard)));
        let (sender, connection) = handshake.await.map_err(|error| match error.into_io() {
            Some(error) => error,
            None => io::ErrorKind::Other.into(),
        })?;
        let wire = Self(Rc::new(Shared {
            id: WireId::next(),
            remote,
            local,
            times,
            security,
            sender: RefCell::new(Some(sender)),
            exchanges: Cell::new(0),
            streams: Cell::new(FIRST_STREAMS),
            open: Cell::new(true),
            closed: Cell::new(None),
            wishes: Cell::default(),
            driver: RefCell::default(),
            heard,
        }));
        let driver = Driver::new(&wire, connection, options, clock::now());
        Ok((wire, driver))
    }

    pub(crate) fn id(&self) -> WireId {
        self.0.id
    }

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        self.0.remote
    }

    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.0.local
    }

    pub(super) fn times(&self) -> DialTimes {
        self.0.times
    }

    pub(super) fn security(&self) -> Option<&Arc<SecurityInfo>> {
        self.0.security.as_ref()
    }

    pub(super) fn exchanges(&self) -> u64 {
        self.0.exchanges.get()
    }

    /// How many streams may be open on it at a time; `None` if it takes no new ones.
    pub(crate) fn streams(&self) -> Option<usize> {
        self.0.open.get().then(|| self.0.streams.get())
    }

    /// No new stream is opened, and when the last one has ended the wire is closed for this reason.
    pub(crate) fn retire(&self, reason: CloseReason) {
        self.0.open.set(false);
        self.0.closed.set(self.0.closed.get().or(Some(reason)));
        self.0.sender.borrow_mut().take();
        self.wake_driver();
    }

    /// An exchange met silence: the server is asked for a sign of life.
    pub(crate) fn doubt(&self) {
        self.wish(|wishes| wishes.doubted = true);
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        let mut wishes = self.0.wishes.get();
        change(&mut wishes);
        self.0.wishes.set(wishes);
        self.wake_driver();
    }

    fn wake_driver(&self) {
        if let Some(waker) = self.0.driver.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    fn count_exchange(&self) {
        self.0.exchanges.set(self.0.exchanges.get() + 1);
        let mut wishes = self.0.wishes.get();
        wishes.used = true;
        // The stream that is opened next wakes the driver.
        self.0.wishes.set(wishes);
    }
}

fn builder(options: &Http2Options, response_head: usize) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(options.stream_window)
        .initial_connection_window_size(options.connection_window)
        .max_frame_size(options.max_frame_size)
        .max_header_list_size(u32::try_from(response_head).unwrap_or(u32::MAX))
        .initial_max_send_streams(FIRST_STREAMS)
        .max_concurrent_reset_streams(RESET_STREAMS)
        .max_local_error_reset_streams(Some(FAULTY_STREAMS))
        .max_send_buffer_size(SEND_BUFFER);
    builder
}

/// Streams that are opened before the server has said how many it takes (RFC 9113 5.1.2 recommends it not to take fewer).
const FIRST_STREAMS: usize = 100;
/// Streams given up by this side whose late frames are still known for what they are.
const RESET_STREAMS: usize = 50;
/// Streams of one wire that may break the rules before the wire is closed.
const FAULTY_STREAMS: usize = 1024;
/// Octets of a stream's body that wait to be written.
const SEND_BUFFER: usize = 256 * 1024;
