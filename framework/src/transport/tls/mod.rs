//! TLS over any stream, by rustls (RFC 8446, RFC 5246).

mod certificate;
mod certificate_info;
mod checks;
mod end_point;
mod failure;
mod fault;
mod identity;
mod judge;
mod revocation;
mod roots;
mod security;
mod sentence;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod watched;
mod witness;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use crate::network::{Exported, SecurityInfo, Stream, TlsLegs};
use crate::options::TlsOptions;

use stream::Secured;
use watched::Watched;
use witness::{Seat, Witness};

pub use certificate_info::CertificateInfo;
pub(crate) use end_point::server_end_point;
pub(crate) use failure::TlsFailure;

/// A stream that was secured.
pub(crate) struct Shaken {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) security: Arc<SecurityInfo>,
    /// How it came to that.
    pub(crate) legs: TlsLegs,
    /// What no other stream has.
    pub(crate) exported: Option<Exported>,
}

/// Secures the streams of one origin. It keeps the origin's session tickets, so it is shared with nothing that differs in any
/// field of identity.
pub(crate) struct TlsClient {
    connector: TlsConnector,
    seat: Arc<Seat>,
    /// What the last wire with a full handshake, and the last with a resumed one, is known by.
    known: RefCell<[Weak<SecurityInfo>; 2]>,
}

impl TlsClient {
    /// Made at the first secure dial to an origin. HTTP/2 may be spoken over it, or has to be, or neither.
    pub(crate) async fn new(options: &TlsOptions, http2: Option<bool>) -> Result<Self, TlsFailure> {
        let seat = Arc::new(Seat::default());
        let config = settings::config(options.clone(), protocols(http2), Arc::clone(&seat)).await?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), seat, known: RefCell::default() })
    }

    /// The handshake.
    pub(crate) async fn secure(&self, network: Box<dyn Stream>, host: &str) -> Result<Shaken, TlsFailure> {
        let name = server_name(host)?;
        let mut witness = Witness::default();
        let mut handshake = pin!(self.connector.connect(name, Watched::new(network)));
        let done: io::Result<_> = poll_fn(|context| {
            let _seated = self.seat.take(&mut witness);
            match handshake.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(done),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        let (network, tls) = match done {
            Ok(stream) => stream.into_inner(),
            Err(error) => return Err(TlsFailure::of_handshake(error, &mut witness, host)),
        };
        let (network, legs) = network.end();
        if let Some(reason) = witness.unusable.take() {
            return Err(TlsFailure::identity(reason));
        }
        let (security, exported) = (self.shared(security::of(&tls, &witness)), security::exported(&tls));
        if !witness.certificates.is_empty() {
            witness.certificates.clone_from(&security.certificates);
        }
        Ok(Shaken { stream: Box::new(Secured::new(network, tls, witness)), security, legs, exported })
    }
}

impl TlsClient {
    /// Wires that do not differ in it have it together: the certificates of a server are larger than an idle wire is.
    fn shared(&self, new: SecurityInfo) -> Arc<SecurityInfo> {
        let last = &mut self.known.borrow_mut()[usize::from(new.resumed)];
        if let Some(known) = last.upgrade().filter(|known| **known == new) {
            return known;
        }
        let new = Arc::new(new);
        *last = Arc::downgrade(&new);
        new
    }
}

/// What is offered by ALPN (RFC 7301), best first.
fn protocols(http2: Option<bool>) -> &'static [&'static [u8]] {
    match http2 {
        None => &[b"http/1.1"],
        Some(false) => &[b"h2", b"http/1.1"],
        Some(true) => &[b"h2"],
    }
}

/// The name the certificate must hold: without the brackets of an IPv6 address, and without the dot that ends an absolute name
/// (RFC 6066 section 3).
fn server_name(host: &str) -> Result<ServerName<'static>, TlsFailure> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let bare = bare.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host));
    ServerName::try_from(bare.to_owned())
        .map_err(|_| TlsFailure::unusable("the host is neither an address nor a name that a certificate can hold"))
}
