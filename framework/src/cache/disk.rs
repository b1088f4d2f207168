//! Responses in a file, by an embedded database: what was written is there whole or not at all.
//!
//! One thread has the file, so that no shard waits for a disk; others ask it. What is there, and what goes when there is no room,
//! is known in memory.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use bytes::Bytes;
use redb::{Database, Durability, ReadableTable, TableDefinition};
use tokio::sync::oneshot;

use super::CacheFigures;
use super::written::{milliseconds, read, written};
use crate::chance;
use crate::policy::cache::{Asked, Key, Lru, Stored, chosen};

pub(super) struct Disk {
    orders: mpsc::Sender<Order>,
    shelf: Arc<Shelf>,
}

/// What both sides know.
struct Shelf {
    most: usize,
    kept: Mutex<Kept>,
    /// Octets on their way to the file.
    waiting: AtomicUsize,
}

struct Kept {
    lru: Lru,
    /// Of which URLs something is on its way to the file, and how much: to whoever asks it is there. No more than have room in
    /// [`Shelf::waiting`].
    coming: HashMap<Arc<str>, usize>,
}

enum Order {
    /// What by then is there of the URL and answers such a request.
    Read(Box<str>, Asked, oneshot::Sender<Option<Arc<Stored>>>),
    Store(Key, Box<Stored>, usize),
    /// These, and what by then is there of the URL.
    Remove(Vec<Key>, Box<str>),
    Clear,
    Close(oneshot::Sender<()>),
}

type Why = Box<dyn std::error::Error + Send + Sync>;

impl Disk {
    /// With the salt of its digests.
    pub(super) fn open(path: &Path, most: usize) -> Result<(Self, [u8; 32]), Why> {
        let mut library = Library::open(path, most)?;
        let salt = library.salt()?;
        let kept = Mutex::new(Kept { lru: library.shelved(most)?, coming: HashMap::new() });
        let shelf = Arc::new(Shelf { most, kept, waiting: AtomicUsize::new(0) });
        let (orders, ordered) = mpsc::channel();
        let shared = Arc::clone(&shelf);
        thread::Builder::new().name("hinternet-cache".to_owned()).spawn(move || library.serve(&ordered, &shared))?;
        Ok((Self { orders, shelf }, salt))
    }

    pub(super) async fn look_up(&self, url: &str, asked: &Asked) -> Option<Arc<Stored>> {
        if !self.shelf.lock().has(url) {
            return None;
        }
        let (say, said) = oneshot::channel();
        self.orders.send(Order::Read(url.into(), asked.clone(), say)).ok()?;
        said.await.ok()?
    }

    pub(super) fn used(&self, url: &str, stored: &Stored) {
        self.shelf.lock().lru.touch(&Key { url: url.into(), variant: stored.variant().into() });
    }

    /// Unless the disk is so slow that too much waits for it already.
    pub(super) fn store(&self, url: &str, stored: Stored) {
        let key = Key { url: url.into(), variant: stored.variant().into() };
        let size = stored.size() + 2 * (key.url.len() + key.variant.len());
        if self.shelf.waiting.fetch_add(size, Ordering::Relaxed) + size > MOST_WAITING.max(size) {
            self.shelf.waiting.fetch_sub(size, Ordering::Relaxed);
            return;
        }
        let url = Arc::clone(&key.url);
        self.shelf.lock().comes(&url);
        if self.orders.send(Order::Store(key, Box::new(stored), size)).is_err() {
            self.shelf.lock().has_come(&url);
            self.shelf.waiting.fetch_sub(size, Ordering::Relaxed);
        }
    }

    pub(super) fn remove(&self, url: &str) {
        let keys = self.shelf.forget(url);
        // What is still on its way to the file is on no shelf yet.
        if !keys.is_empty() || self.shelf.waiting.load(Ordering::Relaxed) > 0 {
            // One that is closed has nothing.
            let _closed = self.orders.send(Order::Remove(keys, url.into()));
        }
    }

    pub(super) fn clear(&self) {
        self.shelf.clear();
        let _closed = self.orders.send(Order::Clear);
    }

    pub(super) fn figures(&self) -> CacheFigures {
        let kept = self.shelf.lock();
        CacheFigures { entries: kept.lru.len(), octets: kept.lru.taken() }
    }

    pub(super) async fn close(&self) {
        let (say, said) = oneshot::channel();
        if self.orders.send(Order::Close(say)).is_ok() {
            let _gone = said.await;
        }
        self.shelf.clear();
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there was of a URL.
    fn forget(&self, url: &str) -> Vec<Key> {
        let mut kept = self.lock();
        let keys = kept.lru.of_url(url);
        keys.iter().for_each(|key| kept.lru.remove(key));
        keys
    }

    fn clear(&self) {
        self.lock().lru = Lru::new(self.most);
    }
}

impl Kept {
    /// Is something of this URL there, or on its way?
    fn has(&self, url: &str) -> bool {
        self.lru.has_url(url) || self.coming.contains_key(url)
    }

    fn comes(&mut self, url: &Arc<str>) {
        *self.coming.entry(Arc::clone(url)).or_default() += 1;
    }

    /// It is there now, or will never be.
    fn has_come(&mut self, url: &Arc<str>) {
        if let Some(coming) = self.coming.get_mut(url) {
            *coming -= 1;
            if *coming == 0 {
                self.coming.remove(url);
            }
        }
    }
}

/// A response in the file, without its body.
struct Known {
    name: String,
    head: Stored,
}

impl Borrow<Stored> for Known {
    fn borrow(&self) -> &Stored {
        &self.head
    }
}

/// The file, and the thread that has it.
struct Library(Database);

impl Library {
    fn open(path: &Path, most: usize) -> Result<Self, Why> {
        let file = own_file(path)?;
        let length = file.metadata()?.len();
        let mut database = Database::builder().set_cache_size(PAGES).create_file(file)?;
        if length > 2 * most as u64 + SMALL {
            database.compact()?;
        }
        let writing = database.begin_write()?;
        if writing.delete_table(BEFORE)? {
            // What was stored with its body in one piece is not read any more.
            writing.delete_table(SHELVED)?;
        }
        writing.open_table(HEADS)?;
        writing.open_table(BODIES)?;
        writing.open_table(SHELVED)?;
        writing.commit()?;
        Ok(Self(database))
    }

    /// Made when the file is, and kept in it.
    fn salt(&self) -> Result<[u8; 32], Why> {
        let writing = self.0.begin_write()?;
        let salt = {
            let mut kept = writing.open_table(SALT)?;
            let known = kept.get(())?.map(|known| known.value());
            match known {
                Some(known) => known,
                None => {
                    let salt = chance::octets()?;
                    kept.insert((), salt)?;
                    salt
                }
            }
        };
        writing.commit()?;
        Ok(salt)
    }

    /// What is there, the eldest first; what there is no room for any more goes.
    fn shelved(&mut self, most: usize) -> Result<Lru, Why> {
        let mut found = Vec::new();
        for entry in self.0.begin_read()?.open_table(SHELVED)?.iter()? {
            let (key, shelved) = entry?;
            let (size, received) = shelved.value();
            found.push((received, key.value().to_owned(), usize::try_from(size).unwrap_or(usize::MAX)));
        }
        found.sort_unstable();
        let (mut lru, mut gone) = (Lru::new(most), Vec::new());
        for (_, name, size) in found {
            match split(&name) {
                Some(key) => gone.extend(lru.insert(key, size)),
                None => continue,
            }
        }
        self.remove(&gone)?;
        Ok(lru)
    }

    fn serve(self, ordered: &mpsc::Receiver<Order>, shelf: &Shelf) {
        while let Ok(order) = ordered.recv() {
            let done = match order {
                Order::Read(url, asked, say) => {
                    let keys = shelf.lock().lru.of_url(&url);
                    // Whoever asked may have gone.
                    let _gone = say.send(self.read(&keys, &asked));
                    Ok(())
                }
                Order::Store(key, stored, size) => {
                    let done = self.store(&key, &stored, size, shelf);
                    shelf.lock().has_come(&key.url);
                    shelf.waiting.fetch_sub(size, Ordering::Relaxed);
                    done
                }
                Order::Remove(mut keys, url) => {
                    keys.extend(shelf.forget(&url));
                    self.remove(&keys)
                }
                Order::Clear => {
                    shelf.clear();
                    self.clear()
                }
                Order::Close(say) => {
                    drop(self);
                    let _gone = say.send(());
                    return;
                }
            };
            if let Err(why) = done {
                tracing::warn!(%why, "the cache could not be written");
            }
        }
    }

    /// Of a URL there may be many, and their bodies large: only that of the one which answers is read.
    fn read(&self, keys: &[Key], asked: &Asked) -> Option<Arc<Stored>> {
        let reading = self.0.begin_read().ok()?;
        let heads = reading.open_table(HEADS).ok()?;
        let known = keys.iter().filter_map(|key| {
            let name = name(key);
            let head = read(heads.get(&*name).ok()??.value())?;
            Some(Known { name, head })
        });
        let Known { name, mut head } = chosen(known, asked)?;
        let bodies = reading.open_table(BODIES).ok()?;
        head.body = Bytes::copy_from_slice(bodies.get(&*name).ok()??.value());
        Some(Arc::new(head))
    }

    fn store(&self, key: &Key, stored: &Stored, size: usize, shelf: &Shelf) -> Result<(), Why> {
        let Some(head) = written(stored) else { return Ok(()) };
        let name = name(key);
        let writing = self.begin_write()?;
        writing.open_table(HEADS)?.insert(&*name, &*head)?;
        writing.open_table(BODIES)?.insert(&*name, &*stored.body)?;
        writing.open_table(SHELVED)?.insert(&*name, (size as u64, milliseconds(stored)))?;
        writing.commit()?;
        let gone = shelf.lock().lru.insert(key.clone(), size);
        self.remove(&gone)
    }

    fn remove(&self, keys: &[Key]) -> Result<(), Why> {
        if keys.is_empty() {
            return Ok(());
        }
        let writing = self.begin_write()?;
        for key in keys {
            let name = name(key);
            writing.open_table(HEADS)?.remove(&*name)?;
            writing.open_table(BODIES)?.remove(&*name)?;
            writing.open_table(SHELVED)?.remove(&*name)?;
        }
        Ok(writing.commit()?)
    }

    fn clear(&self) -> Result<(), Why> {
        let writing = self.begin_write()?;
        writing.delete_table(HEADS)?;
        writing.delete_table(BODIES)?;
        writing.delete_table(SHELVED)?;
        writing.open_table(HEADS)?;
        writing.open_table(BODIES)?;
        writing.open_table(SHELVED)?;
        Ok(writing.commit()?)
    }

    /// What was written is whole after a crash; that it is there is not worth waiting for the disk.
    fn begin_write(&self) -> Result<redb::WriteTransaction, Why> {
        let mut writing = self.0.begin_write()?;
        writing.set_durability(Durability::Eventual);
        Ok(writing)
    }
}

fn own_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A URL has no line end.
fn name(key: &Key) -> String {
    format!("{}\n{}", key.url, key.variant)
}

fn split(name: &str) -> Option<Key> {
    let (url, variant) = name.split_once('\n')?;
    Some(Key { url: url.into(), variant: variant.into() })
}

/// What is known of each, without its body.
const HEADS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("heads");
const BODIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("bodies");
/// Where an earlier version has both.
const BEFORE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("responses");
const SALT: TableDefinition<'_, (), [u8; 32]> = TableDefinition::new("salt");
/// Of each its size, and when it came.
const SHELVED: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("shelved");
/// What the database may keep of the file in memory.
const PAGES: usize = 4 * 1024 * 1024;
/// A file so much larger than its entries is not worth a second thought.
const SMALL: u64 = 4 * 1024 * 1024;
const MOST_WAITING: usize = 16 * 1024 * 1024;
