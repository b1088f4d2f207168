//! One dial: resolve the name, then try its addresses in order until one connects.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Stream, dns, tcp};
use crate::clock::{self, within};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{Limits, Timeouts};
use crate::target::Origin;

/// A stream, and when each step of getting it happened.
pub(crate) struct Dialed {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) times: DialTimes,
}

/// When a dial began and ended its steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialTimes {
    pub(crate) resolve_start: Instant,
    pub(crate) resolve_end: Instant,
    pub(crate) connect_start: Instant,
    pub(crate) connect_end: Instant,
}

/// Why a dial gave no stream.
#[derive(Debug)]
pub(crate) enum DialFailure {
    NotResolved(io::Error),
    ResolveTimeout(Duration),
    /// Every address refused; the last one's reason.
    NotConnected(SocketAddr, io::Error),
    ConnectTimeout(SocketAddr, Duration),
}

/// Dials an origin. Every step is told to `report` as it happens.
pub(crate) async fn dial(
    origin: &Origin,
    timeouts: &Timeouts,
    limits: &Limits,
    report: &dyn Fn(Mask, &dyn Fn() -> Status),
) -> Result<Dialed, DialFailure> {
    let resolve_start = clock::now();
    report(Mask::RESOLVE_NAME, &|| Status::ResolvingName(origin.host().to_owned()));
    let mut addresses = match within(timeouts.resolve, dns::resolve(origin.host(), origin.port())).await {
        Ok(found) => found.map_err(DialFailure::NotResolved)?,
        Err(_) => return Err(DialFailure::ResolveTimeout(timeouts.resolve.unwrap_or_default())),
    };
    addresses.truncate(limits.addresses);
    report(Mask::RESOLVE_NAME, &|| Status::NameResolved(addresses.clone()));

    let resolve_end = clock::now();
    let (stream, connect_start) = connect(&addresses, timeouts, resolve_end, report).await?;
    let times = DialTimes { resolve_start, resolve_end, connect_start, connect_end: clock::now() };
    Ok(Dialed { stream, times })
}

/// The timeout is for all addresses together, or a host with many dead ones would hold a request for minutes.
async fn connect(
    addresses: &[SocketAddr],
    timeouts: &Timeouts,
    start: Instant,
    report: &dyn Fn(Mask, &dyn Fn() -> Status),
) -> Result<(Box<dyn Stream>, Instant), DialFailure> {
    let deadline = timeouts.connect.and_then(|limit| start.checked_add(limit));
    let mut last = None;
    for &address in addresses {
        report(Mask::CONNECT_TO_SERVER, &|| Status::ConnectingToServer(address));
        let ended = |reason: String| {
            report(Mask::CONNECT_TO_SERVER, &|| Status::ConnectAttemptEnded(address, reason.clone()));
        };
        match clock::until(deadline, tcp::connect(address)).await {
            Ok(Ok(stream)) => {
                report(Mask::CONNECT_TO_SERVER, &|| Status::ConnectedToServer(address));
                return Ok((Box::new(stream), start));
            }
            Ok(Err(error)) => {
                ended(error.to_string());
                last = Some(DialFailure::NotConnected(address, error));
            }
            Err(_) => {
                ended("the time for connecting is over".to_owned());
                return Err(DialFailure::ConnectTimeout(address, timeouts.connect.unwrap_or_default()));
            }
        }
    }
    Err(last.unwrap_or_else(|| DialFailure::NotResolved(io::Error::new(io::ErrorKind::NotFound, "no address"))))
}
