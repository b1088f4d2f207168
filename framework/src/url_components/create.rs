//! A URL put together of its parts (pure).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use super::{BLANK, ESCAPED, UrlComponents, UrlFlags, escaped};
use crate::error::{Error, Operation, Result};

/// Puts a URL together (`WinHttpCreateUrl`). Nothing is escaped unless the flags say so, and the scheme's own port is left out.
///
/// Any scheme will do, and parts may be empty, as in WinHTTP. But no part becomes another one: a path behind a host gets its first `/`,
/// and a delimiter where it would end its part is refused.
///
/// ```
/// use hinternet::{UrlComponents, UrlFlags, create_url};
///
/// let url = UrlComponents { host: "www.example.com".into(), extra: "?q=a b".into(), ..UrlComponents::default() };
/// assert_eq!(create_url(&url, UrlFlags::ESCAPE)?, "http://www.example.com?q=a%20b");
/// # Ok::<_, hinternet::Error>(())
/// ```
///
/// # Errors
/// 87 for a password without a user, a scheme that can be none, a delimiter where it would end its part, and CR, LF or NUL that are not
/// escaped; 12005 for credentials that
/// are not wanted.
#[doc(alias = "InternetCreateUrl")]
#[doc(alias = "WinHttpCreateUrl")]
pub fn create_url(parts: &UrlComponents<'_>, flags: UrlFlags) -> Result<String> {
    let refuse = |detail: &'static str| Err(Error::parameter(Operation::CreateUrl, detail));
    let UrlComponents { scheme, user, password, host, port, path, extra } = parts;
    let scheme = if scheme.is_empty() { "http" } else { scheme };
    if !is_scheme(scheme) {
        return refuse("the scheme holds what no scheme may hold");
    }
    if user.is_none() && password.is_some() {
        return refuse("there is a password and no user");
    }
    if user.is_some() && flags.contains(UrlFlags::REJECT_USERPWD) {
        return Err(Error::invalid_url(Operation::CreateUrl, "there is a user name or password"));
    }
    let in_authority = |part| -> Cow<'_, str> {
        if flags.contains(UrlFlags::ESCAPE_AUTHORITY) { escaped(part, CREDENTIALS) } else { Cow::Borrowed(part) }
    };
    let mut url = [scheme, "://"].concat();
    if let Some(user) = user {
        let (user, password) = (in_authority(user), password.as_deref().map(in_authority));
        if user.contains(':') || [&*user, password.as_deref().unwrap_or("")].iter().any(|part| part.contains(ENDS)) {
            return refuse("user or password hold a delimiter: they have to be escaped");
        }
        url.push_str(&user);
        if let Some(password) = password {
            url.push(':');
            url.push_str(&password);
        }
        url.push('@');
    }
    if !is_host(host) {
        return refuse("the host holds a delimiter");
    }
    url.push_str(host);
    let own = own_port(scheme);
    let written =
        if flags.contains(UrlFlags::INCLUDE_DEFAULT_PORT) { port.or(own) } else { port.filter(|_| *port != own) };
    if let Some(port) = written {
        url.push(':');
        url.push_str(&port.to_string());
    }
    // Without a host too, where there are a user or a port: what is behind them must not become the host, nor the port another one.
    let is_behind_authority = !host.is_empty() || user.is_some() || written.is_some();
    if is_behind_authority && !path.is_empty() && !path.starts_with('/') {
        url.push('/');
    }
    if path.contains(['?', '#']) && !flags.contains(UrlFlags::ESCAPE) {
        return refuse("the path holds a ? or #, which belongs to the extra part");
    }
    if is_behind_authority && !extra.is_empty() && !extra.starts_with(['?', '#']) {
        return refuse("the extra part begins with neither ? nor #");
    }
    url.push_str(&in_path(path, flags));
    if flags.contains(UrlFlags::BROWSER_MODE) {
        url.push_str(extra);
    } else {
        // Encoded, the # would make a fragment the end of what is before it.
        let (delimiter, rest) = extra.split_at(usize::from(extra.starts_with('#')));
        url.push_str(delimiter);
        url.push_str(&in_path(rest, flags));
    }
    if url.contains(['\r', '\n', '\0']) {
        return refuse("a part holds CR, LF or NUL, and is not escaped");
    }
    Ok(url)
}

/// An address in brackets, or what ends nothing.
fn is_host(host: &str) -> bool {
    let in_brackets = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let delimiters: &[char] = if in_brackets.is_some() { &['[', ']'] } else { &['[', ']', ':'] };
    !in_brackets.unwrap_or(host).contains(delimiters) && !host.contains(ENDS)
}

fn in_path(part: &str, flags: UrlFlags) -> Cow<'_, str> {
    if !flags.contains(UrlFlags::ESCAPE) {
        return part.into();
    }
    escaped(part, if flags.contains(UrlFlags::ENCODE_SPACES_ONLY) { BLANK } else { ESCAPED })
}

/// The port of a scheme that WinHTTP has a number for.
pub(super) fn own_port(scheme: &str) -> Option<u16> {
    let known = [("http", 80), ("https", 443), ("ftp", 21)];
    known.into_iter().find_map(|(name, port)| scheme.eq_ignore_ascii_case(name).then_some(port))
}

/// RFC 3986 section 3.1.
fn is_scheme(scheme: &str) -> bool {
    let may_follow = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(may_follow)
}

/// What ends the user info, the host or the whole authority for some reader of URLs.
const ENDS: [char; 5] = ['/', '?', '#', '@', '\\'];
/// RFC 3986 section 2.3 has these stand anywhere.
const CREDENTIALS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
