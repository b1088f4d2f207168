//! A new TLS connection for each request, one after the other: with and without tickets of the server.

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Failed;
use super::clients::raw::Raw;
use super::clients::{hyper_util, ours, reqwest};
use super::contest::{Contender, Terms};
use super::meter::{Meter, Sample};
use super::runtimes::Threads;
use super::server::{Endpoint, RESUMED, Server};
use super::table::{self, Column};

/// A new TLS connection for each request.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Connections in a turn
    #[arg(long, default_value_t = 1000)]
    connections: u64,
}

/// Plays and prints a table with resumption, and one without.
///
/// It is the server that gives tickets or does not: a client that gets none cannot resume, whatever it would like.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    let endpoints = &server.endpoints;
    for (kind, endpoint, resumes) in
        [("resumed", &endpoints.secure, true), ("full", &endpoints.secure_without_tickets, false)]
    {
        let job = Job { endpoint: endpoint.clone(), connections: options.connections, resumes };
        let results = options.terms.play(&job, &CLIENTS)?;
        let columns = [
            Column::new("CPU us/connection", 1, Sample::cpu_each),
            Column::new("connections/s", 0, Sample::rate),
            Column::optional("allocations", 0, Sample::allocations_each),
            Column::ratio("x raw", RAW, Sample::cpu_each),
        ];
        let what = format!("TLS 1.3 handshake ({kind}), GET and close, {} times", options.connections);
        table::print(&results, &what, None, &columns);
    }
    Ok(())
}

struct Job {
    endpoint: Endpoint,
    connections: u64,
    /// Must the server say that all but the first were resumed?
    resumes: bool,
}

const CLIENTS: [Contender<Job, Sample>; 5] = [
    Contender { name: RAW, place: "", run: by_raw },
    Contender { name: "hyper-util + hyper-rustls", place: "", run: by_hyper_util },
    Contender { name: "reqwest", place: "", run: by_reqwest },
    Contender {
        name: "hinternet, on the arbiter",
        place: "",
        run: |job| ours::on_the_arbiter(ours::session(&job.endpoint), |session| by_ours(job, session)),
    },
    Contender {
        name: "hinternet, from another thread",
        place: "",
        run: |job| ours::from_another_thread(ours::session(&job.endpoint), |session| by_ours(job, session)),
    },
];

impl Job {
    fn url(&self) -> String {
        self.endpoint.url("/handshake")
    }

    /// Connects once to be ready, then as often as is measured.
    async fn repeat(&self, mut once: impl AsyncFnMut() -> Result<Bytes, Failed>) -> Result<Sample, Failed> {
        once().await?;
        let meter = Meter::start()?;
        for _ in 0..self.connections {
            let told = once().await?;
            if (told.as_ref() == RESUMED.as_bytes()) != self.resumes {
                return Err(format!("the handshake was {}", String::from_utf8_lossy(&told)).into());
            }
        }
        meter.stop(self.connections)
    }
}

fn by_raw(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let raw = Raw::new(&job.endpoint)?;
        job.repeat(async || {
            let mut stream = raw.connect().await?;
            stream.write_all(b"GET /handshake HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await?;
            stream.flush().await?;
            let mut received = Vec::with_capacity(1024);
            stream.read_to_end(&mut received).await?;
            let body = received.windows(4).position(|octets| octets == b"\r\n\r\n").ok_or("no head")? + 4;
            Ok(Bytes::from(received).slice(body..))
        })
        .await
    })
}

fn by_hyper_util(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = hyper_util::client::<Empty<Bytes>>(&job.endpoint)?;
        let url: http::Uri = job.url().parse()?;
        job.repeat(async || Ok(client.get(url.clone()).await?.into_body().collect().await?.to_bytes())).await
    })
}

fn by_reqwest(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let (client, url) = (reqwest::client(&job.endpoint)?, job.url());
        job.repeat(async || Ok(client.get(&url).send().await?.bytes().await?)).await
    })
}

async fn by_ours(job: &Job, session: hinternet::Session) -> Result<Sample, Failed> {
    let url = job.url();
    job.repeat(async || Ok(session.get(url.as_str())?.send().await?.bytes().await?)).await
}

const RAW: &str = "tokio-rustls (raw)";
