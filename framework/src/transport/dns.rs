//! Names to addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
    let found: Vec<_> = match &options.resolver {
        Some(resolver) => resolver.resolve(host).await?.into_iter().map(at).collect(),
        None => tokio::net::lookup_host((host, port)).await?.collect(),
    };
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(found)
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
