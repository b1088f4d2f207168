//! Requests under way, each with a wire and a task of its own, that the server lets wait.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{AbortHandle, JoinHandle};

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
    fn never(&self) -> String {
        self.endpoint.url("/never")
    }

    /// Starts one task after the other, and goes on once the server has all their requests.
    async fn all_waiting(&self, start: impl Fn() -> JoinHandle<()>) -> Result<Tasks, Failed> {
        let mut tasks = Tasks(Vec::with_capacity(self.count as usize));
        for _ in 0..self.count {
            tasks.0.push(start().abort_handle());
            tokio::task::yield_now().await;
        }
        let raw = Raw::new(&self.endpoint)?;
        loop {
            let mut stream = raw.connect().await?;
            stream.write_all(b"GET /waiting HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await?;
            let (mut received, body) = read_head(&mut stream).await?;
            stream.read_to_end(&mut received).await?;
            if String::from_utf8_lossy(&received[body..]).parse::<u32>()? >= self.count {
                return Ok(tasks);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// They end with this: they have nothing to come to.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

fn by_raw(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let address = job.endpoint.address;
        let start = || {
            tokio::spawn(async move {
                if let Ok(mut stream) = tokio::net::TcpStream::connect(address).await {
                    let _sent = stream.write_all(b"GET /never HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await;
                    let _end = stream.read(&mut [0; 1024]).await;
                }
            })
        };
        job.growth(job.all_waiting(start)).await
    })
}

fn by_hyper_util(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = hyper_util::client::<Empty<Bytes>>(&job.endpoint)?;
        client.get(job.endpoint.url("/").parse()?).await?.into_body().collect().await?;
        let never: http::Uri = job.never().parse()?;
        let start = || {
            let answer = client.get(never.clone());
            tokio::spawn(async { drop(answer.await) })
        };
        job.growth(job.all_waiting(start)).await
    })
}

fn by_reqwest(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = reqwest::client(&job.endpoint)?;
        client.get(job.endpoint.url("/")).send().await?.bytes().await?;
        let start = || {
            let answer = client.get(job.never()).send();
            tokio::spawn(async { drop(answer.await) })
        };
        job.growth(job.all_waiting(start)).await
    })
}

fn by_ours(job: &Job) -> Result<Grown, Failed> {
    let wires = job.count as usize + 1;
    let session = ours::session(&job.endpoint).wires_per_origin(None).wires_per_session(wires);
    ours::on_the_arbiter(session, async |session| {
        session.get(job.endpoint.url("/"))?.send().await?.bytes().await?;
        let start = || {
            let request = session.get(job.never());
            actix_rt::spawn(async {
                if let Ok(request) = request {
                    drop(request.send().await);
                }
            })
        };
        job.growth(job.all_waiting(start)).await
    })
}
