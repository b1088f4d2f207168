//! The unfinished file and the record beside it: `name.part` and `name.part.record`.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, SeekFrom};

use super::plan::Plan;
use super::record::Record;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

/// An unfinished file.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    part: PathBuf,
    record: PathBuf,
    url: String,
    file: File,
}

impl Store {
    /// Opens what is there, or begins. What is held of it is what the plan says.
    pub(super) async fn open(path: PathBuf, url: String) -> Result<(Self, Plan)> {
        if path.file_name().is_none() {
            return Err(Error::parameter(Operation::Download, format!("{} names no file", path.display())));
        }
        let part = beside(&path, ".part");
        let record = beside(&part, ".record");
        let open = async {
            let file = no_link().read(true).create(true).truncate(false).open(&part).await?;
            let length = file.metadata().await?.len();
            Ok((file, length))
        };
        let (file, held) = open.await.map_err(|error| disk(error, "open", &part))?;
        let known = match fs::metadata(&record).await {
            // One of ours is short.
            Ok(about) if about.len() <= LONGEST_RECORD => fs::read(&record).await.ok(),
            _ => None,
        };
        let known = known.and_then(|octets| Record::parse(&octets, &url));
        let mut store = Self { path, part, record, url, file };
        let plan = match known {
            Some(Record { validator, length }) if length.is_none_or(|length| held <= length) => {
                Plan { held, validator: Some(validator), length }
            }
            _ => Plan::default(),
        };
        store.go_to(plan.held).await?;
        Ok((store, plan))
    }

    /// All that is held is given up for this.
    pub(super) async fn begin_anew(&mut self, plan: &Plan) -> Result<()> {
        // In this order: a record must never be there with the octets of another version.
        self.go_to(0).await?;
        let Some(validator) = plan.validator.clone() else { return self.forget_record().await };
        let octets = Record { validator, length: plan.length }.to_octets(&self.url);
        let fresh = beside(&self.record, ".new");
        let write = async {
            let mut file = no_link().create(true).truncate(true).open(&fresh).await?;
            file.write_all(&octets).await?;
            file.sync_all().await?;
            fs::rename(&fresh, &self.record).await
        };
        write.await.map_err(|error| disk(error, "write", &self.record))
    }

    pub(super) async fn write(&mut self, octets: &Bytes) -> Result<()> {
        self.file.write_all(octets).await.map_err(|error| disk(error, "write", &self.part))
    }

    /// What was written is with the system: a later process finds it.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.file.flush().await.map_err(|error| disk(error, "write", &self.part))
    }

    /// All of it is written.
    pub(super) async fn sync(&mut self) -> Result<()> {
        self.flush().await?;
        self.file.sync_all().await.map_err(|error| disk(error, "write", &self.part))
    }

    /// Where it is until it is finished.
    pub(super) fn part(&self) -> &Path {
        &self.part
    }

    /// It is what it should be, and gets its name.
    pub(super) async fn finish(self) -> Result<PathBuf> {
        let Self { path, part, record, file, .. } = self;
        drop(file);
        fs::rename(&part, &path).await.map_err(|error| disk(error, "rename", &part))?;
        // Without its file it means nothing.
        let _left = fs::remove_file(&record).await;
        Ok(path)
    }

    /// It is not what it should be.
    pub(super) async fn throw_away(self) {
        let Self { part, record, file, .. } = self;
        drop(file);
        // Another call would begin anew where it finds anything.
        let _left = (fs::remove_file(&record).await, fs::remove_file(&part).await);
    }

    async fn go_to(&mut self, length: u64) -> Result<()> {
        let cut = async {
            self.file.flush().await?;
            self.file.set_len(length).await?;
            self.file.seek(SeekFrom::Start(length)).await
        };
        cut.await.map(drop).map_err(|error| disk(error, "write", &self.part))
    }

    async fn forget_record(&self) -> Result<()> {
        match fs::remove_file(&self.record).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(error, "remove", &self.record)),
            _ => Ok(()),
        }
    }
}

/// To write to a file that stands there itself: whoever may write into the folder could else have any other written to by a link of
/// this name. (Elsewhere than on Unix not everybody may make links.)
fn no_link() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    options.custom_flags(nix::libc::O_NOFOLLOW);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn disk(error: io::Error, what: &str, path: &Path) -> Error {
    let detail = format!("cannot {what} {}: {error}", path.display());
    Error::new(ErrorCode::WriteFault, Operation::Download, Stage::Store, Blame::Caller, detail).with_source(error)
}

const LONGEST_RECORD: u64 = 64 * 1024;
