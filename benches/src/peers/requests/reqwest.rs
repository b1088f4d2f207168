//! reqwest, as a program uses it.

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    let builder = reqwest::Client::builder().user_agent("reqwest");
    let client = if turn.endpoint.http2 { builder.http2_prior_knowledge() } else { builder }.build()?;
    let make = || Reqwest { client, url: turn.url() };
    turn.with_tokio(threads, make, |caller, each| tokio::spawn(calls(caller, each)))
}

#[derive(Clone)]
struct Reqwest {
    client: reqwest::Client,
    url: String,
}

impl Caller for Reqwest {
    async fn call(&mut self) -> Result<usize, Failed> {
        Ok(self.client.get(&self.url).send().await?.bytes().await?.len())
    }
}
