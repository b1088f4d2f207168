//! Which origins are meant by a pattern, and which of several patterns that mean an origin is the most specific one.
//!
//! ```text
//! pattern = [scheme "://"] host [":" port]        scheme = "http" / "https"
//! host    = "*"                                   any host
//!         / "*." name                             any host below that name, and not the name itself
//!         / name / IPv4 / "[" IPv6 "]"            that host
//! ```
//!
//! What is left out may be anything. Names are compared as they go on the wire: lower case, and in punycode.

use std::cmp::Ordering;

use thiserror::Error;

use crate::target::Origin;

/// A set of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginPattern {
    is_secure: Option<bool>,
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    /// With the dot before it.
    Below(Box<str>),
    Exactly(Box<str>),
}

/// Why something is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NoPattern {
    #[error("its scheme is neither http nor https")]
    Scheme,
    #[error("it holds more than scheme, host and port")]
    TooMuch,
    #[error("a star stands for a whole host, or for the first labels of one as in *.example.com")]
    Star,
    #[error("its host is none")]
    Host,
    #[error("its port is none")]
    Port,
}

impl OriginPattern {
    pub(crate) fn parse(pattern: &str) -> Result<Self, NoPattern> {
        let (scheme, rest) = pattern.split_once("://").map_or((None, pattern), |(scheme, rest)| (Some(scheme), rest));
        let is_secure = match scheme.map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("http") => Some(false),
            Some("https") => Some(true),
            Some(_) => return Err(NoPattern::Scheme),
        };
        if rest.contains(['/', '?', '#', '@', '\\']) || rest.contains(char::is_whitespace) {
            return Err(NoPattern::TooMuch);
        }
        let (host, port) = cut_port(rest)?;
        let host = match host.strip_prefix("*.") {
            _ if host == "*" => Host::Any,
            Some(name) => Host::Below(format!(".{}", as_on_the_wire(name)?).into()),
            None => Host::Exactly(as_on_the_wire(host)?),
        };
        Ok(Self { is_secure, host, port })
    }

    /// Does it leave the host open?
    pub(crate) fn means_any_host(&self) -> bool {
        self.host == Host::Any
    }

    /// Is the origin one of them?
    pub(crate) fn means(&self, origin: &Origin) -> bool {
        let host = match &self.host {
            Host::Any => true,
            Host::Below(name) => origin.host().len() > name.len() && origin.host().ends_with(&**name),
            Host::Exactly(name) => origin.host() == &**name,
        };
        host && self.port.is_none_or(|port| port == origin.port())
            && self.is_secure.is_none_or(|is_secure| is_secure == origin.is_secure())
    }

    /// Of two that mean one origin, the greater one is the more specific one: by the host first, then by the port, then by the
    /// scheme.
    pub(crate) fn by_specificity(&self, other: &Self) -> Ordering {
        let rank = |pattern: &Self| {
            let host = match &pattern.host {
                Host::Any => (0, 0),
                Host::Below(name) => (1, name.len()),
                Host::Exactly(_) => (2, 0),
            };
            (host, pattern.port.is_some(), pattern.is_secure.is_some())
        };
        rank(self).cmp(&rank(other))
    }
}

fn cut_port(text: &str) -> Result<(&str, Option<u16>), NoPattern> {
    // The colons of an IPv6 address are none.
    let behind = text.rfind(']').unwrap_or(0);
    let cut = |rest: &'_ str| Some(rest.split_once(':')?.1.len());
    let Some(length) = text.get(behind..).and_then(cut) else { return Ok((text, None)) };
    let (before, digits) = text.split_at(text.len() - length);
    let host = before.strip_suffix(':').unwrap_or(before);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| is_number && *port != 0).ok_or(NoPattern::Port)?;
    Ok((host, Some(port)))
}

/// As an origin has it.
fn as_on_the_wire(host: &str) -> Result<Box<str>, NoPattern> {
    if host.contains('*') {
        return Err(NoPattern::Star);
    }
    let origin = Origin::parse(&format!("https://{host}")).map_err(|_| NoPattern::Host)?;
    if host.is_empty() || origin.port() != 443 {
        return Err(NoPattern::Host);
    }
    Ok(origin.host().into())
}

#[cfg(test)]
mod tests;
