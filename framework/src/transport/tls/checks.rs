//! The checks of a certificate one by one (RFC 5280 section 6, RFC 9525): all that is wrong with it, rather than the first.
//!
//! The strict verifier stops at the first thing it finds, which serves neither a caller who gave up one check and wants all
//! others, nor one who wants to know what is wrong. Each check is asked of the same webpki, with the checks passed over that
//! have failed already:
//!
//! - a date: the chain is judged as of a moment at which it was valid, which must exist;
//! - an authority: nobody need vouch for the last certificate that was shown, but those shown must be sound;
//! - a usage: any will do.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error as Found, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};

use super::certificate;
use super::fault::{Fault, FaultKind};
use super::revocation::Lists;

/// What the certificates of one origin are checked by.
pub(super) struct Checks {
    pub(super) anchors: Arc<RootCertStore>,
    pub(super) algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
    pub(super) lists: Option<Lists>,
}

/// The certificate that is checked.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) leaf: &'a CertificateDer<'a>,
    pub(super) others: &'a [CertificateDer<'a>],
    pub(super) name: &'a ServerName<'a>,
    pub(super) now: UnixTime,
}

/// Which checks have failed already.
#[derive(Clone, Copy, Default)]
struct PassedOver {
    date: bool,
    authority: bool,
    usage: bool,
}

impl Checks {
    /// All that is wrong.
    pub(super) fn faults(&self, mut shown: Shown<'_>) -> Vec<Fault> {
        let leaf = match EndEntityCert::try_from(shown.leaf) {
            Ok(leaf) => leaf,
            Err(found) => return vec![Fault::new(FaultKind::Invalid, found)],
        };
        let mut faults = Vec::new();
        let mut over = PassedOver::default();
        while let Err(found) = self.path(&leaf, shown, over) {
            let kind = self.kind(&found, shown.leaf);
            shown.others = &shown.others[..shown.others.len().min(LONGEST_CHAIN)];
            let again = match kind {
                FaultKind::Date => Some(&mut over.date),
                FaultKind::Authority => Some(&mut over.authority),
                FaultKind::Usage => Some(&mut over.usage),
                _ => None,
            };
            match again {
                Some(passed_over) if !*passed_over => *passed_over = true,
                Some(_) => {
                    // Passed over, it is still in the way: for dates, the chain was never valid as a whole.
                    faults.push(Fault::new(FaultKind::Invalid, format!("even so: {found}")));
                    break;
                }
                None => {
                    faults.push(Fault::new(kind, found));
                    break;
                }
            }
            faults.push(Fault::new(kind, found));
        }
        if over.date && self.lists.as_ref().is_some_and(|lists| lists.any_expired(shown.now)) {
            faults.push(Fault::new(FaultKind::RevocationUnknown, "a revocation list is out of date"));
        }
        if let Err(found) = leaf.verify_is_valid_for_subject_name(shown.name) {
            // Names that cannot be read are no other names.
            let kind =
                if matches!(found, Found::CertNotValidForName(_)) { FaultKind::Name } else { FaultKind::Invalid };
            faults.push(Fault::new(kind, found));
        }
        faults
    }

    fn path(&self, leaf: &EndEntityCert<'_>, shown: Shown<'_>, over: PassedOver) -> Result<(), Found> {
        if !over.date {
            return self.path_at(shown.now, leaf, shown, over);
        }
        // If there is a moment at which all of them were valid, the last of them to begin began with it.
        let moments = std::iter::once(shown.leaf).chain(shown.others).filter_map(|one| certificate::begin(one));
        let mut result = Err(Found::InvalidCertValidity);
        for moment in moments {
            match self.path_at(moment, leaf, shown, over) {
                Ok(()) => return Ok(()),
                Err(found) if is_date(&found) => {}
                Err(found) => result = Err(found),
            }
        }
        result
    }

    fn path_at(
        &self,
        moment: UnixTime,
        leaf: &EndEntityCert<'_>,
        shown: Shown<'_>,
        over: PassedOver,
    ) -> Result<(), Found> {
        match self.path_to(&self.anchors.roots, moment, leaf, shown, over) {
            Err(Found::UnknownIssuer) if over.authority => self.path_among_shown(moment, leaf, shown, over),
            // It signed itself, so that nothing above it is left to check.
            Err(Found::CaUsedAsEndEntity) if over.authority && certificate::is_self_issued(shown.leaf) => {
                if !over.usage && !certificate::may_serve(shown.leaf) {
                    return Err(Found::EmptyEkuExtension);
                }
                self.unvouched()
            }
            result => result,
        }
    }

    /// With those that were shown beside it for authorities: what they sign must be signed by them.
    fn path_among_shown(
        &self,
        moment: UnixTime,
        leaf: &EndEntityCert<'_>,
        shown: Shown<'_>,
        over: PassedOver,
    ) -> Result<(), Found> {
        let mut anchors = self.anchors.roots.clone();
        let others = shown.others.iter().filter_map(|one| webpki::anchor_from_trusted_cert(one).ok());
        anchors.extend(others.map(|anchor| anchor.to_owned()));
        match self.path_to(&anchors, moment, leaf, shown, over) {
            Ok(()) if self.lists.as_ref().is_some_and(Lists::reach_authorities) => self.unvouched(),
            Ok(()) => Ok(()),
            Err(Found::UnknownIssuer) => self.unvouched(),
            Err(found) => Err(found),
        }
    }

    /// Of a certificate without an authority nobody can say that it was not revoked.
    fn unvouched(&self) -> Result<(), Found> {
        match &self.lists {
            Some(lists) if !lists.allow_unknown() => Err(Found::UnknownRevocationStatus),
            _ => Ok(()),
        }
    }

    fn path_to(
        &self,
        anchors: &[TrustAnchor<'_>],
        moment: UnixTime,
        leaf: &EndEntityCert<'_>,
        shown: Shown<'_>,
        over: PassedOver,
    ) -> Result<(), Found> {
        let lists = self.lists.as_ref().map(Lists::borrowed).unwrap_or_default();
        // As of another moment no list can be out of date: that is checked as of now, once.
        let revocation = self.lists.as_ref().and_then(|all| all.options(&lists, !over.date));
        let usage = Usage { any: over.usage };
        leaf.verify_for_usage(self.algorithms, anchors, shown.others, moment, usage, revocation, None).map(drop)
    }

    fn kind(&self, found: &Found, leaf: &CertificateDer<'_>) -> FaultKind {
        match found {
            found if is_date(found) => FaultKind::Date,
            Found::UnknownIssuer => FaultKind::Authority,
            Found::CaUsedAsEndEntity if self.is_unknown_and_self_issued(leaf) => FaultKind::Authority,
            Found::RequiredEkuNotFoundContext(_) | Found::EmptyEkuExtension => FaultKind::Usage,
            Found::CertRevoked => FaultKind::Revoked,
            Found::UnknownRevocationStatus
            | Found::CrlExpired { .. }
            | Found::IssuerNotCrlSigner
            | Found::InvalidCrlNumber
            | Found::InvalidCrlSignatureForPublicKey
            | Found::UnsupportedCrlIssuingDistributionPoint
            | Found::UnsupportedCrlVersion
            | Found::UnsupportedDeltaCrl
            | Found::UnsupportedIndirectCrl
            | Found::UnsupportedRevocationReason
            | Found::UnsupportedRevocationReasonsPartitioning
            | Found::UnsupportedCrlSignatureAlgorithmContext(_)
            | Found::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => FaultKind::RevocationUnknown,
            _ => FaultKind::Invalid,
        }
    }

    /// webpki looks at what a certificate may be used for before it looks for who vouches for it. Programs that make a
    /// certificate which signs itself make an authority's, which is no fault of it before that.
    fn is_unknown_and_self_issued(&self, leaf: &CertificateDer<'_>) -> bool {
        let trusted = webpki::anchor_from_trusted_cert(leaf)
            .is_ok_and(|own| self.anchors.roots.iter().any(|anchor| anchor.subject == own.subject));
        !trusted && certificate::is_self_issued(leaf)
    }
}

/// May it serve, or is anything right?
struct Usage {
    any: bool,
}

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Found> {
        if self.any { Ok(()) } else { KeyUsage::server_auth().validate(purposes) }
    }
}

fn is_date(found: &Found) -> bool {
    matches!(found, Found::CertExpired { .. } | Found::CertNotValidYet { .. } | Found::InvalidCertValidity)
}

/// How many certificates beside the leaf are looked at once a check has failed. webpki takes six, and tries every order of those
/// that were shown: a server that shows a hundred could keep us busy for each check anew.
const LONGEST_CHAIN: usize = 8;
