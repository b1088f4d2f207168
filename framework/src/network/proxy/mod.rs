//! A proxy: what it speaks, where it is, who we are to it, and what it is reached through (pure).

mod parsing;
mod resolver;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Version};
use zeroize::Zeroizing;

pub use resolver::{FindingProxy, ProxyResolver, Route};

use crate::error::{Error, Operation, Result};

/// A proxy: what it speaks, where it is, and who we are to it. Cheap to clone.
///
/// Two are equal when all that they hold is equal, credentials included: only requests that go by equal ones share a wire.
///
/// ```
/// # fn example() -> hinternet::Result<()> {
/// use hinternet::network::Proxy;
///
/// let office = Proxy::parse("http://user:secret@proxy.example:3128")?;
/// let beyond = Proxy::parse("socks5h://relay.example")?.through(office)?;
/// assert_eq!(format!("{beyond:?}"), "socks5h://relay.example:1080 through http://proxy.example:3128");
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy(Arc<Parts>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Parts {
    protocol: ProxyProtocol,
    /// As the host of a URL is written: an IPv6 address in brackets.
    host: Box<str>,
    port: u16,
    credentials: Option<ProxyCredentials>,
    waits_for_challenge: bool,
    is_old: bool,
    fields: Vec<(HeaderName, HeaderValue)>,
    through: Option<Proxy>,
}

/// What a proxy speaks.
///
/// An example is at [`Proxy`].
#[doc(alias = "INTERNET_SCHEME_SOCKS")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyProtocol {
    /// HTTP in the clear: requests of plain HTTP are forwarded, everything else goes through a tunnel (CONNECT).
    Http,
    /// The same, and what is said to the proxy itself is secured by TLS, with the proxy's own certificate.
    Https,
    /// SOCKS4: takes IPv4 addresses, so the name is looked up here.
    Socks4,
    /// SOCKS4a: the proxy looks the name up.
    Socks4a,
    /// SOCKS5 (RFC 1928): the name is looked up here.
    Socks5,
    /// SOCKS5: the proxy looks the name up.
    Socks5h,
}

impl ProxyProtocol {
    /// As the scheme of a proxy's URL.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// The port where none is named: 80, 443, or 1080 of SOCKS.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks4 | Self::Socks4a | Self::Socks5 | Self::Socks5h => 1080,
        }
    }

    /// Is it HTTP, in the clear or secured?
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// Is the name of the server looked up here, and not by the proxy?
    pub fn resolves_here(self) -> bool {
        matches!(self, Self::Socks4 | Self::Socks5)
    }
}

impl Proxy {
    /// Reads the URL of a proxy: `scheme://[user[:password]@]host[:port]`, with a scheme of [`ProxyProtocol`] (`socks` is
    /// `socks4`), or without one, which is `http`. User name and password are percent-decoded.
    ///
    /// # Errors
    /// 87 for what is no such URL, has a path, or holds credentials that its protocol cannot carry. The error does not repeat it.
    pub fn parse(url: &str) -> Result<Self> {
        parsing::parse(url)
    }

    /// A proxy without credentials.
    ///
    /// # Errors
    /// 87 for a host that is none, and for port 0.
    pub fn new(protocol: ProxyProtocol, host: &str, port: u16) -> Result<Self> {
        let host = parsing::host(host)?;
        if port == 0 {
            return Err(refused("port 0 cannot be connected to"));
        }
        let (credentials, waits_for_challenge, is_old, fields, through) = (None, false, false, Vec::new(), None);
        Ok(Self(Arc::new(Parts { protocol, host, port, credentials, waits_for_challenge, is_old, fields, through })))
    }

    /// Who we are to this proxy (`WINHTTP_OPTION_PROXY_USERNAME`, `PROXY_PASSWORD`). To nobody else: neither to the server, nor to
    /// another proxy. They are wiped from memory when the last copy of the proxy is dropped.
    ///
    /// To a proxy of HTTP they go unasked, as Basic (RFC 7617), unless it is told to [wait](Self::wait_for_challenge); to SOCKS5 by RFC 1929; to
    /// SOCKS4 only the user name goes.
    ///
    /// # Errors
    /// 87 for a control character, a colon in the user name of HTTP, or more than 255 octets of either for SOCKS.
    #[doc(alias = "WINHTTP_OPTION_PROXY_USERNAME")]
    #[doc(alias = "WINHTTP_OPTION_PROXY_PASSWORD")]
    pub fn credentials(mut self, user: &str, password: &str) -> Result<Self> {
        parsing::check_credentials(self.protocol(), user, password)?;
        let (user, password) = (Zeroizing::new(user.to_owned()), Zeroizing::new(password.to_owned()));
        self.change().credentials = Some(ProxyCredentials { user, password });
        Ok(self)
    }

    /// A proxy of HTTP is shown the credentials only when it asks for them (407), and as it asks: by the strongest scheme it offers of
    /// Digest and Basic, so that a proxy which takes Digest never sees the password. It costs a round trip per origin. Default: Basic
    /// goes unasked.
    pub fn wait_for_challenge(mut self) -> Self {
        self.change().waits_for_challenge = true;
        self
    }

    /// It knows nothing newer than HTTP/1.0: a tunnel is asked for by `CONNECT` of that version. What it forwards is of the version
    /// that the request is of ([`Protocols`](crate::Protocols)). Default: HTTP/1.1.
    pub fn http10(mut self) -> Self {
        self.change().is_old = true;
        self
    }

    /// A field that a proxy of HTTP is sent, and nobody else: with CONNECT, and with each request that it forwards. The value is not
    /// shown by `Debug`.
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.change().fields.push((name, value));
        self
    }

    /// It is reached through another proxy, as that one is reached. What is nearer sees only where the next one is.
    ///
    /// # Errors
    /// 87 if there would be more than four proxies in a row.
    pub fn through(mut self, nearer: Self) -> Result<Self> {
        let parts = self.change();
        parts.through = Some(match parts.through.take() {
            Some(before) => before.through(nearer)?,
            None => nearer,
        });
        if self.chain().len() > LONGEST_CHAIN {
            return Err(refused("more than four proxies in a row"));
        }
        Ok(self)
    }

    /// What it speaks.
    pub fn protocol(&self) -> ProxyProtocol {
        self.0.protocol
    }

    /// Its host: a name, or an address, of IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Are there credentials for it?
    pub fn has_credentials(&self) -> bool {
        self.0.credentials.is_some()
    }

    /// What it is reached through; `None` if it is reached directly.
    pub fn nearer(&self) -> Option<&Self> {
        self.0.through.as_ref()
    }

    pub(crate) fn secret(&self) -> Option<&ProxyCredentials> {
        self.0.credentials.as_ref()
    }

    pub(crate) fn waits_for_challenge(&self) -> bool {
        self.0.waits_for_challenge
    }

    /// In which version a tunnel is asked for.
    pub(crate) fn version(&self) -> Version {
        if self.0.is_old { Version::HTTP_10 } else { Version::HTTP_11 }
    }

    pub(crate) fn fields(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.fields
    }

    /// `host:port`.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.0.host, self.0.port)
    }

    /// All that it takes, the one that is connected to first.
    pub(crate) fn chain(&self) -> Vec<&Self> {
        let mut chain: Vec<_> = std::iter::successors(Some(self), |proxy| proxy.nearer()).collect();
        chain.reverse();
        chain
    }

    fn change(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

/// Without credentials and fields.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.0.protocol.scheme(), self.0.host, self.0.port)
    }
}

/// Without credentials and fields.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match self.nearer() {
            Some(nearer) => write!(f, " through {nearer:?}"),
            None => Ok(()),
        }
    }
}

/// Who we are to a proxy.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProxyCredentials {
    pub(crate) user: Zeroizing<String>,
    pub(crate) password: Zeroizing<String>,
}

impl Hash for ProxyCredentials {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.user.as_str(), self.password.as_str()).hash(state);
    }
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials")
    }
}

fn refused(detail: &'static str) -> Error {
    Error::parameter(Operation::SetOption, detail)
}

/// Every further one adds its own round trips, and nobody is known to need so many.
const LONGEST_CHAIN: usize = 4;
