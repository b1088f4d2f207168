//! A cookie as it is kept.

use std::fmt;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::scope::{Scope, is_on_path};
use super::set_cookie::SameSite;
use super::shown;
use crate::policy::domains;
use crate::reason::CookieRefusal;

/// A cookie of a [`CookieJar`](crate::CookieJar).
///
/// Name and value are octets, as the server sent them: nothing in them is decoded. `Debug` shows no value, and the memory of one that
/// is dropped is overwritten.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::SameSite;
///
/// session.get("http://www.example.com/login")?.send().await?;
/// let cookies = session.cookies().list();
/// assert_eq!((cookies[0].name(), cookies[0].domain()), (&b"sid"[..], "www.example.com"));
/// assert!(cookies[0].is_host_only() && cookies[0].same_site() == SameSite::Unsaid);
/// # session.close().await
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) name: Box<[u8]>,
    pub(super) value: Zeroizing<Box<[u8]>>,
    pub(super) domain: Box<str>,
    pub(super) host_only: bool,
    pub(super) path: Box<str>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
    /// Seconds since 1970; `None` ends with the session.
    pub(super) expires: Option<i64>,
    /// The same.
    pub(super) created: i64,
}

impl Cookie {
    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Its value. A secret, more often than not.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The host that set it, or the domain it is for; in lower case and punycode.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Is it for that host alone, and not for those below?
    pub fn is_host_only(&self) -> bool {
        self.host_only
    }

    /// The path that a URL has to be on.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Is it for https only?
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Is it kept from the scripts of a browser? It means nothing here.
    pub fn is_http_only(&self) -> bool {
        self.http_only
    }

    /// On which requests of other sites a browser may send it.
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }

    /// When it ends, at most 400 days after it was set; `None` is with the session.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires.map(|expires| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(expires).unwrap_or(0)))
    }

    /// Does a request to this place carry it (RFC 6265bis 5.8.3)?
    pub(super) fn is_for(&self, scope: &Scope<'_>) -> bool {
        let at_home =
            if self.host_only { *scope.host == *self.domain } else { domains::is_within(scope.host, &self.domain) };
        at_home && (scope.secure || !self.secure) && is_on_path(scope.path, &self.path)
    }

    pub(super) fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The same cookie in the sense of RFC 6265bis 5.7: one of them takes the other's place.
    pub(super) fn takes_the_place_of(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// Would it, set over http, hide that one, which is for https only (RFC 6265bis 5.7 step 15)?
    pub(super) fn hides(&self, secure: &Self) -> bool {
        let (mine, other) = (&*self.domain, &*secure.domain);
        secure.secure
            && self.name == secure.name
            && (domains::is_within(mine, other) || domains::is_within(other, mine))
            && is_on_path(&self.path, &secure.path)
    }

    /// Is it what its name promises (RFC 6265bis 4.1.3)?
    fn keeps_its_promise(&self) -> bool {
        let of_http = self.begins(b"__Http-") || self.begins(b"__Host-Http-");
        let of_secure = of_http || self.begins(b"__Secure-") || self.is_promised_to_host();
        let of_host = self.is_promised_to_host();
        (self.secure || !of_secure)
            && (self.http_only || !of_http)
            && (!of_host || (self.host_only && &*self.path == "/"))
    }

    pub(super) fn is_promised_to_host(&self) -> bool {
        self.begins(b"__Host-")
    }

    /// In any case of letters: there are servers that do not look at it.
    fn begins(&self, prefix: &[u8]) -> bool {
        self.name.get(..prefix.len()).is_some_and(|name| name.eq_ignore_ascii_case(prefix))
    }

    /// What no cookie may be, wherever it came from: out of a file too.
    pub(super) fn check(&self) -> Result<(), CookieRefusal> {
        if self.name.is_empty() {
            return Err(CookieRefusal::NoName);
        }
        let is_control = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
        if self.name.contains(&b'\t') || self.name.iter().chain(&**self.value).any(is_control) {
            return Err(CookieRefusal::ControlCharacter);
        }
        // What would be read as another cookie when it is sent, or as an attribute.
        if self.name.iter().any(|octet| matches!(octet, b'=' | b';')) || self.value.contains(&b';') {
            return Err(CookieRefusal::ControlCharacter);
        }
        if self.name.len() + self.value.len() > super::set_cookie::LARGEST {
            return Err(CookieRefusal::TooLarge);
        }
        let is_path = |path: &str| {
            path.starts_with('/')
                && path.len() <= super::set_cookie::LARGEST_ATTRIBUTE
                && path.bytes().all(|octet| matches!(octet, 0x20..=0x7e))
        };
        if !is_path(&self.path) {
            return Err(CookieRefusal::BadPath);
        }
        if !self.host_only && domains::is_public_suffix(&self.domain) {
            return Err(CookieRefusal::PublicSuffix);
        }
        if self.domain.is_empty() || (!self.host_only && domains::is_address(&self.domain)) {
            return Err(CookieRefusal::NotItsDomain);
        }
        if self.keeps_its_promise() { Ok(()) } else { Err(CookieRefusal::BrokenPrefix) }
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &shown(&self.name))
            .field("domain", &self.domain)
            .field("host_only", &self.host_only)
            .field("path", &self.path)
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .field("same_site", &self.same_site)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
