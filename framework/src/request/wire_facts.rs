//! What is told of the wire that carried an exchange, when that is gone.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::id::WireId;
use crate::network::{Proxy, SecurityInfo};
use crate::origin::Lease;

/// What is told of a wire.
#[derive(Clone)]
pub(super) struct WireFacts {
    pub(super) id: WireId,
    pub(super) remote: Option<SocketAddr>,
    pub(super) local: Option<SocketAddr>,
    pub(super) security: Option<Arc<SecurityInfo>>,
    pub(super) proxy: Option<Proxy>,
}

impl WireFacts {
    pub(super) fn of(lease: &Lease) -> Self {
        Self {
            id: lease.id(),
            remote: lease.remote(),
            local: lease.local(),
            security: lease.security().cloned(),
            proxy: lease.by().map(|by| by.proxy.clone()),
        }
    }
}
