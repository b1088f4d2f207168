//! Cookies as lines of the file that Netscape had, and curl and wget have.
//!
//! ```text
//! [#HttpOnly_][.]domain  TRUE|FALSE  path  TRUE|FALSE  expires  name  value
//! ```
//!
//! with tabs between. The first flag is whether hosts below are meant too, the second `Secure`; 0 expires with the session. What the
//! server said of other sites is not in it, and every cookie of it was created when it was read.

use zeroize::Zeroizing;

use super::cookie::Cookie;
use super::set_cookie::SameSite;
use crate::policy::domains;

/// A line that is not of such a file; its octets are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Counted from 1.
    pub(crate) line: usize,
}

/// The lines of these cookies.
pub(crate) fn write(cookies: &[Cookie]) -> Vec<u8> {
    let mut file = HEAD.to_vec();
    for cookie in cookies {
        let flag = |is_set: bool| if is_set { "TRUE" } else { "FALSE" };
        let (hidden, dot) = (if cookie.http_only { HTTP_ONLY } else { "" }, if cookie.host_only { "" } else { "." });
        let (domain, path, below, secure) =
            (&cookie.domain, &cookie.path, flag(!cookie.host_only), flag(cookie.secure));
        let expires = cookie.expires.unwrap_or(0);
        file.extend_from_slice(format!("{hidden}{dot}{domain}\t{below}\t{path}\t{secure}\t{expires}\t").as_bytes());
        file.extend_from_slice(&cookie.name);
        file.push(b'\t');
        file.extend_from_slice(&cookie.value);
        file.push(b'\n');
    }
    file
}

/// The cookies of such lines, which were created at `now`. Comments and empty lines are passed over.
pub(crate) fn read(file: &[u8], now: i64) -> Result<Vec<Cookie>, Unreadable> {
    let lines = file.split(|&octet| octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let lines = lines.enumerate().filter_map(|(at, line)| {
        let hidden = line.strip_prefix(HTTP_ONLY.as_bytes());
        let is_comment = line.is_empty() || (hidden.is_none() && line.starts_with(b"#"));
        (!is_comment).then(|| {
            let cookie = cookie(hidden.unwrap_or(line), hidden.is_some(), now);
            cookie.ok_or(Unreadable { line: at + 1 })
        })
    });
    lines.collect()
}

fn cookie(line: &[u8], http_only: bool, now: i64) -> Option<Cookie> {
    // A value may hold tabs, and it is the last.
    let mut fields = line.splitn(7, |&octet| octet == b'\t');
    let mut field = || fields.next();
    let (domain, below, path, secure) = (field()?, flag(field()?)?, field()?, flag(field()?)?);
    let expires = std::str::from_utf8(field()?).ok()?.parse().ok()?;
    let (name, value) = (field()?, field().unwrap_or_default());
    let domain = domains::canonical(domain.strip_prefix(b".").unwrap_or(domain))?;
    Some(Cookie {
        name: name.into(),
        value: Zeroizing::new(value.into()),
        // There are files that have an address as a domain; nothing is below it.
        host_only: !below || domains::is_address(&domain),
        domain: domain.into(),
        path: std::str::from_utf8(path).ok()?.into(),
        secure,
        http_only,
        same_site: SameSite::Unsaid,
        expires: (expires != 0).then_some(expires),
        created: now,
    })
}

fn flag(field: &[u8]) -> Option<bool> {
    match field {
        b"TRUE" => Some(true),
        b"FALSE" => Some(false),
        _ => None,
    }
}

/// Other programs read a file only if it begins so.
const HEAD: &[u8] = b"# Netscape HTTP Cookie File\n\n";
const HTTP_ONLY: &str = "#HttpOnly_";
