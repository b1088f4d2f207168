//! reqwest, as a program uses it.

use super::{Threads, with_tokio};
use crate::load::{Caller, Failed, Sample, Turn};

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Sample, Failed> {
    let client = reqwest::Client::builder().user_agent("reqwest").build()?;
    with_tokio(turn, threads, || Reqwest { client, url: turn.url() })
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
