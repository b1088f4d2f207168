//! Who we are, for a server that asks.

use std::sync::Arc;

use bytes::Bytes;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::witness::Seat;
use crate::network::ByPointer;
use crate::options::tls::{Client, ClientCertificates, ClientIdentity};

/// Answers a server that asks who we are, and remembers that it did.
pub(super) struct Answering {
    who: Who,
    seat: Arc<Seat>,
}

enum Who {
    Nobody,
    /// One for all.
    One(Arc<CertifiedKey>),
    Chosen(ByPointer<dyn ClientCertificates>, Arc<CryptoProvider>),
}

impl Answering {
    /// Fails with a sentence for an identity that cannot be used.
    pub(super) fn new(client: &Client, provider: &Arc<CryptoProvider>, seat: Arc<Seat>) -> Result<Self, String> {
        let who = match client {
            Client::None => Who::Nobody,
            Client::Identity(identity) => Who::One(usable(identity, provider)?),
            Client::Chosen(chooser) => Who::Chosen(chooser.clone(), Arc::clone(provider)),
        };
        Ok(Self { who, seat })
    }
}

impl ResolvesClientCert for Answering {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let (key, unusable) = match &self.who {
            Who::Nobody => (None, None),
            Who::One(key) => (Some(Arc::clone(key)), None),
            Who::Chosen(chooser, provider) => match chooser.choose(authorities).map(|one| usable(&one, provider)) {
                None => (None, None),
                Some(Ok(key)) => (Some(key), None),
                Some(Err(reason)) => (None, Some(reason)),
            },
        };
        let mut witness = self.seat.sitting();
        witness.asked = Some(authorities.iter().map(|name| Bytes::copy_from_slice(name)).collect());
        witness.unusable = unusable;
        witness.shown = key.as_ref().is_some_and(|key| key.key.choose_scheme(schemes).is_some());
        key
    }

    /// Always, so that a server that asks is seen to.
    fn has_certs(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

/// The key must fit the certificate.
fn usable(identity: &ClientIdentity, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
    let chain = identity.chain().iter().map(|one| CertificateDer::from(one.der().to_vec())).collect();
    let key = CertifiedKey::from_der(chain, identity.key().clone_key(), provider);
    key.map(Arc::new).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => "the private key is not that of the client certificate".to_owned(),
        other => format!("the client certificate or its private key cannot be used: {other}"),
    })
}
