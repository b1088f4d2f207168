//! Connection attempts to the addresses of a host, of which the first to succeed gives the stream (RFC 8305).

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use super::dial::Way;
use super::failure::DialFailure;
use super::tcp;
use crate::clock;
use crate::network::{Destination, Stream};
use crate::notification::{NotificationMask as Mask, Status};
use crate::policy::{Next, Race};

/// A stream to one of the addresses, and how many others it was tried with in vain.
pub(super) struct Connected {
    pub(super) address: SocketAddr,
    pub(super) stream: Box<dyn Stream>,
    pub(super) failed: u32,
}

/// A stream to the first address that connects before the deadline.
///
/// Every attempt that was told of as begun is told of as ended; those that lost, before the one that won.
pub(super) async fn connect(
    way: &Way<'_>,
    addresses: &[SocketAddr],
    deadline: Option<Instant>,
) -> Result<Connected, DialFailure> {
    let mut race = Race::new(addresses.iter().copied(), way.options.attempt_delay);
    let mut attempts = Attempts(Vec::with_capacity(1));
    let (mut last, mut failed) = (None, 0);
    loop {
        let now = clock::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            drop(attempts);
            return Err(out_of_time(way, &mut race, addresses));
        }
        let wake = match race.next(now) {
            Next::Attempt(address) => {
                tell(way, &|| Status::ConnectingToServer(address));
                attempts.0.push((address, Box::pin(attempt(way, address))));
                continue;
            }
            Next::Wait(until) => until.into_iter().chain(deadline).min(),
            Next::Lost => break,
        };
        let ended = clock::until(wake, pin!(poll_fn(|context| attempts.poll_ended(context)))).await;
        match ended {
            Ok((address, Ok(stream))) => {
                drop(attempts);
                tell_given_up(way, race.handle_connected(address), "another address was faster");
                tell(way, &|| Status::ConnectedToServer(address));
                return Ok(Connected { address, stream, failed });
            }
            Ok((address, Err(error))) => {
                tell(way, &|| Status::ConnectAttemptEnded(address, error.to_string()));
                race.handle_failed(address);
                (last, failed) = (Some((address, error)), failed + 1);
            }
            // Time for the next attempt, or over.
            Err(_) => {}
        }
    }
    let tried = race.tried();
    Err(last.map_or_else(no_address, |(address, error)| DialFailure::NotConnected { address, tried, error }))
}

fn out_of_time(way: &Way<'_>, race: &mut Race, addresses: &[SocketAddr]) -> DialFailure {
    let under_way = race.give_up();
    // None is under way when the last one failed with the last of the time.
    let last = under_way.last().or_else(|| addresses.get(race.tried().saturating_sub(1))).copied();
    tell_given_up(way, under_way, "the time for connecting is over");
    let (tried, waited) = (race.tried(), way.timeouts.connect.unwrap_or_default());
    last.map_or_else(no_address, |address| DialFailure::ConnectTimeout { address, tried, waited })
}

fn no_address() -> DialFailure {
    DialFailure::NotResolved(io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
}

/// Those under way, in the order they began. They are few: each is asked when any is woken.
struct Attempts<F>(Vec<(SocketAddr, Pin<Box<F>>)>);

impl<F: Future> Attempts<F> {
    /// Takes out the first that has ended.
    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<(SocketAddr, F::Output)> {
        let ended = self.0.iter_mut().enumerate().find_map(|(at, (_, attempt))| match attempt.as_mut().poll(context) {
            Poll::Ready(outcome) => Some((at, outcome)),
            Poll::Pending => None,
        });
        let Some((at, outcome)) = ended else { return Poll::Pending };
        let (address, _) = self.0.remove(at);
        Poll::Ready((address, outcome))
    }
}

async fn attempt(way: &Way<'_>, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
    match &way.options.dialer {
        Some(dialer) => dialer.dial(&Destination { host: way.nearest().0.to_owned(), address }).await,
        None => Ok(Box::new(tcp::connect(way.options, address).await?)),
    }
}

fn tell(way: &Way<'_>, status: &dyn Fn() -> Status) {
    (way.report)(Mask::CONNECT_TO_SERVER, status);
}

fn tell_given_up(way: &Way<'_>, attempts: Vec<SocketAddr>, reason: &str) {
    for address in attempts {
        tell(way, &|| Status::ConnectAttemptEnded(address, reason.to_owned()));
    }
}
