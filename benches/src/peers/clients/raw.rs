//! A socket, with TLS over it where that is asked for, and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::peers::Failed;
use crate::peers::server::Endpoint;

/// A stream of octets.
pub(in crate::peers) trait Octets: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Octets for S {}

/// Opens streams to one endpoint.
pub(in crate::peers) struct Raw {
    address: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Raw {
    pub(in crate::peers) fn new(endpoint: &Endpoint) -> Result<Self, Failed> {
        let address = endpoint.address;
        let tls = match endpoint.authority {
            None => None,
            Some(_) => Some((TlsConnector::from(Arc::new(endpoint.rustls()?)), ServerName::from(address.ip()))),
        };
        Ok(Self { address, tls })
    }

    pub(in crate::peers) async fn connect(&self) -> Result<Box<dyn Octets>, Failed> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((tls, name)) => Box::new(tls.connect(name.clone(), stream).await?),
        })
    }
}

/// Reads until a head is complete; what was read, and where the body begins in it.
pub(in crate::peers) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<(Vec<u8>, usize), Failed> {
    let mut received = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut received).await? == 0 {
            return Err("the server closed".into());
        }
        if let Some(at) = received.windows(4).position(|octets| octets == b"\r\n\r\n") {
            return Ok((received, at + 4));
        }
    }
}
