//! The bare `h2` crate: every caller has a handle to the one connection.

use bytes::Bytes;
use h2::client::SendRequest;

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::clients::raw_h2;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    threads.runtime()?.block_on(async {
        let caller = RawH2 { wire: raw_h2::connect(&turn.endpoint).await?, url: turn.url() };
        turn.drive(vec![caller; turn.in_flight], |caller, each| tokio::spawn(calls(caller, each))).await
    })
}

#[derive(Clone)]
struct RawH2 {
    wire: SendRequest<Bytes>,
    url: String,
}

impl Caller for RawH2 {
    async fn call(&mut self) -> Result<usize, Failed> {
        Ok(usize::try_from(raw_h2::get(self.wire.clone(), &self.url).await?)?)
    }
}
