//! Where a request goes: the origin, and the path with its query, out of one parsed URL.
//!
//! The address that is dialed, the `Host` field and the key of the pool all come from the same [`Origin`], so
//! they cannot disagree.

mod into_target;
mod plain;
#[cfg(test)]
mod tests;
mod verbatim;
mod websocket;

use std::cell::RefCell;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::shown;
use plain::Plain;

pub use into_target::IntoTarget;

/// Scheme, host and port (RFC 6454): what all handles to one server share.
///
/// An example is at [`Target`].
#[derive(Clone)]
pub struct Origin(Arc<Known>);

struct Known {
    /// Of all of it: every request looks its origin up.
    hash: u64,
    /// `http://host`, or `http://host:port` where the port is not the scheme's.
    text: Box<str>,
    host_length: usize,
    port: u16,
    is_secure: bool,
}

impl Origin {
    /// Reads the origin of a URL that must hold nothing else.
    pub(crate) fn parse(input: &str) -> Result<Self> {
        if let Some((text, "" | "/")) = plain::cut(input)
            && let Some(origin) = Self::plain(text)
        {
            return Ok(origin);
        }
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

    /// The same where it is spelled as it prints itself. One that was met lately is not made anew.
    fn plain(text: &str) -> Option<Self> {
        let met = |lately: &RefCell<[Option<Self>; LATELY_MET]>| {
            let place = &mut lately.borrow_mut()[text.len() % LATELY_MET];
            match place {
                Some(known) if *known.0.text == *text => {}
                _ => *place = Some(Self::new(&plain::origin(text)?)),
            }
            place.clone()
        };
        // A thread that ends has dropped it already.
        LATELY.try_with(met).ok().flatten()
    }

    fn new(parts: &Plain<'_>) -> Self {
        let mut hasher = DefaultHasher::new();
        parts.origin.hash(&mut hasher);
        Self(Arc::new(Known {
            hash: hasher.finish(),
            text: parts.origin.into(),
            host_length: parts.host.len(),
            port: parts.port,
            is_secure: parts.is_secure,
        }))
    }

    fn of(url: &Url, operation: Operation) -> Result<Self> {
        let invalid = |detail: &'static str| Error::invalid_url(operation, detail);
        let (is_secure, own_port) = match url.scheme() {
            "http" => (false, 80),
            "https" => (true, 443),
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
        // Browsers take them, and look such names up. No `Host` field may hold them (RFC 3986 3.2.2).
        if host.contains(['"', '`', '{', '}']) {
            return Err(invalid("the host holds a character that no host may hold"));
        }
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or_else(|| invalid("port 0 cannot be connected to"))?;
        let scheme = url.scheme();
        let text = if port == own_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        Ok(Self::new(&Plain { origin: &text, is_secure, host, port }))
    }

    /// The URL's scheme: `http` or `https`.
    #[doc(alias = "INTERNET_SCHEME")]
    pub fn scheme(&self) -> &'static str {
        if self.0.is_secure { "https" } else { "http" }
    }

    /// Are its wires secure: is it `https`?
    #[doc(alias = "SECURITY_FLAG_SECURE")]
    pub fn is_secure(&self) -> bool {
        self.0.is_secure
    }

    /// The host as it goes on the wire: lower case, punycode, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.authority()[..self.0.host_length]
    }

    /// The TCP port; 80 or, for `https`, 443 where the URL names none.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Host, and the port unless it is the scheme's own: the value of the `Host` field.
    #[inline]
    pub fn authority(&self) -> &str {
        &self.0.text[self.scheme().len() + "://".len()..]
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.text == other.0.text)
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
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An origin and what is asked of it: path and query, percent-encoded, without the fragment (`URL_COMPONENTS`).
///
/// ```
/// use hinternet::Target;
///
/// let target = Target::parse("http://www.example.com:8080/a b?q=1#top")?;
/// assert_eq!((target.origin().host(), target.origin().port()), ("www.example.com", 8080));
/// assert_eq!((target.path_and_query(), target.fragment()), ("/a%20b?q=1", Some("top")));
/// assert_eq!(format!("{target:?}"), "http://www.example.com:8080/a%20b"); // logs see no query
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias = "URL_COMPONENTS")]
#[derive(Clone)]
pub struct Target {
    origin: Origin,
    /// The origin, then the path: what the other two say is in here too.
    url: Arc<str>,
    /// Of few.
    fragment: Option<Arc<str>>,
}

impl Target {
    /// Reads an absolute URL. A fragment is kept apart: it is not sent.
    ///
    /// # Errors
    /// 12005 for a URL that cannot be parsed or holds credentials, 12006 for a scheme that is not spoken, 87 for
    /// CR, LF or NUL anywhere in it.
    #[doc(alias = "InternetCanonicalizeUrl")]
    #[doc(alias = "WINHTTP_OPTION_REJECT_USERPWD_IN_URL")]
    #[doc(alias = "WinHttpCrackUrl")]
    pub fn parse(input: &str) -> Result<Self> {
        match Self::plain(input) {
            Some(target) => Ok(target),
            None => Self::from_url(&parse_url(input, Operation::OpenRequest)?),
        }
    }

    fn plain(input: &str) -> Option<Self> {
        let (origin, path) = plain::cut(input)?;
        if !plain::is_path_and_query(path) {
            return None;
        }
        let origin = Origin::plain(origin)?;
        Some(if path.is_empty() { Self::join(origin, "/") } else { Self { origin, url: input.into(), fragment: None } })
    }

    pub(crate) fn from_url(url: &Url) -> Result<Self> {
        let origin = Origin::of(url, Operation::OpenRequest)?;
        let target = Self::join(origin, &url[url::Position::BeforePath..url::Position::AfterQuery]);
        Ok(Self { fragment: url.fragment().map(Arc::from), ..target })
    }

    /// A path on an origin, as `WinHttpOpenRequest` takes it: a missing first `/` is added.
    pub(crate) fn on(origin: &Origin, path: &str, asterisk_allowed: bool) -> Result<Self> {
        let operation = Operation::OpenRequest;
        if path.starts_with('/') && plain::is_path_and_query(path) || asterisk_allowed && path == "*" {
            return Ok(Self::join(origin.clone(), path));
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

    /// What is sent as it is given.
    fn join(origin: Origin, path_and_query: &str) -> Self {
        let url = [&origin.0.text, path_and_query].concat().into();
        Self { origin, url, fragment: None }
    }

    pub(crate) fn with_query(&self, pairs: &str) -> Self {
        let joint = if self.path_and_query().contains('?') { "&" } else { "?" };
        Self { url: [&*self.url, joint, pairs].concat().into(), ..self.clone() }
    }

    /// The same asked by https: at the port the URL names, or else 443 (RFC 6797 8.3). `None` if it is.
    pub(crate) fn by_https(&self) -> Option<Self> {
        let rest = self.as_str().strip_prefix("http:")?;
        let Self { origin, .. } = Self::parse(&["https:", rest].concat()).ok()?;
        Some(Self { fragment: self.fragment.clone(), ..Self::join(origin, self.path_and_query()) })
    }

    /// The server it goes to.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Path and query as they stand in the request line (RFC 9112 3.2.1).
    #[inline]
    pub fn path_and_query(&self) -> &str {
        &self.url[self.origin.0.text.len()..]
    }

    /// What stands behind the `#`, percent-encoded. It is not sent, and no part of [`url`](Self::url); a redirect that names none has
    /// that of the URL it was met at (RFC 9110 10.2.2).
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// The whole URL (`WinHttpCreateUrl`).
    #[doc(alias = "WinHttpCreateUrl")]
    pub fn url(&self) -> String {
        self.as_str().to_owned()
    }

    /// The whole URL; that of the server as a whole (`*`) has no path.
    pub(crate) fn as_str(&self) -> &str {
        if self.path_and_query() == "*" { &self.origin.0.text } else { &self.url }
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Target {}

impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.url.hash(state);
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Without the query, which may hold secrets.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(shown::without_query(&self.url))
    }
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
/// Which of them a text can be is told by its length, so that few octets are looked at where it is none of them.
const LATELY_MET: usize = 8;

thread_local! {
    /// Most requests go where the last ones went.
    static LATELY: RefCell<[Option<Origin>; LATELY_MET]> = const { RefCell::new([const { None }; LATELY_MET]) };
}
