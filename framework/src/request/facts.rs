//! What is known of an exchange beside its octets.

use std::net::SocketAddr;
use std::sync::Arc;

use super::journey::Journey;
use super::messages::Facts;
use super::timings::Timings;
use crate::id::WireId;
use crate::network::{DialDetails, Proxy, SecurityInfo};
use crate::origin::Lease;

/// Of the wire that carried it.
#[derive(Clone)]
pub(super) struct WireFacts {
    pub(super) id: WireId,
    pub(super) remote: Option<SocketAddr>,
    pub(super) local: Option<SocketAddr>,
    pub(super) security: Option<Arc<SecurityInfo>>,
    pub(super) proxy: Option<Proxy>,
    pub(super) details: Arc<DialDetails>,
}

impl WireFacts {
    #[inline]
    pub(super) fn of(lease: &Lease) -> Self {
        Self {
            id: lease.id(),
            remote: lease.remote(),
            local: lease.local(),
            security: lease.security().cloned(),
            proxy: lease.by().map(|by| by.proxy.clone()),
            details: Arc::clone(lease.details()),
        }
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
        let wire = self.wire.as_ref();
        Arc::new(Facts {
            wire: wire.map(|wire| wire.id),
            remote: wire.and_then(|wire| wire.remote),
            local: wire.and_then(|wire| wire.local),
            security: wire.and_then(|wire| wire.security.clone()),
            proxy: wire.and_then(|wire| wire.proxy.clone()),
            details: wire.map(|wire| Arc::clone(&wire.details)),
            timings: Timings { decoding: self.decoding.as_ref().map(|decoder| decoder.took), ..self.times },
            sizes: self.sizes,
            is_decoded: self.decoding.is_some(),
            trailers: self.trailers.as_deref().cloned().unwrap_or_default(),
        })
    }
}
