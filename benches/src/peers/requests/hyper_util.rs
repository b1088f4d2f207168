//! hyper-util's pooling client.

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    let url: Uri = turn.url().parse()?;
    let make = || {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        HyperUtil {
            client: Client::builder(TokioExecutor::new()).http2_only(turn.endpoint.http2).build(connector),
            url,
        }
    };
    turn.with_tokio(threads, make, |caller, each| tokio::spawn(calls(caller, each)))
}

#[derive(Clone)]
struct HyperUtil {
    client: Client<HttpConnector, Empty<Bytes>>,
    url: Uri,
}

impl Caller for HyperUtil {
    async fn call(&mut self) -> Result<usize, Failed> {
        let request = Request::get(self.url.clone())
            .header(http::header::USER_AGENT, "hyper")
            .header(http::header::ACCEPT, "*/*")
            .body(Empty::new())?;
        let response = self.client.request(request).await?;
        Ok(response.into_body().collect().await?.to_bytes().len())
    }
}
