//! How a request uses the cache of its session: before a wire is asked for, and when a head has come.
//!
//! ```text
//!   about to be sent --> looks --fresh--> a head is held back, as if it had come; its body stands in for the wire
//!                          | stale: the request asks by validators
//!                          v
//!   a head has come -----> 304, or nothing to be had: the stored one in its place
//!                          | else: may be stored, while it is read
//!                          v
//!   the body has ended --> stored
//! ```
//!
//! A stored response is held back like one that has come ([`Following::Judging`]), so that what follows a response follows it too; and each
//! hop of a chain looks for itself.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::follow_up::Following;
use super::journey::Journey;
use crate::cache::{Cache, Room};
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{AuthTarget, CacheMode, RequestOptions, Shows};
use crate::policy::cache::{Answer, Asked, Candidate, Stored, adds, answer, invalidated, is_failure, takes_part};
use crate::protocol::http1::{BodyLength, ResponseHead};
use crate::services::Services;

/// What a request has to do with the cache of its session.
pub(super) struct Caching {
    cache: Cache,
    mode: CacheMode,
    /// The present exchange as the cache compares it; `None`: the cache has no part in it.
    asked: Option<Asked>,
    /// The server is asked whether this holds, which is so old.
    validates: Option<(Arc<Stored>, Duration)>,
    /// A server took back what is stored without saying what holds instead: it is asked as if nothing were stored.
    distrusts: bool,
    /// The response that comes is to be stored.
    recording: Option<Recording>,
    /// What is still to be read of a stored response.
    given: Bytes,
}

struct Recording {
    url: String,
    candidate: Candidate,
    body: Vec<u8>,
    room: Room,
}

impl Caching {
    /// `None` where it has nothing.
    #[inline]
    pub(super) fn of(services: &Services, options: &RequestOptions) -> Option<Box<Self>> {
        let (cache, mode) = (services.cache.clone()?, options.cache);
        if mode == CacheMode::Off {
            return None;
        }
        let (asked, validates, recording) = (None, None, None);
        Some(Box::new(Self { cache, mode, asked, validates, distrusts: false, recording, given: Bytes::new() }))
    }

    /// Would a stored response be taken instead of one of this status?
    pub(super) fn is_better_than(&self, head: &ResponseHead) -> bool {
        self.mode == CacheMode::IfNetworkFails && self.validates.is_some() && is_failure(head.status())
    }
}

impl Journey {
    /// Does what is stored answer the exchange that is about to begin? Then its head is held back now.
    #[cold]
    pub(super) fn look_in_cache(&mut self) -> Pin<Box<dyn Future<Output = Result<bool>> + '_>> {
        Box::pin(async move {
            let has_no_body = matches!(self.payload.0.length(), Some(BodyLength::None | BodyLength::Length(0)));
            let takes_part = has_no_body && takes_part(self.method(), &self.headers, self.default_fields());
            let Some(caching) = &mut self.caching else { return Ok(false) };
            if caching.validates.take().is_some() {
                // Composed with validators of what may be gone by now.
                self.settled = None;
            }
            (caching.asked, caching.recording) = (None, None);
            caching.given.clear();
            let mode = caching.mode;
            if !takes_part {
                return if mode == CacheMode::Offline { Err(self.has_nothing()) } else { Ok(false) };
            }
            if self.settled.is_none() {
                self.settled = self.settle_first()?;
            }
            let by_wire = if self.target().origin().is_secure() { self.options.tls.shows() } else { Shows::Nobody };
            // No field tells who is known by the wire: what is answered there is for nobody else.
            let is_bound = self.options.dial.bound.as_ref().is_some_and(|bound| bound.target == AuthTarget::Server);
            if is_bound || by_wire == Shows::WhoIsChosen {
                return if mode == CacheMode::Offline { Err(self.has_nothing()) } else { Ok(false) };
            }
            let Some(caching) = &self.caching else { return Ok(false) };
            let (head, salt) = (self.head(BodyLength::None), caching.cache.salt());
            let mut asked = Asked::new(&self.outgoing, head.defaults, salt)
                .with_codings(head.codings())
                .without(&self.options.redirects.sensitive, salt);
            if let Shows::Certificate(certificate) = by_wire {
                asked = asked.shown_by(certificate, salt);
            }
            let url = self.target().url();
            let Some(caching) = &mut self.caching else { return Ok(false) };
            if !mode.reads() || caching.distrusts {
                caching.asked = Some(asked);
                return Ok(false);
            }
            let found = caching.cache.clone().look_up(&url, &asked).await;
            match answer(mode, found, &asked, clock::time_of_day()) {
                Answer::Take { stored, age, stale } => {
                    let head = self.give(&stored, age, stale);
                    self.follow_up = Some(Box::new(Following::Judging(head)));
                    return Ok(true);
                }
                Answer::Fail => return Err(self.has_nothing()),
                Answer::Fetch => self.emit(Mask::CACHE, || Status::CacheMiss),
                Answer::Validate { stored, age } => {
                    if let Some(caching) = &mut self.caching {
                        caching.validates = Some((stored, age));
                    }
                    // Composed anew, with the validators.
                    self.settled = self.settle_first()?;
                }
            }
            if let Some(caching) = &mut self.caching {
                caching.asked = Some(asked);
            }
            Ok(false)
        })
    }

    /// What the cache has the request say in addition.
    #[cold]
    pub(super) fn asks_by_validators(&self, fields: &mut HeaderMap) {
        if let Some(caching) = &self.caching
            && takes_part(self.method(), &self.headers, self.default_fields())
        {
            adds(caching.mode, fields, caching.validates.as_ref().map(|(stored, _)| &**stored));
        }
    }

    /// A stored response takes the place of one that comes.
    fn give(&mut self, stored: &Stored, age: Duration, stale: bool) -> Arc<ResponseHead> {
        let head = Arc::new(ResponseHead::of_stored(stored.status, stored.fields_at(age)));
        let url = self.target().url();
        if let Some(caching) = &mut self.caching {
            caching.cache.used(&url, stored);
            caching.given = stored.body.clone();
        }
        self.settled = None;
        self.emit(Mask::CACHE, || Status::CacheHit { age, stale });
        head
    }

    /// A final head has come off the wire: what it means for what is stored.
    #[cold]
    pub(super) fn tells_cache(&mut self, head: &ResponseHead) {
        let (status, now) = (head.status(), clock::time_of_day());
        let outdated = invalidated(self.method(), self.target(), status, head.headers());
        let (url, may_be_stored) = (self.target().url(), self.may_be_stored());
        let Some(caching) = &mut self.caching else { return };
        outdated.iter().for_each(|url| caching.cache.remove(url));
        // What is recorded is what came off the wire, and this coding is of the wire only.
        let may_be_stored = may_be_stored && !head.is_gzipped_on_the_way();
        let Some(asked) = caching.asked.as_ref().filter(|_| may_be_stored) else { return };
        let longest = caching.cache.longest_body();
        let candidate = Candidate::new(asked, status, head.headers(), now);
        let candidate =
            candidate.filter(|candidate| candidate.announced().is_none_or(|octets| octets <= longest as u64));
        let room = caching.cache.room();
        caching.recording = candidate.map(|candidate| Recording { url, candidate, body: Vec::new(), room });
        // What came from another shard has brought some of its body along, or all.
        let came = self.ahead.clone();
        self.record(&came);
        if self.active.is_none() && self.away.is_none() {
            self.store_recorded();
        }
    }

    /// May what comes be stored? What was said over a wire with a check given up may be anybody's, and is not given to those who check.
    fn may_be_stored(&self) -> bool {
        let is_checked = !self.target().origin().is_secure() || self.options.tls.checks_all();
        is_checked && self.caching.as_ref().is_some_and(|caching| caching.mode.writes())
    }

    /// The stored response that is delivered in place of this one; `None`: it is delivered itself, or followed.
    #[cold]
    pub(super) fn stored_instead_of(&mut self, head: &ResponseHead) -> Instead {
        let is_better = self.caching.as_ref().is_some_and(|caching| caching.is_better_than(head));
        let (url, may_be_stored) = (self.target().url(), self.may_be_stored());
        let Some(caching) = &mut self.caching else { return Instead::Nothing };
        let Some((stored, age)) = caching.validates.take() else { return Instead::Nothing };
        if is_better {
            return Instead::Stored(self.give(&stored, age, true));
        }
        if head.status() != http::StatusCode::NOT_MODIFIED {
            return Instead::Nothing;
        }
        let now = clock::time_of_day();
        let Some(refreshed) = stored.refreshed(head.headers(), now) else {
            caching.distrusts = true;
            return Instead::AskAgain;
        };
        // What it varies by may have changed, and this exchange is what it was chosen for.
        let refreshed = Arc::new(match &caching.asked {
            Some(asked) => refreshed.asked_by(asked),
            None => refreshed,
        });
        if may_be_stored {
            caching.cache.store(&url, Stored::clone(&refreshed));
        }
        caching.given = refreshed.body.clone();
        let head = Arc::new(ResponseHead::of_stored(refreshed.status, refreshed.fields_at(Duration::ZERO)));
        self.emit(Mask::CACHE, || Status::CacheRevalidated);
        Instead::Stored(head)
    }

    /// The server could not be reached, or did not answer: what is stored may be taken, if its caller would rather have that.
    #[cold]
    pub(super) fn stored_instead_of_error(&mut self, error: Error) -> Result<()> {
        let would_rather = error.is_retryable()
            && self.caching.as_ref().is_some_and(|caching| caching.mode == CacheMode::IfNetworkFails);
        let stored = self.caching.as_mut().filter(|_| would_rather).and_then(|caching| caching.validates.take());
        let Some((stored, age)) = stored else { return Err(error) };
        let head = self.give(&stored, age, true);
        self.follow_up = Some(Box::new(Following::Judging(head)));
        Ok(())
    }

    /// What was received, or what is stored in its place.
    pub(super) async fn or_stored(&mut self, received: Result<Arc<ResponseHead>>) -> Result<Arc<ResponseHead>> {
        let Err(error) = received else { return received };
        self.stored_instead_of_error(error)?;
        Box::pin(self.receive(false)).await
    }

    /// A piece of the body, as it came.
    pub(super) fn record(&mut self, piece: &[u8]) {
        if let Some(caching) = &mut self.caching {
            caching.record(piece);
        }
    }

    /// All of the body has come.
    pub(super) fn store_recorded(&mut self) {
        let Some(caching) = &mut self.caching else { return };
        let Some(Recording { url, candidate, body, .. }) = caching.recording.take() else { return };
        // Without what it had room for: it may stay for long.
        let Some(stored) = candidate.with_body(body.into_boxed_slice().into()) else { return };
        let octets = stored.body.len() as u64;
        caching.cache.store(&url, stored);
        self.emit(Mask::CACHE, || Status::CacheStored { octets });
    }

    /// The rest of the body is not read.
    pub(super) fn record_no_more(&mut self) {
        if let Some(caching) = &mut self.caching {
            caching.recording = None;
            caching.given.clear();
        }
    }

    /// The next piece of a stored body; `None` is its end.
    pub(super) fn take_given(&mut self, most: usize) -> Option<Bytes> {
        let caching = self.caching.as_mut()?;
        let length = caching.given.len().min(most);
        let piece = (length > 0).then(|| caching.given.split_to(length))?;
        self.sizes.response_body += piece.len() as u64;
        Some(piece)
    }

    /// How much of a stored body is left.
    pub(super) fn given_left(&self) -> usize {
        self.caching.as_ref().map_or(0, |caching| caching.given.len())
    }

    fn has_nothing(&self) -> Error {
        let detail = "the cache has nothing that answers the request, and nothing else may be asked";
        self.name(Error::new(ErrorCode::ItemNotFound, Operation::Send, Stage::State, Blame::Caller, detail))
    }
}

impl Caching {
    pub(super) fn record(&mut self, piece: &[u8]) {
        let longest = self.cache.longest_body();
        if let Some(recording) = &mut self.recording {
            if recording.body.len() + piece.len() > longest || !recording.room.takes(piece.len()) {
                self.recording = None;
            } else {
                recording.body.extend_from_slice(piece);
            }
        }
    }
}

/// What takes the place of a response that has come.
pub(super) enum Instead {
    Nothing,
    Stored(Arc<ResponseHead>),
    /// The answer to the same request, without conditions.
    AskAgain,
}
