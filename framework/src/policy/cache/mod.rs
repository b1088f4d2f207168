//! Which responses are stored, and which requests they answer (RFC 9111, of a private cache).
//!
//! ```text
//!   request --> takes part? --no--> the network alone
//!                  | yes
//!                  v
//!            what is stored --fresh--> it answers
//!                  | stale                 ^
//!                  v                       | 304: its fields are brought up to date
//!            asked with its validators ----+
//!                  | anything else
//!                  v
//!            may be stored? --yes--> in place of what it varies from
//! ```
//!
//! The computing of ages and lifetimes is that of `http-cache-semantics`. It sees nothing but the fields it computes with, cleaned of what it would
//! not survive, and no credential: those it only has to compare are told by their digests.

mod asked;
mod lru;
mod stored;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{
    CACHE_CONTROL, CONTENT_LOCATION, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LOCATION, RANGE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_cache_semantics::BeforeRequest;

use crate::options::CacheMode;
use crate::target::Target;

pub(crate) use asked::{Asked, Salt};
pub(crate) use lru::{Key, Lru};
pub(crate) use stored::{Candidate, Stored};

/// What is to be done for a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This answers it. It is so old, and maybe older than its server allows.
    Take { stored: Arc<Stored>, age: Duration, stale: bool },
    /// This may, if its server says that it still holds; or if the server says nothing.
    Validate { stored: Arc<Stored>, age: Duration },
    /// Nothing that is stored can.
    Fetch,
    /// Nothing that is stored can, and nothing may be asked.
    Fail,
}

/// Does the cache have a part in such a request? One that asks for a range, or has conditions of its own, is its caller's affair; be it
/// by its own fields, or by those that all requests have.
pub(crate) fn takes_part(method: &Method, own: &HeaderMap, defaults: &HeaderMap) -> bool {
    const OWN: [HeaderName; 6] = [RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
    *method == Method::GET && !OWN.iter().any(|name| own.contains_key(name) || defaults.contains_key(name))
}

/// Which of the stored responses for its URL may answer the request: of several the most recent (RFC 9111 section 4.1).
pub(crate) fn chosen<T: Borrow<Stored>>(stored: impl IntoIterator<Item = T>, asked: &Asked) -> Option<T> {
    let matching = stored.into_iter().filter(|one| one.borrow().matches(asked));
    matching.max_by_key(|one| one.borrow().received)
}

/// What of the stored responses for its URL answers the request.
pub(crate) fn answer(
    mode: CacheMode,
    stored: impl IntoIterator<Item = Arc<Stored>>,
    asked: &Asked,
    now: SystemTime,
) -> Answer {
    let nothing = if mode == CacheMode::Offline { Answer::Fail } else { Answer::Fetch };
    let Some(stored) = chosen(stored, asked) else { return nothing };
    let (policy, is_to_come) = (stored.policy(), is_to_come(stored.received, now));
    let (age, stale) = (policy.age(now), is_to_come || policy.is_stale(now));
    match policy.before_request(asked, now) {
        BeforeRequest::Fresh(_) if !is_to_come => Answer::Take { stored, age, stale },
        _ if mode == CacheMode::Offline => Answer::Take { stored, age, stale },
        _ => Answer::Validate { stored, age },
    }
}

/// Was it received at a time that is yet to come? Then the clock has been set back, and how old it is nobody knows: to hold it for
/// new until that time comes could be for days. One that is set right by little changes nothing.
fn is_to_come(received: SystemTime, now: SystemTime) -> bool {
    received.duration_since(now).is_ok_and(|ahead| ahead > SET_RIGHT)
}

/// Does this answer of the server say nothing about the resource, so that what is stored may be taken instead?
pub(crate) fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

/// The URLs of which nothing that is stored holds any more, after this response to a request of this method (RFC 9111 section 4.4).
pub(crate) fn invalidated(method: &Method, target: &Target, status: StatusCode, fields: &HeaderMap) -> Vec<String> {
    if method.is_safe() || !(status.is_success() || status.is_redirection()) {
        return Vec::new();
    }
    let named = [LOCATION, CONTENT_LOCATION].into_iter().filter_map(|name| {
        let value = fields.get(name)?.to_str().ok()?;
        let base = url::Url::parse(target.as_str()).ok()?;
        let named = Target::from_url(&base.join(value).ok()?).ok()?;
        // Of another origin nobody may say what holds.
        (named.origin() == target.origin()).then(|| named.url())
    });
    std::iter::once(target.url()).chain(named).collect()
}

/// What the request says in addition.
pub(crate) fn adds(mode: CacheMode, fields: &mut HeaderMap, validates: Option<&Stored>) {
    if mode == CacheMode::Reload && !fields.contains_key(CACHE_CONTROL) {
        fields.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
    }
    if let Some(stored) = validates {
        let (etag, last_modified) = stored.validators();
        if let Some(etag) = etag {
            fields.insert(IF_NONE_MATCH, etag.clone());
        }
        if let Some(last_modified) = last_modified {
            fields.insert(IF_MODIFIED_SINCE, last_modified.clone());
        }
    }
}

/// By how much a clock is set back that was only set right.
const SET_RIGHT: Duration = Duration::from_secs(60);
