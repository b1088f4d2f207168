//! The cookies of a session, as all its shards and the program share them.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;

use super::{file, now};
use crate::error::{Error, Operation, Result};
use crate::policy::cookies::{Change, Cookie, Scope, Store, json, netscape};
use crate::policy::domains;
use crate::reason::CookieRefusal;
use crate::target::{IntoTarget, Target};

/// Cookies (RFC 6265bis): what servers have set, for the requests to come.
///
/// A session has one of its own, [`Session::cookies`](crate::Session::cookies), unless it was
/// [given one](crate::SessionBuilder::cookie_jar). A handle: clones are the same jar. It may be used from any thread at any time; no
/// lock is held while anything is waited for.
///
/// It is bounded whatever servers send: 4,096 cookies in all and 180 of one registered name, each with 4,096 octets of name and value at
/// most. When there are more, those go first that are over, then those that are not `Secure`, then those used longest ago. Cookies are
/// kept for 400 days at most. A request carries 150 of them and 8,190 octets at most.
///
/// Whose a cookie is follows from the URL alone, never from a `Host` field. A public suffix (`co.uk`, `github.io`) has no cookies for
/// those below it, and an address none but its own.
///
/// ```
/// use hinternet::CookieJar;
///
/// let jar = CookieJar::new();
/// jar.set("https://www.example.com/shop/", "basket=7; Domain=example.com; Secure")?;
/// let sent = jar.for_url("https://example.com/shop/cart")?;
/// assert_eq!(sent[0].value(), b"7");
/// assert!(jar.for_url("http://example.com/shop/")?.is_empty());
/// # Ok::<(), hinternet::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Looked at before the lock is: a session without cookies takes none.
    count: AtomicUsize,
    store: Mutex<Store>,
}

/// How a file of cookies is written.
///
/// An example is at [`CookieJar`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieFile {
    /// A JSON text that loses nothing.
    Json,
    /// The lines of Netscape's file, which curl and wget read and write. What the cookie said of other sites is lost, and when it was set.
    Netscape,
}

/// What becomes of cookies that end with the session when a file is written.
///
/// An example is at [`CookieJar`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCookies {
    /// They are written too, and taken up again as such.
    Keep,
    /// They are left out.
    LeaveOut,
}

/// What came of a file.
///
/// An example is at [`CookieJar`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// Cookies that were taken, with those that are over by now.
    pub taken: usize,
    /// Cookies that may not be: for a public suffix, with control characters, and the like.
    pub refused: usize,
}

impl CookieJar {
    /// An empty jar.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many cookies there are. Those that are over count until somebody looks for cookies of their server.
    pub fn len(&self) -> usize {
        self.0.count.load(Ordering::Acquire)
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All cookies that are not over, the oldest first.
    pub fn list(&self) -> Vec<Cookie> {
        self.store().all(now())
    }

    /// The cookies that a request to this URL would carry, in this order: the longest path first, then the oldest
    /// (`InternetGetCookieEx`).
    ///
    /// # Errors
    /// 12005 and 12006 for a URL that cannot be asked for.
    #[doc(alias("InternetGetCookie", "InternetGetCookieEx2"))]
    #[doc(alias = "WINHTTP_QUERY_SET_COOKIE")]
    #[doc(alias = "InternetGetCookieEx")]
    pub fn for_url(&self, url: impl IntoTarget) -> Result<Vec<Cookie>> {
        let target = url.into_target()?;
        Ok(self.change(|store| store.find(&Scope::of(&target), now()).into_iter().cloned().collect()))
    }

    /// Takes a cookie as if the server of this URL had set it by this `Set-Cookie` field (`InternetSetCookieEx`). One whose time is over
    /// removes the one of its name.
    ///
    /// # Errors
    /// 87 for a cookie that is refused, which says why; 12005 and 12006 for a URL that cannot be asked for.
    #[doc(alias("InternetSetCookie", "InternetSetCookieEx2"))]
    #[doc(alias = "InternetSetCookieEx")]
    pub fn set(&self, url: impl IntoTarget, set_cookie: impl AsRef<[u8]>) -> Result<()> {
        let target = url.into_target()?;
        let taken = self.take(&target, set_cookie.as_ref());
        taken.map(drop).map_err(|refusal| Error::parameter(Operation::SetOption, refusal.to_string()))
    }

    /// Removes the cookies of this domain, path and name; how many there were: one for the host alone and one for those below it may
    /// both be there.
    pub fn remove(&self, domain: &str, path: &str, name: impl AsRef<[u8]>) -> usize {
        let domain = domains::canonical(domain.strip_prefix('.').unwrap_or(domain).as_bytes());
        domain.map_or(0, |domain| self.change(|store| store.remove(domains::of_url(&domain), path, name.as_ref())))
    }

    /// Removes all cookies.
    pub fn clear(&self) {
        self.change(Store::clear);
    }

    /// Removes the cookies that end with the session, as a browser does when it is closed (`INTERNET_OPTION_END_BROWSER_SESSION`).
    #[doc(alias = "INTERNET_OPTION_END_BROWSER_SESSION")]
    pub fn end_session(&self) {
        self.change(Store::end_session);
    }

    /// The cookies as the octets of a file.
    pub fn to_octets(&self, format: CookieFile, session_cookies: SessionCookies) -> Vec<u8> {
        let mut all = self.list();
        if session_cookies == SessionCookies::LeaveOut {
            all.retain(|cookie| cookie.expires().is_some());
        }
        match format {
            CookieFile::Json => json::write(&all),
            CookieFile::Netscape => netscape::write(&all),
        }
    }

    /// Takes the cookies of a file's octets beside those that are there. What may not be is refused one by one, as it would be from a
    /// server.
    ///
    /// # Errors
    /// 87 for what is no such file, which names the line; nothing of it is taken then.
    pub fn add_octets(&self, format: CookieFile, octets: &[u8]) -> Result<Loaded> {
        self.add(Path::new("(octets)"), format, octets)
    }

    /// Writes the cookies to a file that its owner alone can read (mode 0600). It is whole at every moment: a new one takes the old one's
    /// place when all of it is on the disk (`ExportCookieFile`).
    ///
    /// # Errors
    /// 87 when it cannot be written; the old one is as it was.
    #[doc(alias = "ExportCookieFile")]
    pub async fn save(
        &self,
        path: impl AsRef<Path>,
        format: CookieFile,
        session_cookies: SessionCookies,
    ) -> Result<()> {
        file::write(path.as_ref(), self.to_octets(format, session_cookies)).await
    }

    /// Takes the cookies of a file beside those that are there; see [`add_octets`](Self::add_octets) (`ImportCookieFile`).
    ///
    /// # Errors
    /// 87 when it cannot be read, or is no such file.
    #[doc(alias = "ImportCookieFile")]
    pub async fn load(&self, path: impl AsRef<Path>, format: CookieFile) -> Result<Loaded> {
        let path = path.as_ref();
        self.add(path, format, &file::read(path).await?)
    }

    fn add(&self, path: &Path, format: CookieFile, octets: &[u8]) -> Result<Loaded> {
        let now = now();
        let read = match format {
            CookieFile::Json => json::read(octets),
            CookieFile::Netscape => netscape::read(octets, now),
        };
        let cookies = read.map_err(|unreadable| file::unreadable(path, unreadable.line))?;
        Ok(self.change(|store| {
            let mut loaded = Loaded::default();
            for cookie in cookies {
                match store.restore(cookie, now) {
                    Ok(()) => loaded.taken += 1,
                    Err(_) => loaded.refused += 1,
                }
            }
            loaded
        }))
    }

    /// Takes what the server of this target has set.
    pub(crate) fn take(&self, target: &Target, set_cookie: &[u8]) -> Result<Change, CookieRefusal> {
        self.change(|store| store.set(&Scope::of(target), set_cookie, now()))
    }

    /// The `Cookie` field of a request to this target, after what its caller has set; `None` if there is nothing to add.
    pub(crate) fn field(&self, target: &Target, given: impl FnOnce() -> Vec<u8>) -> Option<HeaderValue> {
        if self.is_empty() {
            return None;
        }
        let field = self.change(|store| store.field(&Scope::of(target), &given(), now()))?;
        let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(field)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store();
        let changed = change(&mut store);
        self.0.count.store(store.len(), Ordering::Release);
        changed
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many: names may tell whose they are, and values are secrets.
impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieJar({} cookies)", self.len())
    }
}
