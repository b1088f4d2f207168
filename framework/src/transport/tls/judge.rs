//! The verdict over a server's certificate: the strict one, and where the caller gave checks up, what is left of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, hash::Hash, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::certificate;
use super::checks::{Checks, Shown};
use super::fault::{Fault, FaultKind};
use super::witness::Seat;
use crate::options::tls::Dangers;

/// Judges the certificates of one origin.
pub(super) struct Judge {
    pub(super) strict: Option<Arc<dyn ServerCertVerifier>>,
    pub(super) passes_over_lists: bool,
    pub(super) checks: Checks,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) pins: Vec<[u8; 32]>,
    pub(super) sha256: &'static dyn Hash,
    pub(super) dangers: Dangers,
    /// The clock is not asked.
    pub(super) at_a_given_time: bool,
    pub(super) seat: Arc<Seat>,
    /// A use of a danger was logged.
    pub(super) warned: AtomicBool,
}

impl Judge {
    fn faults(&self, shown: Shown<'_>) -> Vec<Fault> {
        let strict = self
            .strict
            .as_ref()
            .map(|strict| strict.verify_server_cert(shown.leaf, shown.others, shown.name, &[], shown.now));
        match strict {
            Some(Ok(_)) if self.passes_over_lists && self.checks.lists.is_some() => {
                self.checks.faults(shown).into_iter().filter_map(Fault::of_lists).collect()
            }
            Some(Ok(_)) => Vec::new(),
            Some(Err(verdict)) => {
                let mut faults = self.checks.faults(shown);
                let strict = Fault::of_verdict(&verdict);
                // The system may know more against it than webpki does, of revocation above all.
                if faults.is_empty() || (strict.is_about_revocation() && !faults.iter().any(Fault::is_about_revocation))
                {
                    faults.push(strict);
                }
                faults
            }
            None => self.checks.faults(shown),
        }
    }

    fn is_pinned(&self, leaf: &[u8]) -> bool {
        let Some(key) = certificate::public_key_info(leaf) else { return false };
        let hash = self.sha256.hash(key);
        self.pins.iter().any(|pin| pin.as_slice() == hash.as_ref())
    }

    fn log_use(&self, used: Dangers) {
        if (used.is_empty() && !self.at_a_given_time) || self.warned.swap(true, Ordering::Relaxed) {
            return;
        }
        let dangers: Vec<_> =
            DANGERS.iter().filter(|(danger, _)| used.contains(*danger)).map(|(_, name)| *name).collect();
        let at_a_given_time = self.at_a_given_time.then_some("VerifyAt");
        let dangers: Vec<_> = dangers.into_iter().chain(at_a_given_time).collect();
        tracing::warn!(dangers = dangers.join(", "), "a certificate was accepted with checks given up");
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut witness = self.seat.sitting();
        witness.certificates = std::iter::once(leaf).chain(others).map(|one| Bytes::copy_from_slice(one)).collect();
        witness.judged_at = Some(now);
        let mut faults = self.faults(Shown { leaf, others, name, now });
        if !self.pins.is_empty() && !self.is_pinned(leaf) {
            faults.push(Fault::new(FaultKind::Pin, "its key is not pinned"));
        }
        let accepted: Vec<_> = faults.iter().map(|fault| fault.kind.danger() & self.dangers).collect();
        faults.retain(|fault| !fault.kind.danger().intersects(self.dangers));
        if let Some(first) = faults.first() {
            let verdict = first.kind.verdict();
            witness.faults = faults;
            return Err(Error::InvalidCertificate(verdict));
        }
        drop(witness);
        self.log_use(accepted.into_iter().collect());
        Ok(ServerCertVerified::assertion())
    }

    // A check that is never given up: without it nobody need hold the key of the certificate that is shown.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("dangers", &self.dangers).finish_non_exhaustive()
    }
}

const DANGERS: [(Dangers, &str); 5] = [
    (Dangers::UNKNOWN_AUTHORITY, "IgnoreUnknownAuthority"),
    (Dangers::NAME, "IgnoreName"),
    (Dangers::DATE, "IgnoreDate"),
    (Dangers::USAGE, "IgnoreUsage"),
    (Dangers::ANYTHING, "AcceptAnyCertificate"),
];
