//! Downloads that go on where they were broken off, within a call and in a later process.
//!
//! ```text
//!              +------- Retrying, pause <-------+
//!              v                                | broken, or busy
//!   begin -> ask (from here on, if it is still the same) -> octets -> whole: verify, rename
//!              |                                ^
//!              +-- it is another one: anew -----+
//! ```
//!
//! There is no actor and no handle of its own: a download is one task, and each attempt a request with its handle and notifications.
//! What an answer means for what is held is decided by `plan.rs` (pure), when the next attempt is by `policy/retry.rs`, what is kept
//! beside an unfinished file by `record.rs` (pure). `fetching.rs` gives the octets; `filing.rs` writes them, on the thread of the origin:
//! files and pauses need a runtime, which whoever waits may not have.

mod builder;
mod fetching;
mod filing;
mod plan;
mod record;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;

use crate::error::Result;

pub use builder::DownloadBuilder;

/// A file that was downloaded whole.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let done = session
///     .download("http://www.example.com/file")?
///     .on_progress(|progress| println!("{} of {:?}", progress.received, progress.total))
///     .to_file(folder.join("file.bin"))
///     .await?;
/// assert_eq!((done.length, done.resumed_from), (10, 0));
/// assert_eq!(std::fs::read(&done.path)?, b"0123456789");
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Its octets.
    pub length: u64,
    /// So many of them were there from a call before.
    pub resumed_from: u64,
    /// How many requests it took; 0 for one that was there whole, but for its name.
    pub attempts: u32,
}

/// How far a download is.
///
/// An example is at [`Downloaded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadProgress {
    /// Octets that are there, with those from a call before. Less than the last time if the server has another file now.
    pub received: u64,
    /// Octets there will be, if the server says so.
    pub total: Option<u64>,
    /// The requests so far.
    pub attempts: u32,
}

/// The octets of a download, one after the other whatever breaks; from [`DownloadBuilder::stream`].
///
/// After an error it ends. It works while it is asked: what is not read stops the server.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let mut download = session.download("http://www.example.com/file")?.stream()?;
/// let mut octets = Vec::new();
/// while let Some(piece) = download.chunk().await? {
///     octets.extend_from_slice(&piece); // a connection that breaks meanwhile is not noticed
/// }
/// assert_eq!(octets, b"0123456789");
/// # session.close().await
/// # }
/// ```
pub struct Download(Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>);

impl Download {
    /// The next piece; `None` is the end. Cancel-safe.
    ///
    /// # Errors
    /// See [`DownloadBuilder::stream`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        StreamExt::next(self).await.transpose()
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Download")
    }
}
