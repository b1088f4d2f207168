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

/// The addresses that a dial goes to: one that stands for nothing, for a dialer that wants none; else those of the name.
pub(super) async fn resolve(
    options: &DialOptions,
    names: &Arc<Names>,
    name: &str,
    port: u16,
) -> Result<Resolved, Unresolved> {
    if options.dialer.as_ref().is_some_and(|dialer| !dialer.wants_addresses()) {
        let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        return Ok(Resolved { addresses: vec![nowhere], heard: None });
    }
    look_up(options, names, name, port).await
}

/// The addresses of a name: those that are laid down for it, or else what it says itself if it is an address, or else what the
/// resolver knows.
pub(super) async fn look_up(
    options: &DialOptions,
    names: &Arc<Names>,
    name: &str,
    port: u16,
) -> Result<Resolved, Unresolved> {
    let at = |address: IpAddr| SocketAddr::new(address, port);
    if let Some(fixed) = options.addresses_laid_down(name) {
        return Ok(Resolved { addresses: fixed.iter().copied().map(at).collect(), heard: None });
    }
    if let Some(literal) = literal(name) {
        return Ok(Resolved { addresses: vec![at(literal)], heard: None });
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

/// The address that a host is, if it is one.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
