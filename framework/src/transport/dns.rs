//! Names to addresses, by the system's resolver.

use std::io;
use std::net::{IpAddr, SocketAddr};

/// The addresses of a host; an address literal is its own.
pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Some(literal) = literal(host) {
        return Ok(vec![SocketAddr::new(literal, port)]);
    }
    let found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(found)
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
