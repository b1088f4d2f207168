//! One live connection, whatever protocol it speaks, and one exchange over it.

mod exchange;
mod facts;
mod failure;
mod http1;
mod http2;
mod moved;
mod pace;
mod sight;

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::id::WireId;
use crate::options::Http2Options;
use crate::protocol::http1::ResponseHead;
use crate::reason::CloseReason;
use crate::transport::{ByProxy, Dialed};

pub(crate) use exchange::Exchange;
pub(crate) use facts::WireFacts;
pub(crate) use failure::Failure;
pub(crate) use http1::Http1;
pub(crate) use http2::{Change, Driver, Http2, SendingHalf, Tunnel};
pub(crate) use pace::Pace;
pub(crate) use sight::Sight;

/// One live connection, or a share in one that carries several exchanges at a time.
pub(crate) enum Wire {
    Http1(Http1),
    Http2(Http2),
}

impl Wire {
    pub(crate) fn http1(dialed: Dialed) -> Self {
        Self::Http1(Http1::new(dialed))
    }

    /// Begins to speak HTTP/2. Nothing moves on the wire but by its driver.
    pub(crate) async fn http2(
        dialed: Dialed,
        options: &Http2Options,
        response_head: usize,
    ) -> io::Result<(Self, Driver)> {
        let (wire, driver) = Http2::open(dialed, options, response_head).await?;
        Ok((Self::Http2(wire), driver))
    }

    /// A share of the wire for one exchange, if it carries several at a time and takes one more.
    pub(crate) fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(wire) => wire.lend().map(Self::Http2),
        }
    }

    /// The wire that carries several exchanges at a time.
    pub(crate) fn multiplexed(&self) -> Option<&Http2> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(wire) => Some(wire),
        }
    }

    /// What is below an exchange that has switched protocols, where that is all of the wire.
    pub(crate) fn switched(&mut self) -> Option<&mut Http1> {
        match self {
            Self::Http1(wire) => Some(wire),
            Self::Http2(_) => None,
        }
    }

    pub(crate) fn id(&self) -> WireId {
        self.facts().id
    }

    /// What is known of it, now and later.
    pub(crate) fn facts(&self) -> &Arc<WireFacts> {
        match self {
            Self::Http1(wire) => wire.facts(),
            Self::Http2(wire) => wire.facts(),
        }
    }

    /// The proxy it goes through, if it does.
    pub(crate) fn by(&self) -> Option<&Rc<ByProxy>> {
        match self {
            Self::Http1(wire) => wire.by(),
            Self::Http2(wire) => wire.by(),
        }
    }

    /// Has it served an exchange before?
    pub(crate) fn is_used(&self) -> bool {
        self.exchanges() > 0
    }

    /// Is it to serve no other exchange?
    pub(crate) fn is_expired(&self) -> bool {
        match self {
            Self::Http1(wire) => wire.is_expired(),
            Self::Http2(wire) => wire.is_expired(),
        }
    }

    /// How many exchanges have begun on it.
    pub(crate) fn exchanges(&self) -> u64 {
        match self {
            Self::Http1(wire) => wire.exchanges(),
            Self::Http2(wire) => wire.exchanges(),
        }
    }

    /// May an idle wire serve again? The peer must have sent nothing since that it had no reason to, not even an end.
    pub(crate) fn check_idle(&mut self) -> Result<(), CloseReason> {
        match self {
            Self::Http1(wire) => wire.check_idle(),
            // Its driver listens all the time.
            Self::Http2(_) => Ok(()),
        }
    }

    /// An idle wire holds no buffer.
    pub(crate) fn rest(&mut self) {
        if let Self::Http1(wire) = self {
            wire.rest();
        }
    }

    /// Whoever reads its response is on another thread.
    pub(crate) fn serve_from_afar(&mut self) {
        if let Self::Http1(wire) = self {
            wire.serve_from_afar();
        }
    }

    /// How much was received and not yet taken.
    pub(crate) fn received_octets(&mut self) -> usize {
        match self {
            Self::Http1(wire) => wire.received().len(),
            Self::Http2(_) => 0,
        }
    }
}

/// What became of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadSent {
    Written,
    /// To the driver of the wire, which writes it: that took no time.
    HandedOn,
}

/// What became of a piece of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uploaded {
    Sent,
    /// The peer has answered and wants no more; the piece was discarded.
    NotWanted,
}

/// What one call of `receive_head` gave.
pub(crate) enum Received {
    Interim(Arc<ResponseHead>),
    Final(Arc<ResponseHead>),
    /// The request is not complete: nothing can be waited for.
    OutOfTurn,
    /// None has come in time.
    Late,
}
