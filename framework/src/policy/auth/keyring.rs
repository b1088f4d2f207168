//! The credentials of a session, and what it remembers of who accepted them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;

use super::dialogue::value;
use super::digest::{Line, Question};
use super::offers::Offer;
use super::spaces::{Place, Remembered, Spaces};
use crate::options::{AuthScheme, AuthSchemes, AuthTarget, CredentialProvider, Credentials};
use crate::policy::OriginPattern;

/// What all requests of a session share of credentials. A request without any pays for one look at a flag.
#[derive(Default)]
pub(crate) struct Keyring {
    kept: Mutex<Kept>,
    provider: Option<Arc<dyn CredentialProvider>>,
    /// There may be something to show.
    is_used: AtomicBool,
}

#[derive(Default)]
struct Kept {
    set: Vec<Set>,
    spaces: Spaces,
    era: Era,
}

/// Ends when somebody has what was accepted forgotten. What is under way then comes too late to be remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Era(u64);

/// What was set for some origins.
#[derive(Clone)]
pub(crate) struct Set {
    pub(crate) target: AuthTarget,
    pub(crate) pattern: OriginPattern,
    pub(crate) named: AuthSchemes,
    pub(crate) credentials: Credentials,
}

impl Keyring {
    pub(crate) fn new(set: Vec<Set>, provider: Option<Arc<dyn CredentialProvider>>) -> Arc<Self> {
        let keyring = Self { provider, ..Self::default() };
        set.into_iter().for_each(|one| keyring.set(one));
        Arc::new(keyring)
    }

    /// May there be something to show unasked?
    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// May there be an answer for whoever asks?
    pub(crate) fn may_answer(&self) -> bool {
        self.is_used() || self.provider.is_some()
    }

    pub(crate) fn provider(&self) -> Option<&Arc<dyn CredentialProvider>> {
        self.provider.as_ref()
    }

    /// Sets it in place of what was set for the same pattern. What was accepted of these origins is forgotten.
    pub(crate) fn set(&self, new: Set) {
        let mut kept = self.kept();
        kept.set.retain(|known| known.target != new.target || known.pattern != new.pattern);
        kept.forget(new.target, &new.pattern);
        kept.set.push(new);
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Was there anything set for the pattern?
    pub(crate) fn remove(&self, target: AuthTarget, pattern: &OriginPattern) -> bool {
        let mut kept = self.kept();
        let before = kept.set.len();
        kept.set.retain(|known| known.target != target || known.pattern != *pattern);
        kept.forget(target, pattern);
        kept.era.0 += 1;
        kept.set.len() < before
    }

    /// Forgets who accepted what; and what was set, unless that is kept. Were there credentials for a proxy?
    pub(crate) fn clear(&self, keeps_set: bool) -> bool {
        let mut kept = self.kept();
        let had_proxies = kept.set.iter().any(|set| set.target == AuthTarget::Proxy);
        kept.spaces.forget(|_| true);
        kept.era.0 += 1;
        if !keeps_set {
            kept.set.clear();
        }
        self.is_used.store(!kept.set.is_empty(), Ordering::Relaxed);
        had_proxies
    }

    /// What is set for this place: of several patterns that mean it, the most specific one.
    pub(crate) fn set_for(&self, place: &Place) -> Option<(Credentials, AuthSchemes)> {
        let kept = self.kept();
        let meant = kept.set.iter().filter(|set| set.target == place.target && set.pattern.means(&place.origin));
        let Set { credentials, named, .. } = meant.max_by(|a, b| a.pattern.by_specificity(&b.pattern))?;
        Some((credentials.clone(), *named))
    }

    pub(crate) fn remembered(&self, place: &Place, path: &str) -> Option<Remembered> {
        self.kept().spaces.remembered(place, path)
    }

    pub(crate) fn challenged(&self, place: &Place, offer: &Offer, random: [u8; 16]) {
        self.kept().spaces.challenged(place, offer, random);
    }

    pub(crate) fn show(
        &self,
        place: &Place,
        space: (AuthScheme, &[u8]),
        credentials: &Credentials,
        line: &Line<'_>,
    ) -> Option<(HeaderValue, Option<Arc<Question>>)> {
        let (scheme, realm) = space;
        if scheme != AuthScheme::Digest {
            return value(scheme, credentials, None).map(|value| (value, None));
        }
        // All requests of the session wait for the lock: only the use is counted there.
        let turn = self.kept().spaces.turn(place, realm)?;
        let value = value(scheme, credentials, Some((&turn, line)))?;
        Some((value, Some(Arc::clone(turn.question()))))
    }

    /// Remembers what was accepted, unless all that is such was forgotten since the request began.
    pub(crate) fn accepted(
        &self,
        place: &Place,
        space: (AuthScheme, &[u8]),
        path: &str,
        given: Option<Credentials>,
        era: Era,
    ) {
        let mut kept = self.kept();
        if kept.era == era {
            kept.spaces.accepted(place, space, path, given);
            self.is_used.store(true, Ordering::Relaxed);
        }
    }

    /// The present one: what a request learns is remembered in the era that it began in.
    pub(crate) fn era(&self) -> Era {
        self.kept().era
    }

    pub(crate) fn refused(&self, place: &Place, space: (AuthScheme, &[u8])) {
        self.kept().spaces.refused(place, space);
    }

    pub(crate) fn next_nonce(&self, place: &Place, realm: &[u8], next: &[u8]) {
        self.kept().spaces.next_nonce(place, realm, next);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing of what is set.
impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Kept {
    fn forget(&mut self, target: AuthTarget, pattern: &OriginPattern) {
        self.spaces.forget(|place| place.target == target && pattern.means(&place.origin));
    }
}

/// Nothing of what it holds.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}
