//! The answer of a PAC script: a list of ways, the first that works is taken.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::network::{Proxy, ProxyProtocol, Route};

/// The answer of a script has nothing in it that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is too long to be meant: so many octets.
    TooLong(usize),
    /// No entry of it is known.
    NoWay,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(octets) => write!(f, "the script's answer has {octets} octets"),
            Self::NoWay => f.write_str("the script's answer names no way that is known"),
        }
    }
}

/// Reads `PROXY a:8080; SOCKS5 b; DIRECT`. An empty answer is `DIRECT`, as in browsers; entries that are not known are passed
/// over, and if nothing else is there, the answer cannot be used: to go directly then could be what it forbids. Of more than
/// 20 entries the first 20 count.
pub(crate) fn read_answer(answer: &str) -> Result<Vec<Route>, Unreadable> {
    if answer.len() > LONGEST_ANSWER {
        return Err(Unreadable::TooLong(answer.len()));
    }
    let entries = answer.split(';').map(str::trim).filter(|entry| !entry.is_empty());
    let mut is_empty = true;
    let found: Vec<_> = entries.inspect(|_| is_empty = false).filter_map(read_entry).take(MOST_ENTRIES).collect();
    match (found.is_empty(), is_empty) {
        (true, true) => Ok(vec![Route::Direct]),
        (true, false) => Err(Unreadable::NoWay),
        _ => Ok(found),
    }
}

fn read_entry(entry: &str) -> Option<Route> {
    let (kind, place) = entry.split_once(char::is_whitespace).unwrap_or((entry, ""));
    let place = place.trim();
    let protocol = match kind.to_ascii_uppercase().as_str() {
        "DIRECT" => return place.is_empty().then_some(Route::Direct),
        "PROXY" | "HTTP" => ProxyProtocol::Http,
        "HTTPS" => ProxyProtocol::Https,
        // As browsers do: names are looked up here for the elder, and by the proxy for the newer.
        "SOCKS" | "SOCKS4" => ProxyProtocol::Socks4,
        "SOCKS5" => ProxyProtocol::Socks5h,
        _ => return None,
    };
    let (host, port) = host_and_port(place, protocol.default_port())?;
    Proxy::new(protocol, host, port).ok().map(Route::Proxy)
}

/// What is no port makes it none; what is no host is refused later.
fn host_and_port(place: &str, own_port: u16) -> Option<(&str, u16)> {
    match place.rsplit_once(':') {
        // The colon is one of an IPv6 address.
        Some((_, after)) if after.contains(']') => Some((place, own_port)),
        Some((host, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => Some((host, port.parse().ok()?)),
        Some(_) => None,
        None => Some((place, own_port)),
    }
}

const MOST_ENTRIES: usize = 20;
const LONGEST_ANSWER: usize = 64 * 1024;
