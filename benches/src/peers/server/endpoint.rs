//! One place where the server listens, as clients see it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hinternet::tls::{Certificate, TlsOptions};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::peers::Failed;

/// One place where the server listens.
#[derive(Clone, Debug)]
pub(in crate::peers) struct Endpoint {
    pub(in crate::peers) address: SocketAddr,
    /// Whose word the server's certificate is good by; `None` without TLS.
    pub(in crate::peers) authority: Option<Vec<u8>>,
    /// It speaks HTTP/2 and nothing else.
    pub(in crate::peers) http2: bool,
}

impl Endpoint {
    pub(in crate::peers) fn url(&self, path: &str) -> String {
        self.url_at(&self.address.ip().to_string(), path)
    }

    /// The same server as another host: on loopback every address of 127.0.0.0/8 leads to it.
    pub(in crate::peers) fn url_of_host(&self, number: u32, path: &str) -> String {
        self.url_at(&Self::host(number).to_string(), path)
    }

    /// The same server under another name, for which its certificate is good too. No resolver but one of ours knows it.
    pub(in crate::peers) fn url_of_name(&self, number: u32, path: &str) -> String {
        self.url_at(&format!("host-{number}{NAMES}"), path)
    }

    /// The address of such a host.
    pub(in crate::peers) fn address_of_host(&self, number: u32) -> SocketAddr {
        (Self::host(number), self.address.port()).into()
    }

    /// A configuration of rustls that trusts the server, with tickets kept in memory.
    pub(in crate::peers) fn rustls(&self) -> Result<ClientConfig, Failed> {
        let mut roots = RootCertStore::empty();
        if let Some(authority) = &self.authority {
            roots.add(CertificateDer::from(authority.clone()))?;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        if self.http2 {
            config.alpn_protocols = vec![HTTP2.to_vec()];
        }
        Ok(config)
    }

    /// The same for hinternet.
    pub(in crate::peers) fn tls_options(&self) -> TlsOptions {
        TlsOptions::new().trust_only(self.authority.iter().map(|der| Certificate::from_der(der.clone())))
    }

    fn url_at(&self, host: &str, path: &str) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    fn host(number: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + number)
    }
}

/// What the names end with that the server's certificate is good for.
pub(super) const NAMES: &str = ".peers.example";
/// HTTP/2 over TLS, in ALPN's words.
pub(super) const HTTP2: &[u8] = b"h2";
