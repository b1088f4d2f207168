//! Which credentials there are for who asks, and what may be shown to whom without being asked.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::{Authenticating, Chosen, shortened};
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::options::{AuthScheme, AuthSchemes, AuthTarget, Credentials, CredentialsAsked};
use crate::policy::auth::{Carried, Offer, Offers, Place, allowed, field_names};
use crate::reason::AuthReason;
use crate::request::aim;
use crate::request::credentials::Given;
use crate::request::journey::Journey;
use crate::target::Origin;
use crate::transport::ByProxy;

impl Journey {
    /// Of the credentials that are known: those that are to be shown once more; else the request's own, and no others; else those of
    /// the session, and what somebody else's request was given and had accepted.
    pub(super) fn choose(&self, place: &Place, offers: &Offers, again: Option<Carried>) -> Option<(Chosen, Offer)> {
        let keyring = &self.shared.services.terms.keyring;
        if let Some(Carried { credentials, are_given, reason, .. }) = again {
            return self.chosen(place, offers, credentials, AuthScheme::Digest.into(), are_given, reason);
        }
        let with = |credentials, named, are_given| {
            let schemes = allowed(&self.options.authentication, place, named);
            self.chosen(place, offers, credentials, schemes, are_given, AuthReason::Challenged)
        };
        if let Some(Given { credentials, named }) = self.own(place) {
            return with(credentials.clone(), *named, false);
        }
        if let Some((credentials, named)) =
            self.by().filter(|_| place.target == AuthTarget::Proxy).and_then(ByProxy::waiting_credentials)
        {
            // Whoever names a proxy with a password means it to be shown there.
            let schemes = self.options.authentication.proxy_schemes & named;
            return self.chosen(place, offers, credentials, schemes, false, AuthReason::Challenged);
        }
        if let Some(found) = keyring.set_for(place).and_then(|(credentials, named)| with(credentials, named, false)) {
            return Some(found);
        }
        let given = keyring.remembered(place, self.target().path_and_query())?.given?;
        with(given, AuthSchemes::all(), true)
    }

    pub(super) fn chosen(
        &self,
        place: &Place,
        offers: &Offers,
        credentials: Credentials,
        schemes: AuthSchemes,
        are_given: bool,
        reason: AuthReason,
    ) -> Option<(Chosen, Offer)> {
        let body_is_known = self.payload.0.whole().is_some();
        #[cfg(feature = "negotiate")]
        let schemes = self.bindable(place, schemes);
        let offer = self.auth.as_ref()?.rounds.choose(place, offers, &credentials, schemes, body_is_known)?.clone();
        let (place, realm, scheme) = (place.clone(), offer.realm.clone().unwrap_or_default(), offer.scheme);
        Some((Chosen { place, credentials, are_given, scheme, realm, reason }, offer))
    }

    /// Asks the session's provider, until it gives what was not refused yet, or nothing.
    pub(super) async fn ask_provider(&mut self, place: &Place, offers: &Offers) -> Result<Option<(Chosen, Offer)>> {
        let is_set = self.own(place).is_some();
        let Some(provider) = self.shared.services.terms.keyring.provider().cloned().filter(|_| !is_set) else {
            return Ok(None);
        };
        let schemes = allowed(&self.options.authentication, place, AuthSchemes::all());
        #[cfg(feature = "negotiate")]
        let schemes = self.bindable(place, schemes);
        let body_is_known = self.payload.0.whole().is_some();
        loop {
            let Some(offer) = offers.strongest(schemes, body_is_known) else { return Ok(None) };
            let auth = Authenticating::begun(&mut self.auth, &self.shared.services);
            if auth.asking.is_none() {
                let Some(attempt) = auth.rounds.asks_provider() else { return Ok(None) };
                let realm = offer.realm.as_deref().map(shortened);
                let (target, origin) = (place.target, place.origin.clone());
                let asked = CredentialsAsked { target, origin, realm, schemes: offers.schemes() & schemes, attempt };
                let provider = Arc::clone(&provider);
                let asking = AssertUnwindSafe(async move { provider.credentials(&asked).await }).catch_unwind();
                let until = clock::now().checked_add(self.options.authentication.provider_timeout);
                auth.asking = Some((Box::pin(asking.map(|answer| answer.map_err(|_panic| ()))), until));
            }
            let Some((asking, until)) = &mut auth.asking else { return Ok(None) };
            self.stage = Stage::Authenticate;
            let answer = clock::until(*until, asking.as_mut()).await;
            auth.asking = None;
            let waited = self.options.authentication.provider_timeout;
            let credentials = match answer {
                Ok(Ok(Some(credentials))) => credentials,
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(())) => {
                    return Err(at_fault(ErrorCode::InternalError, "the credential provider panicked".to_owned()));
                }
                Err(_) => {
                    return Err(at_fault(
                        ErrorCode::Timeout,
                        format!("the credential provider gave no answer in {waited:?}"),
                    ));
                }
            };
            let found = self.chosen(place, offers, credentials, schemes, true, AuthReason::Challenged);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    pub(super) fn chosen_for(&self, place: &Place) -> Option<Chosen> {
        self.auth.as_ref()?.chosen.iter().find(|chosen| chosen.place == *place).cloned()
    }

    /// What is shown without being asked for: to a server nothing once the chain has left its first origin.
    pub(super) fn unasked(&self, place: &Place, by: Option<&ByProxy>) -> Option<Chosen> {
        if place.target == AuthTarget::Server && !self.is_at_home() {
            return None;
        }
        let options = &self.options.authentication;
        let own = self.own(place);
        let chosen = |credentials: &Credentials, are_given, scheme, realm, reason| {
            Some(Chosen { place: place.clone(), credentials: credentials.clone(), are_given, scheme, realm, reason })
        };
        if let Some(own) = own {
            let schemes = allowed(options, place, own.named);
            let is_named = |scheme: &AuthScheme| own.named == (*scheme).into() && schemes.has(*scheme);
            if let Some(scheme) = [AuthScheme::Basic, AuthScheme::Bearer].into_iter().find(is_named) {
                return chosen(&own.credentials, false, scheme, Vec::new(), AuthReason::CallerAsked);
            }
        }
        let keyring = &self.shared.services.terms.keyring;
        let known = keyring.remembered(place, self.target().path_and_query()).filter(|_| options.preemptive)?;
        let set = || keyring.set_for(place).map(|(credentials, named)| (credentials, named, false));
        let given = || known.given.clone().map(|given| (given, AuthSchemes::all(), true));
        let own = own.map(|own| (own.credentials.clone(), own.named, false));
        let waiting = by.and_then(ByProxy::waiting_credentials);
        let is_waiting = own.is_none() && waiting.is_some();
        let waiting = || waiting.map(|(credentials, named)| (credentials, named, false));
        let (credentials, named, are_given) = own.or_else(waiting).or_else(set).or_else(given)?;
        let schemes = if is_waiting { options.proxy_schemes & named } else { allowed(options, place, named) };
        let schemes = schemes & credentials.schemes();
        let (scheme, realm) = (known.scheme, known.realm);
        if !schemes.has(scheme) {
            return None;
        }
        chosen(&credentials, are_given, scheme, realm, AuthReason::Remembered)
    }

    /// The request's own, where they may be shown.
    fn own(&self, place: &Place) -> Option<&Given> {
        let own = self.auth.as_ref()?.own.as_ref()?.of(place.target)?;
        let is_its_proxy = || {
            let at_home = self.aim.moved().and_then(|moved| moved.proxy_of_home.as_ref());
            place.target == AuthTarget::Proxy && at_home == Some(&place.origin)
        };
        (self.is_at_home() || is_its_proxy()).then_some(own)
    }

    /// The proxy that the exchange under way goes by, whether it forwards or opens a tunnel.
    pub(in crate::request) fn proxy_on_the_way(&self) -> Option<Origin> {
        self.by()?.place().map(|place| place.origin)
    }

    /// The proxy that the exchange under way goes by, if there is one.
    pub(super) fn by(&self) -> Option<&ByProxy> {
        self.active.as_ref()?.lease.by().map(|by| &**by)
    }

    /// Who asks: the server that the exchange goes to, or the proxy that forwards it.
    pub(super) fn place(&self, target: AuthTarget) -> Option<Place> {
        match target {
            AuthTarget::Server => Some(Place { target, origin: self.target().origin().clone() }),
            // A server that is asked directly is no proxy, whatever it says.
            AuthTarget::Proxy => self.by()?.forwarding_place(),
        }
    }

    /// Has the chain never left the origin that the caller named, unless credentials go along everywhere?
    pub(super) fn is_at_home(&self) -> bool {
        self.aim.credentials() == aim::Credentials::Kept
    }

    /// Does the caller answer by hand, by a field of its own or one of all requests of the session?
    pub(super) fn is_by_hand(&self, target: AuthTarget) -> bool {
        let (_, answers) = field_names(target);
        let is_own =
            || self.auth.as_ref().is_some_and(|auth| auth.own.as_ref().is_some_and(|own| own.of(target).is_some()));
        let by_all =
            self.aim.moved().and_then(|moved| moved.defaults.as_ref()).unwrap_or(&self.shared.services.default_headers);
        self.headers.contains_key(&answers) || by_all.contains_key(&answers) && !is_own()
    }
}

fn at_fault(code: ErrorCode, detail: String) -> Error {
    Error::new(code, Operation::Receive, Stage::Authenticate, Blame::Caller, detail)
}
