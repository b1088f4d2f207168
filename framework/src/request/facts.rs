//! What is known of an exchange beside its octets.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::journey::Journey;
use super::messages::{Arrived, Reached};
use super::timings::{Sizes, Times, Timings};
use crate::clock;
use crate::notification::NotificationMask as Mask;
use crate::protocol::http1::ResponseHead;
use crate::wire::WireFacts;

/// What is known of an exchange beside its octets.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Of the wire that carried it.
    pub(super) wire: Option<Arc<WireFacts>>,
    times: Times,
    /// How long decoding took, as far as it is read as something else than came.
    decoding: Option<Duration>,
    pub(super) sizes: Sizes,
    trailers: Option<Box<HeaderMap>>,
}

impl Facts {
    /// Of an exchange of which nothing is known.
    pub(super) fn none() -> Self {
        Self { wire: None, times: Times::new(clock::now()), decoding: None, sizes: Sizes::default(), trailers: None }
    }

    pub(super) fn timings(&self) -> Timings {
        self.times.shown(self.wire.as_deref(), self.decoding)
    }

    /// The wire, if no other request had it before.
    pub(super) fn wire_if_first(&self) -> Option<&WireFacts> {
        self.wire.as_deref().filter(|_| self.times.is_first_on_wire)
    }

    pub(super) fn trailers(&self) -> HeaderMap {
        self.trailers.as_deref().cloned().unwrap_or_default()
    }
}

impl Journey {
    /// As far as it has come.
    #[inline]
    pub(super) fn facts(&mut self) -> Facts {
        if let Some(active) = &self.active {
            self.sizes.count_beside(&active.exchange);
        }
        if self.decoding.is_none() {
            self.sizes.decoded_body = self.sizes.response_body;
        }
        Facts {
            // Of a flight that is complete nothing is left.
            wire: if self.flies && self.end_told { self.wire.take() } else { self.wire.clone() },
            times: self.times,
            decoding: self.decoding.as_ref().map(|decoder| decoder.took),
            sizes: self.sizes,
            trailers: self.trailers.clone(),
        }
    }

    /// A head that is about to be delivered. Of a flight that nobody listens to it is seen when that has landed, as it does before it
    /// waits again.
    pub(super) fn shows_head(&mut self, head: Arc<ResponseHead>) {
        if self.flies && !self.shared.node.wants(Mask::EVERYTHING) {
            self.unshown = Some(head);
        } else {
            self.shared.set_head(head);
        }
    }

    /// Whoever has come to listen since then is told of it next, and may look for it.
    pub(super) fn shows_to_listeners(&mut self) {
        if self.shared.node.wants(Mask::EVERYTHING)
            && let Some(head) = self.unshown.take()
        {
            self.shared.set_head(head);
        }
    }

    /// The head received last, shown or not.
    pub(super) fn last_head(&self) -> Option<Arc<ResponseHead>> {
        self.unshown.clone().or_else(|| self.shared.head())
    }

    /// What the paved path has come to, with what a response tells of its wire. One that is complete is over.
    pub(super) fn reached(&mut self, arrived: Arrived) -> Reached {
        Reached {
            wire: if arrived.complete { None } else { self.wire.clone() },
            is_first_on_wire: self.times.is_first_on_wire,
            is_decoded: self.decoding.is_some(),
            most_gathered: self.options.limits.gathered_body,
            arrived,
        }
    }
}
