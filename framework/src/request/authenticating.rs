//! The rounds of one request with who asks for credentials: what an exchange shows, and what follows a 401 or a 407.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;

use super::aim;
use super::credentials::{Own, asks};
use super::fields::Fields;
use super::follow_up::Next;
use super::journey::Journey;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{AuthScheme, AuthSchemes, AuthTarget, Credentials, CredentialsAsked};
use crate::policy::auth::{Carried, Line, Offer, Offers, Place, Rounds, allowed, field_names, next_nonce};
use crate::protocol::http1::ResponseHead;
use crate::reason::AuthReason;

/// What a request with credentials, or one that was asked for some, keeps of it.
#[derive(Default)]
pub(super) struct Authenticating {
    own: Option<Arc<Own>>,
    rounds: Rounds,
    /// What the last challenges are answered by, until something else than a challenge comes; one for each target.
    chosen: Vec<Chosen>,
    /// Somebody is being asked; a receive that is given up and made again goes on with that.
    asking: Option<(AskedOf, Option<Instant>)>,
}

/// What will be shown.
#[derive(Clone)]
struct Chosen {
    place: Place,
    credentials: Credentials,
    are_given: bool,
    scheme: AuthScheme,
    realm: Vec<u8>,
    reason: AuthReason,
}

/// `Err`: the provider panicked.
type AskedOf = Pin<Box<dyn Future<Output = std::result::Result<Option<Credentials>, ()>>>>;

impl Journey {
    /// Begins with what the caller set, and with what the response before asked for, if that was a challenge.
    pub(super) fn begin_authenticating(&mut self, own: Arc<Own>) -> Result<()> {
        self.auth = Some(Box::new(Authenticating { own: Some(own), ..Authenticating::default() }));
        let Some(head) = self.shared.head() else { return Ok(()) };
        let Some(place) = asks(head.status()).and_then(|target| self.place(target)) else { return Ok(()) };
        if self.shared.last_target().origin() == self.target().origin() && !self.is_by_hand(place.target) {
            let offers = Offers::of(head.headers(), place.target);
            if let Some((chosen, offer)) = self.choose(&place, &offers, None) {
                self.will_show(chosen, offer)?;
            }
        }
        Ok(())
    }

    /// Adds what is shown to the server with the exchange that begins: what it asked for, else what may be shown unasked.
    #[cold]
    pub(super) fn show_credentials(&mut self, fields: &mut Fields) {
        let Some(place) = self.place(AuthTarget::Server) else { return };
        let auth = &mut **self.auth.get_or_insert_default();
        auth.rounds.shows_nothing(&place);
        if self.is_by_hand(AuthTarget::Server) {
            return;
        }
        let Some(chosen) = self.chosen_for(&place).or_else(|| self.unasked(&place)) else { return };
        let Chosen { place, credentials, are_given, scheme, realm, reason } = chosen;
        let body = self.payload.0.whole();
        let line = Line { method: self.method().as_str(), uri: self.target().path_and_query(), body: body.as_deref() };
        let shown = self.services.keyring.show(&place, (scheme, &realm), &credentials, &line);
        if let (Some((value, question)), Some(auth)) = (shown, &mut self.auth) {
            fields.change().insert(field_names(AuthTarget::Server).1, value);
            auth.rounds.shows(Carried { place, credentials, are_given, scheme, realm, question, reason });
        }
    }

    /// The fields of an exchange that another shard composes: what is shown is decided here, where its rounds are.
    pub(super) fn headers_for_afar(&mut self) -> Fields {
        let mut headers = self.headers.clone();
        if self.auth.is_some() || self.services.keyring.is_used() {
            self.show_credentials(&mut headers);
            self.tell_unasked();
        }
        // What is stored is known here alone.
        #[cfg(feature = "cache")]
        if self.caching.is_some() {
            self.asks_by_validators(headers.change());
        }
        headers
    }

    /// Tells what the exchange shows unasked; what was asked for is told when it is answered.
    #[cold]
    pub(super) fn tell_unasked(&self) {
        let shown = self.auth.as_ref().and_then(|auth| auth.rounds.shown(AuthTarget::Server));
        if let Some(shown) = shown.filter(|shown| !matches!(shown.reason, AuthReason::Challenged | AuthReason::Stale)) {
            self.emit(Mask::AUTHENTICATION, || told(&shown.place, shown.scheme, &shown.realm, shown.reason));
        }
    }

    /// Is there an answer to such a head, or may there be one?
    pub(super) fn may_authenticate(&self, head: &ResponseHead) -> bool {
        asks(head.status()).is_some() && (self.auth.is_some() || self.services.keyring.may_answer())
    }

    /// Takes note of a final head: something else than a challenge says that what was shown is accepted, and what to show next.
    #[cold]
    pub(super) fn note_credentials(&mut self, head: &ResponseHead) {
        let Some(place) = self.place(AuthTarget::Server).filter(|_| asks(head.status()).is_none()) else { return };
        let Some(auth) = &mut self.auth else { return };
        auth.chosen.retain(|chosen| chosen.place != place);
        let Some(Carried { place, credentials, are_given, scheme, realm, .. }) = auth.rounds.accepted(&place) else {
            return;
        };
        let keyring = &self.services.keyring;
        // A server that fails has not looked.
        if !head.status().is_server_error() {
            let path = self.aim.target(&self.shared).path_and_query();
            keyring.accepted(&place, (scheme, &realm), path, are_given.then_some(credentials));
        }
        if scheme == AuthScheme::Digest
            && let Some(next) = next_nonce(head.headers(), place.target)
        {
            keyring.next_nonce(&place, &realm, &next);
        }
    }

    /// What follows a challenge; `None`: there is nothing to answer it by, and it is the response.
    pub(super) async fn authenticate(&mut self, head: &ResponseHead) -> Result<Option<Box<Next>>> {
        let Some(place) = asks(head.status()).and_then(|target| self.place(target)) else { return Ok(None) };
        if self.is_by_hand(place.target) {
            return Ok(None);
        }
        let offers = Offers::of(head.headers(), place.target);
        let replayable = self.payload.0.is_replayable();
        let auth = &mut **self.auth.get_or_insert_default();
        auth.chosen.retain(|chosen| chosen.place != place);
        let shown = auth.rounds.shown(place.target).cloned();
        let again = auth.rounds.challenged(&place, &offers, replayable);
        if let Some(shown) = shown.filter(|shown| again.is_none() && shown.place == place) {
            self.services.keyring.refused(&place, (shown.scheme, &shown.realm));
        }
        let chosen = match self.choose(&place, &offers, again) {
            Some(chosen) => Some(chosen),
            None => self.ask_provider(&place, &offers).await?,
        };
        let Some((chosen, offer)) = chosen else { return Ok(None) };
        let told = told(&place, chosen.scheme, &chosen.realm, chosen.reason);
        if !replayable {
            return self.asks_to_resend(chosen, &offer);
        }
        self.will_show(chosen, offer)?;
        Ok(Some(Box::new(Next { told: Some(told), ..Next::default() })))
    }

    /// Of the credentials that are known: those that are to be shown once more; else the request's own, and no others; else those of
    /// the session, and what somebody else's request was given and had accepted.
    fn choose(&self, place: &Place, offers: &Offers, again: Option<Carried>) -> Option<(Chosen, Offer)> {
        let auth = self.auth.as_ref()?;
        let keyring = &self.services.keyring;
        if let Some(Carried { credentials, are_given, reason, .. }) = again {
            return self.chosen(place, offers, credentials, AuthScheme::Digest.into(), are_given, reason);
        }
        let with = |credentials, named, are_given| {
            let schemes = allowed(&self.options.authentication, place, named);
            self.chosen(place, offers, credentials, schemes, are_given, AuthReason::Challenged)
        };
        if let Some(own) = auth.own.as_ref().and_then(|own| own.of(place.target)) {
            return if self.is_at_home() { with(own.credentials.clone(), own.named, false) } else { None };
        }
        if let Some(found) = keyring.set_for(place).and_then(|(credentials, named)| with(credentials, named, false)) {
            return Some(found);
        }
        let given = keyring.remembered(place, self.target().path_and_query())?.given?;
        with(given, AuthSchemes::all(), true)
    }

    fn chosen(
        &self,
        place: &Place,
        offers: &Offers,
        credentials: Credentials,
        schemes: AuthSchemes,
        are_given: bool,
        reason: AuthReason,
    ) -> Option<(Chosen, Offer)> {
        let body_is_known = self.payload.0.whole().is_some();
        let offer = self.auth.as_ref()?.rounds.choose(place, offers, &credentials, schemes, body_is_known)?.clone();
        let (place, realm, scheme) = (place.clone(), offer.realm.clone().unwrap_or_default(), offer.scheme);
        Some((Chosen { place, credentials, are_given, scheme, realm, reason }, offer))
    }

    /// Asks the session's provider, until it gives what was not refused yet, or nothing.
    async fn ask_provider(&mut self, place: &Place, offers: &Offers) -> Result<Option<(Chosen, Offer)>> {
        let own = self.auth.as_ref().and_then(|auth| auth.own.as_ref()?.of(place.target));
        let Some(provider) = self.services.keyring.provider().cloned().filter(|_| own.is_none()) else {
            return Ok(None);
        };
        let schemes = allowed(&self.options.authentication, place, AuthSchemes::all());
        let body_is_known = self.payload.0.whole().is_some();
        loop {
            let Some(offer) = offers.strongest(schemes, body_is_known) else { return Ok(None) };
            let auth = &mut **self.auth.get_or_insert_default();
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

    fn will_show(&mut self, chosen: Chosen, offer: Offer) -> Result<()> {
        self.services.keyring.challenged(&chosen.place, &offer, random()?);
        if let Some(auth) = &mut self.auth {
            auth.rounds.answers();
            auth.chosen.push(chosen);
        }
        Ok(())
    }

    /// The body was given piece by piece, and is gone: the caller sends all of it again, and then the credentials go along unasked.
    fn asks_to_resend(&mut self, chosen: Chosen, offer: &Offer) -> Result<Option<Box<Next>>> {
        if !self.options.authentication.preemptive {
            return Ok(None);
        }
        let Chosen { place, credentials, are_given, scheme, realm, .. } = chosen;
        let keyring = &self.services.keyring;
        keyring.challenged(&place, offer, random()?);
        let path = self.target().path_and_query();
        keyring.accepted(&place, (scheme, &realm), path, are_given.then_some(credentials));
        let detail =
            "credentials are asked for, and the body cannot be given again: send it once more, and they go along";
        Err(Error::new(ErrorCode::ResendRequest, Operation::Receive, Stage::Authenticate, Blame::Caller, detail))
    }

    fn chosen_for(&self, place: &Place) -> Option<Chosen> {
        self.auth.as_ref()?.chosen.iter().find(|chosen| chosen.place == *place).cloned()
    }

    /// What is shown without being asked for: nothing once the chain has left its first origin.
    fn unasked(&self, place: &Place) -> Option<Chosen> {
        if !self.is_at_home() {
            return None;
        }
        let options = &self.options.authentication;
        let own = self.auth.as_ref().and_then(|auth| auth.own.as_ref()?.of(place.target));
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
        let keyring = &self.services.keyring;
        let known = keyring.remembered(place, self.target().path_and_query()).filter(|_| options.preemptive)?;
        let set = || keyring.set_for(place).map(|(credentials, named)| (credentials, named, false));
        let given = || known.given.clone().map(|given| (given, AuthSchemes::all(), true));
        let own = own.map(|own| (own.credentials.clone(), own.named, false));
        let (credentials, named, are_given) = own.or_else(set).or_else(given)?;
        let schemes = allowed(options, place, named) & credentials.schemes();
        let (scheme, realm) = (known.scheme, known.realm);
        if !schemes.has(scheme) {
            return None;
        }
        chosen(&credentials, are_given, scheme, realm, AuthReason::Remembered)
    }

    /// Who asks: the server that the exchange goes to.
    fn place(&self, target: AuthTarget) -> Option<Place> {
        match target {
            AuthTarget::Server => Some(Place { target, origin: self.target().origin().clone() }),
            // A server that is asked directly is no proxy, whatever it says.
            AuthTarget::Proxy => None,
        }
    }

    /// Has the chain never left the origin that the caller named, unless credentials go along everywhere?
    fn is_at_home(&self) -> bool {
        self.aim.credentials() == aim::Credentials::Kept
    }

    /// Does the caller answer by hand, by a field of its own or one of all requests of the session?
    fn is_by_hand(&self, target: AuthTarget) -> bool {
        let (_, answers) = field_names(target);
        let is_own =
            || self.auth.as_ref().is_some_and(|auth| auth.own.as_ref().is_some_and(|own| own.of(target).is_some()));
        let by_all =
            self.aim.moved().and_then(|moved| moved.defaults.as_ref()).unwrap_or(&self.services.default_headers);
        self.headers.contains_key(&answers) || by_all.contains_key(&answers) && !is_own()
    }
}

fn told(place: &Place, scheme: AuthScheme, realm: &[u8], reason: AuthReason) -> Status {
    Status::Authenticating { target: place.target, scheme, realm: shortened(realm).into(), reason }
}

/// As a person may read it.
fn shortened(realm: &[u8]) -> String {
    String::from_utf8_lossy(&realm[..realm.len().min(LONGEST_TOLD)]).into_owned()
}

fn at_fault(code: ErrorCode, detail: String) -> Error {
    Error::new(code, Operation::Receive, Stage::Authenticate, Blame::Caller, detail)
}

fn random() -> Result<[u8; 16]> {
    let mut random = [0; 16];
    let detail = "the system gives no random octets";
    aws_lc_rs::rand::fill(&mut random).map(|()| random).map_err(|_| {
        Error::new(ErrorCode::InternalError, Operation::Receive, Stage::Authenticate, Blame::Library, detail)
    })
}

/// So many octets of a realm are told.
const LONGEST_TOLD: usize = 1_024;
