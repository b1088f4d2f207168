//! A URL in its parts (pure), as WinHTTP's programs take it apart and put it together.

mod create;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use bitflags::bitflags;
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use url::{Host, Url};

use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

pub use create::create_url;

bitflags! {
    /// What is done to the parts of a URL by [`crack_url`] and [`create_url`]; the numbers are WinHTTP's.
    ///
    /// `ICU_NO_ENCODE` and `ICU_NO_META` are the default here: nothing is escaped that was not asked for, and dot segments stay.
    ///
    /// An example is at [`UrlComponents`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct UrlFlags: u32 {
        /// What may not stand in a path, a query or a fragment is percent-encoded as UTF-8, in upper case: blanks, controls, and
        /// `"#%<>[\]^{|}~` with the backquote. In [`crack_url`] a `%` is left alone, and so is the `#` before a fragment; in
        /// [`create_url`] it is where the extra part begins with it.
        #[doc(alias = "ICU_ESCAPE")]
        const ESCAPE = 0x8000_0000;
        /// [`crack_url`]: user, password, path and extra are percent-decoded, after they were told apart. [`ESCAPE`](Self::ESCAPE)
        /// wins over it.
        ///
        /// As in WinHTTP, what was encoded may be anything: CR, LF and NUL (`%0D`, `%0A`, `%00`) are octets of the part then, a `/`
        /// or a `?` that was none is one. So the parts are for reading. Put together again they may be another URL, and where a line
        /// would end in them they are refused (87): by [`create_url`] without [`ESCAPE`](Self::ESCAPE), by
        /// [`Connection::open_request`](crate::Connection::open_request) and its kin, and as the value of a header field.
        #[doc(alias = "ICU_DECODE")]
        const DECODE = 0x1000_0000;
        /// With [`ESCAPE`](Self::ESCAPE): blanks alone are encoded, and what is not ASCII.
        #[doc(alias = "ICU_ENCODE_SPACES_ONLY")]
        const ENCODE_SPACES_ONLY = 0x0400_0000;
        /// With [`ESCAPE`](Self::ESCAPE) or [`DECODE`](Self::DECODE): the query and the fragment are left alone.
        #[doc(alias = "ICU_BROWSER_MODE")]
        const BROWSER_MODE = 0x0200_0000;
        /// [`create_url`]: the port is written also where it is the scheme's own.
        #[doc(alias = "ICU_INCLUDE_DEFAULT_PORT")]
        const INCLUDE_DEFAULT_PORT = 0x8000;
        /// A user name or a password is refused with 12005.
        #[doc(alias = "ICU_REJECT_USERPWD")]
        const REJECT_USERPWD = 0x4000;
        /// [`create_url`]: user and password are percent-encoded. Without it a delimiter in them is refused.
        #[doc(alias = "ICU_ESCAPE_AUTHORITY")]
        const ESCAPE_AUTHORITY = 0x2000;
        /// [`crack_url`], with [`ESCAPE`](Self::ESCAPE): a `%` is encoded too. [`create_url`] does so anyway.
        #[doc(alias = "ICU_ENCODE_PERCENT")]
        const ENCODE_PERCENT = 0x1000;
    }
}

/// The parts of a URL (`URL_COMPONENTS`), as [`crack_url`] finds them and [`create_url`] takes them.
///
/// A part that is as it stands in the URL is borrowed from there; one that was decoded or encoded is its own.
///
/// ```
/// use hinternet::{UrlComponents, UrlFlags, crack_url, create_url};
///
/// let parts = crack_url("http://www.example.com/a b?q", UrlFlags::ESCAPE)?;
/// assert_eq!((&*parts.host, &*parts.path, &*parts.extra), ("www.example.com", "/a%20b", "?q"));
/// let other = UrlComponents { host: "other.example".into(), port: None, ..parts };
/// assert_eq!(create_url(&other, UrlFlags::empty())?, "http://other.example/a%20b?q");
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias = "URL_COMPONENTS")]
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct UrlComponents<'a> {
    /// The scheme, as it is written. For [`create_url`] an empty one is `http`.
    #[doc(alias("INTERNET_SCHEME_HTTP", "INTERNET_SCHEME_HTTPS"))]
    pub scheme: Cow<'a, str>,
    /// The user name, which may be empty; `None` without one.
    pub user: Option<Cow<'a, str>>,
    /// The password, which may be empty; `None` without one.
    pub password: Option<Cow<'a, str>>,
    /// The host as it is written, an IPv6 address in brackets.
    pub host: Cow<'a, str>,
    /// The port, which [`crack_url`] always says. For [`create_url`] `None` is the scheme's own, and not written.
    pub port: Option<u16>,
    /// The path, up to the `?` or `#`; empty if the URL has none.
    pub path: Cow<'a, str>,
    /// What stands behind the path: query and fragment, with the `?` or `#` before them; empty if there are none.
    pub extra: Cow<'a, str>,
}

impl UrlComponents<'_> {
    /// Is the scheme `https`: what `WINHTTP_FLAG_SECURE` says in WinHTTP?
    #[doc(alias = "WINHTTP_FLAG_SECURE")]
    pub fn is_secure(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("https")
    }

    /// Scheme, host and port: what [`Session::connect`](crate::Session::connect) takes.
    pub fn origin(&self) -> String {
        let Self { scheme, host, .. } = self;
        match self.port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// Path and extra in one: what [`Connection::open_request`](crate::Connection::open_request) takes, and what WinHTTP gives as the
    /// path of a URL whose extra part is not asked for.
    pub fn path_and_extra(&self) -> String {
        [&*self.path, &*self.extra].concat()
    }

    /// The same, independent of the URL it was found in.
    pub fn into_owned(self) -> UrlComponents<'static> {
        let own = |part: Cow<'_, str>| Cow::Owned(part.into_owned());
        UrlComponents {
            scheme: own(self.scheme),
            user: self.user.map(own),
            password: self.password.map(own),
            host: own(self.host),
            port: self.port,
            path: own(self.path),
            extra: own(self.extra),
        }
    }
}

/// Without user, password, query and fragment, which may be secrets.
impl fmt::Debug for UrlComponents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlComponents")
            .field("scheme", &self.scheme)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Takes a URL apart (`WinHttpCrackUrl`). Nothing in it is made better: dot segments, the case of the host and what should have been
/// encoded stay as they are.
///
/// A URL is refused if [`Session::get`](crate::Session::get) would connect elsewhere than to the host and port found here, as with a
/// backslash before an `@`. It may still be one that is not asked for: with credentials, or with port 0.
///
/// ```
/// use hinternet::{UrlFlags, crack_url};
///
/// let url = crack_url("https://www.example.com/site/about?query", UrlFlags::empty())?;
/// assert_eq!((&*url.host, url.port), ("www.example.com", Some(443)));
/// assert_eq!((&*url.path, &*url.extra), ("/site/about", "?query"));
/// // What WinHttpConnect and WinHttpOpenRequest take:
/// assert_eq!((url.origin(), url.path_and_extra()), ("https://www.example.com:443".into(), "/site/about?query".into()));
/// # Ok::<_, hinternet::Error>(())
/// ```
///
/// # Errors
/// 12006 unless it begins with `http:` or `https:`; 12005 for what is no URL, for credentials that are not wanted, and for octets that
/// are no text once they are decoded; 87 for CR, LF or NUL in it.
#[doc(alias = "InternetCrackUrl")]
#[doc(alias = "WinHttpCrackUrl")]
pub fn crack_url(url: &str, flags: UrlFlags) -> Result<UrlComponents<'_>> {
    let invalid = |detail: &'static str| Error::invalid_url(Operation::CrackUrl, detail);
    let Some((scheme, own_port, rest)) = split_scheme(url) else {
        let detail = "the URL does not begin with http: or https:";
        let (code, stage) = (ErrorCode::UnrecognizedScheme, Stage::Arguments);
        return Err(Error::new(code, Operation::CrackUrl, stage, Blame::Caller, detail));
    };
    let rest = rest.strip_prefix("//").ok_or_else(|| invalid("there is no // behind the scheme"))?;
    if rest.contains(['\r', '\n', '\0']) {
        return Err(Error::parameter(Operation::CrackUrl, "the URL holds CR, LF or NUL"));
    }
    let (authority, rest) = split_before(rest, &['/', '?', '#']);
    let (path, extra) = split_before(rest, &['?', '#']);
    let (credentials, server) = match authority.rsplit_once('@') {
        Some((credentials, server)) => (Some(credentials), server),
        None => (None, authority),
    };
    if credentials.is_some() && flags.contains(UrlFlags::REJECT_USERPWD) {
        return Err(invalid("the URL holds a user name or password"));
    }
    let (user, password) = match credentials.map(|both| both.split_once(':').ok_or(both)) {
        None => (None, None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
    };
    let (host, port) = split_port(server).ok_or_else(|| invalid("the port is no number up to 65535"))?;
    let port = port.unwrap_or(own_port);
    if !is_where_it_leads(url, host, port) {
        return Err(invalid("the host is none, or what is before it can be read in two ways"));
    }
    let decoded_part = |part: Option<_>| part.map(|part| decoded(part, flags)).transpose();
    Ok(UrlComponents {
        scheme: scheme.into(),
        user: decoded_part(user)?,
        password: decoded_part(password)?,
        host: host.into(),
        port: Some(port),
        path: changed(path, 0, flags)?,
        extra: if flags.contains(UrlFlags::BROWSER_MODE) { extra.into() } else { changed_extra(extra, flags)? },
    })
}

/// The scheme, its port, and what stands behind the colon.
fn split_scheme(url: &str) -> Option<(&str, u16, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let port = create::own_port(scheme).filter(|_| !scheme.eq_ignore_ascii_case("ftp"))?;
    Some((scheme, port, rest))
}

/// Up to the first of the delimiters, and from there on.
fn split_before<'a>(text: &'a str, delimiters: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(delimiters).unwrap_or(text.len()))
}

/// The host, and the port if there is one: a colon with nothing behind it names none. `None` if it is no number.
fn split_port(server: &str) -> Option<(&str, Option<u16>)> {
    let end_of_address = server.find(']').unwrap_or(0);
    let (host, port) = match server[end_of_address..].find(':') {
        Some(colon) => (&server[..end_of_address + colon], &server[end_of_address + colon + 1..]),
        None => (server, ""),
    };
    let is_number = port.bytes().all(|octet| octet.is_ascii_digit());
    match port {
        "" => Some((host, None)),
        _ if is_number => Some((host, Some(port.parse().ok()?))),
        _ => None,
    }
}

/// Where two readers of one URL find two hosts in it, one is asked whether it may be connected to, and the other is connected to.
fn is_where_it_leads(url: &str, host: &str, port: u16) -> bool {
    let (Ok(url), Ok(host)) = (Url::parse(url), Host::parse(host)) else { return false };
    url.host().map(|host| host.to_owned()) == Some(host) && url.port_or_known_default() == Some(port)
}

/// Query and fragment: encoded, the # between them would make one of both, and have the fragment sent.
fn changed_extra(extra: &str, flags: UrlFlags) -> Result<Cow<'_, str>> {
    let (query, fragment) = split_before(extra, &['#']);
    Ok(match (changed(query, 1, flags)?, changed(fragment, 1, flags)?) {
        (Cow::Borrowed(_), Cow::Borrowed(_)) => extra.into(),
        (query, fragment) => [query, fragment].concat().into(),
    })
}

/// A part of which the first `kept` octets are a delimiter.
fn changed(part: &str, kept: usize, flags: UrlFlags) -> Result<Cow<'_, str>> {
    if !flags.contains(UrlFlags::ESCAPE) {
        return decoded(part, flags);
    }
    let (delimiter, rest) = part.split_at(kept.min(part.len()));
    let spared = if flags.contains(UrlFlags::ENCODE_PERCENT) { ESCAPED } else { ESCAPED_BUT_PERCENT };
    let escaped = escaped(rest, if flags.contains(UrlFlags::ENCODE_SPACES_ONLY) { BLANK } else { spared });
    Ok(match escaped {
        Cow::Borrowed(_) => part.into(),
        Cow::Owned(escaped) => [delimiter, &*escaped].concat().into(),
    })
}

fn decoded(part: &str, flags: UrlFlags) -> Result<Cow<'_, str>> {
    if !flags.contains(UrlFlags::DECODE) || flags.contains(UrlFlags::ESCAPE) {
        return Ok(part.into());
    }
    let decoded = percent_decode_str(part).decode_utf8();
    decoded.map_err(|_| Error::invalid_url(Operation::CrackUrl, "what is percent-encoded in the URL is not UTF-8"))
}

fn escaped<'a>(part: &'a str, set: &'static AsciiSet) -> Cow<'a, str> {
    utf8_percent_encode(part, set).into()
}

/// V-C18, V-C19 of what Wine's tests say of Windows.
const ESCAPED: &AsciiSet = &ESCAPED_BUT_PERCENT.add(b'%');
const ESCAPED_BUT_PERCENT: &AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'~');
/// Characters beyond ASCII are encoded with any set.
const BLANK: &AsciiSet = &AsciiSet::EMPTY.add(b' ');
