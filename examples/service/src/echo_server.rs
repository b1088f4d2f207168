//! The server that the gRPC client is shown on: the echo service by `tonic`, on loopback.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::echo::echo_server::{Echo, EchoServer};
use crate::echo::{Reply, Words};

/// Says again what it is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wall;

type Replies = Pin<Box<dyn Stream<Item = Result<Reply, Status>> + Send>>;

#[tonic::async_trait]
impl Echo for Wall {
    type RepeatStream = Replies;
    type ConverseStream = Replies;

    async fn once(&self, request: Request<Words>) -> Result<Response<Reply>, Status> {
        say(request.into_inner(), 1).await.map(Response::new)
    }

    async fn repeat(&self, request: Request<Words>) -> Result<Response<Replies>, Status> {
        let words = request.into_inner();
        let replies = stream::iter(1..=words.times).then(move |number| say(words.clone(), number));
        Ok(Response::new(Box::pin(replies)))
    }

    async fn gather(&self, request: Request<Streaming<Words>>) -> Result<Response<Reply>, Status> {
        let words: Vec<_> = request.into_inner().try_collect().await?;
        let text = words.iter().map(|words| words.text.as_str()).collect::<Vec<_>>().join(" ");
        Ok(Response::new(Reply { text, number: words.len() as u32 }))
    }

    async fn converse(&self, request: Request<Streaming<Words>>) -> Result<Response<Replies>, Status> {
        let replies = request
            .into_inner()
            .zip(stream::iter(1..))
            .then(|(words, number)| async move { say(words?, number).await });
        Ok(Response::new(Box::pin(replies)))
    }
}

async fn say(words: Words, number: u32) -> Result<Reply, Status> {
    sleep(Duration::from_millis(words.after_ms.into())).await;
    if words.text.is_empty() {
        return Err(Status::invalid_argument("there is nothing to say"));
    }
    Ok(Reply { text: words.text, number })
}

/// A server that runs. Dropped, it finishes what it was asked.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
    stop: oneshot::Sender<()>,
}

impl Running {
    /// Serves this at this address.
    ///
    /// # Errors
    /// The system's, when the address is not to be had.
    pub async fn start(echo: impl Echo, address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::builder().add_service(EchoServer::new(echo));
        let incoming = TcpIncoming::from(listener);
        let task = tokio::spawn(server.serve_with_incoming_shutdown(incoming, async {
            let _asked_or_dropped = stopped.await;
        }));
        Ok(Self { address, task, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As a client names it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes what it was asked, and takes no more.
    pub async fn stop(self) {
        let _asked = self.stop.send(());
        let _ended = self.task.await;
    }
}
