//! Where a request goes: the origin, and the path with its query, out of one parsed URL.
//!
//! The address that is dialed, the `Host` field and the key of the pool all come from the same [`Origin`], so
//! they cannot disagree.

#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::shown;

/// Scheme, host and port (RFC 6454): what all handles to one server share.
#[derive(Clone)]
pub struct Origin(Arc<Known>);

/// With the hash of all of it: every request looks its origin up.
struct Known {
    hash: u64,
    parts: Parts,
}

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    scheme: Scheme,
    host: Box<str>,
    port: u16,
    /// `host`, or `host:port` where the port is not the scheme's: what the `Host` field says.
    authority: Box<str>,
}

/// The schemes that are spoken.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Origin {
    /// Reads the origin of a URL that must hold nothing else.
    pub(crate) fn parse(input: &str) -> Result<Self> {
        let operation = Operation::Connect;
        let url = parse_url(input, operation)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::invalid_url(
                operation,
                "connect takes scheme, host and port; the path goes to open_request",
            ));
        }
        Self::of(&url, operation)
    }

    fn of(url: &Url, operation: Operation) -> Result<Self> {
        let invalid = |detail: &'static str| Error::invalid_url(operation, detail);
        let (scheme, own_port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            other => {
                let detail = format!("the scheme is {other:?}; http and https are spoken here");
                return Err(Error::new(
                    ErrorCode::UnrecognizedScheme,
                    operation,
                    Stage::Arguments,
                    Blame::Caller,
                    detail,
                ));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the URL holds a user name or password; credentials do not belong in a URL"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid("the URL names no host"))?;
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or_else(|| invalid("port 0 cannot be connected to"))?;
        let authority = if port == own_port { host.into() } else { format!("{host}:{port}").into() };
        let parts = Parts { scheme, host: host.into(), port, authority };
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        Ok(Self(Arc::new(Known { hash: hasher.finish(), parts })))
    }

    /// The URL's scheme: `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        match self.0.parts.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// Are its wires secure: is it `https`?
    pub fn is_secure(&self) -> bool {
        self.0.parts.scheme == Scheme::Https
    }

    /// The host as it goes on the wire: lower case, punycode, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.0.parts.host
    }

    /// The TCP port; 80 or, for `https`, 443 where the URL names none.
    pub fn port(&self) -> u16 {
        self.0.parts.port
    }

    /// Host, and the port unless it is the scheme's own: the value of the `Host` field.
    pub fn authority(&self) -> &str {
        &self.0.parts.authority
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.parts == other.0.parts)
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash.hash(state);
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An origin and what is asked of it: path and query, percent-encoded, without the fragment (`URL_COMPONENTS`).
#[doc(alias = "URL_COMPONENTS")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    origin: Origin,
    path_and_query: Arc<str>,
}

impl Target {
    /// Reads an absolute URL. A fragment is dropped: it is not sent.
    ///
    /// # Errors
    /// 12005 for a URL that cannot be parsed or holds credentials, 12006 for a scheme that is not spoken, 87 for
    /// CR, LF or NUL anywhere in it.
    #[doc(alias = "WinHttpCrackUrl")]
    pub fn parse(input: &str) -> Result<Self> {
        Self::from_url(&parse_url(input, Operation::OpenRequest)?)
    }

    pub(crate) fn from_url(url: &Url) -> Result<Self> {
        let origin = Origin::of(url, Operation::OpenRequest)?;
        Ok(Self { origin, path_and_query: url[url::Position::BeforePath..url::Position::AfterQuery].into() })
    }

    /// A path on an origin, as `WinHttpOpenRequest` takes it: a missing first `/` is added.
    pub(crate) fn on(origin: &Origin, path: &str, asterisk_allowed: bool) -> Result<Self> {
        let operation = Operation::OpenRequest;
        if asterisk_allowed && path == "*" {
            return Ok(Self { origin: origin.clone(), path_and_query: "*".into() });
        }
        if path.contains("://") && Url::parse(path).is_ok() {
            return Err(Error::invalid_url(
                operation,
                "open_request takes a path; a whole URL goes to session.get and its kin",
            ));
        }
        refuse_injection(path, operation)?;
        let path = utf8_percent_encode(path, BLANKS);
        let path = path.to_string();
        let absolute = format!("{origin}/{}", path.strip_prefix('/').unwrap_or(&path));
        let mut target = Self::from_url(&parse_url(&absolute, operation)?)?;
        target.origin = origin.clone();
        Ok(target)
    }

    pub(crate) fn with_query(&self, pairs: &str) -> Self {
        let joint = if self.path_and_query.contains('?') { '&' } else { '?' };
        Self { origin: self.origin.clone(), path_and_query: format!("{}{joint}{pairs}", self.path_and_query).into() }
    }

    /// The server it goes to.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Path and query as they stand in the request line (RFC 9112 3.2.1).
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The whole URL (`WinHttpCreateUrl`).
    #[doc(alias = "WinHttpCreateUrl")]
    pub fn url(&self) -> String {
        if &*self.path_and_query == "*" { self.origin.to_string() } else { self.to_string() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path_and_query)
    }
}

/// Without the query, which may hold secrets.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, shown::without_query(&self.path_and_query))
    }
}

/// What can be asked for: a URL as text, a parsed [`Url`], or a [`Target`].
pub trait IntoTarget: sealed::Sealed {
    #[doc(hidden)]
    fn into_target(self) -> Result<Target>;
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<Target> {
        Target::parse(self)
    }
}

impl IntoTarget for &String {
    fn into_target(self) -> Result<Target> {
        Target::parse(self)
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<Target> {
        Target::parse(&self)
    }
}

impl IntoTarget for &Url {
    fn into_target(self) -> Result<Target> {
        Target::from_url(self)
    }
}

impl IntoTarget for Url {
    fn into_target(self) -> Result<Target> {
        Target::from_url(&self)
    }
}

impl IntoTarget for Target {
    fn into_target(self) -> Result<Target> {
        Ok(self)
    }
}

impl IntoTarget for &Target {
    fn into_target(self) -> Result<Target> {
        Ok(self.clone())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for String {}
    impl Sealed for &url::Url {}
    impl Sealed for url::Url {}
    impl Sealed for super::Target {}
    impl Sealed for &super::Target {}
}

fn parse_url(input: &str, operation: Operation) -> Result<Url> {
    refuse_injection(input, operation)?;
    // The `url` crate strips tabs, as it does CR and LF; in a path they are encoded, and a host cannot hold them.
    let kept = input.replace('\t', "%09");
    Url::parse(&kept).map_err(|reason| {
        let detail = match shortened(input) {
            Some(input) => format!("{reason}: {input:?}"),
            None => reason.to_string(),
        };
        Error::invalid_url(operation, detail).with_source(reason)
    })
}

/// The `url` crate drops CR and LF in silence, as browsers must; a caller who passes them is being used to inject.
fn refuse_injection(input: &str, operation: Operation) -> Result<()> {
    match input.bytes().find(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        Some(byte) => Err(Error::parameter(operation, format!("the URL or path holds the octet {byte:#04x}"))),
        None => Ok(()),
    }
}

/// Enough of it to be recognised; nothing of what may hold a password.
fn shortened(input: &str) -> Option<&str> {
    let without_query = shown::without_query(input);
    let end = without_query.char_indices().nth(80).map_or(without_query.len(), |(end, _)| end);
    (!input.contains('@')).then(|| &without_query[..end])
}

/// What the `url` crate would trim at the ends or strip instead of encoding.
const BLANKS: &AsciiSet = &CONTROLS.add(b' ');
