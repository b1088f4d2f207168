//! The server's side of TLS for the doubles, and what it saw of its clients.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hinternet::DialOptions;
use hinternet::network::{Lookup, Resolver};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificates::{Authority, Identity};
use crate::forged;

/// The server's side of TLS. Clones write into the same record.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    seen: Arc<Mutex<Vec<Handshake>>>,
}

/// What the server saw in one handshake that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The name the client said it wants (SNI).
    pub server_name: Option<String>,
    /// The application protocol agreed on.
    pub application_protocol: Option<String>,
    /// An earlier session was taken up again.
    pub resumed: bool,
    /// How many certificates the client showed.
    pub client_certificates: usize,
    /// TLS 1.2, rather than 1.3.
    pub is_tls12: bool,
}

impl Tls {
    /// A server that is this, speaks TLS 1.2 and 1.3, offers `http/1.1`, and asks no client who it is.
    pub fn new(identity: &Identity) -> Self {
        Self::with(identity, &[&TLS12, &TLS13], None)
    }

    /// A server that speaks only TLS 1.2.
    pub fn only12(identity: &Identity) -> Self {
        Self::with(identity, &[&TLS12], None)
    }

    /// A server that speaks only TLS 1.3.
    pub fn only13(identity: &Identity) -> Self {
        Self::with(identity, &[&TLS13], None)
    }

    /// A server that writes [records of its own](crate::scripted_peer::Script::send_record) where its script says so.
    pub fn forging(identity: &Identity, is_tls12: bool) -> Self {
        let version = if is_tls12 { &TLS12 } else { &TLS13 };
        let served = CertifiedKey::new(identity.chain.clone(), signing(identity.key()));
        Self::provided(forged::provider(), served, &[version], None)
    }

    /// A server that asks its clients for a certificate of this authority, and refuses those that show none.
    pub fn asking(identity: &Identity, authority: &Authority, is_tls12: bool) -> Self {
        let version = if is_tls12 { &TLS12 } else { &TLS13 };
        Self::with(identity, &[version], Some(authority))
    }

    /// A server that shows this chain, whatever it is.
    pub fn showing(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self::serving(CertifiedKey::new(chain, signing(key)), &[&TLS12, &TLS13], None)
    }

    fn with(identity: &Identity, versions: &[&'static SupportedProtocolVersion], asked: Option<&Authority>) -> Self {
        // Not asked whether they fit: a thief's do not.
        Self::serving(CertifiedKey::new(identity.chain.clone(), signing(identity.key())), versions, asked)
    }

    fn serving(
        served: CertifiedKey,
        versions: &[&'static SupportedProtocolVersion],
        asked: Option<&Authority>,
    ) -> Self {
        Self::provided(Arc::new(default_provider()), served, versions, asked)
    }

    fn provided(
        provider: Arc<CryptoProvider>,
        served: CertifiedKey,
        versions: &[&'static SupportedProtocolVersion],
        asked: Option<&Authority>,
    ) -> Self {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(versions).expect("versions the provider has");
        let builder = match asked {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der().clone()).expect("an authority");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(served)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().expect("a ticketer");
        Self { config: Arc::new(config), seen: Arc::default() }
    }

    /// Changes what the server offers by ALPN.
    pub fn offering(mut self, protocols: &[&str]) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    /// What it saw, handshake by handshake.
    pub fn seen(&self) -> Vec<Handshake> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shakes hands over a stream of the test's own.
    ///
    /// # Errors
    /// What the handshake failed with.
    pub async fn accept_over<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + use<S>> {
        self.accept(stream).await
    }

    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<Carrier<S>> {
        let stream = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await?;
        let tls = stream.get_ref().1;
        let handshake = Handshake {
            server_name: tls.server_name().map(str::to_owned),
            application_protocol: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
            client_certificates: tls.peer_certificates().map_or(0, <[_]>::len),
            is_tls12: tls.protocol_version() == Some(ProtocolVersion::TLSv1_2),
        };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(handshake);
        Ok(Carrier::Secure(Box::new(stream)))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("seen", &self.seen()).finish_non_exhaustive()
    }
}

fn signing(key: PrivateKeyDer<'static>) -> Arc<dyn SigningKey> {
    default_provider().key_provider.load_private_key(key).expect("a private key")
}

/// What a double's connection is carried by.
#[derive(Debug)]
pub(crate) enum Carrier<S> {
    Plain(S),
    Secure(Box<TlsStream<S>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Carrier<S> {
    /// Shakes hands as a server, if there is TLS.
    pub(crate) async fn of(stream: S, tls: Option<&Tls>) -> io::Result<Self> {
        match tls {
            Some(tls) => tls.accept(stream).await,
            None => Ok(Self::Plain(stream)),
        }
    }

    /// What lies below TLS.
    pub(crate) fn below(&self) -> &S {
        match self {
            Self::Plain(plain) => plain,
            Self::Secure(tls) => tls.get_ref().0,
        }
    }

    /// The application protocol that the handshake agreed on.
    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_) => None,
            Self::Secure(tls) => tls.get_ref().1.alpn_protocol(),
        }
    }

    /// Lets TLS change its keys: the peer is sent a message that is no data.
    pub(crate) fn change_keys(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Err(io::Error::other("TLS was not started")),
            Self::Secure(tls) => tls.get_mut().1.refresh_traffic_keys().map_err(io::Error::other),
        }
    }

    /// A fatal alert of this number as it is below TLS: in the clear, or where TLS was started, one of its own.
    pub(crate) fn alert(&mut self, number: u8) -> io::Result<Vec<u8>> {
        let Self::Secure(tls) = self else {
            return Ok(vec![ALERT, 3, 3, 0, 2, FATAL, number]);
        };
        if number != BAD_RECORD_MAC {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let connection = tls.get_mut().1;
        let unreadable = [&[APPLICATION_DATA, 3, 3, 0, 32][..], &[0; 32]].concat();
        connection.read_tls(&mut unreadable.as_slice())?;
        if connection.process_new_packets().is_ok() {
            return Err(io::Error::other("it could be read"));
        }
        let mut below = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut below)?;
        }
        Ok(below)
    }

    /// Says FIN, below TLS.
    pub(crate) async fn cut(&mut self) -> io::Result<()> {
        self.below_mut().shutdown().await
    }

    pub(crate) fn below_mut(&mut self) -> &mut S {
        match self {
            Self::Plain(plain) => plain,
            Self::Secure(tls) => tls.get_mut().0,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Carrier<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_read(context, buf),
            Self::Secure(tls) => Pin::new(tls).poll_read(context, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Carrier<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_write(context, octets),
            Self::Secure(tls) => Pin::new(tls).poll_write(context, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_flush(context),
            Self::Secure(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_shutdown(context),
            Self::Secure(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}

const APPLICATION_DATA: u8 = 23;
const ALERT: u8 = 21;
const FATAL: u8 = 2;
const BAD_RECORD_MAC: u8 = 20;

/// Every name is this machine.
#[derive(Clone, Copy, Debug)]
pub struct EveryName;

impl EveryName {
    /// How to dial so.
    pub fn here() -> DialOptions {
        DialOptions::default().resolver(Self)
    }
}

impl Resolver for EveryName {
    fn resolve(&self, _host: &str) -> Lookup {
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}
