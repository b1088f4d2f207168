//! RFC 9113 5.2: over a long path a first wire is as fast as the path, by a clock that only the path moves.

use std::time::Duration;

use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver};
use hinternet::transport::MemoryStream;
use hinternet::{Bytes, DialOptions, Http2Options, Protocols, Session};
use integration_tests::fault_proxy::Path;
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::recorder::Recorder;
use tokio::io::{duplex, split};
use tokio::time::Instant;

const DOWNLOAD: usize = 64 << 20;

/// A server at the end of a path.
#[derive(Clone, Copy, Debug)]
struct Far(Path);

impl Resolver for Far {
    fn resolve(&self, _: &str) -> Lookup {
        Box::pin(std::future::ready(Ok(vec![[127, 0, 0, 1].into()])))
    }
}

impl Dialer for Far {
    fn dial(&self, _: &Destination) -> Dialing {
        let (client, near) = MemoryStream::pair_holding(256 << 10);
        let (far, server) = duplex(256 << 10);
        let ((from_client, to_client), (from_server, to_server)) = (split(near), split(far));
        let path = self.0;
        actix::spawn(async move {
            let _hung_up = tokio::join!(path.carry(from_client, to_server), path.carry(from_server, to_client));
        });
        actix::spawn(serve(server));
        Box::pin(async move { Ok(Box::new(client) as _) })
    }
}

/// Answers everything with a large body, as fast as it is taken.
async fn serve(stream: tokio::io::DuplexStream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut body = respond.send_response(http::Response::new(()), false).unwrap();
        actix::spawn(async move {
            let mut left = DOWNLOAD;
            while left > 0 {
                body.reserve_capacity(left.min(256 << 10));
                let room = std::future::poll_fn(|context| body.poll_capacity(context)).await.unwrap().unwrap();
                left -= room;
                body.send_data(Bytes::from(vec![7; room]), left == 0).unwrap();
            }
        });
    }
}

/// How long a download takes, of which the path alone needs so much.
fn download(each_way: Duration, rate: u32, http2: Http2Options) -> (Duration, Duration) {
    let took = std::rc::Rc::new(std::cell::Cell::new(Duration::ZERO));
    let told = std::rc::Rc::clone(&took);
    in_virtual_time(async move {
        let recorder = Recorder::on_current_arbiter();
        let dial = {
            let far = Far(Path::new(each_way, rate));
            DialOptions::default().resolver(far).dialer(far)
        };
        let builder =
            Session::builder().on_current_arbiter().dial(dial).protocols(Protocols::RequireHttp2).http2(http2);
        let session = recorder.session(builder);
        let began = Instant::now();
        let mut response = session.get("http://far.example/").unwrap().send().await.unwrap();
        let mut octets = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            octets += chunk.len();
        }
        told.set(began.elapsed());
        assert_eq!(octets, DOWNLOAD);
        drop(response);
        recorder.finish(session).await;
    });
    (took.get(), each_way * 2 + Duration::from_secs_f64(DOWNLOAD as f64 / f64::from(rate)))
}

#[test]
fn rfc9113_5_2_the_first_windows_hold_what_a_path_of_200_mbit_and_50_ms_holds() {
    let (took, path) = download(Duration::from_millis(25), 25_000_000, Http2Options::default());
    assert!(took <= path + MILLISECOND, "{took:?} over a path that needs {path:?}");
}

#[test]
fn rfc9113_5_2_windows_grow_with_what_a_path_holds() {
    for (each_way, rate) in [(40, 25_000_000), (25, 50_000_000), (50, 25_000_000)] {
        let (took, path) = download(Duration::from_millis(each_way), rate, Http2Options::default());
        assert!(took <= path.mul_f64(1.05), "{took:?} over a path that needs {path:?}");
    }
}

#[test]
fn rfc9113_5_2_windows_that_may_not_grow_hold_a_longer_path_up() {
    let mut options = Http2Options::default();
    options.adaptive_window = false;
    let (took, path) = download(Duration::from_millis(50), 25_000_000, options);
    assert!(took >= path.mul_f64(1.5), "{took:?} over a path that needs {path:?}");
}

const MILLISECOND: Duration = Duration::from_millis(1);
