//! A wire that is bound to who uses it: the legs of an NTLM or Negotiate handshake, all on one wire (RFC 4559, MS-NTHT).
//!
//! ```text
//!   401, scheme --> bound options --> a wire of that key --served before--> nothing is shown: it knows who we are
//!                                        | new, or it asks
//!                                        v
//!                    leg: token out --> 401 with a token --> the wire is held for the next leg
//!                                   --> 401 without          refused: the wire is closed, and it is the response
//!                                   --> anything else        accepted: the wire goes back under its key
//! ```
//!
//! The key parts such wires from all others ([`Bound`] is part of the options of a dial), so none is ever lent to a request with
//! other credentials, or without any. They speak HTTP/1.1: a stream of HTTP/2 is none of the handshake's.

use std::sync::Arc;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::{Chosen, Journey, told};
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::id::WireId;
use crate::options::{AuthScheme, AuthSchemes, AuthTarget, Bound, Protocols, RequestOptions, SharedOptions};
use crate::origin::Lease;
use crate::policy::auth::{Carried, Leg, Offers, Place, is_rejection, token_field};
use crate::protocol::http1::{BodyLength, ResponseHead};
use crate::reason::{AuthReason, CloseReason};
use crate::request::credentials::asks;
use crate::request::follow_up::Next;
use crate::request::payload::Payload;
use crate::transport::{Logon, LogonFault};

/// What a request has to do with a wire that is bound.
#[derive(Default)]
pub(in crate::request) struct Binding {
    /// The options as they are for everybody.
    unbound: Option<SharedOptions>,
    handshake: Option<Handshake>,
    /// The wire, between two legs.
    held: Option<Lease>,
    /// The wire of the exchange that is over is for the next leg, and for nobody else.
    holds: bool,
    /// The body, while a leg is under way that is only to be asked on.
    withheld: Option<Payload>,
    /// The response is to a request that was sent without its body.
    lacked_body: bool,
    /// What a proxy that forwards is shown next.
    for_proxy: Option<HeaderValue>,
    restarts: u32,
}

struct Handshake {
    chosen: Chosen,
    wire: WireId,
    /// `None` before its first leg, and while a step of it is under way.
    logon: Option<Logon>,
    legs: u32,
    /// What is to be sent.
    token: Option<Zeroizing<Vec<u8>>>,
    /// By which the server shows who it is.
    proof: Option<Vec<u8>>,
}

impl Handshake {
    fn on(wire: WireId, chosen: Chosen) -> Self {
        Self { chosen, wire, logon: None, legs: 0, token: None, proof: None }
    }
}

impl Journey {
    /// Of these schemes those that this exchange may be answered by: what binds a wire needs one of HTTP/1.1 to itself, and a body that
    /// can be sent with each leg. A proxy that forwards may lend its wire to the server to others (RFC 4559 section 6).
    pub(super) fn bindable(&self, place: &Place, schemes: AuthSchemes) -> AuthSchemes {
        let forwards = || self.by().is_some_and(|by| by.forwards.is_some());
        let may = self.payload.0.is_replayable() && self.may_be_bound();
        if may && (place.target == AuthTarget::Proxy || !forwards()) {
            schemes
        } else {
            schemes - AuthSchemes::NTLM - AuthSchemes::NEGOTIATE
        }
    }

    fn may_be_bound(&self) -> bool {
        !matches!(self.options.protocols, Protocols::RequireHttp2 | Protocols::Http10)
    }

    /// From here on its wires are those of who was chosen.
    pub(super) fn binds_to(&mut self, chosen: &Chosen) {
        let Chosen { place, scheme, credentials, .. } = chosen;
        let bound = Bound { target: place.target, scheme: *scheme, credentials: credentials.clone() };
        let wire = self.active.as_ref().map(|active| active.lease.id());
        let is_bound = self.options.dial.bound.as_deref() == Some(&bound);
        if !is_bound && !self.may_be_bound() {
            return;
        }
        let present = Arc::clone(&self.options);
        let Some(auth) = self.auth.as_mut() else { return };
        let binding = &mut **auth.binding.get_or_insert_default();
        if is_bound {
            // It asks again, on a wire that served before, or for the first time: that is where it is answered.
            if let Some(wire) = wire {
                (binding.handshake, binding.holds) = (Some(Handshake::on(wire, chosen.clone())), true);
            }
            return;
        }
        // Those of another origin, from before a redirect, count no more.
        let unbound = match binding.unbound.take() {
            Some(known) if present.dial.bound.is_some() => known,
            _ => present,
        };
        let mut options = RequestOptions::clone(&unbound);
        (options.dial.bound, options.protocols) = (Some(Arc::new(bound)), Protocols::Http1);
        (self.options, binding.unbound) = (Arc::new(options), Some(unbound));
    }

    /// The options as they are for everybody, if these are not.
    pub(in crate::request) fn unbound(&self) -> Option<SharedOptions> {
        self.options.dial.bound.as_ref()?;
        self.auth.as_ref()?.binding.as_ref()?.unbound.clone()
    }

    pub(super) fn for_proxy(&mut self) -> Option<HeaderValue> {
        self.auth.as_mut()?.binding.as_mut()?.for_proxy.take()
    }

    /// The wire that was held for this leg, if it is still there.
    pub(in crate::request) fn held_wire(&mut self, fresh: bool) -> Option<Lease> {
        let mut lease = self.auth.as_mut()?.binding.as_mut()?.held.take()?;
        let broken = if fresh { Err(CloseReason::Retired) } else { lease.check_idle() };
        if let Err(reason) = broken {
            lease.close(&self.shared.node, reason);
            return None;
        }
        lease.serves_again();
        self.times.wire_acquired = Some(clock::now());
        Some(lease)
    }

    /// The exchange is over, and its wire may serve on: gives it back if it may do so for others too.
    pub(in crate::request) fn keep_wire(&mut self, lease: Lease) -> Option<Lease> {
        let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_deref_mut()) else { return Some(lease) };
        if std::mem::take(&mut binding.holds) {
            binding.held = Some(lease);
            return None;
        }
        match &binding.handshake {
            // Nobody knows whom the server takes it for.
            Some(handshake) if handshake.wire == lease.id() => {
                binding.handshake = None;
                lease.close(&self.shared.node, CloseReason::Retired);
                None
            }
            _ => Some(lease),
        }
    }

    /// A wire that was held has nobody any more who would go on with it.
    pub(in crate::request) fn drop_held_wire(&mut self, reason: CloseReason) {
        let held = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()).and_then(|binding| binding.held.take());
        if let Some(lease) = held {
            lease.close(&self.shared.node, reason);
        }
    }

    /// Adds what is shown with the exchange that begins on this wire: the next leg of the handshake, or nothing where that is over.
    /// Is the body held back meanwhile?
    pub(in crate::request) async fn greet(&mut self, lease: &Lease) -> Result<bool> {
        let Some(bound) = self.options.dial.bound.clone() else { return Ok(false) };
        let known = {
            let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()) else { return Ok(false) };
            (binding.holds, binding.for_proxy) = (false, None);
            binding.handshake.take()
        };
        let who_forwards = lease.by().and_then(|by| by.forwarding_place());
        let place = match bound.target {
            // Whether a proxy forwards was not known when it was chosen, if that was before there was a wire.
            AuthTarget::Server if who_forwards.is_none() => self.place(AuthTarget::Server),
            AuthTarget::Server => None,
            AuthTarget::Proxy => who_forwards,
        };
        let Some(place) = place else { return Ok(false) };
        let is_its = |chosen: &Chosen| chosen.scheme == bound.scheme && chosen.credentials.is_same(&bound.credentials);
        let by = lease.by().map(|by| &**by);
        let chosen = self.chosen_for(&place).or_else(|| self.unasked(&place, by)).filter(is_its);
        let mut handshake = match (known, chosen) {
            (Some(known), _) if known.wire == lease.id() && known.chosen.place == place => known,
            // The wire of the legs before is gone.
            (Some(Handshake { logon: Some(_), chosen, .. }), _) if chosen.place == place => {
                self.restarts()?;
                Handshake::on(lease.id(), chosen)
            }
            (_, Some(chosen)) if !lease.is_reused() => Handshake::on(lease.id(), chosen),
            // The server knows who uses it.
            _ => return Ok(false),
        };
        if !self.payload.0.is_replayable() {
            return Ok(false);
        }
        let mut is_withheld = false;
        let Chosen { credentials, scheme, .. } = handshake.chosen.clone();
        if handshake.token.is_none() {
            let security = lease.facts().security.as_ref().filter(|_| bound.target == AuthTarget::Server);
            let certificate = security.and_then(|security| security.certificates.first());
            let made = Logon::new(scheme, &credentials, &place, certificate.map(|one| &one[..]));
            let mut logon = made.map_err(not_begun)?;
            self.stage = Stage::Authenticate;
            handshake.token = logon.step(None).await.map_err(not_begun)?;
            handshake.logon = Some(logon);
            is_withheld = self.withholds_body(&handshake.chosen);
        }
        let value = handshake.token.take().and_then(|token| token_field(scheme, &token));
        self.shows(&handshake.chosen, value);
        if let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()) {
            binding.handshake = Some(handshake);
        }
        Ok(is_withheld)
    }

    fn shows(&mut self, chosen: &Chosen, value: Option<HeaderValue>) {
        let Chosen { place, credentials, are_given, scheme, realm, reason } = chosen.clone();
        let (Some(value), Some(auth)) = (value, self.auth.as_mut()) else { return };
        if place.target == AuthTarget::Proxy {
            // It goes into the head that is made for the proxy.
            if let Some(binding) = &mut auth.binding {
                binding.for_proxy = Some(value);
            }
            return;
        }
        auth.rounds.shows(Carried { place, credentials, are_given, scheme, realm, question: None, reason });
        self.outgoing.change().insert(AUTHORIZATION, value);
        // It was settled without.
        self.settled = None;
    }

    /// The first message of NTLM shows nothing, and will be answered by a challenge: the body waits for what comes then. Not where
    /// nothing was asked for: who needs no answer would take the request for one without a body.
    fn withholds_body(&mut self, chosen: &Chosen) -> bool {
        let has_body = !matches!(self.payload.0.length(), Some(BodyLength::None | BodyLength::Length(0)));
        if chosen.scheme != AuthScheme::Ntlm || chosen.reason != AuthReason::Challenged || !has_body {
            return false;
        }
        if let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()) {
            binding.withheld = Some(std::mem::take(&mut self.payload));
            self.settled = None;
        }
        true
    }

    /// The body is there again, if it was withheld. Was it?
    pub(in crate::request) fn takes_body_back(&mut self) -> bool {
        let withheld = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()).and_then(|all| all.withheld.take());
        let was_withheld = withheld.is_some();
        if let Some(body) = withheld {
            self.payload = body;
        }
        was_withheld
    }

    /// Is a leg under way that is only to be asked on, and may be repeated whatever the request is?
    pub(in crate::request) fn is_only_asking(&self) -> bool {
        self.auth.as_ref().and_then(|auth| auth.binding.as_ref()).is_some_and(|binding| binding.withheld.is_some())
    }

    fn restarts(&mut self) -> Result<()> {
        let restarts = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()).map(|binding| &mut binding.restarts);
        let Some(restarts) = restarts else { return Ok(()) };
        *restarts += 1;
        if *restarts <= MOST_RESTARTS {
            return Ok(());
        }
        let detail = "the server closes the connection in the middle of the handshake, each time";
        Err(at_fault(ErrorCode::ConnectionError, Blame::Peer, detail.to_owned()))
    }

    /// A challenge that the handshake under way goes on with. `None`: there is none, or it was refused.
    pub(super) async fn next_leg(&mut self, place: &Place, offers: &Offers) -> Result<Option<Box<Next>>> {
        let wire = self.active.as_ref().map(|active| active.lease.id());
        let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()) else { return Ok(None) };
        binding.lacked_body = false;
        let Some(handshake) = &mut binding.handshake else { return Ok(None) };
        if handshake.chosen.place != *place || Some(handshake.wire) != wire {
            return Ok(None);
        }
        let Some(mut logon) = handshake.logon.take().filter(|logon| !logon.is_done()) else { return Ok(None) };
        let token = match offers.leg_of(handshake.chosen.scheme) {
            Some(Leg::Token(token)) if is_rejection(token) => return Ok(None),
            Some(Leg::Token(token)) => token.clone(),
            Some(Leg::Bad) => return Err(broken("its token is too long, or no base64".to_owned())),
            Some(Leg::None) | None => return Ok(None),
        };
        handshake.legs += 1;
        if handshake.legs > MOST_LEGS {
            return Err(broken(format!("it goes on after {MOST_LEGS} legs")));
        }
        self.stage = Stage::Authenticate;
        let Some(token) = logon.step(Some(token)).await.map_err(|fault| broken(fault.to_string()))? else {
            return Ok(None);
        };
        handshake.chosen.reason = AuthReason::Continued;
        let Chosen { place, scheme, realm, .. } = &handshake.chosen;
        let told = told(place, *scheme, realm, AuthReason::Continued);
        (handshake.logon, handshake.token, binding.holds) = (Some(logon), Some(token), true);
        Ok(Some(Box::new(Next { told: Some(told), ..Next::default() })))
    }

    /// A final head has come: what does it say of the handshake?
    pub(super) fn note_handshake(&mut self, head: &ResponseHead) {
        let lacked_body = self.takes_body_back();
        let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()) else { return };
        binding.lacked_body = lacked_body;
        let Some(handshake) = &mut binding.handshake else { return };
        let target = handshake.chosen.place.target;
        if asks(head.status()) == Some(target) {
            return;
        }
        let awaits_more = handshake.logon.as_ref().is_some_and(|logon| !logon.is_done());
        let offers = Offers::of(head.headers(), target);
        match offers.leg_of(handshake.chosen.scheme) {
            Some(Leg::Token(token)) if awaits_more => handshake.proof = Some(token.clone()),
            _ => binding.handshake = None,
        }
    }

    /// Is there something to be done before the response to it is anybody's?
    pub(in crate::request) fn is_mid_handshake(&self) -> bool {
        let binding = self.auth.as_ref().and_then(|auth| auth.binding.as_ref());
        binding.is_some_and(|binding| {
            binding.lacked_body || binding.handshake.as_ref().is_some_and(|handshake| handshake.proof.is_some())
        })
    }

    /// The server was let see who we are, and shows who it is; a wrong proof is an error (RFC 4559 section 4.2). `Some`: the request
    /// was taken as it was, without its body, and is sent with it.
    pub(in crate::request) async fn check_proof(&mut self, head: &ResponseHead) -> Result<Option<Box<Next>>> {
        let Some(binding) = self.auth.as_mut().and_then(|auth| auth.binding.as_mut()) else { return Ok(None) };
        if let Some(handshake) = &mut binding.handshake
            && let Some(proof) = handshake.proof.take()
            && let Some(mut logon) = handshake.logon.take()
        {
            self.stage = Stage::Authenticate;
            if let Err(fault) = logon.step(Some(proof)).await {
                let Chosen { place, scheme, realm, .. } = &handshake.chosen;
                self.shared.services.terms.keyring.refused(place, (*scheme, realm));
                let detail = format!("the server does not prove who it is: {fault}");
                return Err(at_fault(ErrorCode::LoginFailure, Blame::Peer, detail));
            }
            binding.handshake = None;
        }
        let is_challenge = asks(head.status()).is_some();
        if !std::mem::take(&mut binding.lacked_body) || is_challenge {
            return Ok(None);
        }
        let Some(bound) = &self.options.dial.bound else { return Ok(None) };
        let Some(place) = self.place(bound.target) else { return Ok(None) };
        let told = told(&place, bound.scheme, &[], AuthReason::Continued);
        Ok(Some(Box::new(Next { told: Some(told), ..Next::default() })))
    }
}

fn not_begun(fault: LogonFault) -> Error {
    let (blame, detail) = if fault.is_of_the_network() {
        (Blame::Network, "who knows the user's realm (its KDC) does not answer".to_owned())
    } else {
        (Blame::Caller, format!("the credentials are of no use for the handshake: {fault}"))
    };
    at_fault(ErrorCode::LoginFailure, blame, detail)
}

fn broken(what: String) -> Error {
    at_fault(ErrorCode::InvalidServerResponse, Blame::Peer, format!("the handshake with who asks is broken: {what}"))
}

fn at_fault(code: ErrorCode, blame: Blame, detail: String) -> Error {
    Error::new(code, Operation::Receive, Stage::Authenticate, blame, detail)
}

/// So often one begins anew whose wire was lost.
const MOST_RESTARTS: u32 = 1;
/// NTLM has two, Kerberos one; SPNEGO may add some.
const MOST_LEGS: u32 = 6;
