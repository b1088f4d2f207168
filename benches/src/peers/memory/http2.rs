//! Idle wires that speak HTTP/2. One would do for all requests to an origin: what has a pool dials one to each of many, under
//! names of which only its resolver knows.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use hinternet::DialOptions;
use hinternet::network::{Lookup, Resolver};
use http::Request;
use http_body_util::{BodyExt, Empty};

use super::{Client, Grown, Job};
use crate::peers::Failed;
use crate::peers::clients::{hyper_conn, ours, raw_h2};
use crate::peers::runtimes::Threads;

pub(super) const CLIENTS: [Client; 3] = [
    Client { name: "h2 (raw)", place: "", run: by_raw },
    Client { name: "hyper conn", place: "", run: by_hyper_conn },
    Client { name: "hinternet", place: "", run: by_ours },
];

impl Job {
    /// Makes one to be ready, then as many as there shall be, one after the other.
    async fn make_all<T>(&self, make: impl AsyncFn(u32) -> Result<T, Failed>) -> Result<Grown, Failed> {
        let _first = make(self.count).await?;
        self.growth(async {
            let mut made = Vec::with_capacity(self.count as usize);
            for number in 0..self.count {
                made.push(make(number).await?);
            }
            Ok(made)
        })
        .await
    }
}

fn by_raw(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(job.make_all(async |_| {
        let wire = raw_h2::connect(&job.endpoint).await?;
        raw_h2::get(wire.clone(), &job.endpoint.url("/")).await?;
        Ok(wire)
    }))
}

fn by_hyper_conn(job: &Job) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(job.make_all(async |_| {
        let mut wire = hyper_conn::connect_http2(&job.endpoint).await?;
        let request = Request::get(job.endpoint.url("/")).body(Empty::<Bytes>::new())?;
        wire.send_request(request).await?.into_body().collect().await?;
        Ok(wire)
    }))
}

fn by_ours(job: &Job) -> Result<Grown, Failed> {
    let wires = job.count as usize + 1;
    let session = ours::session(&job.endpoint).wires_per_session(wires).dial(DialOptions::default().resolver(Here));
    ours::on_the_arbiter(session, async |session| {
        job.make_all(async |number| {
            session.get(job.endpoint.url_of_name(number, "/"))?.send().await?.bytes().await?;
            Ok(())
        })
        .await
    })
}

/// Every name is this machine.
#[derive(Debug)]
struct Here;

impl Resolver for Here {
    fn resolve(&self, _host: &str) -> Lookup {
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
    }
}
