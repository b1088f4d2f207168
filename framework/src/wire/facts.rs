//! What is known of a wire from the moment it is there, and stays true.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::id::WireId;
use crate::network::{DialDetails, Proxy, SecurityInfo};
use crate::transport::{DialTimes, Dialed};

/// What is known of a wire from the moment it is there. Who has had it keeps this.
#[derive(Debug)]
pub(crate) struct WireFacts {
    pub(crate) id: WireId,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) times: DialTimes,
    /// `None` without TLS.
    pub(crate) security: Option<Arc<SecurityInfo>>,
    /// The proxy it goes through, if it does.
    pub(crate) proxy: Option<Proxy>,
    pub(crate) details: Arc<DialDetails>,
}

impl WireFacts {
    pub(super) fn new(dialed: &Dialed) -> Arc<Self> {
        Arc::new(Self {
            id: WireId::next(),
            remote: dialed.stream.remote(),
            local: dialed.stream.local(),
            times: dialed.times,
            security: dialed.security.clone(),
            proxy: dialed.by.as_ref().map(|by| by.proxy.clone()),
            details: Arc::clone(&dialed.details),
        })
    }
}
