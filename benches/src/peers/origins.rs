//! One request to each of many origins: what an origin costs, and whether it costs more when there are many.
//!
//! On loopback every address of 127.0.0.0/8 is this machine, so a host is an address and no name is looked up. All connections
//! are kept until the turn is over, with every client.

use std::cell::RefCell;

use bytes::Bytes;
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use hinternet::Session;
use http_body_util::{BodyExt, Empty};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::clients::raw::{Octets, read_head};
use super::clients::{hyper_util, ours, reqwest};
use super::contest::{Contender, Terms};
use super::meter::{Meter, Sample};
use super::runtimes::Threads;
use super::server::{BODY_LENGTH, Endpoint, Server};
use super::table::{self, Column};
use super::{Failed, descriptors};

/// One request to each of many origins.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// How many origins, a column for each number; the last is compared with the first
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    origins: Vec<u32>,
}

/// Plays and prints one table.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    let (most, allowed) = (options.origins.iter().copied().max().unwrap_or(0), descriptors::raise()?);
    if u64::from(most) + SPARE > allowed {
        return Err(format!("{most} origins are more than the {allowed} descriptors of a process allow").into());
    }
    let job = Job { endpoint: server.endpoints.plain.clone(), origins: options.origins.clone() };
    let results = options.terms.play(&job, &CLIENTS)?;
    let cpu = |index: usize| move |samples: &Vec<Sample>| samples[index].cpu_each();
    let mut columns = Vec::new();
    for (index, count) in job.origins.iter().enumerate() {
        columns.push(Column::new(format!("CPU us each of {count}"), 1, cpu(index)));
        columns.push(Column::ratio("x bare TCP", RAW, cpu(index)));
    }
    if let [first, .., last] = job.origins[..] {
        let at_last = cpu(job.origins.len() - 1);
        let growth = move |samples: &Vec<Sample>| at_last(samples) / samples[0].cpu_each();
        columns.push(Column::new(format!("{last} x {first}"), 2, growth));
    }
    let allocations = |samples: &Vec<Sample>| samples.last()?.allocations_each();
    columns.push(Column::optional("allocations", 0, allocations));
    table::print(&results, "One request to each origin, 16 in flight, connections kept", None, &columns);
    Ok(())
}

struct Job {
    endpoint: Endpoint,
    origins: Vec<u32>,
}

/// One sample for every number of origins.
type Samples = Vec<Sample>;

const CLIENTS: [Contender<Job, Samples>; 5] = [
    Contender { name: RAW, place: "", run: |job| job.each(by_raw) },
    Contender { name: "hyper-util", place: "", run: |job| job.each(by_hyper_util) },
    Contender { name: "reqwest", place: "", run: |job| job.each(by_reqwest) },
    Contender {
        name: "hinternet, on the arbiter",
        place: "",
        run: |job| {
            job.each(|these| {
                let session = ours::session(these.endpoint).wires_per_session(these.count as usize + IN_FLIGHT);
                ours::on_the_arbiter(session, |session| by_ours(these, session))
            })
        },
    },
    Contender {
        name: "hinternet, from another thread",
        place: "",
        run: |job| {
            job.each(|these| {
                let session = ours::session(these.endpoint).wires_per_session(these.count as usize + IN_FLIGHT);
                ours::from_another_thread(session, |session| by_ours(these, session))
            })
        },
    },
];

/// So many of the origins, for a client that has met none of them.
#[derive(Clone, Copy)]
struct Origins<'a> {
    endpoint: &'a Endpoint,
    count: u32,
}

impl Job {
    fn each(&self, run: impl Fn(Origins<'_>) -> Result<Sample, Failed>) -> Result<Samples, Failed> {
        self.origins.iter().map(|&count| run(Origins { endpoint: &self.endpoint, count })).collect()
    }
}

impl Origins<'_> {
    /// Asks one origin to be ready, then the others; what is asked returns the length of the body.
    async fn ask(self, one: impl AsyncFn(u32) -> Result<usize, Failed>) -> Result<Sample, Failed> {
        one(0).await?;
        let meter = Meter::start()?;
        let asked = |number| {
            let answer = one(number);
            async move {
                let length = answer.await?;
                if length == BODY_LENGTH { Ok(()) } else { Err(Failed::from(format!("a body of {length} octets"))) }
            }
        };
        stream::iter(1..=self.count).map(asked).buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
        meter.stop(self.count.into())
    }
}

fn by_raw(these: Origins<'_>) -> Result<Sample, Failed> {
    let kept: RefCell<Vec<Box<dyn Octets>>> = RefCell::default();
    Threads::One.runtime()?.block_on(these.ask(async |number| {
        let stream = TcpStream::connect(these.endpoint.address_of_host(number)).await?;
        stream.set_nodelay(true)?;
        let mut stream: Box<dyn Octets> = Box::new(stream);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await?;
        let (received, body) = read_head(&mut stream).await?;
        kept.borrow_mut().push(stream);
        Ok(received.len() - body)
    }))
}

fn by_hyper_util(these: Origins<'_>) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = hyper_util::client::<Empty<Bytes>>(these.endpoint)?;
        these
            .ask(async |number| {
                let answer = client.get(these.endpoint.url_of_host(number, "/").parse()?).await?;
                Ok(answer.into_body().collect().await?.to_bytes().len())
            })
            .await
    })
}

fn by_reqwest(these: Origins<'_>) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = reqwest::client(these.endpoint)?;
        these
            .ask(async |number| {
                Ok(client.get(these.endpoint.url_of_host(number, "/")).send().await?.bytes().await?.len())
            })
            .await
    })
}

async fn by_ours(these: Origins<'_>, session: Session) -> Result<Sample, Failed> {
    these
        .ask(async |number| {
            Ok(session.get(these.endpoint.url_of_host(number, "/"))?.send().await?.bytes().await?.len())
        })
        .await
}

const RAW: &str = "bare TCP";
const IN_FLIGHT: usize = 16;
/// Descriptors for everything else.
const SPARE: u64 = 100;
