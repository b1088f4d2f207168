//! How a download ends: one of these, and nothing else.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::Arc;

use hinternet::{Bytes, Downloaded, StatusCode};

use crate::checking::Seen;

// ANCHOR: outcome
/// The file is there, whole, under its name.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) length: u64,
    /// So many octets were there from a run before.
    pub(crate) resumed_from: u64,
    pub(crate) requests: u32,
    /// The head of the last answer, as it came. Empty if nothing was left to ask for.
    pub(crate) head: Bytes,
    pub(crate) prefix: Vec<u8>,
    pub(crate) sha256: String,
}

/// No file has been made, and one that had its name is as it was.
#[derive(Clone, Debug)]
pub(crate) enum NotSaved {
    /// The server has answered something else.
    Answered(StatusCode),
    /// The file was whole, but not the one that is wanted. It was thrown away.
    Checksum { expected: String, found: String },
    /// Somebody said stop. What has come is kept for the next run, if the server has said which version it is of.
    Stopped,
    /// The disk has refused.
    Disk(Arc<io::Error>),
    /// The network or the server has; with WinHTTP's number, the call, the stage, and whose fault it is.
    Failed(hinternet::Error),
}

impl From<hinternet::Error> for NotSaved {
    fn from(error: hinternet::Error) -> Self {
        if let Some(status) = error.answered() {
            return Self::Answered(status);
        }
        // What `check` has refused comes back as the source.
        match error.source().and_then(|source| source.downcast_ref::<Self>()) {
            Some(refused) => refused.clone(),
            None if error.is_invalid_handle() || error.is_cancelled() => Self::Stopped,
            None => Self::Failed(error),
        }
    }
}
// ANCHOR_END: outcome

impl NotSaved {
    pub(crate) fn of_the_disk(error: io::Error) -> Self {
        Self::Disk(Arc::new(error))
    }
}

impl Saved {
    pub(crate) fn of(downloaded: Downloaded, seen: Seen) -> Self {
        let (facts, Downloaded { length, resumed_from, attempts, .. }) = (seen.facts(), downloaded);
        let (head, prefix, sha256) = (facts.head, facts.prefix, facts.sha256);
        Self { length, resumed_from, requests: attempts, head, prefix, sha256 }
    }
}

/// What a person wants to know of it.
pub(crate) fn sentence(outcome: &Result<Saved, NotSaved>) -> String {
    match outcome {
        Ok(saved) => saved.to_string(),
        Err(not_saved) => format!("not saved: {not_saved}"),
    }
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { length, resumed_from, requests, prefix, sha256, .. } = self;
        write!(f, "{length} octets, {resumed_from} of them from before; requests: {requests}")?;
        write!(f, "\n    sha256 {sha256}")?;
        if !prefix.is_empty() {
            write!(f, "\n    begins with the {} octets {:?}", prefix.len(), String::from_utf8_lossy(prefix))?;
        }
        Ok(())
    }
}

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "the server answered {status}"),
            Self::Checksum { expected, found } => write!(f, "it hashes to {found}, not to {expected}"),
            Self::Stopped => f.write_str("stopped; what can be gone on with is kept"),
            Self::Disk(error) => write!(f, "{error}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for NotSaved {}
