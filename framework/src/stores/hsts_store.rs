//! The hosts that want to be asked by https only, as all shards of a session and the program share them.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{file, now};
use crate::error::{Error, Operation, Result};
use crate::policy::domains;
use crate::policy::hsts::{self, Entry, Store, Wish};
use crate::target::Target;

/// Hosts that are asked by https only, because they have said so by `Strict-Transport-Security` over a secure wire (RFC 6797), or
/// because the program [says so](Self::add).
///
/// A session obeys it that was [given one](crate::SessionBuilder::hsts): an `http` URL of such a host is asked by `https`, at the port
/// it names or else 443, before anything is sent. A handle: clones are the same store. It may be used from any thread at any time.
///
/// It is bounded: of more than 8,192 hosts those go first whose time is over, then those that were of use longest ago. An address is
/// never one of them.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{HstsStore, Session};
///
/// let store = HstsStore::new();
/// store.add("example.com", Duration::from_secs(86_400), true)?;
/// assert!(store.is_known("www.example.com"));
/// let session = Session::builder().hsts(store).open()?; // asks http://www.example.com/ by https
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct HstsStore(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Looked at before the lock is.
    is_used: AtomicBool,
    store: Mutex<Store>,
    preloaded: Option<Box<Preloaded>>,
}

/// Is the host known without having said so?
type Preloaded = dyn Fn(&str) -> bool + Send + Sync;

impl HstsStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store with a list of its own, such as that of the browsers: `is_known` is asked for every `http` URL whose host is not in
    /// the store, and says whether it, as a whole, is to be asked by https. The host is in lower case and punycode, without a dot
    /// at its end. It is called on the thread of the request, and must not wait.
    pub fn with_preloaded(is_known: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            is_used: AtomicBool::new(true),
            preloaded: Some(Box::new(is_known)),
            ..Inner::default()
        }))
    }

    /// Adds a host for so long, as if it had said so; zero removes it.
    ///
    /// # Errors
    /// 87 for what is no name of a host, an address too.
    pub fn add(&self, host: &str, max_age: Duration, include_subdomains: bool) -> Result<()> {
        let refuse = || Error::parameter(Operation::SetOption, "only the name of a host can be asked by https only");
        let name = domains::canonical(host.as_bytes()).ok_or_else(refuse)?;
        let wish = Wish { max_age: max_age.as_secs(), include_subdomains };
        let kept = self.change(|store| store.note(domains::of_url(&name), wish, now()));
        if kept { Ok(()) } else { Err(refuse()) }
    }

    /// Is this host asked by https only (`HttpIsHostHstsEnabled`)? It is in the store, or below one whose entry means those below, or
    /// known to the list.
    #[doc(alias = "HttpIsHostHstsEnabled")]
    pub fn is_known(&self, host: &str) -> bool {
        domains::canonical(host.as_bytes()).is_some_and(|host| self.knows(domains::of_url(&host)))
    }

    /// The hosts in the store whose time is not over, by name, and whether those below are meant too.
    pub fn list(&self) -> Vec<(String, bool)> {
        let all = self.store().all(now());
        all.into_iter().map(|entry| (entry.host.into(), entry.include_subdomains)).collect()
    }

    /// Removes a host; whether it was there. One above it may still mean it.
    pub fn remove(&self, host: &str) -> bool {
        let name = domains::canonical(host.as_bytes());
        name.is_some_and(|name| self.change(|store| store.remove(domains::of_url(&name))))
    }

    /// Removes all hosts, but for what the list knows.
    pub fn clear(&self) {
        self.change(Store::clear);
    }

    /// Writes the hosts to a file, which is whole at every moment: a new one takes the old one's place when all of it is on the disk.
    ///
    /// # Errors
    /// 87 when it cannot be written; the old one is as it was.
    pub async fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let all = self.store().all(now());
        file::write(path.as_ref(), hsts::write(&all)).await
    }

    /// Takes the hosts of a file beside those that are there; how many. One that is there already gets the time of the file.
    ///
    /// # Errors
    /// 87 when it cannot be read, or is no such file, which names the line; nothing of it is taken then.
    pub async fn load(&self, path: impl AsRef<Path>) -> Result<usize> {
        let path = path.as_ref();
        let entries = hsts::read(&file::read(path).await?);
        let entries = entries.map_err(|unreadable| file::unreadable(path, unreadable.line))?;
        let keep =
            |store: &mut Store| entries.into_iter().filter(|entry| store.keep(Entry::clone(entry), now())).count();
        Ok(self.change(keep))
    }

    /// Where a request to this target is to go instead (RFC 6797 8.3).
    pub(crate) fn by_https(&self, target: &Target) -> Option<Target> {
        let origin = target.origin();
        if origin.is_secure() || !self.0.is_used.load(Ordering::Acquire) || !self.knows(domains::of_url(origin.host()))
        {
            return None;
        }
        target.by_https()
    }

    /// Notes what the server of this target has said, and tells what was noted.
    pub(crate) fn take(&self, target: &Target, field: &[u8]) -> Option<(Duration, bool)> {
        if !target.origin().is_secure() {
            return None;
        }
        let wish = Wish::parse(field)?;
        let host = domains::of_url(target.origin().host());
        let noted = self.change(|store| store.note(host, wish, now()));
        noted.then(|| (Duration::from_secs(wish.max_age), wish.include_subdomains))
    }

    fn knows(&self, host: &str) -> bool {
        let is_stored = self.store().has(host, now());
        let is_preloaded = || !domains::is_address(host) && self.0.preloaded.as_ref().is_some_and(|knows| knows(host));
        is_stored || is_preloaded()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store();
        let changed = change(&mut store);
        self.0.is_used.store(store.len() > 0 || self.0.preloaded.is_some(), Ordering::Release);
        changed
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many: their names tell where somebody was.
impl fmt::Debug for HstsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HstsStore({} hosts)", self.store().len())
    }
}
