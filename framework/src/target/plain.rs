//! Reads the URLs that are spelled already as the `url` crate would spell them (pure), which nearly all are.
//!
//! It never decides what a URL means: whatever is not certainly plain is left to the `url` crate, with its rules and its errors. The
//! tests hold the two against each other.

/// A URL, and where its parts begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    /// Scheme, host and port, as an origin spells itself.
    pub(super) origin: &'a str,
    pub(super) is_secure: bool,
    pub(super) host: &'a str,
    pub(super) port: u16,
}

/// Cuts a URL where its path begins. The first part is an origin only if [`origin`] says so; the second is empty or has a `/` in
/// front.
pub(super) fn cut(url: &str) -> Option<(&str, &str)> {
    let authority = url.get(HTTP.len()..)?;
    // Not inside of `https://`.
    let authority = if authority.starts_with('/') { authority.get(1..)? } else { authority };
    let before = url.len() - authority.len();
    let length = authority.bytes().position(|octet| octet == b'/').unwrap_or(authority.len());
    url.split_at_checked(before + length)
}

/// Scheme, host and port, if they are plain: a name that no reader takes for an address, or four decimal numbers, and a port only
/// where it is not the scheme's own.
pub(super) fn origin(text: &str) -> Option<Plain<'_>> {
    let (is_secure, authority) = match text.strip_prefix(HTTP) {
        Some(authority) => (false, authority),
        None => (true, text.strip_prefix(HTTPS)?),
    };
    let own_port = if is_secure { 443 } else { 80 };
    let (host, port) = match authority.split_once(':') {
        None => (authority, own_port),
        Some((host, digits)) => (host, number(digits).filter(|port| *port != 0 && *port != own_port)?),
    };
    (host.len() <= LONGEST_NAME && (is_name(host) || is_address(host))).then_some(Plain {
        origin: text,
        is_secure,
        host,
        port,
    })
}

/// Is it what the `url` crate leaves as it is: octets that it would encode neither in a path nor in a query, and no segment that
/// may be a dot?
pub(super) fn is_path_and_query(text: &str) -> bool {
    let mut before = 0;
    let mut may_be_dots = true;
    for (at, octet) in text.bytes().enumerate() {
        match OCTETS[usize::from(octet)] {
            Octet::Other => return false,
            Octet::Plain => {}
            Octet::Query => may_be_dots = false,
            // `.`, `..`, and their spellings with `%2e`: rather no segment that begins so.
            Octet::Dot if before == b'/' && may_be_dots => return false,
            Octet::Percent if before == b'/' && may_be_dots && is_encoded_dot(text, at) => return false,
            Octet::Dot | Octet::Percent => {}
        }
        before = octet;
    }
    true
}

fn is_encoded_dot(text: &str, at: usize) -> bool {
    text.as_bytes().get(at + 1..at + 3).is_some_and(|digits| digits.eq_ignore_ascii_case(b"2e"))
}

/// No label is empty, none is punycode, and the last begins with a letter: else it could be a number, and the name an address.
fn is_name(host: &str) -> bool {
    let mut last_begins_with = 0;
    for label in host.split('.') {
        let Some(first) = label.bytes().next() else { return false };
        let is_plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        if !label.bytes().all(is_plain) || label.starts_with("xn--") {
            return false;
        }
        last_begins_with = first;
    }
    last_begins_with.is_ascii_lowercase()
}

/// Four numbers, spelled as an address is printed.
fn is_address(host: &str) -> bool {
    let mut numbers = 0;
    for part in host.split('.') {
        numbers += 1;
        if number(part).is_none_or(|number| number > 255) {
            return false;
        }
    }
    numbers == 4
}

/// Without a zero in front, and of no more than 16 bits.
fn number(digits: &str) -> Option<u16> {
    let is_canonical = digits == "0" || !digits.starts_with('0');
    (is_canonical && digits.bytes().all(|octet| octet.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Octet {
    Plain,
    Dot,
    Percent,
    /// Begins the query, in which dots mean nothing.
    Query,
    Other,
}

/// What RFC 3986 lets stand in a path and in a query, but for `'`, which browsers encode in a query.
const OCTETS: [Octet; 256] = {
    let mut octets = [Octet::Other; 256];
    let plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!$&()*+,;=:@/";
    let mut at = 0;
    while at < plain.len() {
        octets[plain[at] as usize] = Octet::Plain;
        at += 1;
    }
    octets[b'.' as usize] = Octet::Dot;
    octets[b'%' as usize] = Octet::Percent;
    octets[b'?' as usize] = Octet::Query;
    octets
};
const HTTP: &str = "http://";
const HTTPS: &str = "https://";
/// RFC 1035 2.3.4.
const LONGEST_NAME: usize = 253;

#[cfg(test)]
mod tests;
