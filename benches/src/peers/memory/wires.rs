//! Idle wires. Those of one origin are dialed by requests that are answered together, once there are as many as wires are wanted;
//! those of many origins one after the other.

use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use tokio::io::AsyncWriteExt;

use super::{Client, Grown, Job};
use crate::peers::Failed;
use crate::peers::clients::raw::{Raw, read_head};
use crate::peers::clients::{hyper_util, ours, reqwest};
use crate::peers::runtimes::Threads;

pub(super) const CLIENTS: [Client; 4] = [
    Client { name: "bare socket", place: "", run: by_raw },
    Client { name: "hyper-util", place: "", run: by_hyper_util },
    Client { name: "reqwest", place: "", run: by_reqwest },
    Client { name: "hinternet", place: "", run: by_ours },
];

impl Job {
    /// Has one request answered to be ready, then as many at once as there shall be wires; or one to each origin.
    async fn dial_all(&self, get: impl AsyncFn(String) -> Result<(), Failed>) -> Result<Grown, Failed> {
        get(self.endpoint.url("/")).await?;
        self.growth(async {
            if self.many_origins {
                for host in 0..self.count {
                    get(self.endpoint.url_of_host(host, "/")).await?;
                }
            } else {
                let together = || self.endpoint.url(&format!("/together/{}", self.count));
                try_join_all((0..self.count).map(|_| get(together()))).await?;
            }
            Ok(())
        })
        .await
    }
}

fn by_raw(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let raw = Raw::new(&job.endpoint)?;
        let connect = async || {
            let mut stream = raw.connect().await?;
            stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await?;
            read_head(&mut stream).await?;
            Ok::<_, Failed>(stream)
        };
        let _first = connect().await?;
        job.growth(async {
            let mut streams = Vec::with_capacity(job.count as usize);
            for _ in 0..job.count {
                streams.push(connect().await?);
            }
            Ok(streams)
        })
        .await
    })
}

fn by_hyper_util(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = hyper_util::client::<Empty<Bytes>>(&job.endpoint)?;
        job.dial_all(async |url| {
            client.get(url.parse()?).await?.into_body().collect().await?;
            Ok(())
        })
        .await
    })
}

fn by_reqwest(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = reqwest::client(&job.endpoint)?;
        job.dial_all(async |url| {
            client.get(url).send().await?.bytes().await?;
            Ok(())
        })
        .await
    })
}

fn by_ours(job: &Job) -> Result<Grown, Failed> {
    let wires = job.count as usize + 1;
    let session = ours::session(&job.endpoint).wires_per_origin(None).wires_per_session(wires);
    ours::on_the_arbiter(session, async |session| {
        job.dial_all(async |url| {
            session.get(url)?.send().await?.bytes().await?;
            Ok(())
        })
        .await
    })
}
