//! Cookies as a JSON text, which loses nothing of them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cookie::Cookie;
use super::netscape::Unreadable;
use super::set_cookie::SameSite;

#[derive(Serialize, Deserialize)]
struct File<'a> {
    version: u32,
    cookies: Vec<Written<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    name: Octets<'a>,
    value: Octets<'a>,
    domain: Cow<'a, str>,
    /// Without it a cookie would reach hosts that it was not for: there is no default.
    host_only: bool,
    path: Cow<'a, str>,
    secure: bool,
    http_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    same_site: Option<Cow<'a, str>>,
    #[serde(default)]
    expires: Option<i64>,
    #[serde(default)]
    created: i64,
}

/// Octets that are text are written as text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Octets<'a> {
    Text(Cow<'a, str>),
    Other { base64: Cow<'a, str> },
}

/// The text of these cookies.
pub(crate) fn write(cookies: &[Cookie]) -> Vec<u8> {
    let cookies = cookies.iter().map(|cookie| Written {
        name: Octets::of(&cookie.name),
        value: Octets::of(&cookie.value),
        domain: (&*cookie.domain).into(),
        host_only: cookie.host_only,
        path: (&*cookie.path).into(),
        secure: cookie.secure,
        http_only: cookie.http_only,
        same_site: SITES.iter().find(|(site, _)| *site == cookie.same_site).map(|(_, name)| (*name).into()),
        expires: cookie.expires,
        created: cookie.created,
    });
    let file = File { version: VERSION, cookies: cookies.collect() };
    // Maps whose keys are text, and numbers, can always be written.
    let mut text = serde_json::to_vec_pretty(&file).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The cookies of such a text; the error names the line.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Cookie>, Unreadable> {
    let unreadable = |error: &serde_json::Error| Unreadable { line: error.line() };
    let file: File<'_> = serde_json::from_slice(text).map_err(|error| unreadable(&error))?;
    if file.version != VERSION {
        return Err(Unreadable { line: 1 });
    }
    let cookies = file.cookies.into_iter().map(|written| {
        let site =
            |said: &str| SITES.iter().find(|(_, name)| *name == said).map_or(SameSite::Unsaid, |(site, _)| *site);
        Some(Cookie {
            name: written.name.octets()?.into(),
            value: Zeroizing::new(written.value.octets()?.into()),
            domain: written.domain.into(),
            host_only: written.host_only,
            path: written.path.into(),
            secure: written.secure,
            http_only: written.http_only,
            same_site: written.same_site.as_deref().map_or(SameSite::Unsaid, site),
            expires: written.expires,
            created: written.created,
        })
    });
    cookies.collect::<Option<_>>().ok_or(Unreadable { line: 1 })
}

impl<'a> Octets<'a> {
    fn of(octets: &'a [u8]) -> Self {
        match std::str::from_utf8(octets) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Other { base64: STANDARD.encode(octets).into() },
        }
    }

    fn octets(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_owned().into_bytes()),
            Self::Other { base64 } => STANDARD.decode(&*base64).ok(),
        }
    }
}

const VERSION: u32 = 1;
const SITES: [(SameSite, &str); 3] = [(SameSite::Strict, "strict"), (SameSite::Lax, "lax"), (SameSite::None, "none")];
