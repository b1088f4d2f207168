//! The rounds of one request with who asks for credentials: what an exchange shows, and what follows a 401 or a 407.

mod choosing;
#[cfg(feature = "negotiate")]
mod handshake;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderValue;

use super::credentials::{Own, asks};
use super::fields::Fields;
use super::follow_up::Next;
use super::journey::Journey;
use crate::chance;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{AuthScheme, AuthTarget, Credentials};
use crate::policy::auth::{Carried, Era, Line, Offer, Offers, Place, Rounds, field_names, next_nonce};
use crate::protocol::http1::ResponseHead;
use crate::reason::AuthReason;
use crate::services::Services;
use crate::transport::ByProxy;

/// What a request with credentials, or one that was asked for some, keeps of it.
#[derive(Default)]
pub(super) struct Authenticating {
    own: Option<Arc<Own>>,
    /// What is shown to the server was decided at home, on another shard.
    is_afar: bool,
    /// What the session remembered when they began may have been forgotten since.
    era: Era,
    rounds: Rounds,
    /// What the last challenges are answered by, until something else than a challenge comes; one for each target.
    chosen: Vec<Chosen>,
    /// Somebody is being asked; a receive that is given up and made again goes on with that.
    asking: Option<(AskedOf, Option<Instant>)>,
    /// A wire that is bound to who is shown, if there is one.
    #[cfg(feature = "negotiate")]
    binding: Option<Box<handshake::Binding>>,
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

impl Authenticating {
    fn begun<'a>(auth: &'a mut Option<Box<Self>>, services: &Services) -> &'a mut Self {
        auth.get_or_insert_with(|| Box::new(Self { era: services.terms.keyring.era(), ..Self::default() }))
    }
}

impl Journey {
    /// Begins with what the caller set, and with what the response before asked for, if that was a challenge.
    pub(super) fn begin_authenticating(&mut self, own: Arc<Own>) -> Result<()> {
        self.begun_authenticating().own = Some(own);
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

    /// What an exchange on another shard takes along.
    pub(super) fn credentials_for_afar(&self) -> Option<Arc<Own>> {
        self.auth.as_ref()?.own.clone()
    }

    /// It is such an exchange: it has rounds with a proxy alone.
    pub(super) fn authenticates_afar(&mut self, own: Option<Arc<Own>>) {
        let auth = self.begun_authenticating();
        (auth.own, auth.is_afar) = (own, true);
    }

    fn begun_authenticating(&mut self) -> &mut Authenticating {
        Authenticating::begun(&mut self.auth, &self.shared.services)
    }

    /// On another shard: what follows where a proxy asks.
    pub(super) async fn authenticate_to_proxy(&mut self, head: &ResponseHead) -> Result<Option<Box<Next>>> {
        self.note_credentials(head);
        let mut next = self.follows_for_proxy(head).await;
        match &mut next {
            Ok(Some(next)) => {
                if let Some((mask, status)) = next.told.take().and_then(|told| Some((told.mask()?, told))) {
                    self.emit(mask, || status);
                }
            }
            Ok(None) => {}
            Err(_) => self.leave(),
        }
        next.map_err(|error| self.name(error))
    }

    async fn follows_for_proxy(&mut self, head: &ResponseHead) -> Result<Option<Box<Next>>> {
        // It may have let pass what was only to be asked on.
        #[cfg(feature = "negotiate")]
        if let Some(next) = self.check_proof(head).await? {
            return Ok(Some(next));
        }
        if asks(head.status()) == Some(AuthTarget::Proxy) { self.authenticate(head).await } else { Ok(None) }
    }

    /// Adds what is shown to the server with the exchange that begins: what it asked for, else what may be shown unasked.
    #[cold]
    pub(super) fn show_credentials(&mut self, fields: &mut Fields) {
        if self.auth.as_ref().is_some_and(|auth| auth.is_afar) {
            return;
        }
        let Some(place) = self.place(AuthTarget::Server) else { return };
        if let Some(value) = self.show_to(&place, None) {
            fields.change().insert(field_names(AuthTarget::Server).1, value);
        }
    }

    /// What is shown to a proxy that forwards the exchange which begins. It belongs to that hop, and to no other head than the one which
    /// is made for it; in its absence the proxy is shown what it was given as its own.
    #[cold]
    pub(super) fn show_to_proxy(&mut self, by: &ByProxy) -> Option<HeaderValue> {
        self.show_to(&by.forwarding_place()?, Some(by))
    }

    fn show_to(&mut self, place: &Place, by: Option<&ByProxy>) -> Option<HeaderValue> {
        self.begun_authenticating().rounds.shows_nothing(place);
        if self.is_by_hand(place.target) {
            return None;
        }
        let chosen = self.chosen_for(place).or_else(|| self.unasked(place, by))?;
        if chosen.scheme.binds() {
            return self.show_by_wire(chosen);
        }
        let Chosen { place, credentials, are_given, scheme, realm, reason } = chosen;
        let body = self.payload.0.whole();
        let line = Line { method: self.method().as_str(), uri: self.target().path_and_query(), body: body.as_deref() };
        let shown = self.shared.services.terms.keyring.show(&place, (scheme, &realm), &credentials, &line);
        let (value, question) = shown?;
        let auth = self.auth.as_mut()?;
        auth.rounds.shows(Carried { place, credentials, are_given, scheme, realm, question, reason });
        Some(value)
    }

    /// What a scheme shows that binds the wire is known when that is there: the server's is added then.
    fn show_by_wire(&mut self, chosen: Chosen) -> Option<HeaderValue> {
        #[cfg(feature = "negotiate")]
        {
            let value = if chosen.place.target == AuthTarget::Proxy { self.for_proxy() } else { None };
            let Some(value) = value else {
                if chosen.place.target == AuthTarget::Server && self.active.is_none() {
                    self.binds_to(&chosen);
                }
                return None;
            };
            let Chosen { place, credentials, are_given, scheme, realm, reason } = chosen;
            let auth = self.auth.as_mut()?;
            auth.rounds.shows(Carried { place, credentials, are_given, scheme, realm, question: None, reason });
            Some(value)
        }
        #[cfg(not(feature = "negotiate"))]
        {
            drop(chosen);
            None
        }
    }

    /// Is there anything that may be shown to a proxy?
    pub(super) fn may_show_to_proxy(&self, by: &ByProxy) -> bool {
        self.auth.is_some() || self.shared.services.terms.keyring.is_used() || by.waiting_credentials().is_some()
    }

    /// The fields of an exchange that another shard composes: what is shown is decided here, where its rounds are.
    pub(super) fn headers_for_afar(&mut self) -> Fields {
        let mut headers = self.headers.clone();
        if self.auth.is_some() || self.shared.services.terms.keyring.is_used() {
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
        let Some(auth) = &self.auth else { return };
        for shown in [AuthTarget::Proxy, AuthTarget::Server].into_iter().filter_map(|target| auth.rounds.shown(target))
        {
            if !matches!(shown.reason, AuthReason::Challenged | AuthReason::Stale | AuthReason::Continued) {
                self.emit(Mask::AUTHENTICATION, || told(&shown.place, shown.scheme, &shown.realm, shown.reason));
            }
        }
    }

    /// Is there an answer to such a head, or may there be one?
    pub(super) fn may_authenticate(&self, head: &ResponseHead) -> bool {
        asks(head.status()).is_some_and(|target| {
            self.auth.is_some() || self.shared.services.terms.keyring.may_answer() || target == AuthTarget::Proxy
        })
    }

    /// Takes note of a final head: something else than a challenge says that what was shown is accepted, and what to show next.
    #[cold]
    pub(super) fn note_credentials(&mut self, head: &ResponseHead) {
        #[cfg(feature = "negotiate")]
        self.note_handshake(head);
        let asks = asks(head.status());
        if asks != Some(AuthTarget::Proxy) {
            // Who sends a challenge of the server on has let the request pass.
            self.was_accepted(AuthTarget::Proxy, head);
            if asks.is_none() {
                self.was_accepted(AuthTarget::Server, head);
            }
        }
    }

    fn was_accepted(&mut self, target: AuthTarget, head: &ResponseHead) {
        let (Some(place), Some(auth)) = (self.place(target), &mut self.auth) else { return };
        // The proxy is on the way of the next exchange too. What it is shown there it has not asked for: by then its nonce may be old.
        auth.chosen.retain(|chosen| chosen.place != place || target == AuthTarget::Proxy);
        auth.chosen.iter_mut().filter(|chosen| chosen.place == place).for_each(|chosen| {
            chosen.reason = AuthReason::Remembered;
        });
        let Some(Carried { place, credentials, are_given, scheme, realm, .. }) = auth.rounds.accepted(&place) else {
            return;
        };
        let (keyring, era) = (&self.shared.services.terms.keyring, auth.era);
        // A server that fails has not looked.
        if !head.status().is_server_error() {
            let path = self.aim.target(&self.shared).path_and_query();
            keyring.accepted(&place, (scheme, &realm), path, are_given.then_some(credentials), era);
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
        #[cfg(feature = "negotiate")]
        if let Some(next) = self.next_leg(&place, &offers).await? {
            return Ok(Some(next));
        }
        let replayable = self.payload.0.is_replayable();
        let auth = self.begun_authenticating();
        auth.chosen.retain(|chosen| chosen.place != place);
        let shown = auth.rounds.shown(place.target).cloned();
        let again = auth.rounds.challenged(&place, &offers, replayable);
        if let Some(shown) = shown.filter(|shown| again.is_none() && shown.place == place) {
            self.shared.services.terms.keyring.refused(&place, (shown.scheme, &shown.realm));
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

    fn will_show(&mut self, chosen: Chosen, offer: Offer) -> Result<()> {
        self.shared.services.terms.keyring.challenged(&chosen.place, &offer, random()?);
        if let Some(auth) = &mut self.auth {
            auth.rounds.answers();
            auth.chosen.push(chosen.clone());
        }
        #[cfg(feature = "negotiate")]
        if chosen.scheme.binds() {
            self.binds_to(&chosen);
        }
        Ok(())
    }

    /// The body was given piece by piece, and is gone: the caller sends all of it again, and then the credentials go along unasked.
    fn asks_to_resend(&mut self, chosen: Chosen, offer: &Offer) -> Result<Option<Box<Next>>> {
        // Where they would not go along unasked it would be asked for without end.
        let is_elsewhere = chosen.place.target == AuthTarget::Server && !self.is_at_home();
        if !self.options.authentication.preemptive || is_elsewhere {
            return Ok(None);
        }
        self.shared.draft().aim = self.aim.clone();
        let Chosen { place, credentials, are_given, scheme, realm, .. } = chosen;
        let era = self.begun_authenticating().era;
        let keyring = &self.shared.services.terms.keyring;
        keyring.challenged(&place, offer, random()?);
        let path = self.target().path_and_query();
        keyring.accepted(&place, (scheme, &realm), path, are_given.then_some(credentials), era);
        let detail =
            "credentials are asked for, and the body cannot be given again: send it once more, and they go along";
        Err(Error::new(ErrorCode::ResendRequest, Operation::Receive, Stage::Authenticate, Blame::Caller, detail))
    }
}

fn told(place: &Place, scheme: AuthScheme, realm: &[u8], reason: AuthReason) -> Status {
    Status::Authenticating { target: place.target, scheme, realm: shortened(realm).into(), reason }
}

/// As a person may read it.
fn shortened(realm: &[u8]) -> String {
    String::from_utf8_lossy(&realm[..realm.len().min(LONGEST_TOLD)]).into_owned()
}

fn random() -> Result<[u8; 16]> {
    chance::octets().map_err(|none| {
        let detail = none.to_string();
        Error::new(ErrorCode::InternalError, Operation::Receive, Stage::Authenticate, Blame::Library, detail)
    })
}

/// So many octets of a realm are told.
const LONGEST_TOLD: usize = 1_024;
