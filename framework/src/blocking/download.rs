//! A download that is waited for.

use std::io::{self, Read};
use std::path::PathBuf;

use bytes::{Buf, Bytes};

use super::waiting::{check, wait};
use crate::download::{self, DownloadProgress, Downloaded};
use crate::error::{Operation, Result};

/// A download in the making. What it has no method for is set [`with`](Self::with) the builder behind it.
///
/// An example is at [`Download`].
#[derive(Debug)]
#[must_use = "nothing is asked before `to_file` or `stream`"]
pub struct DownloadBuilder(download::DownloadBuilder);

/// The octets of a download, one after the other whatever breaks: a [`Download`](crate::Download) whose calls wait. It is a [`Read`], and
/// an iterator over the pieces.
///
/// ```no_run
/// # fn example(session: hinternet::blocking::Session) -> Result<(), Box<dyn std::error::Error>> {
/// let mut film = session.download("https://www.example.com/film")?.stream()?;
/// std::io::copy(&mut film, &mut std::io::stdout())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Download {
    inner: download::Download,
    /// What a `Read` was given too little room for.
    rest: Bytes,
}

impl DownloadBuilder {
    pub(super) fn of(builder: download::DownloadBuilder) -> Self {
        Self(builder)
    }

    /// Sets what there is no method for here.
    ///
    /// ```no_run
    /// # fn example(session: hinternet::blocking::Session) -> hinternet::Result<()> {
    /// let film = session.download("https://www.example.com/film")?.with(|it| it.on_head(|head| println!("{}", head.status())));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with(self, change: impl FnOnce(download::DownloadBuilder) -> download::DownloadBuilder) -> Self {
        Self(change(self.0))
    }

    /// Adds a header field to each request; see [`DownloadBuilder::header`](crate::DownloadBuilder::header).
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.header(name, value))
    }

    /// Told with every piece that is written to the file, on a thread of the library: it has to be quick, and must not block.
    pub fn on_progress(self, told: impl FnMut(DownloadProgress) + Send + 'static) -> Self {
        Self(self.0.on_progress(told))
    }

    /// Downloads it into this file, and returns when it is whole. What breaks is gone on from, in this call and in a later one.
    ///
    /// # Errors
    /// See [`DownloadBuilder::to_file`](crate::DownloadBuilder::to_file); 4317 among async code.
    pub fn to_file(self, path: impl Into<PathBuf>) -> Result<Downloaded> {
        check(Operation::Download)?;
        wait(Operation::Download, self.0.to_file(path))
    }

    /// Downloads it as octets that are read. Nothing is asked before the first of them is.
    ///
    /// # Errors
    /// See [`DownloadBuilder::stream`](crate::DownloadBuilder::stream).
    pub fn stream(self) -> Result<Download> {
        self.0.stream().map(|inner| Download { inner, rest: Bytes::new() })
    }
}

impl From<download::DownloadBuilder> for DownloadBuilder {
    fn from(builder: download::DownloadBuilder) -> Self {
        Self(builder)
    }
}

impl Download {
    /// The next piece; `None` is the end.
    ///
    /// # Errors
    /// See [`Download::chunk`](crate::Download::chunk); 4317 among async code.
    pub fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        wait(Operation::Download, self.inner.chunk())
    }
}

/// An error is the crate's own, within: `hinternet::Error::from(error)` has it again.
impl Read for Download {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !room.is_empty() {
            self.rest = self.chunk()?.unwrap_or_default();
        }
        let length = room.len().min(self.rest.len());
        self.rest.copy_to_slice(&mut room[..length]);
        Ok(length)
    }
}

/// After an error there is no more, but for 4317: what was refused among async code can be asked for elsewhere.
impl Iterator for Download {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        self.chunk().transpose()
    }
}
