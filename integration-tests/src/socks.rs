//! A proxy that speaks SOCKS4, 4a and 5 (RFC 1928, RFC 1929): opens tunnels to this machine whatever the name.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::server::Server;

/// A proxy on a loopback address. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct SocksProxy {
    server: Server,
    log: Arc<Mutex<Vec<String>>>,
}

/// What a proxy is like.
#[derive(Clone, Debug, Default)]
struct Manner {
    login: Option<(String, String)>,
    unreachable: BTreeSet<String>,
}

impl SocksProxy {
    /// Lets everybody in.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn open() -> Self {
        Self::start(Manner::default()).await
    }

    /// Wants this login (SOCKS5), or this user (SOCKS4).
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn knowing(user: &str, password: &str) -> Self {
        Self::start(Manner { login: Some((user.to_owned(), password.to_owned())), ..Manner::default() }).await
    }

    /// Reaches none of these hosts.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn without(hosts: &[&str]) -> Self {
        let unreachable = hosts.iter().map(|host| (*host).to_owned()).collect();
        Self::start(Manner { unreachable, ..Manner::default() }).await
    }

    async fn start(manner: Manner) -> Self {
        let log = Arc::default();
        let kept = Arc::clone(&log);
        let server = Server::start(|listener| listen(listener, manner, kept)).await;
        Self { server, log }
    }

    /// What it was asked for, as `5 host:port`.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Deref for SocksProxy {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

async fn listen(listener: TcpListener, manner: Manner, log: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (manner, log) = (manner.clone(), Arc::clone(&log));
        connections.spawn(async move {
            // A client that goes away is no fault of the proxy's.
            let _gone = serve(stream, &manner, &log).await;
        });
    }
}

async fn serve(mut stream: TcpStream, manner: &Manner, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let version = stream.read_u8().await?;
    let (host, port) = match version {
        4 => match greet4(&mut stream, manner).await? {
            Some(goal) => goal,
            None => return stream.write_all(&[0, 93, 0, 0, 0, 0, 0, 0]).await,
        },
        _ => match greet5(&mut stream, manner).await? {
            Some(goal) => goal,
            None => return Ok(()),
        },
    };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{version} {host}:{port}"));
    let reached = match manner.unreachable.contains(&host) {
        true => None,
        // Whatever the name, it is this machine.
        false => TcpStream::connect(("127.0.0.1", port)).await.ok(),
    };
    let answer: &[u8] = match (version, reached.is_some()) {
        (4, true) => &[0, 90, 0, 0, 0, 0, 0, 0],
        (4, false) => &[0, 91, 0, 0, 0, 0, 0, 0],
        (_, true) => &[5, 0, 0, 1, 127, 0, 0, 1, 0, 1],
        (_, false) => &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
    };
    stream.write_all(answer).await?;
    if let Some(mut behind) = reached {
        copy_bidirectional(&mut stream, &mut behind).await?;
    }
    Ok(())
}

type Goal = (String, u16);

async fn greet4(stream: &mut TcpStream, manner: &Manner) -> io::Result<Option<Goal>> {
    let _connect = stream.read_u8().await?;
    let port = stream.read_u16().await?;
    let address = Ipv4Addr::from(stream.read_u32().await?);
    let user = until_nul(stream).await?;
    let host = match address.octets() {
        [0, 0, 0, 1..=255] => until_nul(stream).await?,
        _ => address.to_string(),
    };
    let is_known = manner.login.as_ref().is_none_or(|(known, _)| *known == user);
    Ok(is_known.then_some((host, port)))
}

async fn greet5(stream: &mut TcpStream, manner: &Manner) -> io::Result<Option<Goal>> {
    let mut methods = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut methods).await?;
    let method = if manner.login.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        stream.write_all(&[5, 0xff]).await?;
        return Ok(None);
    }
    stream.write_all(&[5, method]).await?;
    if let Some((user, password)) = &manner.login {
        let _version = stream.read_u8().await?;
        let said = (counted(stream).await?, counted(stream).await?);
        let is_known = said == (user.clone(), password.clone());
        stream.write_all(&[1, u8::from(!is_known)]).await?;
        if !is_known {
            return Ok(None);
        }
    }
    let _version_connect_reserved = (stream.read_u16().await?, stream.read_u8().await?);
    let host = match stream.read_u8().await? {
        1 => Ipv4Addr::from(stream.read_u32().await?).to_string(),
        4 => Ipv6Addr::from(stream.read_u128().await?).to_string(),
        _ => counted(stream).await?,
    };
    Ok(Some((host, stream.read_u16().await?)))
}

async fn until_nul(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        match stream.read_u8().await? {
            0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
            octet => text.push(octet),
        }
    }
}

async fn counted(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
