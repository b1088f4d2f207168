//! A wire as it is seen by those who do not have it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::Version;

use super::moved::Moved;
use super::{Http2, Wire, WireFacts};
use crate::id::WireId;
use crate::reason::WireHealth;
use crate::snapshot::{SecureSnapshot, WireSnapshot};

/// A wire as it is seen by those who do not have it.
pub(crate) enum Sight {
    Http1(Alone),
    Http2(Http2),
}

/// What is seen of a wire that carries one exchange at a time: all else is known by who has it.
pub(crate) struct Alone {
    facts: Arc<WireFacts>,
    moved: Rc<Moved>,
}

impl Wire {
    pub(crate) fn sight(&self) -> Sight {
        match self {
            Self::Http1(wire) => Sight::Http1(Alone { facts: Arc::clone(wire.facts()), moved: wire.moved() }),
            Self::Http2(wire) => Sight::Http2(wire.clone()),
        }
    }
}

impl Sight {
    pub(crate) fn id(&self) -> WireId {
        self.facts().id
    }

    fn facts(&self) -> &WireFacts {
        match self {
            Self::Http1(wire) => &wire.facts,
            Self::Http2(wire) => wire.facts(),
        }
    }

    /// When its dial began.
    pub(crate) fn begun(&self) -> Instant {
        self.facts().times.resolve_start
    }

    /// When it was ready.
    pub(crate) fn opened(&self) -> Instant {
        self.facts().times.end()
    }

    pub(crate) fn requests_begun(&self) -> u64 {
        match self {
            Self::Http1(wire) => wire.moved.begun.get(),
            Self::Http2(wire) => wire.exchanges(),
        }
    }

    /// It serves no other exchange than those that it carries.
    pub(crate) fn expire(&self) {
        match self {
            Self::Http1(wire) => wire.moved.is_expired.set(true),
            Self::Http2(wire) => wire.expire(),
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        match self {
            Self::Http1(wire) => wire.moved.is_expired.get(),
            Self::Http2(wire) => wire.is_expired(),
        }
    }

    /// Octets sent, and received.
    pub(crate) fn octets(&self) -> (u64, u64) {
        match self {
            Self::Http1(wire) => (wire.moved.sent.get(), wire.moved.received.get()),
            Self::Http2(wire) => wire.octets(),
        }
    }

    /// As it is now. Whether one that carries one exchange at a time rests, its pool knows.
    pub(crate) fn show(&self, rests: bool, now: Instant) -> WireSnapshot {
        let begun = self.requests_begun();
        let (octets_sent, octets_received) = self.octets();
        let WireFacts { id, remote, local, times, security, .. } = self.facts();
        let between = |start: Instant, end: Instant| end.saturating_duration_since(start);
        let (protocol, health, open_streams, stream_limit, http2) = match self {
            Self::Http1(_) => {
                let health = match rests {
                    false => WireHealth::Active,
                    true if begun == 0 => WireHealth::Fresh,
                    true => WireHealth::Idle,
                };
                (Version::HTTP_11, health, usize::from(!rests), 1, None)
            }
            Self::Http2(wire) => {
                (Version::HTTP_2, wire.health(), wire.open_streams(), wire.stream_limit(), Some(wire.show()))
            }
        };
        WireSnapshot {
            id: *id,
            protocol,
            health,
            age: between(self.opened(), now),
            remote: *remote,
            local: *local,
            secure: security.as_ref().map(|security| SecureSnapshot {
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
