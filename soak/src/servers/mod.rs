//! The servers, in a process of their own.

mod everything;
mod held;
mod hosts;
mod site;

use std::collections::BTreeMap;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Args, ValueEnum};
use hinternet::tls::{Certificate, TlsOptions};
use integration_tests::patiently;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{Failed, process};

pub(crate) use hosts::{PORT, address, is_hostile};

/// What a process of servers is to be.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Role {
    #[arg(value_enum)]
    town: Town,
    /// Of the hosts: every so many-th is hostile; 0: none
    #[arg(long, default_value_t = 0)]
    hostile: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Town {
    /// A server of each kind, and proxies
    Everything,
    /// Servers that hold their answers back until they are told
    Held,
    /// All of 127.0.0.0/8
    Hosts,
}

/// A running process of servers. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Servers {
    _process: Child,
    places: BTreeMap<String, String>,
}

impl Servers {
    /// A server of each kind, and proxies.
    pub(crate) async fn of_everything() -> Result<Self, Failed> {
        Self::start(&["everything"]).await
    }

    /// Servers that hold their answers back until they are told.
    pub(crate) async fn that_hold() -> Result<Self, Failed> {
        Self::start(&["held"]).await
    }

    /// A host at each address of 127.0.0.0/8; every so many-th is hostile, or none.
    pub(crate) async fn hosts(hostile: usize) -> Result<Self, Failed> {
        Self::start(&["hosts", "--hostile", &hostile.to_string()]).await
    }

    async fn start(role: &[&str]) -> Result<Self, Failed> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(role)
            // Theirs is no matter here.
            .env_remove("MALLOC_ARENA_MAX")
            .env_remove("MALLOC_TRIM_THRESHOLD_")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        let mut told = BufReader::new(process.stdout.take().ok_or("its output")?);
        patiently("the servers", told.read_line(&mut line)).await?;
        let places = line.split_whitespace().filter_map(|place| place.split_once('='));
        let places: BTreeMap<_, _> = places.map(|(name, at)| (name.to_owned(), at.to_owned())).collect();
        if places.is_empty() {
            return Err("the servers did not start".into());
        }
        Ok(Self { _process: process, places })
    }

    /// What was told under this name.
    pub(crate) fn told(&self, name: &str) -> &str {
        self.places.get(name).map_or("", String::as_str)
    }

    /// A URL on the server of this name.
    pub(crate) fn url(&self, name: &str, path: &str) -> String {
        format!("{}{path}", self.told(name))
    }

    /// The same for WebSockets.
    pub(crate) fn websocket(&self, name: &str, path: &str) -> String {
        self.url(name, path).replacen("http", "ws", 1)
    }

    /// Trusts those of them that speak TLS, and nobody else.
    pub(crate) fn trust(&self) -> Result<TlsOptions, Failed> {
        let authority = BASE64.decode(self.told("authority")).map_err(|error| error.to_string())?;
        Ok(TlsOptions::new().trust_only([Certificate::from_der(authority)]))
    }
}

/// Is the servers, until the process that started this one ends.
pub(crate) fn serve(role: Role) -> Result<(), Failed> {
    process::allow_descriptors(0)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match role.town {
            Town::Everything => everything::serve().await,
            Town::Held => held::serve().await,
            Town::Hosts => hosts::serve(role.hostile).await,
        }
    })
}

/// Tells where the servers are, and waits until nobody needs them any more.
async fn stay(places: &[(&str, String)]) -> Result<(), Failed> {
    let places: Vec<_> = places.iter().map(|(name, at)| format!("{name}={at}")).collect();
    println!("{}", places.join(" "));
    // Its input ends with the process that started it.
    let _ended = tokio::io::stdin().read(&mut [0]).await?;
    Ok(())
}
