//! TLS over any stream, by rustls.

mod failure;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::network::{SecurityInfo, Stream};
use crate::options::TlsOptions;

pub(crate) use failure::TlsFailure;

/// Secures the streams of one origin. It keeps the origin's session tickets, so it is shared with nothing that differs in any
/// field of identity.
pub(crate) struct TlsClient {
    connector: TlsConnector,
}

impl TlsClient {
    /// Made at the first secure dial to an origin: reading the machine's authorities takes a while.
    pub(crate) async fn new(options: &TlsOptions) -> Result<Self, TlsFailure> {
        let mut roots = rustls::RootCertStore::empty();
        for one in &options.parts().extra_roots {
            roots.add(CertificateDer::from(one.der().to_vec())).map_err(TlsFailure::of)?;
        }
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// The handshake.
    pub(crate) async fn secure(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
    ) -> Result<(Box<dyn Stream>, SecurityInfo), TlsFailure> {
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned());
        let name = name.map_err(|_| TlsFailure::of(rustls::Error::General("no server name".to_owned())))?;
        let stream = self.connector.connect(name, stream).await.map_err(TlsFailure::from)?;
        let connection = stream.get_ref().1;
        let security = SecurityInfo {
            protocol: "TLS",
            cipher_suite: "",
            application_protocol: None,
            resumed: false,
            certificates: connection
                .peer_certificates()
                .map(|all| all.iter().map(|one| Bytes::copy_from_slice(one)).collect())
                .unwrap_or_default(),
        };
        Ok((Box::new(Secured(stream)), security))
    }
}

struct Secured(TlsStream<Box<dyn Stream>>);

impl AsyncRead for Secured {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buf)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl Stream for Secured {
    fn remote(&self) -> Option<SocketAddr> {
        self.0.get_ref().0.remote()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.0.get_ref().0.local()
    }
}
