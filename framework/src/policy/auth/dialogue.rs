//! Rounds with one party by one set of credentials, with no memory beyond: all that a tunnel through a proxy needs.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use super::digest::Line;
use super::nonce::{Nonce, Use};
use super::offers::{Offer, Offers};
use super::plain::{basic, bearer};
use super::rounds::{Carried, Rounds, allowed};
use super::spaces::Place;
use crate::options::{AuthScheme, AuthSchemes, Authentication, Credentials, Shown};
use crate::reason::AuthReason;

/// What answers a challenge.
#[derive(Debug)]
pub(crate) enum Answer {
    Field(HeaderValue),
    /// A handshake by this scheme, on the stream that is asked on.
    #[cfg_attr(
        not(any(test, feature = "negotiate")),
        expect(dead_code, reason = "no such scheme is answered without the feature")
    )]
    Handshake(AuthScheme),
}

/// Answers the challenges of one party on one wire.
///
/// For `CONNECT`: make one for each attempt to open a tunnel, by the origin of the proxy and what is set for that; put what
/// [`unasked`](Self::unasked) gives into the first request; at a 407 give its fields to [`answer`](Self::answer), with the line
/// `CONNECT host:port`, and send the request again with what that gives as `Proxy-Authorization` (on a new stream to the same proxy,
/// unless the answer leaves this one open). `None` is the end: the 407 is the outcome. It ends by itself.
pub(crate) struct Dialogue {
    place: Place,
    credentials: Credentials,
    schemes: AuthSchemes,
    rounds: Rounds,
    nonce: Option<Nonce>,
}

impl Dialogue {
    /// `named` are the schemes that the credentials were set for.
    pub(crate) fn new(place: Place, credentials: Credentials, named: AuthSchemes, options: &Authentication) -> Self {
        let schemes = allowed(options, &place, named) & credentials.schemes();
        Self { place, credentials, schemes, rounds: Rounds::default(), nonce: None }
    }

    /// What is shown before anything is asked: Basic or Bearer, where there is no other choice.
    pub(crate) fn unasked(&mut self) -> Option<HeaderValue> {
        let scheme = [AuthScheme::Basic, AuthScheme::Bearer].into_iter().find(|one| self.schemes == (*one).into())?;
        self.show(scheme, Vec::new(), None, AuthReason::CallerAsked)
    }

    /// The answer to the challenges in these fields; `random` becomes the client's half of a nonce.
    pub(crate) fn answer(&mut self, fields: &HeaderMap, line: &Line<'_>, random: [u8; 16]) -> Option<Answer> {
        let offers = Offers::of(fields, self.place.target);
        let stale = self.rounds.challenged(&self.place, &offers, true);
        let offer = self.rounds.choose(&self.place, &offers, &self.credentials, self.schemes, line.body.is_some())?;
        let Offer { scheme, realm, question, .. } = offer.clone();
        self.rounds.answers();
        if scheme.binds() {
            let (place, credentials, realm) = (self.place.clone(), self.credentials.clone(), realm.unwrap_or_default());
            let reason = AuthReason::Challenged;
            self.rounds.shows(Carried { place, credentials, are_given: false, scheme, realm, question: None, reason });
            return Some(Answer::Handshake(scheme));
        }
        if let Some(question) = question {
            self.nonce = Some(Nonce::new(question, random));
        }
        let reason = stale.map_or(AuthReason::Challenged, |stale| stale.reason);
        self.show(scheme, realm.unwrap_or_default(), Some(line), reason).map(Answer::Field)
    }

    /// Who is shown to whom.
    #[cfg(feature = "negotiate")]
    pub(crate) fn parties(&self) -> (&Place, &Credentials) {
        (&self.place, &self.credentials)
    }

    fn show(
        &mut self,
        scheme: AuthScheme,
        realm: Vec<u8>,
        line: Option<&Line<'_>>,
        reason: AuthReason,
    ) -> Option<HeaderValue> {
        let turn = self.nonce.as_mut().filter(|_| scheme == AuthScheme::Digest).map(Nonce::next_use);
        let question = turn.as_ref().map(|turn| Arc::clone(turn.question()));
        let value = value(scheme, &self.credentials, turn.as_ref().zip(line))?;
        let (place, credentials) = (self.place.clone(), self.credentials.clone());
        self.rounds.shows(Carried { place, credentials, are_given: false, scheme, realm, question, reason });
        Some(value)
    }
}

/// What a scheme makes of credentials.
pub(super) fn value(
    scheme: AuthScheme,
    credentials: &Credentials,
    turn: Option<(&Use, &Line<'_>)>,
) -> Option<HeaderValue> {
    match (scheme, credentials.shown()) {
        (AuthScheme::Basic, Shown::Password { user, password }) => basic(user, password),
        (AuthScheme::Bearer, Shown::Token(token)) => bearer(token),
        (AuthScheme::Digest, Shown::Password { user, password }) => {
            let (turn, line) = turn?;
            turn.answer(user, password, line)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
