//! A wire as it is seen by those who do not have it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::Version;

use super::{Http2, Wire};
use crate::id::WireId;
use crate::network::SecurityInfo;
use crate::reason::WireHealth;
use crate::snapshot::{SecureSnapshot, WireSnapshot};

/// A wire as it is seen by those who do not have it.
pub(crate) struct Sight {
    id: WireId,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    opened: Instant,
    security: Option<Arc<SecurityInfo>>,
    speaks: Speaks,
}

enum Speaks {
    /// How many exchanges have begun on it; all else is known by who has it.
    Http1(Rc<Cell<u64>>),
    Http2(Http2),
}

impl Wire {
    pub(crate) fn sight(&self) -> Sight {
        Sight {
            id: self.id(),
            remote: self.remote(),
            local: self.local(),
            opened: self.times().end(),
            security: self.security().cloned(),
            speaks: match self {
                Self::Http1(wire) => Speaks::Http1(wire.count()),
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
        self.opened
    }

    pub(crate) fn requests_begun(&self) -> u64 {
        match &self.speaks {
            Speaks::Http1(count) => count.get(),
            Speaks::Http2(wire) => wire.exchanges(),
        }
    }

    /// As it is now. Whether one that carries one exchange at a time rests, its pool knows.
    pub(crate) fn show(&self, rests: bool, now: Instant) -> WireSnapshot {
        let begun = self.requests_begun();
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
            age: now.saturating_duration_since(self.opened),
            remote: self.remote,
            local: self.local,
            secure: self.security.as_deref().map(|security| SecureSnapshot {
                protocol: security.protocol,
                cipher_suite: security.cipher_suite,
                application_protocol: security.application_protocol.clone(),
                resumed: security.resumed,
            }),
            requests_begun: begun,
            open_streams,
            stream_limit,
            http2,
        }
    }
}
