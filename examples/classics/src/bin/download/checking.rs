//! What is seen of a download before its file gets its name: the head of the answer, the first octets, the checksum.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use hinternet::{Bytes, ResponseHead, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::arguments::Wanted;
use crate::outcome::NotSaved;

/// What is seen of one download. A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Facts>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Of the last answer.
    pub(crate) status: Option<StatusCode>,
    /// That answer's head, as it came.
    pub(crate) head: Bytes,
    /// The first octets of the file: as many as there are, but not more than were asked for.
    pub(crate) prefix: Vec<u8>,
    /// Of the whole file, in hexadecimal digits.
    pub(crate) sha256: String,
}

// ANCHOR: check
impl Seen {
    pub(crate) fn head(&self, head: &ResponseHead) {
        let mut facts = self.lock();
        (facts.status, facts.head) = (Some(head.status()), head.raw().clone());
    }

    /// The file is whole. May it have its name?
    pub(crate) async fn check(&self, part: &Path, wanted: Wanted) -> Result<(), NotSaved> {
        // 206 is the rest of what a 200 has begun. (Others the library refuses itself.)
        let status = self.lock().status.filter(|status| !matches!(status.as_u16(), 200 | 206));
        if let Some(status) = status {
            return Err(NotSaved::Answered(status));
        }
        let (prefix, sha256) = read(part, wanted.prefix).await.map_err(NotSaved::of_the_disk)?;
        if let Some(expected) = wanted.sha256.filter(|expected| *expected != sha256) {
            return Err(NotSaved::Checksum { expected, found: sha256 });
        }
        let mut facts = self.lock();
        (facts.prefix, facts.sha256) = (prefix, sha256);
        Ok(())
    }
}

/// Its first octets, exactly min(limit, length) of them, and its checksum.
async fn read(file: &Path, limit: u64) -> std::io::Result<(Vec<u8>, String)> {
    let mut file = File::open(file).await?;
    let mut prefix = Vec::new();
    (&mut file).take(limit).read_to_end(&mut prefix).await?;
    let mut digest = Context::new(&SHA256);
    digest.update(&prefix);
    let mut octets = vec![0; 64 * 1024];
    loop {
        match file.read(&mut octets).await? {
            0 => break,
            length => digest.update(&octets[..length]),
        }
    }
    Ok((prefix, digest.finish().as_ref().iter().map(|octet| format!("{octet:02x}")).collect()))
}
// ANCHOR_END: check

impl Seen {
    /// What was seen so far.
    pub(crate) fn facts(&self) -> Facts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
