//! What the same request costs elsewhere, over the same streams in memory and against the same server.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use benches::floor::FloorWire;
use benches::in_memory::{ANSWER, converse, converse_http2};
use bytes::Bytes;
use hinternet::Http2Options;
use hinternet::transport::MemoryStream;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_service::Service;

/// Nobody's work: the server, the streams, and the runtime that goes back and forth between two tasks. It is in all numbers.
pub(crate) async fn harness(requests: u32) {
    let mut stream = to_server();
    let mut received = [0; 1024];
    for _ in 0..requests {
        let asked = "GET /a/path?with=a&query=too HTTP/1.1\r\nhost: server.example\r\naccept: */*\r\n\r\n";
        stream.write_all(asked.as_bytes()).await.expect("the server reads");
        stream.read_exact(&mut received[..ANSWER.len()]).await.expect("the server answers");
    }
}

pub(crate) async fn floor(requests: u32) {
    let mut wire = FloorWire::new(to_server());
    for _ in 0..requests {
        let body = wire.get("server.example", PATH).await.expect("the server answers");
        assert_eq!(body.len(), 13);
    }
}

pub(crate) async fn hyper_conn(requests: u32) {
    let (mut wire, connection) = http1::handshake(TokioIo::new(to_server())).await.expect("a connection");
    tokio::task::spawn_local(connection);
    for _ in 0..requests {
        wire.ready().await.expect("the connection is kept");
        let request = Request::get(PATH).header(http::header::HOST, "server.example");
        let response = wire.send_request(finished(request)).await.expect("the server answers");
        assert_eq!(response.into_body().collect().await.expect("a body").to_bytes().len(), 13);
    }
}

pub(crate) async fn hyper_util(requests: u32) {
    let only = OnlyStream(Arc::new(Mutex::new(Some(to_server()))));
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(only);
    for _ in 0..requests {
        let url: Uri = format!("http://server.example{PATH}").parse().expect("a URL");
        let response = client.request(finished(Request::get(url))).await.expect("the server answers");
        assert_eq!(response.into_body().collect().await.expect("a body").to_bytes().len(), 13);
    }
}

pub(crate) async fn h2(requests: u32) {
    let (stream, theirs) = MemoryStream::pair();
    tokio::task::spawn_local(converse_http2(theirs));
    let options = Http2Options::default();
    let (mut wire, connection) = h2::client::Builder::new()
        .enable_push(false)
        .initial_window_size(options.stream_window)
        .initial_connection_window_size(options.connection_window)
        .handshake::<_, Bytes>(stream)
        .await
        .expect("a connection");
    tokio::task::spawn_local(connection);
    for _ in 0..requests {
        wire = wire.ready().await.expect("the connection is kept");
        let request = Request::get(format!("http://server.example{PATH}"))
            .header(http::header::USER_AGENT, "h2")
            .header(http::header::ACCEPT, "*/*");
        let (response, _) = wire.send_request(request.body(()).expect("a request"), true).expect("a stream");
        let mut body = response.await.expect("the server answers").into_body();
        let mut received = 0;
        while let Some(data) = body.data().await {
            let length = data.expect("a body").len();
            body.flow_control().release_capacity(length).expect("it was received");
            received += length;
        }
        assert_eq!(received, 13);
    }
}

fn finished(request: http::request::Builder) -> Request<Empty<Bytes>> {
    request
        .header(http::header::USER_AGENT, "hyper")
        .header(http::header::ACCEPT, "*/*")
        .body(Empty::new())
        .expect("a request")
}

/// A stream with the server at its other end.
fn to_server() -> MemoryStream {
    let (ours, theirs) = MemoryStream::pair();
    tokio::task::spawn_local(converse(theirs, ANSWER));
    ours
}

/// Gives the one stream there is: a second dial would be a fault of the measurement.
#[derive(Clone)]
struct OnlyStream(Arc<Mutex<Option<MemoryStream>>>);

impl Service<Uri> for OnlyStream {
    type Response = InMemory;
    type Error = std::io::Error;
    type Future = std::future::Ready<std::io::Result<InMemory>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(
            stream.map(|stream| InMemory(TokioIo::new(stream))).ok_or(std::io::ErrorKind::AddrInUse.into()),
        )
    }
}

/// A stream in memory, as hyper-util wants to have one.
struct InMemory(TokioIo<MemoryStream>);

impl Connection for InMemory {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for InMemory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buf)
    }
}

impl Write for InMemory {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

const PATH: &str = "/a/path?with=a&query=too";
