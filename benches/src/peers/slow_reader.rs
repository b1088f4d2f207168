//! Streams that share a wire of HTTP/2 with responses that are not read, or read slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use hinternet::{Response, Session};
use tokio::task::JoinSet;

use super::clients::ours;
use super::contest::{Contender, Terms};
use super::meter::{Meter, Sample};
use super::pinned::Pinned;
use super::server::{Endpoint, Server};
use super::table::{self, Column};
use super::{Failed, size};

/// Streams beside a slow reader.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Streams that are read as they come
    #[arg(long, default_value_t = 63)]
    streams: usize,
    /// Octets of each of their bodies
    #[arg(long, default_value = "256KiB", value_parser = size::parse)]
    body: u64,
    /// Octets of all of their bodies
    #[arg(long, default_value = "512MiB", value_parser = size::parse)]
    octets: u64,
    /// Octets of the body that is not read
    #[arg(long, default_value = "64MiB", value_parser = size::parse)]
    slow: u64,
}

/// Plays and prints a table.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    let columns = [
        Column::new("MiB/s", 0, |sample: &Sample| sample.rate() / f64::from(1 << 20)),
        Column::ratio("x alone", ALONE, Sample::rate),
        Column::new("CPU s", 3, |sample: &Sample| sample.cpu.as_secs_f64()),
    ];
    let _apart = Pinned::apart(server)?;
    let Options { streams, body, octets, slow, .. } = *options;
    let job = Job { endpoint: server.endpoints.http2.clone(), streams, body, octets, slow };
    let results = options.terms.play(&job, COMPANIES)?;
    table::print(&results, &format!("{streams} streams of one wire, {} KiB each time", body >> 10), None, &columns);
    Ok(())
}

struct Job {
    endpoint: Endpoint,
    streams: usize,
    body: u64,
    octets: u64,
    slow: u64,
}

type Company = Contender<Job, Sample>;

const COMPANIES: &[Company] = &[
    Company { name: ALONE, place: "", run: |job| play(job, Slow { unread: 0, dripping: 0 }) },
    Company { name: "one is not read", place: "", run: |job| play(job, Slow { unread: 1, dripping: 0 }) },
    Company { name: "three are not read", place: "", run: |job| play(job, Slow { unread: 3, dripping: 0 }) },
    Company { name: "one is read slowly", place: "", run: |job| play(job, Slow { unread: 0, dripping: 1 }) },
];

/// Who shares the wire.
#[derive(Clone, Copy)]
struct Slow {
    unread: usize,
    dripping: usize,
}

fn play(job: &Job, slow: Slow) -> Result<Sample, Failed> {
    ours::on_the_arbiter(ours::session(&job.endpoint), |session| beside(job, slow, session))
}

async fn beside(job: &Job, slow: Slow, session: Session) -> Result<Sample, Failed> {
    session.get(job.endpoint.url("/"))?.send().await?.bytes().await?;
    let url = job.endpoint.url(&format!("/octets/{}", job.slow));
    let mut unread = Vec::new();
    for _ in 0..slow.unread {
        unread.push(session.get(url.clone())?.send().await?);
    }
    let mut drips = JoinSet::new();
    for _ in 0..slow.dripping {
        drips.spawn_local(drip(session.get(url.clone())?.send().await?));
    }
    let left = Arc::new(AtomicU64::new(job.octets / job.body));
    let url = job.endpoint.url(&format!("/octets/{}", job.body));
    let meter = Meter::start()?;
    let mut streams = JoinSet::new();
    for _ in 0..job.streams {
        streams.spawn_local(again_and_again(session.clone(), url.clone(), job.body, Arc::clone(&left)));
    }
    while let Some(stream) = streams.join_next().await {
        stream??;
    }
    let sample = meter.stop(job.octets)?;
    let wires: usize = session.snapshot().await.origins.iter().map(|origin| origin.wires.len()).sum();
    if wires != 1 {
        return Err(format!("{wires} wires are no comparison").into());
    }
    Ok(sample)
}

async fn again_and_again(session: Session, url: String, body: u64, left: Arc<AtomicU64>) -> Result<(), Failed> {
    let one_less = |left: u64| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
        let mut response = session.get(url.as_str())?.send().await?;
        let mut received = 0;
        while let Some(chunk) = response.chunk().await? {
            received += chunk.len() as u64;
        }
        if received != body {
            return Err(format!("{received} octets came").into());
        }
    }
    Ok(())
}

/// Reads a little, and waits a little.
async fn drip(mut response: Response) -> Result<(), Failed> {
    while response.chunk().await?.is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

const ALONE: &str = "none is slow";
