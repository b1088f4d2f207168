//! What is known of an exchange beside its octets.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::journey::Journey;
use super::timings::{Sizes, Times, Timings};
use crate::wire::WireFacts;

/// What is known of an exchange beside its octets.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Of the wire that carried it.
    pub(super) wire: Option<Arc<WireFacts>>,
    times: Times,
    /// How long decoding took, as far as it is read as something else than came.
    decoding: Option<Duration>,
    pub(super) sizes: Sizes,
    trailers: Option<Box<HeaderMap>>,
}

impl Facts {
    pub(super) fn timings(&self) -> Timings {
        self.times.shown(self.wire.as_deref(), self.decoding)
    }

    /// The wire, if no other request had it before.
    pub(super) fn wire_if_first(&self) -> Option<&WireFacts> {
        self.wire.as_deref().filter(|_| self.times.is_first_on_wire)
    }

    /// Is the body read as something else than came?
    pub(super) fn is_decoded(&self) -> bool {
        self.decoding.is_some()
    }

    pub(super) fn trailers(&self) -> HeaderMap {
        self.trailers.as_deref().cloned().unwrap_or_default()
    }
}

impl Journey {
    /// As far as it has come.
    pub(super) fn facts(&mut self) -> Arc<Facts> {
        if let Some(active) = &self.active {
            self.sizes.count_beside(&active.exchange);
        }
        if self.decoding.is_none() {
            self.sizes.decoded_body = self.sizes.response_body;
        }
        Arc::new(Facts {
            wire: self.wire.clone(),
            times: self.times,
            decoding: self.decoding.as_ref().map(|decoder| decoder.took),
            sizes: self.sizes,
            trailers: self.trailers.clone(),
        })
    }
}
