//! Whose word is taken: the machine's authorities, Mozilla's, or those the caller named.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use super::revocation::Lists;
use crate::options::tls::{Certificate, Parts, Roots};

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
    match parts.roots {
        Roots::Platform => {
            let Machine { verifier, anchors, .. } = machine(&parts.extra_roots, provider)?;
            Ok(Authorities { strict: Some(verifier), passes_over_lists: true, anchors })
        }
        #[cfg(feature = "webpki-roots")]
        Roots::Webpki => {
            let mut anchors = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            add(&mut anchors, &parts.extra_roots)?;
            among(anchors, parts, provider)
        }
        Roots::Named => {
            let mut anchors = RootCertStore::empty();
            add(&mut anchors, &parts.extra_roots)?;
            among(anchors, parts, provider)
        }
    }
}

fn add(anchors: &mut RootCertStore, named: &[Certificate]) -> Result<(), String> {
    der(named).try_for_each(|one| anchors.add(one)).map_err(cannot_be_used)
}

fn der(named: &[Certificate]) -> impl Iterator<Item = CertificateDer<'static>> {
    named.iter().map(|one| CertificateDer::from(one.der().to_vec()))
}

fn cannot_be_used(error: rustls::Error) -> String {
    format!("an authority to trust cannot be used: {error}")
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

/// What the machine trusts, and whom the caller named beside: read once for the whole program, since a crawler meets thousands of
/// origins.
#[derive(Clone)]
struct Machine {
    beside: Vec<Certificate>,
    verifier: Arc<dyn ServerCertVerifier>,
    anchors: Arc<RootCertStore>,
}

fn machine(beside: &[Certificate], provider: &Arc<CryptoProvider>) -> Result<Machine, String> {
    let mut kept = MACHINES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(machine) = kept.iter().find(|machine| machine.beside == beside) {
        return Ok(machine.clone());
    }
    let provider = Arc::clone(provider);
    let verifier = if beside.is_empty() {
        Verifier::new(provider).map_err(|error| {
            format!(
                "the authorities this machine trusts cannot be read ({error}); a machine that has none needs the feature \
                 `webpki-roots` and `Roots::Webpki`, or authorities named by `TlsOptions::trust_only`"
            )
        })?
    } else {
        Verifier::new_with_extra_roots(der(beside), provider).map_err(cannot_be_used)?
    };
    let mut anchors = machine_anchors();
    add(&mut anchors, beside)?;
    let machine = Machine { beside: beside.to_vec(), verifier: Arc::new(verifier), anchors: Arc::new(anchors) };
    kept.truncate(KEPT - 1);
    kept.insert(0, machine.clone());
    Ok(machine)
}

/// For the checks one by one. Certificates that cannot be read are passed over, as the strict verifier does.
fn machine_anchors() -> RootCertStore {
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    anchors
}

/// The newest first.
static MACHINES: Mutex<Vec<Machine>> = Mutex::new(Vec::new());
/// So many sets of authorities beside the machine's are kept: a program has few.
const KEPT: usize = 8;
