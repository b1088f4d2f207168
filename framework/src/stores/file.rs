//! Files that are whole at every moment: a new one is written beside the old one, and takes its place.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::runtime::Handle;

use crate::error::{Error, Operation, Result};

/// Writes the file, for its owner alone to read. The old one stays as it is unless all of the new one is on the disk.
pub(super) async fn write(path: &Path, octets: Vec<u8>) -> Result<()> {
    let owned = path.to_owned();
    let written = beside_the_runtime(move || replace(&owned, &octets)).await;
    written.map_err(|error| refused(path, "written", error))
}

pub(super) async fn read(path: &Path) -> Result<Vec<u8>> {
    let owned = path.to_owned();
    let read = beside_the_runtime(move || std::fs::read(owned)).await;
    read.map_err(|error| refused(path, "read", error))
}

fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => PathBuf::from(folder),
        _ => PathBuf::from("."),
    };
    // Opened while there is nothing to undo: a folder may be written to, and not opened.
    #[cfg(unix)]
    let entries = std::fs::File::open(&folder)?;
    // Nobody else may read it, by the crate's default.
    let mut new = NamedTempFile::new_in(&folder)?;
    new.write_all(octets)?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    // So that a crash of the machine does not bring the old one back.
    #[cfg(unix)]
    entries.sync_all()?;
    Ok(())
}

/// A thread without a runtime may wait itself.
async fn beside_the_runtime<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.unwrap_or_else(|lost| Err(io::Error::other(lost))),
        Err(_) => work(),
    }
}

/// What is in a file is not as it should be.
pub(super) fn unreadable(path: &Path, line: usize) -> Error {
    let detail = format!("line {line} of {} cannot be understood; nothing of it was taken", path.display());
    Error::parameter(Operation::SetOption, detail)
}

fn refused(path: &Path, what: &str, error: io::Error) -> Error {
    Error::parameter(Operation::SetOption, format!("{} cannot be {what}: {error}", path.display())).with_source(error)
}
