//! A session and a connection as services of `tower`: what goes out, what comes back, and that nothing is lost or left.

mod bodies;
mod ending;
mod middleware;
mod requests;

use bytes::Bytes;
use hinternet::tower::ResponseBody;
use hinternet::{Connection, Error, HeaderMap, Result, Session};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use integration_tests::http2_origin::{Http2Origin, builder};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::request::Request as Asked;
use tower::ServiceExt;

/// What a stream of a test's body gives.
type Frame = std::io::Result<http_body::Frame<Bytes>>;

/// An honest server, a watched session, and a connection handle; by one protocol or the other.
struct Scene {
    recorder: Recorder,
    session: Session,
    connection: Connection,
    server: Server,
}

enum Server {
    Http1(Origin),
    Http2(Http2Origin),
}

impl Scene {
    async fn http1() -> Self {
        Self::of(Server::Http1(Origin::start(answer).await))
    }

    async fn http2() -> Self {
        Self::of(Server::Http2(Http2Origin::start(|request| answer(request).into()).await))
    }

    /// The rule holds by both.
    async fn both() -> [Self; 2] {
        [Self::http1().await, Self::http2().await]
    }

    fn of(server: Server) -> Self {
        let recorder = Recorder::start();
        let (builder, origin) = match &server {
            Server::Http1(server) => (Session::builder(), server.origin()),
            Server::Http2(server) => (builder(), server.origin()),
        };
        let session = recorder.session(builder);
        let connection = session.connect(&origin).unwrap();
        Self { recorder, session, connection, server }
    }

    fn url(&self, path: &str) -> String {
        match &self.server {
            Server::Http1(server) => server.url(path),
            Server::Http2(server) => server.url(path),
        }
    }

    fn asked(&self) -> usize {
        match &self.server {
            Server::Http1(server) => server.log().len(),
            Server::Http2(server) => server.log().len(),
        }
    }

    async fn get(&self, path: &str) -> Response<ResponseBody> {
        call(&self.connection, Request::get(path).body(empty()).unwrap()).await.unwrap()
    }

    async fn end(self) {
        let Self { recorder, session, connection, server } = self;
        drop(connection);
        recorder.finish(session).await;
        drop(server);
    }
}

fn answer(request: &Asked) -> Reply {
    match request.path() {
        // What came, and how it was framed.
        "/echo" => {
            let length = request.field("content-length").or(request.field("transfer-encoding")).unwrap_or("unsaid");
            let reply = Reply::new(200).field("framing", length).field("method", request.method.clone());
            let reply = reply.chunked(Some(request.body.clone()).filter(|body| !body.is_empty()));
            request.trailers.iter().fold(reply, |reply, (name, value)| reply.trailer(name, value))
        }
        "/sized" => Reply::ok("12345"),
        "/empty" => Reply::new(204),
        "/trailers" => Reply::new(200).chunked(["one", "two"]).trailer("sum", "6"),
        "/only" => Reply::new(200).chunked([""; 0]).trailer("sum", "0"),
        _ => Reply::new(404),
    }
}

/// One call of a service, as middleware makes it.
async fn call<S, B>(service: S, request: Request<B>) -> Result<Response<ResponseBody>>
where
    S: tower::Service<Request<B>, Response = Response<ResponseBody>, Error = Error>,
{
    patiently("a call", service.oneshot(request)).await
}

/// All data of a body, and the trailers behind them.
async fn collected(body: ResponseBody) -> Result<(Bytes, Option<HeaderMap>)> {
    let collected = patiently("a body", body.collect()).await?;
    let trailers = collected.trailers().cloned();
    Ok((collected.to_bytes(), trailers))
}

fn empty() -> Empty<Bytes> {
    Empty::new()
}

fn full(octets: impl Into<Bytes>) -> Full<Bytes> {
    Full::new(octets.into())
}

/// A body that a test gives frame by frame; dropped, the other end ends it.
fn by_hand() -> (tokio::sync::mpsc::Sender<Frame>, impl http_body::Body<Data = Bytes, Error = std::io::Error> + Send) {
    let (give, mut frames) = tokio::sync::mpsc::channel(1);
    (give, StreamBody::new(futures_util::stream::poll_fn(move |context| frames.poll_recv(context))))
}

fn data(octets: &'static str) -> Frame {
    Ok(http_body::Frame::data(Bytes::from_static(octets.as_bytes())))
}

fn trailers(name: &'static str, value: &'static str) -> Frame {
    let mut fields = HeaderMap::new();
    fields.insert(name, value.parse().unwrap());
    Ok(http_body::Frame::trailers(fields))
}
