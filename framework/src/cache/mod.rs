//! The cache of a session: where responses are kept, in memory or in a file.

mod disk;
mod memory;
mod written;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chance;
use crate::error::{Error, Operation, Result};
use crate::policy::cache::{Asked, Salt, Stored};

use disk::Disk;
use memory::Memory;

/// How much a cache may take.
///
/// An example is at [`Cache`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheOptions {
    /// Octets that all entries may take together; what was used longest ago goes first. Default 64 MiB.
    pub size: usize,
    /// Octets that one body may have; a longer one is not stored. Default 8 MiB.
    pub entry: usize,
    /// Octets that bodies may take together which are being read and will be stored, of all responses under way. One for which there is
    /// no room is not stored. Default 32 MiB.
    pub under_way: usize,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { size: 64 * 1024 * 1024, entry: 8 * 1024 * 1024, under_way: 32 * 1024 * 1024 }
    }
}

/// A cache of responses (RFC 9111), for [`SessionBuilder::cache`](crate::SessionBuilder::cache): a private one, of one user. WinINet
/// has such, WinHTTP has none.
///
/// Cheap to clone; sessions that are given clones share it. What was stored for one `Authorization`, or over `https` for one
/// [client certificate](crate::tls::TlsOptions::client_identity), is given to no other; the values of credentials, and of request
/// fields that are marked as sensitive, are not kept, only their digests, which a random key of the cache is part of. Bodies are kept
/// as they came. What came over a wire with a check given up ([`tls::danger`](crate::tls::danger)) is not stored, nor what came over one
/// that says who asks, by NTLM, by Negotiate, or by a certificate that
/// [code of yours](crate::tls::TlsOptions::client_certificates) chooses.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// use hinternet::{Cache, CacheMode, CacheOptions, Session};
///
/// let mut options = CacheOptions::default();
/// options.size = 8 << 20;
/// let cache = Cache::in_memory_with(options);
/// let session = Session::builder().cache(cache.clone()).open()?;
/// # let session = builder().cache(cache.clone()).open()?;
/// let first = session.get("http://www.example.com/")?.send().await?.text().await?;
/// let again = session.get("http://www.example.com/")?.cache_mode(CacheMode::IfNetworkFails).send().await?;
/// assert_eq!(again.text().await?, first);
/// assert_eq!(cache.figures().entries, 1);
/// # session.close().await
/// # }
/// ```
#[doc(alias = "CreateUrlCacheEntry")]
#[derive(Clone)]
pub struct Cache(Arc<Kept>);

struct Kept {
    options: CacheOptions,
    place: Place,
    salt: Salt,
    /// Octets of bodies that are being read to be stored.
    under_way: AtomicUsize,
}

enum Place {
    Memory(Memory),
    Disk(Disk),
}

/// What a cache holds.
///
/// An example is at [`Cache`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheFigures {
    /// Responses.
    pub entries: usize,
    /// Octets that they take, fields included.
    pub octets: usize,
}

impl Cache {
    /// One that lasts as long as it is held, with the default limits.
    pub fn in_memory() -> Self {
        Self::in_memory_with(CacheOptions::default())
    }

    /// One that lasts as long as it is held.
    pub fn in_memory_with(options: CacheOptions) -> Self {
        // Without random octets the digests are as they would be without a salt; they do not leave the process.
        let salt = chance::octets().unwrap_or_default();
        Self::of(options, Place::Memory(Memory::new(options.size)), &salt)
    }

    /// One in a file, which is made if it is not there, readable by nobody else. What was stored is there again after a crash, whole
    /// or not at all; only the last few responses may be missing. One process at a time. Opening it blocks.
    ///
    /// The file has a thread of its own, by which all is read and written. Its size follows that of the entries, and may for a
    /// time be more.
    ///
    /// # Errors
    /// 87 for a file that cannot be opened, is in use, or is something else.
    pub fn on_disk(path: impl AsRef<Path>, options: CacheOptions) -> Result<Self> {
        let path = path.as_ref();
        let (disk, salt) = Disk::open(path, options.size).map_err(|why| {
            Error::parameter(Operation::Open, format!("the cache in {} cannot be used: {why}", path.display()))
        })?;
        Ok(Self::of(options, Place::Disk(disk), &salt))
    }

    /// Forgets all of it.
    #[doc(alias = "DeleteUrlCacheEntry")]
    pub fn clear(&self) {
        match &self.0.place {
            Place::Memory(memory) => memory.clear(),
            Place::Disk(disk) => disk.clear(),
        }
    }

    /// Forgets what is stored of a URL.
    #[doc(alias = "DeleteUrlCacheEntry")]
    pub fn remove(&self, url: &str) {
        match &self.0.place {
            Place::Memory(memory) => memory.remove(url),
            Place::Disk(disk) => disk.remove(url),
        }
    }

    /// What it holds.
    pub fn figures(&self) -> CacheFigures {
        match &self.0.place {
            Place::Memory(memory) => memory.figures(),
            Place::Disk(disk) => disk.figures(),
        }
    }

    /// Resolves when all that was stored is in the file, and the file is closed: another may open it. From then on nothing is found
    /// or stored. In memory it forgets all.
    pub async fn close(&self) {
        match &self.0.place {
            Place::Memory(memory) => memory.clear(),
            Place::Disk(disk) => disk.close().await,
        }
    }

    /// What of the responses that are stored of a URL may answer this.
    pub(crate) async fn look_up(&self, url: &str, asked: &Asked) -> Option<Arc<Stored>> {
        match &self.0.place {
            Place::Memory(memory) => memory.look_up(url, asked),
            Place::Disk(disk) => disk.look_up(url, asked).await,
        }
    }

    /// What digests of credentials are made with.
    pub(crate) fn salt(&self) -> &Salt {
        &self.0.salt
    }

    /// Room for a body that is being read to be stored.
    pub(crate) fn room(&self) -> Room {
        Room { kept: Arc::clone(&self.0), octets: 0 }
    }

    /// It was taken.
    pub(crate) fn used(&self, url: &str, stored: &Stored) {
        match &self.0.place {
            Place::Memory(memory) => memory.used(url, stored),
            Place::Disk(disk) => disk.used(url, stored),
        }
    }

    pub(crate) fn store(&self, url: &str, stored: Stored) {
        match &self.0.place {
            Place::Memory(memory) => memory.store(url, stored),
            Place::Disk(disk) => disk.store(url, stored),
        }
    }

    /// Octets that a body may have.
    pub(crate) fn longest_body(&self) -> usize {
        let CacheOptions { size, entry, under_way } = self.0.options;
        entry.min(size).min(under_way)
    }

    fn of(options: CacheOptions, place: Place, salt: &[u8; 32]) -> Self {
        Self(Arc::new(Kept { options, place, salt: Salt::of(salt), under_way: AtomicUsize::new(0) }))
    }
}

/// What a body takes that is being read to be stored; given back when it is dropped.
pub(crate) struct Room {
    kept: Arc<Kept>,
    octets: usize,
}

impl Room {
    /// Is there room for so many octets more, beside those of all others?
    pub(crate) fn takes(&mut self, octets: usize) -> bool {
        let most = self.kept.options.under_way;
        let fits = |taken: usize| taken.checked_add(octets).filter(|taken| *taken <= most);
        let is_taken = self.kept.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if is_taken {
            self.octets += octets;
        }
        is_taken
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.kept.under_way.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

/// Nothing of what it holds.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.0.place {
            Place::Memory(_) => "memory",
            Place::Disk(_) => "disk",
        };
        f.debug_struct("Cache").field("place", &place).field("options", &self.0.options).finish()
    }
}

#[cfg(test)]
mod tests;
