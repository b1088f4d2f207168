//! What the present exchange of a request asks for, and of whom: at first as its caller said, after a follow-up what that made of it.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::journey::Journey;
use super::shared::Shared;
use crate::options::Governor;
use crate::target::{Origin, Target};

/// Where an exchange goes, and as what. A request that was never sent elsewhere takes no room for it.
#[derive(Clone, Default)]
pub(super) struct Aim(Option<Box<Moved>>);

/// Where a follow-up has led.
#[derive(Clone)]
pub(super) struct Moved {
    pub(super) method: Method,
    pub(super) target: Target,
    /// How often it was sent elsewhere.
    pub(super) hops: u32,
    pub(super) credentials: Credentials,
    /// The session's fields, less what was dropped; `None` while all of them go along.
    pub(super) defaults: Option<Arc<HeaderMap>>,
    /// The proxy on the way to the origin that the chain has left: what the caller gave for its proxy is for no other.
    pub(super) proxy_of_home: Option<Origin>,
    /// What the caller's deciders have made of its fields: what is sent anew by the caller is edited so again.
    pub(super) edits: Edits,
    /// What the caller's decider has said about its turn there.
    pub(super) governor: Option<Governor>,
}

/// Fields that were changed on the way, each with its values now; one without any was taken out.
#[derive(Clone, Default)]
pub(super) struct Edits(Vec<(HeaderName, Vec<HeaderValue>)>);

impl Edits {
    /// Those of before, and what has become of the proposed fields since, by the fields as they are now.
    pub(super) fn and(&self, proposed: &HeaderMap, now: &HeaderMap) -> Self {
        let values = |fields: &HeaderMap, name: &HeaderName| fields.get_all(name).iter().cloned().collect::<Vec<_>>();
        let mut names: Vec<HeaderName> = self.0.iter().map(|(name, _)| name.clone()).collect();
        for name in proposed.keys().chain(now.keys()) {
            if !names.contains(name) && values(proposed, name) != values(now, name) {
                names.push(name.clone());
            }
        }
        Self(names.into_iter().map(|name| (name.clone(), values(now, &name))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn apply(&self, fields: &mut HeaderMap) {
        for (name, values) in &self.0 {
            fields.remove(name);
            for value in values {
                fields.append(name, value.clone());
            }
        }
    }
}

/// What has become of what the caller gave to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    Kept,
    /// The chain has left the origin they were for: they do not come back, wherever it goes.
    Dropped,
}

impl Aim {
    pub(super) fn at(moved: Moved) -> Self {
        Self(Some(Box::new(moved)))
    }

    pub(super) fn moved(&self) -> Option<&Moved> {
        self.0.as_deref()
    }

    /// How often the request was sent elsewhere.
    pub(super) fn hops(&self) -> u32 {
        self.moved().map_or(0, |moved| moved.hops)
    }

    /// What has become of the caller's credentials?
    pub(super) fn credentials(&self) -> Credentials {
        self.moved().map_or(Credentials::Kept, |moved| moved.credentials)
    }

    pub(super) fn method<'a>(&'a self, shared: &'a Shared) -> &'a Method {
        self.moved().map_or(&shared.method, |moved| &moved.method)
    }

    pub(super) fn target<'a>(&'a self, shared: &'a Shared) -> &'a Target {
        self.moved().map_or(&shared.target, |moved| &moved.target)
    }
}

impl Journey {
    /// The method of the present exchange.
    pub(super) fn method(&self) -> &Method {
        self.aim.method(&self.shared)
    }

    /// The target of the present exchange.
    pub(super) fn target(&self) -> &Target {
        self.aim.target(&self.shared)
    }
}
