//! One long body the other way: plain, and over TLS 1.3.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hinternet::{Payload, Session};
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::io::AsyncWriteExt;

use super::Failed;
use super::clients::raw::{Raw, read_head};
use super::clients::{hyper_conn, hyper_util, ours, reqwest};
use super::contest::Contender;
use super::download::{self, Job, Options, RAW};
use super::meter::{Meter, Sample};
use super::runtimes::Threads;
use super::server::Server;

/// Plays and prints a table for each kind of stream.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    let kinds = [("plain", &server.endpoints.plain), ("TLS 1.3", &server.endpoints.secure)];
    download::play(options, server, "up", &CLIENTS, kinds)
}

/// All send pieces of 64 KiB that exist already. The peers' streams go out chunked, as ours does; the raw loop and our `write`
/// announce the length.
const CLIENTS: [Contender<Job, Sample>; 8] = [
    Contender { name: RAW, place: "", run: by_raw },
    Contender { name: "hyper conn", place: "", run: by_hyper_conn },
    Contender { name: "hyper-util", place: "", run: by_hyper_util },
    Contender { name: "reqwest", place: "", run: by_reqwest },
    Contender {
        name: "hinternet, on the arbiter, stream",
        place: "",
        run: |job| ours::on_the_arbiter(ours::session(&job.endpoint), |session| by_our_stream(job, session)),
    },
    Contender {
        name: "hinternet, on the arbiter, write",
        place: "",
        run: |job| ours::on_the_arbiter(ours::session(&job.endpoint), |session| by_our_write(job, session)),
    },
    Contender {
        name: "hinternet, from another thread, stream",
        place: "",
        run: |job| ours::from_another_thread(ours::session(&job.endpoint), |session| by_our_stream(job, session)),
    },
    Contender {
        name: "hinternet, from another thread, write",
        place: "",
        run: |job| ours::from_another_thread(ours::session(&job.endpoint), |session| by_our_write(job, session)),
    },
];

/// The body, piece by piece; nothing is copied.
fn pieces(octets: u64) -> impl Iterator<Item = Bytes> + Send + 'static {
    let whole = octets / PIECE.len() as u64;
    let rest = (octets % PIECE.len() as u64) as usize;
    let piece = Bytes::from_static(&PIECE);
    let last = (rest > 0).then(|| piece.slice(..rest));
    (0..whole).map(move |_| piece.clone()).chain(last)
}

fn body(octets: u64) -> StreamBody<impl Stream<Item = io::Result<Frame<Bytes>>> + Send + Unpin + 'static> {
    StreamBody::new(stream::iter(pieces(octets)).map(|piece| Ok(Frame::data(piece))))
}

fn by_raw(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let mut stream = Raw::new(&job.endpoint)?.connect().await?;
        let meter = Meter::start()?;
        let head = format!("POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n\r\n", job.octets);
        stream.write_all(head.as_bytes()).await?;
        for piece in pieces(job.octets) {
            stream.write_all(&piece).await?;
        }
        stream.flush().await?;
        read_head(&mut stream).await?;
        meter.stop(job.octets)
    })
}

fn by_hyper_conn(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let mut wire = hyper_conn::connect(&job.endpoint).await?;
        let meter = Meter::start()?;
        let request = Request::post("/").header(http::header::HOST, "127.0.0.1").body(body(job.octets))?;
        wire.send_request(request).await?.into_body().collect().await?;
        meter.stop(job.octets)
    })
}

fn by_hyper_util(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = hyper_util::client(&job.endpoint)?;
        let request = |octets| Request::post(job.endpoint.url("/")).body(body(octets));
        client.request(request(1)?).await?.into_body().collect().await?;
        let meter = Meter::start()?;
        client.request(request(job.octets)?).await?.into_body().collect().await?;
        meter.stop(job.octets)
    })
}

fn by_reqwest(job: &Job) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let client = reqwest::client(&job.endpoint)?;
        client.get(job.endpoint.url("/")).send().await?.bytes().await?;
        let meter = Meter::start()?;
        let body = ::reqwest::Body::wrap(body(job.octets));
        client.post(job.endpoint.url("/")).body(body).send().await?.bytes().await?;
        meter.stop(job.octets)
    })
}

async fn by_our_stream(job: &Job, session: Session) -> Result<Sample, Failed> {
    session.get(job.endpoint.url("/"))?.send().await?.bytes().await?;
    let meter = Meter::start()?;
    let body = Payload::stream(stream::iter(pieces(job.octets).map(Ok)));
    session.post(job.endpoint.url("/"))?.body(body).send().await?.bytes().await?;
    meter.stop(job.octets)
}

async fn by_our_write(job: &Job, session: Session) -> Result<Sample, Failed> {
    session.get(job.endpoint.url("/"))?.send().await?.bytes().await?;
    let connection = session.connect(&job.endpoint.url(""))?;
    let meter = Meter::start()?;
    let request = connection.open_request(Method::POST, "/")?;
    request.send(Payload::begin(Bytes::new(), job.octets)).await?;
    for piece in pieces(job.octets) {
        request.write(piece).await?;
    }
    request.receive_response().await?;
    while !request.read().await?.is_empty() {}
    meter.stop(job.octets)
}

/// The server counts on this letter.
static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
