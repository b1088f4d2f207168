//! A proxy of HTTP: opens tunnels to this machine whatever the name, answers itself what it should forward, and writes down all it is
//! asked.

use std::collections::BTreeSet;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::request::{Request, next_request};
use crate::server::Server;
use crate::tls::{Carrier, Tls};

/// A proxy on a loopback address. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct HttpProxy {
    server: Server,
    log: Arc<Mutex<Vec<Asked>>>,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// On which connection to it, from 1.
    pub connection: u64,
    /// What, and how.
    pub request: Request,
}

/// What a proxy is like.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    tls: Option<Tls>,
    login: Option<String>,
    closes: bool,
    refuses: Option<(u16, String)>,
    unreachable: BTreeSet<String>,
    redirects: Option<String>,
}

impl Manner {
    /// Lets everybody everywhere.
    pub fn open() -> Self {
        Self::default()
    }

    /// Speaks TLS itself.
    pub fn secure(mut self, tls: &Tls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// Wants this value of `Proxy-Authorization`, and asks for Basic.
    pub fn knowing(mut self, authorization: &str) -> Self {
        self.login = Some(authorization.to_owned());
        self
    }

    /// Closes when it has asked who is there.
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Answers every CONNECT with this status, and these lines of fields.
    pub fn refusing(mut self, status: u16, fields: &str) -> Self {
        self.refuses = Some((status, fields.to_owned()));
        self
    }

    /// Answers in the server's place that what it should forward has moved there.
    pub fn redirecting(mut self, to: &str) -> Self {
        self.redirects = Some(to.to_owned());
        self
    }

    /// Does not reach this host.
    pub fn without(mut self, host: &str) -> Self {
        self.unreachable.insert(host.to_owned());
        self
    }
}

impl HttpProxy {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start(manner: Manner) -> Self {
        let log = Arc::default();
        let (kept, is_secure) = (Arc::clone(&log), manner.tls.is_some());
        let server = Server::start(|listener| listen(listener, manner, kept)).await;
        Self { server: if is_secure { server.secure() } else { server }, log }
    }

    /// All it was asked, in the order of arrival.
    pub fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The request lines of that, without the version.
    pub fn lines(&self) -> Vec<String> {
        self.log().iter().map(|asked| format!("{} {}", asked.request.method, asked.request.target)).collect()
    }
}

impl Deref for HttpProxy {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

async fn listen(listener: TcpListener, manner: Manner, log: Arc<Mutex<Vec<Asked>>>) {
    let mut connections = JoinSet::new();
    let mut connection = 0;
    while let Ok((stream, _)) = listener.accept().await {
        connection += 1;
        let (manner, log) = (manner.clone(), Arc::clone(&log));
        connections.spawn(async move {
            // A client that goes away is no fault of the proxy's.
            let _gone = serve(stream, connection, &manner, &log).await;
        });
    }
}

async fn serve(stream: TcpStream, connection: u64, manner: &Manner, log: &Mutex<Vec<Asked>>) -> io::Result<()> {
    let mut stream = Carrier::of(stream, manner.tls.as_ref()).await?;
    let mut unread = BytesMut::new();
    loop {
        let Some(request) = next_request(&mut stream, &mut unread).await? else { return Ok(()) };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { connection, request: request.clone() });
        if manner.login.as_deref().is_some_and(|login| request.field("proxy-authorization") != Some(login)) {
            let close = if manner.closes { "connection: close\r\n" } else { "" };
            let challenge = format!(
                "HTTP/1.1 407 Who\r\nproxy-authenticate: Basic realm=\"p\"\r\n{close}content-length: 3\r\n\r\nwho"
            );
            stream.write_all(challenge.as_bytes()).await?;
            if manner.closes {
                return stream.shutdown().await;
            }
            continue;
        }
        if request.method != "CONNECT" {
            if let Some(to) = &manner.redirects {
                let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await?;
                continue;
            }
            let body = format!("forwarded {}", request.target);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
            continue;
        }
        if let Some((status, fields)) = &manner.refuses {
            let answer = format!("HTTP/1.1 {status} No\r\n{fields}content-length: 2\r\n\r\nno");
            stream.write_all(answer.as_bytes()).await?;
            continue;
        }
        match reach(&request.target, manner).await {
            Ok(behind) => return tunnel(stream, behind, &unread).await,
            Err(_) => stream.write_all(b"HTTP/1.1 502 Bad\r\ncontent-length: 2\r\n\r\nno").await?,
        }
    }
}

/// Whatever the name, it is this machine, if it is reached.
async fn reach(target: &str, manner: &Manner) -> io::Result<TcpStream> {
    if target.rsplit_once(':').is_some_and(|(host, _)| manner.unreachable.contains(host)) {
        return Err(io::ErrorKind::HostUnreachable.into());
    }
    this_machine(target).await
}

/// Where a CONNECT for this target leads.
pub(crate) async fn this_machine(target: &str) -> io::Result<TcpStream> {
    let (_, port) = target.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    TcpStream::connect(format!("127.0.0.1:{port}")).await
}

/// Says that the tunnel is open, and carries both ways until both have ended.
pub(crate) async fn tunnel(mut stream: Carrier<TcpStream>, mut behind: TcpStream, unread: &[u8]) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    behind.write_all(unread).await?;
    copy_bidirectional(&mut stream, &mut behind).await?;
    Ok(())
}
