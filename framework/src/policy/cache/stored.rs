//! A response that is stored, and one that may be.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, EXPIRES, HeaderValue,
    LAST_MODIFIED, PRAGMA, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VARY,
};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy};

use super::asked::Asked;

/// A response that is stored: whole, and as it came, coded if it was.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) status: StatusCode,
    /// As they came, without those of the hop.
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) received: SystemTime,
    /// What of the request it depends on.
    pub(crate) asked: Asked,
}

/// A response whose head has come, and that is stored when its body has.
#[derive(Debug)]
pub(crate) struct Candidate(Stored);

impl Candidate {
    /// `None`: it must not be stored, or to store it is of no use.
    pub(crate) fn new(asked: &Asked, status: StatusCode, fields: &HeaderMap, now: SystemTime) -> Option<Self> {
        let varies_by_all = fields.get_all(VARY).iter().any(|value| value.as_bytes().contains(&b'*'));
        if varies_by_all || status == StatusCode::PARTIAL_CONTENT || status == StatusCode::NOT_MODIFIED {
            return None;
        }
        let (asked, body) = (asked.of_use(fields), Bytes::new());
        let stored = Stored { status, fields: end_to_end(fields), body, received: now, asked };
        let policy = stored.policy();
        let is_of_use = !policy.is_stale(now) || stored.validators() != (None, None);
        (policy.is_storable() && is_of_use).then_some(Self(stored))
    }

    /// How long the body is to be, if that was announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.0.fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// All of the body has come. `None`: it is not what was announced.
    pub(crate) fn with_body(self, body: Bytes) -> Option<Stored> {
        if self.announced().is_some_and(|announced| announced != body.len() as u64) {
            return None;
        }
        let Self(mut stored) = self;
        stored.body = body;
        Some(stored)
    }
}

impl Stored {
    pub(super) fn policy(&self) -> CachePolicy {
        let mut response = Response::new(());
        *response.status_mut() = self.status;
        *response.headers_mut() = computed_with(&self.fields);
        let options = CacheOptions { shared: false, ..CacheOptions::default() };
        CachePolicy::new_options(&self.asked, &response, self.received, options)
    }

    /// May it answer this at all: was it stored for the same caller, with the same of what it varies by?
    pub(super) fn matches(&self, asked: &Asked) -> bool {
        self.asked.who() == asked.who()
            && varies_by(&self.fields).iter().all(|name| self.asked.values(name).eq(asked.values(name)))
    }

    /// The fields that it is given with when it is so old.
    pub(crate) fn fields_at(&self, age: Duration) -> HeaderMap {
        let mut fields = self.fields.clone();
        fields.insert(AGE, age.as_secs().into());
        // One that came in chunks has a length now. That of a body that is none is what the server said.
        if !self.body.is_empty() {
            fields.insert(CONTENT_LENGTH, self.body.len().into());
        }
        fields
    }

    /// What the server is asked with whether it still holds.
    pub(crate) fn validators(&self) -> (Option<&HeaderValue>, Option<&HeaderValue>) {
        (self.fields.get(ETAG), self.fields.get(LAST_MODIFIED))
    }

    /// The server says that it still holds (304): what it says beside that takes the place of what was said (RFC 9111 section 3.2).
    /// `None`: it speaks of something else.
    pub(crate) fn refreshed(&self, said: &HeaderMap, now: SystemTime) -> Option<Self> {
        let same = |name: &HeaderName| match (self.fields.get(name), said.get(name)) {
            (Some(known), Some(said)) => strong(known) == strong(said),
            _ => true,
        };
        if !same(&ETAG) || (!said.contains_key(ETAG) && !same(&LAST_MODIFIED)) {
            return None;
        }
        let mut fields = self.fields.clone();
        // It is as old as this answer.
        fields.remove(AGE);
        let said = end_to_end(said);
        for name in said.keys().filter(|name| !OF_THE_BODY.contains(name)) {
            fields.remove(name);
            for value in said.get_all(name) {
                fields.append(name, value.clone());
            }
        }
        Some(Self { fields, received: now, ..self.clone() })
    }

    /// The same, chosen for this request.
    pub(crate) fn asked_by(self, asked: &Asked) -> Self {
        Self { asked: asked.of_use(&self.fields), ..self }
    }

    /// Octets it takes.
    pub(crate) fn size(&self) -> usize {
        let all = self.fields.iter().chain(self.asked.fields());
        let fields: usize = all.map(|(name, value)| name.as_str().len() + value.len() + FIELD).sum();
        self.body.len() + fields + ENTRY
    }

    /// What it varies by, with the values: what is equal in that, for the same caller, takes its place.
    pub(crate) fn variant(&self) -> String {
        let mut variant = String::new();
        let names = varies_by(&self.fields);
        for name in std::iter::once(&http::header::AUTHORIZATION).chain(&names) {
            variant.push_str(name.as_str());
            for value in self.asked.values(name) {
                variant.push(':');
                variant.extend(value.as_bytes().iter().map(|octet| char::from(*octet)));
            }
            variant.push('\n');
        }
        variant
    }
}

/// What it varies by, in order.
fn varies_by(fields: &HeaderMap) -> Vec<HeaderName> {
    let values = fields.get_all(VARY).iter().filter_map(|value| value.to_str().ok());
    let mut names: Vec<HeaderName> =
        values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    names.dedup();
    names
}

/// An entity tag without the mark of a weak one (RFC 9110 section 8.8.3.2).
fn strong(tag: &HeaderValue) -> &[u8] {
    let tag = tag.as_bytes();
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Without what is between us and whoever sent it (RFC 9111 section 3.1).
fn end_to_end(fields: &HeaderMap) -> HeaderMap {
    let listed = fields.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed: Vec<&str> = listed.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut kept = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let is_of_the_hop = OF_THE_HOP.contains(name)
            || name.as_str() == "keep-alive"
            || listed.iter().any(|listed| name.as_str().eq_ignore_ascii_case(listed));
        if !is_of_the_hop {
            kept.append(name, copy(value));
        }
    }
    kept
}

/// By itself: it may be a slice of all that came with it, and stay for long.
fn copy(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
}

/// What ages are computed with; and no number that a sum of times would not survive.
fn computed_with(fields: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in [CACHE_CONTROL, PRAGMA, EXPIRES, DATE, ETAG, LAST_MODIFIED, VARY] {
        for value in fields.get_all(&name) {
            kept.append(&name, value.clone());
        }
    }
    if let Some(age) = fields.get(AGE) {
        // RFC 9111 section 1.2.2: what is larger than can be told counts as 2^31.
        let age = age.to_str().ok().and_then(|age| age.trim().parse::<u64>().ok()).unwrap_or(LONGEST_AGE);
        kept.insert(AGE, age.min(LONGEST_AGE).into());
    }
    kept
}

const OF_THE_HOP: [HeaderName; 6] = [CONNECTION, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
/// What says how the body is written, and so cannot change without it.
const OF_THE_BODY: [HeaderName; 3] = [CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_RANGE];
const LONGEST_AGE: u64 = 1 << 31;
/// What a field takes beside its octets, and an entry beside its fields; about.
const FIELD: usize = 64;
const ENTRY: usize = 512;
