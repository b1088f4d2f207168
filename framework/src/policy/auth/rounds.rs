//! What one request has shown to whom, so that nothing is shown twice in vain, nor for ever.

use std::sync::Arc;

use super::digest::Question;
use super::offers::{Offer, Offers};
use super::spaces::Place;
use crate::options::{AuthScheme, AuthSchemes, AuthTarget, Authentication, Credentials};
use crate::reason::AuthReason;

/// The rounds of one request with all its follow-ups, or of one tunnel.
#[derive(Default)]
pub(crate) struct Rounds {
    answers: u32,
    /// How often somebody was asked for credentials that are not set.
    provided: u32,
    /// What was refused, and where.
    spent: Vec<(Place, Credentials)>,
    carried: Vec<Carried>,
}

/// What the exchange under way shows.
#[derive(Clone)]
pub(crate) struct Carried {
    pub(crate) place: Place,
    pub(crate) credentials: Credentials,
    /// They are nowhere set: a provider gave them.
    pub(crate) are_given: bool,
    pub(crate) scheme: AuthScheme,
    pub(crate) realm: Vec<u8>,
    pub(crate) question: Option<Arc<Question>>,
    pub(crate) reason: AuthReason,
}

impl Rounds {
    /// Which challenge is answered by these credentials, if any is.
    pub(crate) fn choose<'a>(
        &self,
        place: &Place,
        offers: &'a Offers,
        credentials: &Credentials,
        schemes: AuthSchemes,
        body_is_known: bool,
    ) -> Option<&'a Offer> {
        let is_spent = self.spent.iter().any(|(at, spent)| at == place && spent.is_same(credentials));
        if is_spent || self.answers >= MOST_ANSWERS {
            return None;
        }
        offers.strongest(schemes & credentials.schemes(), body_is_known)
    }

    /// An exchange goes out that shows this. Of one place only the last counts.
    pub(crate) fn shows(&mut self, carried: Carried) {
        self.carried.retain(|one| one.place.target != carried.place.target);
        self.carried.push(carried);
    }

    /// An exchange goes out that shows nothing to such a party.
    pub(crate) fn shows_nothing(&mut self, place: &Place) {
        self.carried.retain(|one| one.place.target != place.target);
    }

    /// What the exchange under way shows to such a party.
    pub(crate) fn shown(&self, target: AuthTarget) -> Option<&Carried> {
        self.carried.iter().find(|one| one.place.target == target)
    }

    /// A challenge will be answered.
    pub(crate) fn answers(&mut self) {
        self.answers += 1;
    }

    /// May somebody be asked for credentials, and for which time would that be?
    pub(crate) fn asks_provider(&mut self) -> Option<u32> {
        (self.provided < MOST_PROVIDED && self.answers < MOST_ANSWERS).then(|| {
            self.provided += 1;
            self.provided
        })
    }

    /// It was answered by a challenge. The credentials that were shown are spent, unless it is only their nonce that is too old:
    /// then they are what answers.
    pub(crate) fn challenged(&mut self, place: &Place, offers: &Offers, replayable: bool) -> Option<Carried> {
        let at = self.carried.iter().position(|one| one.place == *place)?;
        let carried = self.carried.swap_remove(at);
        if let Some(shown) = &carried.question {
            let mut digests = offers.digests();
            match offers.digests().find(|question| question.realm == carried.realm) {
                Some(new) if new.is_stale => return Some(Carried { reason: AuthReason::Stale, ..carried }),
                // Out of memory, where the server may have forgotten it since. A caller who has to give the body again, and would be
                // told to do so for ever by a server that never gives a nonce twice, is not told.
                Some(new) if carried.reason == AuthReason::Remembered && new.nonce != shown.nonce && replayable => {
                    return Some(Carried { reason: AuthReason::Stale, ..carried });
                }
                // Another place of the same server asks.
                None if digests.next().is_some() => return None,
                _ => {}
            }
        }
        self.spent.push((carried.place, carried.credentials));
        None
    }

    /// It was answered otherwise than by a challenge.
    pub(crate) fn accepted(&mut self, place: &Place) -> Option<Carried> {
        let at = self.carried.iter().position(|one| one.place == *place)?;
        Some(self.carried.swap_remove(at))
    }
}

/// Which schemes may be answered by credentials that were set for `named` ones. Without TLS everybody on the way reads what Basic and
/// Bearer show: for those a scheme is named alone, or the options allow it.
pub(crate) fn allowed(options: &Authentication, place: &Place, named: AuthSchemes) -> AuthSchemes {
    let allowed = options.schemes_for(place.target) & named;
    if place.origin.is_secure() || options.cleartext || named.iter().count() == 1 {
        return allowed;
    }
    AuthScheme::ALL
        .into_iter()
        .filter(|scheme| scheme.shows_the_secret())
        .fold(allowed, |left, scheme| left - scheme.into())
}

/// A challenge is answered so often for one request, whoever asks.
const MOST_ANSWERS: u32 = 10;
const MOST_PROVIDED: u32 = 3;

#[cfg(test)]
mod tests;
