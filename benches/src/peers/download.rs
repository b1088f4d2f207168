//! One long body: plain and over TLS 1.3, by HTTP/1.1 and HTTP/2.

use bytes::Bytes;
use clap::Args;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::body::Body;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::clients::raw::{Raw, read_head};
use super::clients::{hyper_conn, hyper_util, ours, raw_h2, reqwest};
use super::contest::{Contender, Terms};
use super::meter::{Meter, Sample};
use super::pinned::Pinned;
use super::runtimes::Threads;
use super::server::{Endpoint, Server};
use super::table::{self, Column};
use super::{Failed, size};

/// One long body, whichever way it goes.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Octets of the body
    #[arg(long, default_value = "256MiB", value_parser = size::parse)]
    octets: u64,
    /// Only over the plain stream: for a profile
    #[arg(long)]
    plain: bool,
}

/// Plays and prints a table for each kind of stream.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    let (endpoints, terms) = (&server.endpoints, &options.terms);
    let http2 = terms.admit(HTTP2_CLIENTS);
    if terms.admit(CLIENTS) || !http2 {
        play(options, server, "down", CLIENTS, [("plain", &endpoints.plain), ("TLS 1.3", &endpoints.secure)])?;
    }
    if http2 {
        let kinds = [("HTTP/2, plain", &endpoints.http2), ("HTTP/2, TLS 1.3", &endpoints.secure_http2)];
        play(options, server, "down", HTTP2_CLIENTS, kinds)?;
    }
    Ok(())
}

/// A table for each kind of stream, the plain one first. The first client is what the others are compared with.
pub(super) fn play(
    options: &Options,
    server: &Server,
    way: &str,
    clients: &[Client],
    kinds: [(&str, &Endpoint); 2],
) -> Result<(), Failed> {
    let raw = clients.first().ok_or("there is nothing to measure")?.name;
    let columns = [
        Column::new("CPU s", 3, |sample: &Sample| sample.cpu.as_secs_f64()),
        Column::new("MiB/s", 0, |sample: &Sample| sample.rate() / f64::from(1 << 20)),
        Column::optional("allocations/MiB", 1, |sample: &Sample| Some(sample.allocations_each()? * f64::from(1 << 20))),
        Column::ratio("x raw", raw, |sample: &Sample| sample.cpu.as_secs_f64()),
    ];
    let _apart = Pinned::apart(server)?;
    for (kind, endpoint) in kinds.into_iter().take(if options.plain { 1 } else { 2 }) {
        let results = options.terms.play(&Job { endpoint: endpoint.clone(), octets: options.octets }, clients)?;
        table::print(&results, &format!("{} MiB {way}, {kind}", options.octets >> 20), None, &columns);
    }
    Ok(())
}

/// What is to be carried, and with whom.
pub(super) struct Job {
    pub(super) endpoint: Endpoint,
    pub(super) octets: u64,
}

/// Somebody who carries a long body.
pub(super) type Client = Contender<Job, Sample>;

const CLIENTS: &[Client] = &[
    Client { name: RAW, place: "", run: by_raw },
    Client { name: "hyper conn", place: "", run: by_hyper_conn },
    HYPER_UTIL,
    REQWEST,
    ON_THE_ARBITER,
    FROM_ANOTHER_THREAD,
];
const HTTP2_CLIENTS: &[Client] = &[
    Client { name: RAW_H2, place: "", run: by_raw_h2 },
    Client { name: "hyper conn", place: "", run: by_hyper_http2 },
    HYPER_UTIL,
    REQWEST,
    ON_THE_ARBITER,
    FROM_ANOTHER_THREAD,
];

const HYPER_UTIL: Client = Client { name: "hyper-util", place: "", run: by_hyper_util };
const REQWEST: Client = Client { name: "reqwest", place: "", run: by_reqwest };
const ON_THE_ARBITER: Client = Client {
    name: "hinternet, on the arbiter",
    place: "",
    run: |job| ours::on_the_arbiter(ours::session(&job.endpoint), |session| by_ours(job, session)),
};
const FROM_ANOTHER_THREAD: Client = Client {
    name: "hinternet, from another thread",
    place: "",
    run: |job| ours::from_another_thread(ours::session(&job.endpoint), |session| by_ours(job, session)),
};

impl Job {
    fn path(&self) -> String {
        format!("/octets/{}", self.octets)
    }

    fn check(&self, received: u64) -> Result<(), Failed> {
        if received == self.octets { Ok(()) } else { Err(format!("{received} octets came").into()) }
    }
}

fn by_raw(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let mut stream = Raw::new(&job.endpoint)?.connect().await?;
        let mut buffer = vec![0; 64 * 1024];
        let meter = Meter::start()?;
        stream.write_all(format!("GET {} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", job.path()).as_bytes()).await?;
        let (received, body) = read_head(&mut stream).await?;
        let mut received = (received.len() - body) as u64;
        while received < job.octets {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            received += count as u64;
        }
        job.check(received)?;
        meter.stop(received)
    })
}

fn by_hyper_conn(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let mut wire = hyper_conn::connect(&job.endpoint).await?;
        let meter = Meter::start()?;
        let request = Request::get(job.path()).header(http::header::HOST, "127.0.0.1");
        let response = wire.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let received = count(response.into_body()).await?;
        job.check(received)?;
        meter.stop(received)
    })
}

fn by_raw_h2(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let wire = raw_h2::connect(&job.endpoint).await?;
        let meter = Meter::start()?;
        let received = raw_h2::get(wire.clone(), &job.endpoint.url(&job.path())).await?;
        job.check(received)?;
        meter.stop(received)
    })
}

fn by_hyper_http2(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let mut wire = hyper_conn::connect_http2(&job.endpoint).await?;
        let meter = Meter::start()?;
        let request = Request::get(job.endpoint.url(&job.path()));
        let response = wire.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let received = count(response.into_body()).await?;
        job.check(received)?;
        meter.stop(received)
    })
}

fn by_hyper_util(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = hyper_util::client::<Empty<Bytes>>(&job.endpoint)?;
        // The wire is dialed before the clock runs.
        client.get(job.endpoint.url("/").parse()?).await?.into_body().collect().await?;
        let meter = Meter::start()?;
        let response = client.get(job.endpoint.url(&job.path()).parse()?).await?;
        let received = count(response.into_body()).await?;
        job.check(received)?;
        meter.stop(received)
    })
}

async fn count(mut body: impl Body<Data = Bytes, Error: Into<Failed>> + Unpin) -> Result<u64, Failed> {
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        received += frame.map_err(Into::into)?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(received)
}

fn by_reqwest(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = reqwest::client(&job.endpoint)?;
        client.get(job.endpoint.url("/")).send().await?.bytes().await?;
        let meter = Meter::start()?;
        let mut response = client.get(job.endpoint.url(&job.path())).send().await?;
        let mut received = 0;
        while let Some(chunk) = response.chunk().await? {
            received += chunk.len() as u64;
        }
        job.check(received)?;
        meter.stop(received)
    })
}

async fn by_ours(job: &Job, session: hinternet::Session) -> Result<Sample, Failed> {
    session.get(job.endpoint.url("/"))?.send().await?.bytes().await?;
    let meter = Meter::start()?;
    let mut response = session.get(job.endpoint.url(&job.path()))?.send().await?;
    let mut received = 0;
    while let Some(chunk) = response.chunk().await? {
        received += chunk.len() as u64;
    }
    job.check(received)?;
    meter.stop(received)
}

/// What all others are compared with.
pub(super) const RAW: &str = "socket loop (raw)";
const RAW_H2: &str = "h2 (raw)";
