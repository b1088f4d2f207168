//! Names of hosts as cookies and HSTS compare them: canonical first, then by whole labels (RFC 6265bis 5.1.2, 5.1.3).

use std::borrow::Cow;
use std::net::Ipv4Addr;

use idna::AsciiDenyList;

/// The host of a URL, which is in lower case and punycode already, without the dot of the root.
pub(crate) fn of_url(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Is there nothing before, behind or between its dots? No such name can be looked up (RFC 1035 section 2.3.1).
pub(crate) fn has_empty_label(host: &str) -> bool {
    host.split('.').any(str::is_empty)
}

/// A name that somebody wrote, in the form that URLs have; `None` for what is no name. A dot at its end stays.
pub(crate) fn canonical(name: &[u8]) -> Option<Cow<'_, str>> {
    let is_plain = |octet: &u8| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if name.iter().all(is_plain) && !name.windows(4).any(|label| label == b"xn--") {
        return std::str::from_utf8(name).ok().map(Cow::Borrowed);
    }
    if name.first() == Some(&b'[') {
        return std::str::from_utf8(name).ok().map(|name| Cow::Owned(name.to_ascii_lowercase()));
    }
    idna::domain_to_ascii_cow(name, AsciiDenyList::URL).ok()
}

/// Is the host an address? It has no domain above it.
pub(crate) fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// Is the host the domain, or below it?
#[cfg(feature = "cookies")]
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    let below = || host.strip_suffix(domain).is_some_and(|labels| labels.ends_with('.'));
    host == domain || (!domain.is_empty() && below() && !is_address(host))
}

/// The name one level above, if there is one.
pub(crate) fn parent(host: &str) -> Option<&str> {
    host.split_once('.').map(|(_, parent)| parent)
}

/// The part of the host that somebody has registered: what is directly below a public suffix. An address, a public suffix and what
/// is no name (`.example.com`) stand for themselves.
#[cfg(feature = "cookies")]
pub(crate) fn registrable(host: &str) -> &str {
    if is_address(host) || host.starts_with('.') || host.contains("..") {
        return host;
    }
    psl::domain(host.as_bytes()).and_then(|domain| std::str::from_utf8(domain.as_bytes()).ok()).unwrap_or(host)
}

/// Has anybody names under this domain? A name of one label that no list has is a suffix too, `localhost` for one.
#[cfg(any(feature = "cookies", feature = "pac"))]
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    !domain.is_empty() && !is_address(domain) && psl::domain(domain.as_bytes()).is_none()
}

#[cfg(test)]
mod tests;
