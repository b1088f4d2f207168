//! Downloads that go on where they were broken off, ranges, and the parts of a response.

mod files;
mod killed;
mod nginx;
mod parts;
#[path = "../real_http2_peers/peer.rs"]
#[allow(dead_code, reason = "others send signals")]
mod peer;
mod ranges;
mod resuming;
mod streams;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hinternet::{DownloadBuilder, RetryPolicy, Session};
use integration_tests::recorder::Recorder;
use integration_tests::request::Request;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use tempfile::TempDir;

/// One server, one watched session, and a folder.
struct World {
    recorder: Recorder,
    session: Session,
    peer: ScriptedPeer,
    folder: TempDir,
}

impl World {
    /// The n-th connection gets the n-th script, further ones the last.
    async fn of(scripts: Vec<Script>) -> Self {
        let last = scripts.last().expect("a script").clone();
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        let peer = ScriptedPeer::start_with_default(scripts, last).await;
        Self { recorder, session, peer, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("film")
    }

    /// With short pauses.
    fn download(&self) -> DownloadBuilder {
        self.session.download(self.peer.url("/film")).unwrap().retry(policy())
    }

    /// One that is not gone on with within the call.
    fn once(&self) -> DownloadBuilder {
        self.download().retry(policy().attempts(1))
    }

    fn requests(&self) -> Vec<Request> {
        self.peer.requests()
    }

    /// What each request asked for: `Range` and `If-Range`.
    fn asked(&self) -> Vec<(Option<String>, Option<String>)> {
        let field = |request: &Request, name| request.field(name).map(str::to_owned);
        self.requests().iter().map(|it| (field(it, "range"), field(it, "if-range"))).collect()
    }

    /// What is in the folder, by name.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn film(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy::new().first_pause(Duration::from_millis(1)).longest_pause(Duration::from_millis(1)).budget(None)
}

/// 300 octets, no two of which in a row are the same.
fn film() -> Vec<u8> {
    (0..300u32).map(|nth| b'a' + (nth % 26) as u8).collect()
}

/// The other version.
fn other() -> Vec<u8> {
    film().iter().rev().copied().collect()
}

fn whole(body: &[u8], tag: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\netag: {tag}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn part(body: &[u8], from: usize, tag: &str) -> Vec<u8> {
    let (length, rest) = (body.len(), &body[from..]);
    let range = format!("content-range: bytes {from}-{}/{length}\r\n", length - 1);
    let head = format!("HTTP/1.1 206 Partial Content\r\netag: {tag}\r\n{range}content-length: {}\r\n\r\n", rest.len());
    [head.as_bytes(), rest].concat()
}

/// An answer that breaks after so many octets of the body.
fn broken(answer: &[u8], body: usize) -> Script {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    Script::answering_once(answer[..head + body].to_vec())
}

fn asks(range: &str, tag: &str) -> (Option<String>, Option<String>) {
    (Some(range.to_owned()), Some(tag.to_owned()))
}

const ALL: (Option<String>, Option<String>) = (None, None);
const TAG: &str = "\"v1\"";
