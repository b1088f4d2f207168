//! Names to addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
#[cfg(feature = "pac")]
use std::pin::pin;
use std::sync::Arc;
#[cfg(feature = "pac")]
use std::time::Duration;

use super::names::{Heard, Name, Names, Unresolved};
#[cfg(feature = "pac")]
use crate::clock::within;
use crate::options::DialOptions;

/// The addresses of a host.
pub(super) struct Resolved {
    pub(super) addresses: Vec<SocketAddr>,
    /// What was heard of its name; `None` if nothing was asked, or nothing of it is kept.
    pub(super) heard: Option<Heard>,
}

/// The addresses of a host: those that are laid down for the name, or else what it says itself if it is an address, or else what
/// the resolver knows.
pub(super) async fn resolve(
    options: &DialOptions,
    names: &Arc<Names>,
    host: &str,
    port: u16,
) -> Result<Resolved, Unresolved> {
    let at = |address: IpAddr| SocketAddr::new(address, port);
    let only = |address| Ok(Resolved { addresses: vec![at(address)], heard: None });
    if options.dialer.as_ref().is_some_and(|dialer| !dialer.wants_addresses()) {
        return only(Ipv4Addr::UNSPECIFIED.into());
    }
    let name = options.name_for(host);
    if let Some(fixed) = options.addresses_laid_down(name) {
        return Ok(Resolved { addresses: fixed.iter().copied().map(at).collect(), heard: None });
    }
    if let Some(literal) = literal(name) {
        return only(literal);
    }
    let (found, heard) = names.resolve(&Name::new(options, name)).await?;
    Ok(Resolved { addresses: found.iter().copied().map(at).collect(), heard })
}

/// The addresses that a proxy script is told; none if they are not to be had in time.
#[cfg(feature = "pac")]
pub(crate) async fn known_addresses(
    options: &DialOptions,
    names: &Arc<Names>,
    host: &str,
    limit: Option<Duration>,
) -> Vec<IpAddr> {
    let looking = pin!(resolve(options, names, host, 0));
    match within(limit, looking).await {
        Ok(Ok(resolved)) => resolved.addresses.iter().map(SocketAddr::ip).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
