//! The lists of revoked certificates a caller gave (RFC 5280 section 5), read once.

use rustls::pki_types::{CertificateRevocationListDer, UnixTime};
use webpki::{
    CertRevocationList, ExpirationPolicy, OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

use crate::options::tls::Revocation;

/// The lists, and how far they reach.
pub(super) struct Lists {
    lists: Vec<CertRevocationList<'static>>,
    /// When the first of them is out of date.
    next_update: Option<i64>,
    whole_chain: bool,
    allow_unknown: bool,
}

impl Lists {
    /// Fails with a sentence for a list that cannot be read.
    pub(super) fn read(revocation: &Revocation) -> Result<Self, String> {
        if revocation.lists.is_empty() {
            return Err("revocation is asked for, and no list was given".to_owned());
        }
        let mut lists = Vec::new();
        let mut next_update = None;
        for one in &revocation.lists {
            let unreadable = |reason: String| format!("a revocation list cannot be read: {reason}");
            let list = OwnedCertRevocationList::from_der(one.der()).map_err(|error| unreadable(error.to_string()))?;
            let (_, parsed) = x509_parser::parse_x509_crl(one.der()).map_err(|error| unreadable(error.to_string()))?;
            let due = parsed.next_update().map(|time| time.timestamp());
            next_update = next_update.into_iter().chain(due).min();
            lists.push(list.into());
        }
        let (whole_chain, allow_unknown) = (revocation.whole_chain, revocation.allow_unknown);
        Ok(Self { lists, next_update, whole_chain, allow_unknown })
    }

    /// The lists as the rustls verifier takes them.
    pub(super) fn der(revocation: &Revocation) -> Vec<CertificateRevocationListDer<'static>> {
        revocation.lists.iter().map(|one| CertificateRevocationListDer::from(one.der().to_vec())).collect()
    }

    pub(super) fn borrowed(&self) -> Vec<&CertRevocationList<'static>> {
        self.lists.iter().collect()
    }

    pub(super) fn options<'a>(
        &self,
        lists: &'a [&'a CertRevocationList<'a>],
        expire: bool,
    ) -> Option<RevocationOptions<'a>> {
        let depth = if self.whole_chain { RevocationCheckDepth::Chain } else { RevocationCheckDepth::EndEntity };
        let unknown = if self.allow_unknown { UnknownStatusPolicy::Allow } else { UnknownStatusPolicy::Deny };
        let expiration = if expire { ExpirationPolicy::Enforce } else { ExpirationPolicy::Ignore };
        // Fails only for no list at all, which was refused when they were read.
        let builder = RevocationOptionsBuilder::new(lists).ok()?;
        Some(builder.with_depth(depth).with_status_policy(unknown).with_expiration_policy(expiration).build())
    }

    pub(super) fn any_expired(&self, now: UnixTime) -> bool {
        self.next_update.is_some_and(|due| u64::try_from(due).map_or(true, |due| due < now.as_secs()))
    }

    pub(super) fn allow_unknown(&self) -> bool {
        self.allow_unknown
    }

    pub(super) fn reach_authorities(&self) -> bool {
        self.whole_chain
    }
}
