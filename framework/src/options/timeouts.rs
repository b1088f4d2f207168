//! How long each stage of a request may take.

use std::time::Duration;

use crate::error::{Error, Operation, Result};

/// How long each stage of a request may take; `None` waits for ever (WinHTTP's 0 and -1).
///
/// Each is a limit for its whole stage: what trickles in does not set it back, unless it says "without". It ends the operation
/// on time, to the millisecond, with [`Timeout`](crate::ErrorCode::Timeout) (12002), whose [`stage`](crate::Error::stage) is
/// the one below and whose [`waited`](crate::Error::waited) is the limit.
///
/// | limit | from | to | default | stage of its error |
/// |---|---|---|---|---|
/// | `resolve` | the start of the look-up | the addresses | 30 s | `Resolve` |
/// | `connect` | the addresses | a stream, and a secure one for https, whichever address gave it | 60 s | `Connect`, `Tls` |
/// | `send` | the last octet the kernel took | the next | 30 s | `SendHead`, `SendBody` |
/// | `receive_response` | the end of the request | the end of the response head | 90 s | `FirstByte`, `Head` |
/// | `receive` | the start of a read, or the last piece of the body it got | the next piece | 30 s | `Body` |
/// | `queue` | the call | a wire | none | `Queue` |
/// | `total` | the acceptance of `send` | the last octet of the body handed to the caller | none | whichever it was in |
///
/// While the body of a request goes on beside its response, over HTTP/2, nothing of that is due: `receive_response`, `receive` and
/// [`MinimumRate`](crate::MinimumRate) begin to count for it when the request has ended. Until then `total` counts, and `send` for
/// what waits to be sent; whether the server is still there is found out by pings.
///
/// The wait for `100 Continue` has its own limit, [`expect_continue`](crate::RequestOptions::expect_continue), after which the
/// body goes out. What a caller's own body stream or file takes to give its next piece is limited by `total` alone, and so is
/// a peer that is slow but not silent; for that see [`MinimumRate`](crate::MinimumRate).
///
/// ```
/// use std::time::Duration;
/// use hinternet::{Session, Timeouts};
///
/// let mut timeouts = Timeouts::default();
/// timeouts.connect = Some(Duration::from_secs(5));
/// timeouts.total = Some(Duration::from_secs(60)); // from `send` to the last octet of the response
/// let session = Session::builder().timeouts(timeouts).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias = "WinHttpSetTimeouts")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The name look-up, from its start to the addresses. Default 30 s; 12002 at `Stage::Resolve`.
    #[doc(alias = "WINHTTP_OPTION_RESOLVE_TIMEOUT")]
    pub resolve: Option<Duration>,
    /// Connecting, all addresses and the TLS handshake together. Default 60 s; 12002 at `Stage::Connect`, or `Stage::Tls` once
    /// an address has accepted. Before the look-up of the first secure dial to an origin, reading the authorities of the machine
    /// may take as long again; 12002 at `Stage::Tls`.
    #[doc(alias = "WINHTTP_OPTION_CONNECT_TIMEOUT")]
    pub connect: Option<Duration>,
    /// An idle limit: so long without the kernel taking an octet of the request. Default 30 s; 12002 at `Stage::SendHead` or
    /// `Stage::SendBody`.
    #[doc(alias = "WINHTTP_OPTION_SEND_TIMEOUT")]
    pub send: Option<Duration>,
    /// An idle limit: so long without a piece of the response body inside one read. Framing is no piece of it: a peer that
    /// drips chunk extensions or trailers is silent. Time between reads does not count; a read that is given up and made
    /// again goes on where the other stood. Default 30 s; 12002 at `Stage::Body`.
    #[doc(alias = "WINHTTP_OPTION_RECEIVE_TIMEOUT")]
    pub receive: Option<Duration>,
    /// From the end of the request to the end of the response head, interim responses included, whenever it is asked for.
    /// Default 90 s; 12002 at `Stage::FirstByte`, or `Stage::Head` once the answer has begun.
    #[doc(alias = "WINHTTP_OPTION_RECEIVE_RESPONSE_TIMEOUT")]
    pub receive_response: Option<Duration>,
    /// From `send` to having a wire, be it for a slow subscriber, for its turn by a [`Governor`](crate::Governor), in line, or while
    /// one is dialed; and the wait of any other operation for a slow subscriber. Default `None`: the wait is visible (`Queued`).
    /// 12002 at `Stage::Queue`.
    pub queue: Option<Duration>,
    /// All of it: from the acceptance of `send` to the last octet of the response handed to the caller, whatever lies between:
    /// waiting in line, being sent again, redirects, and the time the caller takes. Default `None`.
    ///
    /// It ends the operation in flight with 12002 at the stage it was in. Between two operations nothing happens, but the next
    /// one fails with it at once. Either way the wire is closed. What a given-up read had completed in time is still handed out.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = |n| Some(Duration::from_secs(n));
        Self {
            resolve: seconds(30),
            connect: seconds(60),
            send: seconds(30),
            receive: seconds(30),
            receive_response: seconds(90),
            queue: None,
            total: None,
        }
    }
}

impl Timeouts {
    /// No stage is timed.
    pub fn infinite() -> Self {
        Self {
            resolve: None,
            connect: None,
            send: None,
            receive: None,
            receive_response: None,
            queue: None,
            total: None,
        }
    }

    /// The same time for every stage but the queue, and no total.
    pub fn all(each: Duration) -> Self {
        let each = Some(each);
        Self {
            resolve: each,
            connect: each,
            send: each,
            receive: each,
            receive_response: each,
            queue: None,
            total: None,
        }
    }

    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let Self { resolve, connect, send, receive, receive_response, queue, total } = *self;
        let named = [
            ("resolve", resolve),
            ("connect", connect),
            ("send", send),
            ("receive", receive),
            ("receive_response", receive_response),
            ("queue", queue),
            ("total", total),
        ];
        named.into_iter().try_for_each(|(name, time)| time.map_or(Ok(()), |time| check_one(name, time, operation)))
    }
}

/// The first and the longest pause before what is connected again, how they grow, and for how many attempts.
pub(in crate::options) fn check_pauses(
    (first, longest): (Duration, Duration),
    factor: f64,
    attempts: Option<u32>,
    operation: Operation,
) -> Result<()> {
    let refuse = |what: &'static str| Err(Error::parameter(operation, what));
    if !(1.0..=1000.0).contains(&factor) {
        return refuse("a factor of pauses is at least 1, and at most 1,000");
    }
    if longest < first {
        return refuse("the longest pause is shorter than the first");
    }
    if attempts == Some(0) {
        return refuse("0 attempts would not even make the first; `None` never gives up");
    }
    check_one("first_pause", first, operation)?;
    check_one("longest_pause", longest, operation)
}

/// Zero would fail everything at once, and more than a year is a slip of units.
pub(in crate::options) fn check_one(name: &str, time: Duration, operation: Operation) -> Result<()> {
    if time.is_zero() {
        return Err(Error::parameter(operation, format!("the timeout {name} is zero; `None` is no timeout")));
    }
    if time > LONGEST {
        return Err(Error::parameter(operation, format!("the timeout {name} is over a year; `None` is no timeout")));
    }
    Ok(())
}

const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
