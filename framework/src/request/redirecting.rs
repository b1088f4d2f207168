//! How a request follows a redirect: what the policy says, what the caller's decider makes of it, and what the next exchange carries.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};

use super::aim::{Aim, Credentials, Edits, Moved};
use super::fields::Fields;
use super::follow_up::Next;
use super::headers::check_names;
use super::journey::Journey;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::notification::Status;
use crate::options::redirects::Decider;
use crate::options::{Governor, Redirect, RedirectDecision, RedirectOptions, RequestOptions, SharedOptions};
use crate::policy::redirect::{Answered, Hop, Refusal, Verdict, judge, without_body, without_secrets};
use crate::protocol::http1::ResponseHead;
use crate::services::Services;
use crate::target::Target;

impl Journey {
    /// The exchange that a response redirects to; `None`: it is to be delivered.
    pub(super) async fn redirect(&mut self, head: &Arc<ResponseHead>) -> Result<Option<Box<Next>>> {
        let options = Arc::clone(&self.options);
        let answered = Answered {
            method: self.method(),
            target: self.target(),
            status: head.status(),
            headers: head.headers(),
            hops: self.aim.hops(),
        };
        let mut by_https = None;
        let verdict = judge(&answered, &options.redirects, |target| {
            by_https = self.by_https(target);
            by_https.clone()
        });
        let hop = match verdict {
            Verdict::Follow(hop) => hop,
            Verdict::Refuse(refusal) => return Err(refusal.into_error()),
            Verdict::Deliver => return Ok(None),
        };
        // What is still being sent beside the response is for where it was sent.
        if self.active.as_ref().is_some_and(|active| active.exchange.is_body_open()) {
            return Ok(None);
        }
        let mut next = self.proposed(hop, head, &options.redirects);
        let mut edits = self.aim.moved().map(|moved| moved.edits.clone()).unwrap_or_default();
        if options.redirects.decider.is_some() {
            let proposed = next.headers.clone();
            let Some(decided) = self.decide(next, &options).await? else { return Ok(None) };
            next = decided;
            if let Some(secure) = self.by_https(&next.target) {
                (next.target, by_https) = (secure.clone(), Some(secure));
            }
            if matches!(next.method, Method::GET | Method::HEAD) && next.method != *self.method() {
                without_body(&mut next.headers);
                next.sends_body = false;
            }
            edits = edits.and(&proposed, &next.headers);
        } else if !edits.is_empty() {
            // What was added for one origin stays behind there.
            edits = edits.and(&next.headers, &next.headers);
        }
        if by_https.as_ref() == Some(&next.target) {
            self.tell_of_https(&next.target);
        }
        self.follow_to(next, edits, &options.redirects).map(Some)
    }

    /// The next request as the policy has it.
    fn proposed(&self, hop: Hop, head: &ResponseHead, options: &RedirectOptions) -> Redirect {
        let Hop { method, target, drops_body } = hop;
        let from = self.target().clone();
        let mut headers = HeaderMap::clone(&self.headers);
        if target.origin() != from.origin() {
            without_secrets(&mut headers, &from, &target, options);
        }
        let of_body = if drops_body { without_body(&mut headers) } else { HeaderMap::new() };
        Redirect {
            method,
            target,
            headers,
            sends_body: !drops_body,
            before: (self.method().clone(), of_body),
            from,
            status: head.status(),
            response: head.headers().clone(),
            hops: self.aim.hops(),
            governor: None,
            context: self.shared.node.context(),
            answered_after: self.answered_after(),
        }
    }

    fn answered_after(&self) -> Duration {
        let head = self.times.head_received.unwrap_or_else(clock::now);
        head.saturating_duration_since(self.times.wire_acquired.unwrap_or(head))
    }

    /// Asks the caller's decider; `None`: the response is to be delivered.
    async fn decide(&mut self, proposed: Redirect, options: &SharedOptions) -> Result<Option<Redirect>> {
        let Some(decider) = &options.redirects.decider else { return Ok(Some(proposed)) };
        let failed = || Refusal::DeciderFailed.into_error();
        self.stage = Stage::Redirect;
        let decision = match &decider.0 {
            Decider::Function(decide) => {
                let question = proposed.clone();
                catch_unwind(AssertUnwindSafe(|| decide(question))).map_err(|_| failed())?
            }
            Decider::Actor(decide) => {
                let limit = options.redirects.decision;
                let answer = pin!(decide.send(proposed.clone()));
                let late = |_| {
                    let detail = "the caller's decider about redirects has not answered".to_owned();
                    Error::too_late(Operation::Receive, Stage::Redirect, limit, detail).blaming(Blame::Caller)
                };
                clock::within(Some(limit), answer).await.map_err(late)?.map_err(|_| failed())?
            }
        };
        let mut decided = match decision {
            RedirectDecision::Follow(decided) => decided,
            RedirectDecision::Deliver => return Ok(None),
            RedirectDecision::Refuse => return Err(Refusal::Vetoed.into_error()),
        };
        super::check_method(&decided.method).map_err(|error| error.in_operation(Operation::Receive))?;
        check_names(&decided.headers).map_err(|error| error.in_operation(Operation::Receive))?;
        if let Some(governor) = &decided.governor {
            governor.check(Operation::Receive)?;
        }
        if decided.target.origin() != proposed.target.origin() {
            leave_behind(&mut decided, &proposed, &options.redirects);
        }
        Ok(Some(decided))
    }

    /// A body that cannot be given again is the caller's to send: the next `send` goes there.
    fn follow_to(&mut self, redirect: Redirect, edits: Edits, options: &RedirectOptions) -> Result<Box<Next>> {
        let Redirect { method, target, headers, sends_body, from, governor, .. } = redirect;
        let leaves = target.origin() != from.origin() && !options.danger_keep_credentials;
        let credentials = if leaves { Credentials::Dropped } else { self.aim.credentials() };
        let defaults = match credentials {
            Credentials::Kept => None,
            Credentials::Dropped => {
                let mut defaults = HeaderMap::clone(&self.shared.services.default_headers);
                without_secrets(&mut defaults, &from, &target, options).then(|| Arc::new(defaults))
            }
        };
        let for_wires = self.shared.services.options_on_the_way(from.origin(), target.origin());
        // A wire that is bound to who asks is so for one origin.
        #[cfg(feature = "negotiate")]
        let unbound = self.unbound().filter(|_| target.origin() != from.origin());
        #[cfg(not(feature = "negotiate"))]
        let unbound: Option<SharedOptions> = None;
        let present = unbound.as_ref().unwrap_or(&self.options);
        let for_wires = for_wires.map(|theirs| wired_by(present, &theirs)).or(unbound);
        let proxy_of_home = match self.aim.credentials() {
            Credentials::Kept => self.proxy_on_the_way().filter(|_| leaves),
            Credentials::Dropped => self.aim.moved().and_then(|moved| moved.proxy_of_home.clone()),
        };
        let hops = self.aim.hops() + 1;
        let moved = Moved { method, target, hops, credentials, defaults, proxy_of_home, edits, governor };
        if sends_body && !self.payload.0.is_replayable() {
            let detail = "the server redirects, and the body cannot be given again: send it again, and it goes there";
            self.shared.draft().aim = Aim::at(moved);
            return Err(Error::new(
                ErrorCode::ResendRequest,
                Operation::Receive,
                Stage::Redirect,
                Blame::Caller,
                detail,
            ));
        }
        let mut options = for_wires;
        if governor.is_some() {
            options = Some(governed_by(options.as_ref().unwrap_or(&self.options), governor));
        }
        Ok(Box::new(Next {
            told: Some(Status::Redirect(moved.target.url().into())),
            moved: Some(moved),
            headers: Some(Fields::from(headers)),
            options,
            drops_body: !sends_body,
            after: None,
        }))
    }
}

/// The same options, but for what wires are to be, and how their origin is asked.
fn wired_by(options: &RequestOptions, theirs: &RequestOptions) -> SharedOptions {
    Arc::new(RequestOptions {
        tls: theirs.tls.clone(),
        dial: theirs.dial.clone(),
        protocols: theirs.protocols,
        http2: theirs.http2,
        governor: theirs.governor,
        ..options.clone()
    })
}

fn governed_by(options: &RequestOptions, governor: Option<Governor>) -> SharedOptions {
    Arc::new(RequestOptions { governor, ..options.clone() })
}

impl Moved {
    /// Takes from a new send what this chain has dropped before, and edits it as the chain was edited.
    pub(super) fn strip(&self, headers: &mut Fields, options: &mut SharedOptions, from: &Target, services: &Services) {
        if self.credentials == Credentials::Dropped {
            without_secrets(headers.change(), from, &self.target, &options.redirects);
        }
        if !self.edits.is_empty() {
            self.edits.apply(headers.change());
        }
        if let Some(theirs) = services.options_on_the_way(from.origin(), self.target.origin()) {
            *options = wired_by(options, &theirs);
        }
        if self.governor.is_some() {
            *options = governed_by(options, self.governor);
        }
    }
}

/// The decider sends it elsewhere: what was not its own to add stays behind.
fn leave_behind(decided: &mut Redirect, proposed: &Redirect, options: &RedirectOptions) {
    let mut left = proposed.headers.clone();
    without_secrets(&mut left, &proposed.from, &decided.target, options);
    for name in proposed.headers.keys().filter(|name| !left.contains_key(*name)) {
        let values = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
        if values(&decided.headers) == values(&proposed.headers) {
            decided.headers.remove(name);
        }
    }
}
