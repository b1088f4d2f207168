//! Names to addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::BlockingResolver;
use crate::network::Resolver;
use crate::options::DialOptions;

/// The addresses of a host; an address literal is its own.
pub(super) async fn resolve(options: &DialOptions, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let at = |address: IpAddr| SocketAddr::new(address, port);
    if options.dialer.as_ref().is_some_and(|dialer| !dialer.wants_addresses()) {
        return Ok(vec![at(Ipv4Addr::UNSPECIFIED.into())]);
    }
    if let Some(literal) = literal(host) {
        return Ok(vec![at(literal)]);
    }
    let found = match &options.resolver {
        Some(resolver) => resolver.resolve(host).await?,
        None => BlockingResolver::system().resolve(host).await?,
    };
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(found.into_iter().map(at).collect())
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
