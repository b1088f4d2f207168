//! What every double that listens has in common.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A server on a loopback address. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    _serving: JoinSet<()>,
}

impl Server {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub(crate) async fn start<F>(serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free"), serve)
    }

    /// Serves on this listener.
    ///
    /// # Panics
    /// When the listener has no address.
    pub(crate) fn on<F>(listener: TcpListener, serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().expect("the listener is bound");
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener));
        Self { address, scheme: "http", _serving: serving }
    }

    /// Its clients have to speak TLS.
    pub(crate) fn secure(mut self) -> Self {
        self.scheme = "https";
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its origin, as in `http://127.0.0.1:1234`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its origin under another name for the same machine.
    pub fn origin_named(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// A URL on it.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }
}
