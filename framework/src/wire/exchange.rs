//! One exchange, by whatever protocol its wire speaks.
//!
//! The wire is lent to every call rather than owned, so that what was received and not taken stays with it: a call that
//! receives can be dropped at any await and made again.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::{Failure, HeadSent, Http2, Pace, Received, SendingHalf, Tunnel, Uploaded, Wire, http1, http2};
use crate::error::WireState;
use crate::protocol::http1::{BodyStep, HeadLimits, RequestHead, Settled};
use crate::protocol::http2::head::Plain;
use crate::protocol::websocket::handshake::Asked;
use crate::reason::CloseReason;

/// One exchange, from the first octet written to the last one read. It is moved from one wire's attempt to its place, and is small.
pub(crate) enum Exchange {
    Http1(Box<http1::Exchange>),
    Http2(http2::Exchange),
}

/// Does the same by either protocol. An exchange is begun on the wire it is carried by, so that there is no third case.
macro_rules! by_protocol {
    ($exchange:expr, $wire:expr, $http1:ident, $carrier:ident => $of_http1:expr, $http2:ident => $of_http2:expr) => {
        match ($exchange, &mut *$wire) {
            (Self::Http1($http1), Wire::Http1($carrier)) => $of_http1,
            (Self::Http2($http2), Wire::Http2(_)) => $of_http2,
            _ => Err(Failure::OutOfTurn),
        }
    };
}

impl Exchange {
    /// Writes nothing yet: encodes the head as HTTP/1.1 has it, so that what may not be sent is refused before a wire is touched.
    pub(crate) fn prepare(head: &RequestHead<'_>, limits: HeadLimits) -> Result<(Self, BytesMut), Failure> {
        let settled = head.settle_lines().map_err(Failure::Misuse)?;
        Ok(Self::http1(head, &settled, limits))
    }

    /// The same of a head that was settled before.
    #[inline]
    pub(crate) fn http1(head: &RequestHead<'_>, settled: &Settled, limits: HeadLimits) -> (Self, BytesMut) {
        let (exchange, octets) = http1::Exchange::new(head, settled, limits);
        (Self::Http1(Box::new(exchange)), octets)
    }

    /// An exchange as a stream of HTTP/2, whose head counts as many octets as it would have in HTTP/1.1.
    pub(crate) fn http2(
        wire: &Http2,
        head: &RequestHead<'_>,
        settled: &Settled,
        secure: bool,
        plain: Option<&Plain>,
        limits: HeadLimits,
    ) -> Result<Self, Failure> {
        http2::Exchange::new(wire.with_reader(), head, settled, (secure, plain), limits).map(Self::Http2)
    }

    /// Sends the head, and with it the first data unless a 100 has to come first.
    pub(crate) async fn send_head(
        &mut self,
        wire: &mut Wire,
        head: BytesMut,
        first: &Bytes,
        pace: &mut Pace,
    ) -> Result<HeadSent, Failure> {
        let sent = match (self, wire) {
            (Self::Http1(exchange), Wire::Http1(wire)) => exchange.send_head(wire, head, first, pace).await,
            (Self::Http2(exchange), Wire::Http2(share)) => match exchange.send_head_alone(share, first) {
                Some(sent) => return sent.map(|()| HeadSent::HandedOn),
                None => Box::pin(exchange.send_head(share, first, pace)).await,
            },
            _ => Err(Failure::OutOfTurn),
        };
        sent.map(|()| HeadSent::Written)
    }

    /// The request, which has no body, asks for an upgrade: of the wire, or of a stream (RFC 8441).
    pub(crate) fn expect_upgrade(&mut self, asked: Box<Asked>) {
        match self {
            Self::Http1(exchange) => exchange.expect_upgrade(asked),
            Self::Http2(exchange) => exchange.expect_upgrade(asked),
        }
    }

    /// Has the wire, or its stream, been switched to another protocol by the answer?
    pub(crate) fn has_switched(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.has_switched(),
            Self::Http2(exchange) => exchange.has_switched(),
        }
    }

    /// What has switched, if that is a stream and not the whole wire.
    pub(crate) fn into_tunnel(self) -> Option<Tunnel> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(exchange) => exchange.into_tunnel(),
        }
    }

    /// Is a 100 awaited before the body may go out?
    pub(crate) fn awaits_continue(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.awaits_continue(),
            Self::Http2(exchange) => exchange.awaits_continue(),
        }
    }

    /// Waits for the 100, for `at_most` (RFC 9110 10.1.1: a server may never send one).
    pub(crate) async fn await_continue(&mut self, wire: &mut Wire, at_most: Duration) -> Result<(), Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.await_continue(wire, at_most).await,
            exchange => exchange.await_continue(at_most).await)
    }

    /// Sends a piece of the body.
    pub(crate) async fn write(&mut self, wire: &mut Wire, data: &Bytes, pace: &mut Pace) -> Result<Uploaded, Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.write(wire, data, pace).await,
            exchange => exchange.write(data, pace).await)
    }

    /// The last moment in which an answer is an early one.
    pub(crate) async fn hear_before_the_end(&mut self, wire: &mut Wire) -> Result<(), Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.hear_before_the_end(wire).await,
            exchange => exchange.hear_before_the_end().await)
    }

    /// Ends the body. Dropped and called again, it goes on where it was; the trailers are those of the first call.
    pub(crate) async fn finish(
        &mut self,
        wire: &mut Wire,
        trailers: &HeaderMap,
        pace: &mut Pace,
    ) -> Result<(), Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.finish(wire, trailers, pace).await,
            exchange => exchange.finish(trailers).await)
    }

    /// Would [`finish`](Self::finish) be refused?
    pub(crate) fn check_finish(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        match self {
            Self::Http1(exchange) => exchange.check_finish(trailers),
            Self::Http2(exchange) => exchange.check_finish(trailers),
        }
    }

    /// Until when a head is waited for. It is given back where that is for the caller to mind; a wire of HTTP/2 does so itself, by one
    /// timer for all of its streams.
    pub(crate) fn awaits_head_until(&mut self, deadline: Option<Instant>) -> Option<Instant> {
        match self {
            Self::Http1(_) => deadline,
            Self::Http2(exchange) => {
                exchange.awaits_head_until(deadline);
                None
            }
        }
    }

    /// Receives the final head. Each interim head is a call of its own.
    pub(crate) async fn receive_head(&mut self, wire: &mut Wire) -> Result<Received, Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.receive_head(wire).await,
            exchange => exchange.receive_head().await)
    }

    /// The next piece of the body, of at most `max` octets; `None` is its end.
    pub(crate) async fn read(&mut self, wire: &mut Wire, max: usize) -> Result<Option<Bytes>, Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.read(wire, max).await, exchange => exchange.read(max).await)
    }

    /// Waits for a head as long as more of the request may be sent beside the response.
    pub(crate) async fn hear_beside(&mut self) -> Result<(), Failure> {
        match self {
            Self::Http1(_) => Ok(()),
            Self::Http2(exchange) => exchange.hear_beside().await,
        }
    }

    /// The next piece of the body as long as that is so; `None` if it is not, or is over before one has come.
    pub(crate) async fn read_beside(&mut self, max: usize) -> Option<Result<Option<Bytes>, Failure>> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(exchange) => exchange.read_beside(max).await,
        }
    }

    /// May more of the request be sent beside the response, where there is more (contract B.10)?
    pub(crate) fn is_full_duplex(&self) -> bool {
        matches!(self, Self::Http2(_))
    }

    /// The half that sends, where it may be used beside the response.
    pub(crate) fn sending_half(&mut self) -> Option<SendingHalf> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(exchange) => Some(exchange.sending_half()),
        }
    }

    /// May more of the request be sent beside the response?
    pub(crate) fn is_body_open(&self) -> bool {
        match self {
            Self::Http1(_) => false,
            Self::Http2(exchange) => exchange.is_body_open(),
        }
    }

    /// When nothing more was to be sent of a body that is sent beside the response.
    pub(crate) fn body_ended(&self) -> Option<Instant> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(exchange) => exchange.body_ended(),
        }
    }

    /// Has the final head come while the request was being sent?
    pub(crate) fn has_early(&self) -> bool {
        match self {
            Self::Http1(_) => false,
            Self::Http2(exchange) => exchange.has_early(),
        }
    }

    /// What of the body has already arrived, without waiting.
    pub(crate) fn read_arrived(&mut self, wire: &mut Wire, max: usize) -> Result<BodyStep, Failure> {
        by_protocol!(self, wire, exchange, wire => exchange.read_arrived(wire, max), exchange => exchange.read_arrived(max))
    }

    /// Skips what has arrived of a body nobody wants, up to `limit` octets. Says why if that was not all of it.
    pub(crate) fn skip_arrived(&mut self, wire: &mut Wire, limit: u64) -> Result<(), CloseReason> {
        match (self, wire) {
            (Self::Http1(exchange), Wire::Http1(wire)) => exchange.skip_arrived(wire, limit),
            // The stream is given up; its wire serves on.
            (exchange, _) if exchange.is_ended() => Ok(()),
            _ => Err(CloseReason::ResponseNotRead),
        }
    }

    /// Octets of the body still to come, where the response tells.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match self {
            Self::Http1(exchange) => exchange.remaining(),
            Self::Http2(exchange) => exchange.remaining(),
        }
    }

    /// Was the final head received?
    pub(crate) fn has_head(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.has_head(),
            Self::Http2(exchange) => exchange.has_head(),
        }
    }

    /// Is the whole response read?
    pub(crate) fn is_ended(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.is_ended(),
            Self::Http2(exchange) => exchange.is_ended(),
        }
    }

    /// After the end of the response: may the wire serve another exchange?
    pub(crate) fn reuse(&self, wire: &mut Wire) -> Result<(), CloseReason> {
        match (self, wire) {
            (Self::Http1(exchange), Wire::Http1(wire)) => exchange.reuse(wire),
            _ => Ok(()),
        }
    }

    pub(crate) fn take_trailers(&mut self) -> Option<HeaderMap> {
        match self {
            Self::Http1(exchange) => exchange.trailers().filter(|trailers| !trailers.is_empty()).cloned(),
            Self::Http2(exchange) => exchange.take_trailers(),
        }
    }

    /// Octets of the body handed over to be sent.
    pub(crate) fn body_sent(&self) -> u64 {
        match self {
            Self::Http1(exchange) => exchange.body_sent(),
            Self::Http2(exchange) => exchange.body_sent(),
        }
    }

    /// How many octets were handed over to be sent, head and framing included. A head counts as HTTP/1.1 has it.
    pub(crate) fn written(&self) -> u64 {
        match self {
            Self::Http1(exchange) => exchange.written(),
            Self::Http2(exchange) => exchange.written(),
        }
    }

    /// How many of them were of the head.
    pub(crate) fn head_written(&self) -> u64 {
        match self {
            Self::Http1(exchange) => exchange.head_written(),
            Self::Http2(exchange) => exchange.head_written(),
        }
    }

    /// When the first octet of an answer came, where that is known before there is a head.
    pub(crate) fn first_octet(&self) -> Option<Instant> {
        match self {
            Self::Http1(exchange) => exchange.first_octet(),
            Self::Http2(_) => None,
        }
    }

    /// When the head was there that was received last, where that is known.
    pub(crate) fn head_came(&self) -> Option<Instant> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(exchange) => exchange.head_came(),
        }
    }

    /// Is there anything of the body, be it its end, that has to be sent?
    pub(crate) fn is_sending_body(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.is_sending_body(),
            Self::Http2(exchange) => exchange.is_sending_body(),
        }
    }

    /// Has all of an announced length been sent, so that no `finish` needs to be asked of the caller?
    pub(crate) fn body_is_complete(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.body_is_complete(),
            Self::Http2(exchange) => exchange.body_is_complete(),
        }
    }

    /// Is a call of [`finish`](Self::finish) due before an answer can be waited for?
    pub(crate) fn must_finish(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.must_finish(),
            Self::Http2(exchange) => exchange.is_sending_body(),
        }
    }

    /// Has the peer refused the request before all of it was sent? What is still sent is discarded.
    pub(crate) fn is_refused(&self) -> bool {
        match self {
            Self::Http1(exchange) => exchange.is_refused(),
            Self::Http2(exchange) => exchange.is_refused(),
        }
    }

    /// Octets of the announced length still to be sent.
    pub(crate) fn announced_left(&self) -> Option<u64> {
        match self {
            Self::Http1(exchange) => exchange.announced_left(),
            Self::Http2(exchange) => exchange.announced_left(),
        }
    }

    /// How far the request has got.
    pub(crate) fn wire_state(&self) -> WireState {
        match self {
            Self::Http1(exchange) => exchange.wire_state(),
            Self::Http2(exchange) => exchange.wire_state(),
        }
    }
}
