//! What a crawl keeps for the next one: the responses, in a cache on disk.

use std::fs;
use std::path::Path;

use hinternet::{Cache, CacheOptions};

/// Opens the cache in this folder, or begins one. No longer body is kept than is read.
///
/// # Errors
/// A sentence, where that cannot be.
pub fn open(folder: &Path, body_cap: u64) -> Result<Cache, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let mut options = CacheOptions::default();
    options.size = SIZE;
    options.entry = usize::try_from(body_cap).unwrap_or(usize::MAX).min(SIZE);
    Cache::on_disk(folder.join("responses"), options).map_err(|error| error.to_string())
}

/// Octets of all that is kept; what was used longest ago goes first.
const SIZE: usize = 1024 * 1024 * 1024;
