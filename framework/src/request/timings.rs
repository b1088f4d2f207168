//! When each step of a request happened, and how much was moved.

use std::time::{Duration, Instant};

use crate::transport::DialTimes;
use crate::wire::{Exchange, WireFacts};

/// When each step of a request happened (`WINHTTP_OPTION_REQUEST_TIMES`); `None` for a step that did not happen.
///
/// On a reused wire the six points of resolving, connecting and securing are `None`. After a resend the points are those of the last
/// attempt, except `started`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let response = session.get("http://www.example.com/")?.send().await?;
/// let (timings, sizes) = (response.timings(), response.sizes());
/// assert!(timings.is_first_on_wire() && timings.to_head().is_some());
/// assert!(sizes.sent > 0 && sizes.response_head > 0);
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_REQUEST_TIMES")]
#[doc(alias = "WINHTTP_OPTION_REQUEST_TIMES")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timings {
    /// `send` was taken. For a request that takes the place of one that failed, of a download or an event source: the end of the pause
    /// before it.
    pub started: Instant,
    /// It began to be found which proxy leads to the server (`WinHttpProxyDetectionStart`); `None` unless it is found for each URL, by a
    /// [`ProxyResolver`](crate::network::ProxyResolver).
    pub find_proxy_start: Option<Instant>,
    /// That was known (`WinHttpProxyDetectionEnd`).
    pub find_proxy_end: Option<Instant>,
    /// The request had a wire (`WinHttpConnectionAcquireEnd`).
    pub wire_acquired: Option<Instant>,
    /// The name look-up began (`WinHttpNameResolutionStart`).
    pub resolve_start: Option<Instant>,
    /// The addresses were known (`WinHttpNameResolutionEnd`).
    pub resolve_end: Option<Instant>,
    /// Connecting began (`WinHttpConnectionEstablishmentStart`).
    pub connect_start: Option<Instant>,
    /// The stream was open (`WinHttpConnectionEstablishmentEnd`).
    pub connect_end: Option<Instant>,
    /// The first proxy was asked for a tunnel (`WinHttpProxyTunnelStart`), or the TLS handshake with it began; `None` without a tunnel.
    pub tunnel_start: Option<Instant>,
    /// The last proxy had opened its tunnel (`WinHttpProxyTunnelEnd`).
    pub tunnel_end: Option<Instant>,
    /// The TLS handshake began (`WinHttpTlsHandshakeClientLeg1Start`).
    pub tls_start: Option<Instant>,
    /// The wire was secure (`WinHttpTlsHandshakeClientLeg3End`).
    pub tls_end: Option<Instant>,
    /// The head began to be written (`WinHttpSendRequestStart`).
    pub send_start: Option<Instant>,
    /// The head was written, and what of the body goes out with it (`WinHttpSendRequestHeadersEnd`).
    pub head_sent: Option<Instant>,
    /// The request was complete (`WinHttpSendRequestEnd`). Over HTTP/2 the head of a request without a body is handed on at once as a
    /// rule: this and `head_sent` are `send_start` then.
    pub send_end: Option<Instant>,
    /// The first of the response came, be it an interim one (`WinHttpReceiveResponseStart`); where a server answers early, that is
    /// before `send_end`. Over HTTP/2 this is `head_received`: a head is told of when it is whole.
    pub receive_start: Option<Instant>,
    /// The response head was complete (`WinHttpReceiveResponseHeadersEnd`).
    pub head_received: Option<Instant>,
    /// The response body was complete (`WinHttpReceiveResponseEnd`).
    pub body_received: Option<Instant>,
    /// How long it took to undo the codings of the body, as far as it was read (`WinHttpReceiveResponseBodyDecompressionDelta`); `None`
    /// for one that is read as it came.
    pub decoding: Option<Duration>,
}

impl Timings {
    /// The wait in line was over (`WinHttpConnectionAcquireWaitEnd`): a wire began to be dialed, or there was one.
    pub fn wait_end(&self) -> Option<Instant> {
        // One that nobody has used yet may have been dialed ahead.
        self.resolve_start.or(self.wire_acquired).map(|end| end.max(self.started))
    }

    /// How long the name look-up took.
    pub fn resolving(&self) -> Option<Duration> {
        between(self.resolve_start, self.resolve_end)
    }

    /// How long connecting took.
    pub fn connecting(&self) -> Option<Duration> {
        between(self.connect_start, self.connect_end)
    }

    /// How long the TLS handshake took.
    pub fn securing(&self) -> Option<Duration> {
        between(self.tls_start, self.tls_end)
    }

    /// From `send` until the request had a wire.
    pub fn waiting_for_wire(&self) -> Option<Duration> {
        between(Some(self.started), self.wire_acquired)
    }

    /// Was its wire dialed for it, so that it was the first request there (`WINHTTP_REQUEST_STAT_FLAG_FIRST_REQUEST`)?
    #[doc(alias = "WINHTTP_REQUEST_STAT_FLAG_FIRST_REQUEST")]
    pub fn is_first_on_wire(&self) -> bool {
        self.connect_start.is_some()
    }

    /// From `send` to the response head.
    pub fn to_head(&self) -> Option<Duration> {
        between(Some(self.started), self.head_received)
    }

    /// From `send` to the end of the response.
    pub fn total(&self) -> Option<Duration> {
        between(Some(self.started), self.body_received)
    }
}

/// The points of time of a request as it notes them; those of the wire are in what is known of that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) started: Instant,
    pub(super) find_proxy_start: Option<Instant>,
    pub(super) find_proxy_end: Option<Instant>,
    pub(super) wire_acquired: Option<Instant>,
    /// No other request had its wire before.
    pub(super) is_first_on_wire: bool,
    pub(super) send_start: Option<Instant>,
    pub(super) head_sent: Option<Instant>,
    pub(super) send_end: Option<Instant>,
    pub(super) receive_start: Option<Instant>,
    pub(super) head_received: Option<Instant>,
    pub(super) body_received: Option<Instant>,
}

impl Times {
    pub(super) fn new(started: Instant) -> Self {
        Self {
            started,
            find_proxy_start: None,
            find_proxy_end: None,
            wire_acquired: None,
            is_first_on_wire: false,
            send_start: None,
            head_sent: None,
            send_end: None,
            receive_start: None,
            head_received: None,
            body_received: None,
        }
    }

    /// As they are shown, of a request with this wire.
    pub(super) fn shown(&self, wire: Option<&WireFacts>, decoding: Option<Duration>) -> Timings {
        let dialed = wire.filter(|_| self.is_first_on_wire).map(|wire| &wire.times);
        let point = |of: fn(&DialTimes) -> Instant| dialed.map(of);
        let point_if_any = |of: fn(&DialTimes) -> Option<Instant>| dialed.and_then(of);
        Timings {
            started: self.started,
            find_proxy_start: self.find_proxy_start,
            find_proxy_end: self.find_proxy_end,
            wire_acquired: self.wire_acquired,
            resolve_start: point(|dialed| dialed.resolve_start),
            resolve_end: point(|dialed| dialed.resolve_end),
            connect_start: point(|dialed| dialed.connect_start),
            connect_end: point(|dialed| dialed.connect_end),
            tunnel_start: point_if_any(|dialed| dialed.tunnel_end.map(|_| dialed.connect_end)),
            tunnel_end: point_if_any(|dialed| dialed.tunnel_end),
            tls_start: point_if_any(|dialed| dialed.tls.map(|(start, _)| start)),
            tls_end: point_if_any(|dialed| dialed.tls.map(|(_, end)| end)),
            send_start: self.send_start,
            head_sent: self.head_sent,
            send_end: self.send_end,
            receive_start: self.receive_start,
            head_received: self.head_received,
            body_received: self.body_received,
            decoding,
        }
    }
}

fn between(start: Option<Instant>, end: Option<Instant>) -> Option<Duration> {
    Some(end?.saturating_duration_since(start?))
}

/// How much a request moved, in octets (`WINHTTP_OPTION_REQUEST_STATS`).
///
/// An example is at [`Timings`].
#[doc(alias = "WINHTTP_REQUEST_STATS")]
#[doc(alias = "WINHTTP_OPTION_REQUEST_STATS")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizes {
    /// Head and body of the request as they went over the wire, framing included.
    pub sent: u64,
    /// The head of the request. Over HTTP/2 it counts as many octets as it would have in HTTP/1.1: how small it was made is not told by
    /// the library that does it.
    pub request_head: u64,
    /// The body of the request.
    pub request_body: u64,
    /// The head of the response; over HTTP/2 as for `request_head`.
    pub response_head: u64,
    /// The body of the response as it came off the wire, as far as it was read.
    pub response_body: u64,
    /// The same body decoded ([`Decompression`](crate::Decompression)), as far as it was; as many as `response_body` where there
    /// was nothing to decode.
    pub decoded_body: u64,
}

impl Sizes {
    /// What has gone out of a request that may be sent beside its response, and when that has ended; others are counted as they
    /// are sent.
    pub(super) fn count_beside(&mut self, exchange: &Exchange) -> Option<Instant> {
        let ended = exchange.body_ended();
        if exchange.is_body_open() || ended.is_some() {
            self.count(exchange);
        }
        ended
    }

    /// What of the request has gone out in this exchange.
    pub(super) fn count(&mut self, exchange: &Exchange) {
        self.sent = exchange.written();
        self.request_head = exchange.head_written();
        self.request_body = exchange.body_sent();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::WireId;

    #[test]
    fn the_points_of_a_dial_are_those_of_the_first_request_alone() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let points = |of: [u64; 4]| of.map(|second| Some(at(second)));
        let times = DialTimes {
            resolve_start: at(1),
            resolve_end: at(2),
            connect_start: at(3),
            connect_end: at(4),
            tunnel_end: Some(at(5)),
            tls: Some((at(6), at(7))),
        };
        let (remote, local, security, proxy) = (None, None, None, None);
        let wire = WireFacts { id: WireId::next(), remote, local, times, security, proxy, details: Arc::default() };
        let of_dial = |shown: Timings| {
            let connected = [shown.resolve_start, shown.resolve_end, shown.connect_start, shown.connect_end];
            (connected, [shown.tunnel_start, shown.tunnel_end, shown.tls_start, shown.tls_end])
        };
        let mut own = Times::new(start);
        let reused = own.shown(Some(&wire), None);
        assert!(!reused.is_first_on_wire());
        assert_eq!(of_dial(reused), ([None; 4], [None; 4]));
        own.is_first_on_wire = true;
        let first = own.shown(Some(&wire), None);
        assert!(first.is_first_on_wire());
        assert_eq!(of_dial(first), (points([1, 2, 3, 4]), points([4, 5, 6, 7])));
        let straight = WireFacts { times: DialTimes { tunnel_end: None, tls: None, ..times }, ..wire };
        assert_eq!(of_dial(own.shown(Some(&straight), None)).1, [None; 4]);
    }

    #[test]
    fn a_wire_that_was_dialed_ahead_is_not_waited_for() {
        let dialed = Instant::now();
        let started = dialed + Duration::from_secs(1);
        let times = Times::new(started).shown(None, None);
        let times = Timings { resolve_start: Some(dialed), wire_acquired: Some(started), ..times };
        assert_eq!(times.wait_end(), Some(started));
    }
}
