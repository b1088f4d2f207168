//! Connection attempts to the addresses of a host, until one succeeds.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::dial::{DialFailure, Way};
use super::tcp;
use crate::clock;
use crate::network::{Destination, Stream};
use crate::notification::{NotificationMask as Mask, Status};

/// A stream to the first address that connects before the deadline.
pub(super) async fn connect(
    way: &Way<'_>,
    addresses: &[SocketAddr],
    deadline: Option<Instant>,
) -> Result<(SocketAddr, Box<dyn Stream>), DialFailure> {
    let mut last = None;
    for &address in addresses {
        (way.report)(Mask::CONNECT_TO_SERVER, &|| Status::ConnectingToServer(address));
        let ended = |reason: String| {
            (way.report)(Mask::CONNECT_TO_SERVER, &|| Status::ConnectAttemptEnded(address, reason.clone()));
        };
        match clock::until(deadline, attempt(way, address)).await {
            Ok(Ok(stream)) => {
                (way.report)(Mask::CONNECT_TO_SERVER, &|| Status::ConnectedToServer(address));
                return Ok((address, stream));
            }
            Ok(Err(error)) => {
                ended(error.to_string());
                last = Some(DialFailure::NotConnected(address, error));
            }
            Err(_) => {
                ended("the time for connecting is over".to_owned());
                return Err(DialFailure::ConnectTimeout(address, way.timeouts.connect.unwrap_or_default()));
            }
        }
    }
    Err(last.unwrap_or_else(|| DialFailure::NotResolved(io::Error::new(io::ErrorKind::NotFound, "no address"))))
}

async fn attempt(way: &Way<'_>, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
    match &way.options.dialer {
        Some(dialer) => dialer.dial(&Destination { host: way.origin.host().to_owned(), address }).await,
        None => Ok(Box::new(tcp::connect(address).await?)),
    }
}
