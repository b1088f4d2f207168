//! A wire as it is seen by those who do not have it.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::Version;

use super::moved::Moved;
use super::{Http2, Wire};
use crate::id::WireId;
use crate::network::SecurityInfo;
use crate::reason::WireHealth;
use crate::snapshot::{SecureSnapshot, WireSnapshot};
use crate::transport::DialTimes;

/// A wire as it is seen by those who do not have it.
pub(crate) struct Sight {
    id: WireId,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    times: DialTimes,
    security: Option<Arc<SecurityInfo>>,
    speaks: Speaks,
}

enum Speaks {
    /// All else is known by who has it.
    Http1(Rc<Moved>),
    Http2(Http2),
}

impl Wire {
    pub(crate) fn sight(&self) -> Sight {
        Sight {
            id: self.id(),
            remote: self.remote(),
            local: self.local(),
            times: self.times(),
            security: self.security().cloned(),
            speaks: match self {
                Self::Http1(wire) => Speaks::Http1(wire.moved()),
                Self::Http2(wire) => Speaks::Http2(wire.clone()),
            },
        }
    }
}

impl Sight {
    pub(crate) fn id(&self) -> WireId {
        self.id
    }

    /// When it was ready.
    pub(crate) fn opened(&self) -> Instant {
        self.times.end()
    }

    pub(crate) fn requests_begun(&self) -> u64 {
        match &self.speaks {
            Speaks::Http1(moved) => moved.begun.get(),
            Speaks::Http2(wire) => wire.exchanges(),
        }
    }

    /// Octets sent, and received.
    pub(crate) fn octets(&self) -> (u64, u64) {
        match &self.speaks {
            Speaks::Http1(moved) => (moved.sent.get(), moved.received.get()),
            Speaks::Http2(wire) => wire.octets(),
        }
    }

    /// As it is now. Whether one that carries one exchange at a time rests, its pool knows.
    pub(crate) fn show(&self, rests: bool, now: Instant) -> WireSnapshot {
        let begun = self.requests_begun();
        let (octets_sent, octets_received) = self.octets();
        let times = self.times;
        let between = |start: Instant, end: Instant| end.saturating_duration_since(start);
        let (protocol, health, open_streams, stream_limit, http2) = match &self.speaks {
            Speaks::Http1(_) => {
                let health = match rests {
                    false => WireHealth::Active,
                    true if begun == 0 => WireHealth::Fresh,
                    true => WireHealth::Idle,
                };
                (Version::HTTP_11, health, usize::from(!rests), 1, None)
            }
            Speaks::Http2(wire) => {
                (Version::HTTP_2, wire.health(), wire.open_streams(), wire.stream_limit(), Some(wire.show()))
            }
        };
        WireSnapshot {
            id: self.id,
            protocol,
            health,
            age: between(self.opened(), now),
            remote: self.remote,
            local: self.local,
            secure: self.security.as_deref().map(|security| SecureSnapshot {
                protocol: security.protocol,
                cipher_suite: security.cipher_suite,
                application_protocol: security.application_protocol.clone(),
                resumed: security.resumed,
            }),
            resolving: between(times.resolve_start, times.resolve_end),
            connecting: between(times.connect_start, times.connect_end),
            securing: times.tls.map(|(start, end)| between(start, end)),
            requests_begun: begun,
            octets_sent,
            octets_received,
            open_streams,
            stream_limit,
            http2,
        }
    }
}
