//! One exchange over a stream of HTTP/2: the request goes out, and the answer is received after it or beside it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::pin;
use std::rc::Rc;
use std::thread::LocalKey;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderMap;

use super::sending::{self, SendingHalf};
use super::stream::{Sending, Stream};
use super::{Http2, Tunnel};
use crate::clock;
use crate::error::WireState;
use crate::protocol::http1::{BodyStep, HeadLimits, RequestHead, Settled};
use crate::protocol::http2::head::Plain;
use crate::protocol::websocket::handshake::Asked;
use crate::reused::{Reusable, Reused, Stock};
use crate::wire::{Failure, Pace, Received, Uploaded};

/// One exchange, from the head to the last octet read. Dropped before its end, it resets the stream (CANCEL), whoever has the
/// sending half.
pub(crate) struct Exchange(Whole);

/// All of an exchange, with one who has it, or with two who have a half each.
enum Whole {
    Alone(Reused<RefCell<Stream>>),
    Halved(Rc<Reused<RefCell<Stream>>>),
}

impl Whole {
    fn halved(&mut self) -> Rc<Reused<RefCell<Stream>>> {
        let stream = match self {
            Self::Alone(stream) => Rc::new(stream.taken()),
            Self::Halved(stream) => return Rc::clone(stream),
        };
        *self = Self::Halved(Rc::clone(&stream));
        stream
    }
}

impl Deref for Whole {
    type Target = RefCell<Stream>;

    fn deref(&self) -> &RefCell<Stream> {
        match self {
            Self::Alone(stream) => stream,
            Self::Halved(stream) => stream,
        }
    }
}

impl Reusable for RefCell<Stream> {
    fn stock() -> &'static LocalKey<Stock<Self>> {
        thread_local! {
            static STOCK: Stock<RefCell<Stream>> = const { RefCell::new(Vec::new()) };
        }
        &STOCK
    }
}

impl Exchange {
    #[inline]
    pub(crate) fn new(
        wire: Http2,
        head: &RequestHead<'_>,
        settled: &Settled,
        (secure, plain): (bool, Option<&Plain>),
        limits: HeadLimits,
    ) -> Result<Self, Failure> {
        // What may fail comes first.
        let request = Stream::request(&wire, head, settled, secure, plain)?;
        Ok(Self(Whole::Alone(Reused::new(|| RefCell::new(Stream::new(wire, request, head, settled, limits))))))
    }

    /// Opens the stream with the head, where no data follows it; else `None`.
    #[inline]
    pub(crate) fn send_head_alone(&mut self, share: &Http2, first: &Bytes) -> Option<Result<(), Failure>> {
        let has_data = !first.is_empty() && self.0.borrow().sending == Sending::Body;
        (!has_data).then(|| self.open(share))
    }

    /// Opens the stream with the head, and sends the first data unless a 100 has to come first.
    pub(crate) async fn send_head(&mut self, share: &Http2, first: &Bytes, pace: &mut Pace) -> Result<(), Failure> {
        self.open(share)?;
        if !first.is_empty() && self.0.borrow().sending == Sending::Body {
            self.write(first, pace).await?;
        }
        Ok(())
    }

    fn open(&mut self, share: &Http2) -> Result<(), Failure> {
        let mut stream = self.0.borrow_mut();
        stream.wire.count_exchange();
        let opened = stream.open();
        share.opens();
        opened
    }

    /// For whoever sends the body beside the response.
    pub(crate) fn sending_half(&mut self) -> SendingHalf {
        SendingHalf::of(self.0.halved())
    }

    pub(crate) fn awaits_continue(&self) -> bool {
        self.0.borrow().sending == Sending::Awaits100
    }

    pub(crate) async fn await_continue(&mut self, at_most: Duration) -> Result<(), Failure> {
        let deadline = clock::now().checked_add(at_most);
        let come = poll_fn(|context| self.0.borrow_mut().poll_continue(context));
        match clock::until(deadline, pin!(come)).await {
            Ok(come) => come,
            Err(_) => {
                self.0.borrow_mut().stop_awaiting_continue();
                Ok(())
            }
        }
    }

    pub(crate) async fn write(&mut self, data: &Bytes, pace: &mut Pace) -> Result<Uploaded, Failure> {
        sending::write(&self.0, data, pace).await
    }

    pub(crate) async fn hear_before_the_end(&mut self) -> Result<(), Failure> {
        sending::hear_before_the_end(&self.0).await
    }

    pub(crate) async fn finish(&mut self, trailers: &HeaderMap) -> Result<(), Failure> {
        sending::finish(&self.0, trailers).await
    }

    pub(crate) fn check_finish(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        self.0.borrow().check_finish(trailers)
    }

    pub(crate) fn awaits_head_until(&mut self, deadline: Option<Instant>) {
        self.0.borrow_mut().head_deadline = deadline;
    }

    pub(crate) async fn receive_head(&mut self) -> Result<Received, Failure> {
        poll_fn(|context| self.0.borrow_mut().poll_head_in_time(context)).await
    }

    /// When the head was there that was received last.
    pub(crate) fn head_came(&self) -> Option<Instant> {
        self.0.borrow().wire.heard_last()
    }

    /// Waits for a head as long as the body of the request is open.
    pub(crate) async fn hear_beside(&mut self) -> Result<(), Failure> {
        poll_fn(|context| self.0.borrow_mut().poll_hear_beside(context)).await
    }

    pub(crate) async fn read(&mut self, max: usize) -> Result<Option<Bytes>, Failure> {
        poll_fn(|context| self.0.borrow_mut().poll_read(context, max)).await
    }

    /// The same, as long as the body of the request is open; `None` when that has ended first.
    pub(crate) async fn read_beside(&mut self, max: usize) -> Option<Result<Option<Bytes>, Failure>> {
        poll_fn(|context| self.0.borrow_mut().poll_read_beside(context, max)).await
    }

    #[inline]
    pub(crate) fn read_arrived(&mut self, max: usize) -> Result<BodyStep, Failure> {
        match self.read(max).now_or_never() {
            None => Ok(BodyStep::NeedMore),
            Some(read) => Ok(read?.map_or(BodyStep::End, BodyStep::Data)),
        }
    }

    pub(crate) fn remaining(&self) -> Option<u64> {
        self.0.borrow().receiving.remaining()
    }

    /// Has the final head come, for which nobody has asked yet?
    pub(crate) fn has_early(&self) -> bool {
        self.0.borrow().receiving.has_early()
    }

    pub(crate) fn has_head(&self) -> bool {
        self.0.borrow().receiving.has_head()
    }

    pub(crate) fn is_ended(&self) -> bool {
        let stream = self.0.borrow();
        stream.receiving.is_ended() || stream.has_switched()
    }

    /// The request, which has no body, asks for an upgrade.
    pub(crate) fn expect_upgrade(&mut self, asked: Box<Asked>) {
        self.0.borrow_mut().expect_upgrade(asked);
    }

    /// Does the stream carry another protocol now?
    pub(crate) fn has_switched(&self) -> bool {
        self.0.borrow().has_switched()
    }

    /// The stream that does.
    pub(crate) fn into_tunnel(self) -> Option<Tunnel> {
        self.0.borrow_mut().take_tunnel()
    }

    pub(crate) fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.0.borrow_mut().receiving.take_trailers()
    }

    pub(crate) fn body_sent(&self) -> u64 {
        self.0.borrow().body_sent
    }

    pub(crate) fn written(&self) -> u64 {
        self.0.borrow().written()
    }

    pub(crate) fn head_written(&self) -> u64 {
        self.0.borrow().head_written()
    }

    pub(crate) fn is_sending_body(&self) -> bool {
        self.0.borrow().sending == Sending::Body
    }

    /// Is there more of the body, be it its end, or that it is asked for?
    pub(crate) fn is_body_open(&self) -> bool {
        self.0.borrow().is_body_open()
    }

    /// When nothing more of the body was to be sent.
    pub(crate) fn body_ended(&self) -> Option<Instant> {
        self.0.borrow().body_ended
    }

    pub(crate) fn body_is_complete(&self) -> bool {
        self.0.borrow().body_is_complete()
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.0.borrow().is_refused()
    }

    pub(crate) fn announced_left(&self) -> Option<u64> {
        self.0.borrow().announced_left()
    }

    pub(crate) fn wire_state(&self) -> WireState {
        self.0.borrow().wire_state()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.borrow_mut().let_go();
    }
}
