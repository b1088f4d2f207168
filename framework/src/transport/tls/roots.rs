//! Whose word is taken: the machine's authorities, Mozilla's, or those the caller named.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use super::revocation::Lists;
use crate::options::tls::{Parts, Roots};

/// Whose word is taken.
pub(super) struct Authorities {
    /// Checks everything and stops at the first fault. `None` where nobody is trusted.
    pub(super) strict: Option<Arc<dyn ServerCertVerifier>>,
    /// The strict verifier knows nothing of the caller's revocation lists.
    pub(super) passes_over_lists: bool,
    /// The authorities one by one, as far as they can be had so.
    pub(super) anchors: Arc<RootCertStore>,
}

/// Reads them. The machine's take a while, from files: not on a thread that has other work. Fails with a sentence.
pub(super) fn read(parts: &Parts, provider: &Arc<CryptoProvider>) -> Result<Authorities, String> {
    let named = parts.extra_roots.iter().map(|one| CertificateDer::from(one.der().to_vec()));
    match parts.roots {
        Roots::Platform if parts.extra_roots.is_empty() => {
            let Machine { verifier, anchors } = machine(provider)?;
            Ok(Authorities { strict: Some(verifier), passes_over_lists: true, anchors })
        }
        Roots::Platform => {
            let named: Vec<_> = named.collect();
            let verifier = Verifier::new_with_extra_roots(named.iter().cloned(), Arc::clone(provider));
            let verifier = verifier.map_err(|error| format!("an authority to trust cannot be used: {error}"))?;
            let mut anchors = machine_anchors();
            add(&mut anchors, named)?;
            let strict: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
            Ok(Authorities { strict: Some(strict), passes_over_lists: true, anchors: Arc::new(anchors) })
        }
        #[cfg(feature = "webpki-roots")]
        Roots::Webpki => {
            let mut anchors = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            add(&mut anchors, named)?;
            among(anchors, parts, provider)
        }
        Roots::Named => {
            let mut anchors = RootCertStore::empty();
            add(&mut anchors, named)?;
            among(anchors, parts, provider)
        }
    }
}

fn add(anchors: &mut RootCertStore, named: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<(), String> {
    for one in named {
        anchors.add(one).map_err(|error| format!("an authority to trust cannot be used: {error}"))?;
    }
    Ok(())
}

fn among(anchors: RootCertStore, parts: &Parts, provider: &Arc<CryptoProvider>) -> Result<Authorities, String> {
    let anchors = Arc::new(anchors);
    let strict = if anchors.is_empty() { None } else { Some(verifier(&anchors, parts, provider)?) };
    Ok(Authorities { strict, passes_over_lists: false, anchors })
}

fn verifier(
    anchors: &Arc<RootCertStore>,
    parts: &Parts,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::clone(anchors), Arc::clone(provider));
    if let Some(revocation) = &parts.revocation {
        builder = builder.with_crls(Lists::der(revocation)).enforce_revocation_expiration();
        if !revocation.whole_chain {
            builder = builder.only_check_end_entity_revocation();
        }
        if revocation.allow_unknown {
            builder = builder.allow_unknown_revocation_status();
        }
    }
    Ok(builder.build().map_err(|error| error.to_string())?)
}

/// What the machine trusts, read once for the whole program: a crawler meets thousands of origins.
#[derive(Clone)]
struct Machine {
    verifier: Arc<dyn ServerCertVerifier>,
    anchors: Arc<RootCertStore>,
}

fn machine(provider: &Arc<CryptoProvider>) -> Result<Machine, String> {
    let mut kept = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(machine) = &*kept {
        return Ok(machine.clone());
    }
    let verifier = Verifier::new(Arc::clone(provider)).map_err(|error| {
        format!(
            "the authorities this machine trusts cannot be read ({error}); a machine that has none needs the feature \
             `webpki-roots` and `Roots::Webpki`, or authorities named by `TlsOptions::trust_only`"
        )
    })?;
    let machine = Machine { verifier: Arc::new(verifier), anchors: Arc::new(machine_anchors()) };
    Ok(kept.insert(machine).clone())
}

/// For the checks one by one. Certificates that cannot be read are passed over, as the strict verifier does.
fn machine_anchors() -> RootCertStore {
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    anchors
}

static MACHINE: Mutex<Option<Machine>> = Mutex::new(None);
