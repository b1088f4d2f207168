//! hyper-util's pooling client.

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::{Threads, with_tokio};
use crate::load::{Caller, Failed, Sample, Turn};

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Sample, Failed> {
    let url: Uri = turn.url().parse()?;
    with_tokio(turn, threads, || {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Hyper { client: Client::builder(TokioExecutor::new()).build(connector), url }
    })
}

#[derive(Clone)]
struct Hyper {
    client: Client<HttpConnector, Empty<Bytes>>,
    url: Uri,
}

impl Caller for Hyper {
    async fn call(&mut self) -> Result<usize, Failed> {
        let request = Request::get(self.url.clone())
            .header(http::header::USER_AGENT, "hyper")
            .header(http::header::ACCEPT, "*/*")
            .body(Empty::new())?;
        let response = self.client.request(request).await?;
        Ok(response.into_body().collect().await?.to_bytes().len())
    }
}
