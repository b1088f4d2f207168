//! What the parts of a request take: each number is a whole request over a stream in memory, and a part is seen in how it grows.
//!
//! ```text
//! cargo bench -p benches --features layers
//! ```
//!
//! | group | a part that grows |
//! |---|---|
//! | `response head` | fields to parse |
//! | `request head` | fields to encode |
//! | `pool` | idle wires to choose from |
//! | `fan-out` | subscribers to every notification |
//! | `handle` | none: a request is opened and closed, and not sent |
//! | `coded body` | none: 10 MB of JSON as they are and in each coding, and the gzip of them by `zlib-rs` alone |
//! | `snapshot` | requests in flight, most of them in line for a wire |

use std::collections::HashSet;
use std::future::Future;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use benches::in_memory::{ANSWER, serve};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use hinternet::transport::in_memory;
use hinternet::{DialOptions, Engine, HeaderMap, Method, NotificationMask, Session, WireId};
use tokio::task::LocalSet;
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush, Status};

criterion_group! {
    name = layers;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = response_head, request_head, pool, fan_out, handle, coded_body, snapshot
}
criterion_main!(layers);

fn response_head(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("response head");
    for fields in [4, 16, 64] {
        let lines: String = (4..fields).map(|number| format!("x-field-{number}: a value of some length\r\n")).collect();
        let end = ANSWER.windows(4).position(|octets| octets == b"\r\n\r\n").expect("an end") + 2;
        let answer = [&ANSWER[..end], lines.as_bytes(), &ANSWER[end..]].concat();
        // Needed for as long as the program runs.
        let answer: &'static [u8] = answer.leak();
        group.bench_function(BenchmarkId::from_parameter(fields), |bencher| {
            bencher.iter_custom(|times| {
                on_one_thread(async { repeat(&session(answer, 0), &HeaderMap::new(), times).await })
            });
        });
    }
    group.finish();
}

fn request_head(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request head");
    for fields in [0, 8, 32] {
        let mut headers = HeaderMap::new();
        for number in 0..fields {
            let name: hinternet::HeaderName = format!("x-field-{number}").parse().expect("a name");
            headers.insert(name, "a value of some length".parse().expect("a value"));
        }
        group.bench_function(BenchmarkId::from_parameter(fields), |bencher| {
            bencher.iter_custom(|times| on_one_thread(async { repeat(&session(ANSWER, 0), &headers, times).await }));
        });
    }
    group.finish();
}

fn pool(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pool");
    for wires in [1, 16, 64] {
        group.bench_function(BenchmarkId::from_parameter(wires), |bencher| {
            bencher.iter_custom(|times| {
                on_one_thread(async {
                    let (session, headers) = (session(ANSWER, 0), HeaderMap::new());
                    // All at once, so that each dials a wire of its own.
                    let dialed = join_all((0..wires).map(|_| get(&session, &headers))).await;
                    assert_eq!(dialed.into_iter().collect::<HashSet<_>>().len(), wires);
                    repeat(&session, &headers, times).await
                })
            });
        });
    }
    group.finish();
}

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan-out");
    for subscribers in [0, 1, 8] {
        group.bench_function(BenchmarkId::from_parameter(subscribers), |bencher| {
            bencher.iter_custom(|times| {
                on_one_thread(async { repeat(&session(ANSWER, subscribers), &HeaderMap::new(), times).await })
            });
        });
    }
    group.finish();
}

fn handle(criterion: &mut Criterion) {
    criterion.bench_function("handle", |bencher| {
        bencher.iter_custom(|times| {
            on_one_thread(async {
                let session = session(ANSWER, 0);
                let connection = session.connect("http://server.example").expect("a connection");
                let start = Instant::now();
                for _ in 0..times {
                    let request = connection.open_request(Method::GET, "/a/path?with=a&query=too").expect("a request");
                    request.close().await.expect("it closes");
                }
                start.elapsed()
            })
        });
    });
}

fn coded_body(criterion: &mut Criterion) {
    let content: String = (0..100_000_u64)
        .map(|n| {
            format!("{{\"id\": {n:9}, \"name\": \"a name {:4}\", \"value\": {:20}}}, \n", n % 997, n * 2_654_435_761)
        })
        .collect();
    let content = content.as_bytes();
    let mut gzip = vec![0; content.len()];
    let mut deflate = Deflate::new(6, true, 15 + 16);
    deflate.compress(content, &mut gzip, DeflateFlush::Finish).expect("it becomes less");
    gzip.truncate(usize::try_from(deflate.total_out()).expect("it is here"));
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    brotli.write_all(content).expect("a vector takes everything");
    let mut zstd = Vec::with_capacity(zstd_safe::compress_bound(content.len()));
    zstd_safe::compress(&mut zstd, content, 3).expect("there is room");

    let mut group = criterion.benchmark_group("coded body");
    group.throughput(Throughput::Bytes(content.len() as u64));
    let bodies = [("identity", content), ("gzip", &gzip), ("br", &brotli.into_inner()), ("zstd", &zstd)];
    for (coding, body) in bodies {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", body.len());
        // Needed for as long as the program runs.
        let answer: &'static [u8] = [head.as_bytes(), body].concat().leak();
        group.bench_function(coding, |bencher| {
            bencher.iter_custom(|times| on_one_thread(async { read_all(&session(answer, 0), times).await }));
        });
    }
    group.bench_function("gzip by zlib-rs alone", |bencher| {
        let mut piece = vec![0; 64 * 1024];
        bencher.iter(|| {
            let mut inflate = Inflate::new(true, 15 + 16);
            loop {
                let from = usize::try_from(inflate.total_in()).expect("it is here");
                if inflate.decompress(&gzip[from..], &mut piece, InflateFlush::NoFlush) == Ok(Status::StreamEnd) {
                    break black_box(&piece).len();
                }
            }
        });
    });
    group.finish();
}

/// How long so many bodies take, after one that dials, piece by piece.
async fn read_all(session: &Session, times: u64) -> Duration {
    get(session, &HeaderMap::new()).await;
    let start = Instant::now();
    for _ in 0..times {
        let request = session.get("http://server.example/").expect("a request");
        let mut answer = request.send().await.expect("an answer");
        while let Some(piece) = answer.chunk().await.expect("a body") {
            black_box(&piece);
        }
    }
    start.elapsed()
}

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    for requests in [100, 1_000, 10_000] {
        group.bench_function(BenchmarkId::from_parameter(requests), |bencher| {
            bencher.iter_custom(|times| on_one_thread(look(requests, times)));
        });
    }
    group.finish();
}

/// How long so many snapshots take, of so many requests that nobody answers.
async fn look(requests: usize, times: u64) -> Duration {
    let session = session(b"", 0);
    for _ in 0..requests {
        let sent = session.get("http://server.example/").expect("a request").send();
        tokio::task::spawn_local(async { drop(sent.await) });
    }
    while session.snapshot().await.requests.iter().filter(|request| request.waits_for.is_some()).count() < requests {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    for _ in 0..times {
        black_box(session.snapshot().await);
    }
    let taken = start.elapsed();
    session.close().await.expect("it closes");
    taken
}

/// Everything runs here: client, server, and subscribers.
fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, work)
}

/// A session whose every wire leads to a server with this answer.
fn session(answer: &'static [u8], subscribers: usize) -> Session {
    let (dialer, listener) = in_memory();
    tokio::task::spawn_local(serve(listener, answer));
    let engine = Engine::on_current_thread().expect("a LocalSet");
    let dial = DialOptions::default().dialer(dialer);
    let session = Session::builder().engine(engine.clone()).dial(dial).open().expect("a session");
    for _ in 0..subscribers {
        let subscriber = engine.subscriber(|notification| {
            black_box(&notification);
        });
        session.subscribe(subscriber, NotificationMask::ALL_NOTIFICATIONS).expect("a subscription");
    }
    session
}

/// How long so many requests take, after one that dials.
async fn repeat(session: &Session, headers: &HeaderMap, times: u64) -> Duration {
    get(session, headers).await;
    let start = Instant::now();
    for _ in 0..times {
        get(session, headers).await;
    }
    start.elapsed()
}

/// The wire that carried it.
async fn get(session: &Session, headers: &HeaderMap) -> Option<WireId> {
    let request = session.get("http://server.example/a/path?with=a&query=too").expect("a request");
    let answer = request.headers(headers.clone()).send().await.expect("an answer");
    let wire = answer.wire();
    black_box(answer.bytes().await.expect("a body"));
    wire
}
