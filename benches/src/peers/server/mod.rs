//! The server that all clients are measured against: hand-written, one thread, a process of its own.

mod answer;
mod echo;
mod endpoint;
mod head;
mod http2;
mod serve;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Failed;

pub(super) use answer::{BODY_LENGTH, RESUMED};
pub(super) use endpoint::Endpoint;
pub(super) use serve::serve;

/// Where the server listens.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    pub(super) plain: Endpoint,
    /// TLS 1.3, and every connection gives tickets for the next ones.
    pub(super) secure: Endpoint,
    /// TLS 1.3 without tickets, so that no client can resume.
    pub(super) secure_without_tickets: Endpoint,
    /// HTTP/2 by prior knowledge.
    pub(super) http2: Endpoint,
    /// HTTP/2 over TLS 1.3, chosen by ALPN.
    pub(super) secure_http2: Endpoint,
}

/// The process of the server; it ends with this.
pub(super) struct Server {
    pub(super) endpoints: Endpoints,
    process: Child,
}

impl Server {
    /// Starts this very program as the server.
    pub(super) fn start() -> Result<Self, Failed> {
        Self::run(&[])
    }

    /// Starts it as a server of the files of a folder.
    pub(super) fn of_site(folder: &Path) -> Result<Self, Failed> {
        Self::run(&["--site", folder.to_str().ok_or("the name of the site's folder is no text")?])
    }

    pub(super) fn process_id(&self) -> u32 {
        self.process.id()
    }

    fn run(more: &[&str]) -> Result<Self, Failed> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the server has no output")?).read_line(&mut line)?;
        let endpoints = Endpoints::parse(line.trim())?;
        Ok(Self { endpoints, process })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Endpoints {
    /// As one word, for another process.
    pub(super) fn line(&self) -> String {
        let all = [&self.plain, &self.secure, &self.secure_without_tickets, &self.http2, &self.secure_http2];
        let addresses = all.map(|one| one.address.to_string());
        let authority: String = self.secure.authority.iter().flatten().map(|octet| format!("{octet:02x}")).collect();
        format!("{},{authority}", addresses.join(","))
    }

    pub(super) fn parse(line: &str) -> Result<Self, Failed> {
        let wrong = || format!("the server said {line:?} instead of its addresses");
        let [plain, secure, without, http2, secure_http2, authority] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(wrong().into());
        };
        let digits = authority.as_bytes().chunks(2).map(|two| u8::from_str_radix(str::from_utf8(two).ok()?, 16).ok());
        let authority: Vec<u8> = digits.collect::<Option<_>>().ok_or_else(wrong)?;
        let endpoint = |address: &str, authority: Option<&Vec<u8>>, http2| {
            let address = address.parse().map_err(|_| wrong())?;
            Ok::<_, Failed>(Endpoint { address, authority: authority.cloned(), http2 })
        };
        Ok(Self {
            plain: endpoint(plain, None, false)?,
            secure: endpoint(secure, Some(&authority), false)?,
            secure_without_tickets: endpoint(without, Some(&authority), false)?,
            http2: endpoint(http2, None, true)?,
            secure_http2: endpoint(secure_http2, Some(&authority), true)?,
        })
    }
}
