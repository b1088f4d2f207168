//! How long each stage of a request may take.

use std::time::Duration;

use crate::error::{Error, Operation, Result};

/// How long each stage of a request may take; `None` waits for ever (WinHTTP's 0 and -1).
#[doc(alias = "WinHttpSetTimeouts")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The name look-up. Default 30 s.
    #[doc(alias = "WINHTTP_OPTION_RESOLVE_TIMEOUT")]
    pub resolve: Option<Duration>,
    /// Connecting, all addresses together. Default 60 s.
    #[doc(alias = "WINHTTP_OPTION_CONNECT_TIMEOUT")]
    pub connect: Option<Duration>,
    /// One piece of the request, from hand-over until the kernel took it. Default 30 s.
    #[doc(alias = "WINHTTP_OPTION_SEND_TIMEOUT")]
    pub send: Option<Duration>,
    /// Silence while the body of the response is read. Default 30 s.
    #[doc(alias = "WINHTTP_OPTION_RECEIVE_TIMEOUT")]
    pub receive: Option<Duration>,
    /// From the end of the request to the end of the response head, interim responses included. Default 90 s.
    #[doc(alias = "WINHTTP_OPTION_RECEIVE_RESPONSE_TIMEOUT")]
    pub receive_response: Option<Duration>,
    /// From `send` to having a wire, be it in line or while one is dialed. Default `None`: the wait is visible (`Queued`).
    pub queue: Option<Duration>,
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
        }
    }
}

impl Timeouts {
    /// No stage is timed.
    pub fn infinite() -> Self {
        Self { resolve: None, connect: None, send: None, receive: None, receive_response: None, queue: None }
    }

    /// The same time for every stage but the queue.
    pub fn all(each: Duration) -> Self {
        let each = Some(each);
        Self { resolve: each, connect: each, send: each, receive: each, receive_response: each, queue: None }
    }

    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let Self { resolve, connect, send, receive, receive_response, queue } = *self;
        let named = [
            ("resolve", resolve),
            ("connect", connect),
            ("send", send),
            ("receive", receive),
            ("receive_response", receive_response),
            ("queue", queue),
        ];
        named.into_iter().try_for_each(|(name, time)| time.map_or(Ok(()), |time| check_one(name, time, operation)))
    }
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
