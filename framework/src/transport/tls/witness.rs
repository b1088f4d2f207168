//! What one handshake saw: the chain, what was wrong with it, and whether we were asked who we are.
//!
//! rustls takes a session up again only with the very verifier and the very chooser of client certificates it began with, so
//! that all handshakes of an origin share these two. Which handshake they serve is told by a seat: a handshake takes it
//! while it is polled, and all of an origin are polled on one thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rustls::pki_types::UnixTime;

use super::fault::Fault;

/// What one handshake saw.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// The certificates the server showed, its own first.
    pub(super) certificates: Vec<Bytes>,
    /// Why the certificate was refused.
    pub(super) faults: Vec<Fault>,
    /// As of when it was judged.
    pub(super) judged_at: Option<UnixTime>,
    /// The server asked who we are, and accepts the word of these authorities.
    pub(super) asked: Option<Vec<Bytes>>,
    /// A certificate of ours was shown.
    pub(super) shown: bool,
    /// Why the identity that was chosen cannot be used.
    pub(super) unusable: Option<String>,
}

impl Witness {
    /// Was a certificate of ours asked for that we did not show?
    pub(super) fn owes_certificate(&self) -> bool {
        self.asked.is_some() && !self.shown
    }
}

/// Where the handshake sits that is being polled.
#[derive(Debug, Default)]
pub(super) struct Seat(Mutex<Witness>);

impl Seat {
    /// Seats a handshake until what is returned is dropped.
    pub(super) fn take<'a>(&'a self, witness: &'a mut Witness) -> Seated<'a> {
        std::mem::swap(&mut *self.sitting(), witness);
        Seated { seat: self, witness }
    }

    /// The handshake that is being polled.
    pub(super) fn sitting(&self) -> MutexGuard<'_, Witness> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the seat back.
pub(super) struct Seated<'a> {
    seat: &'a Seat,
    witness: &'a mut Witness,
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        std::mem::swap(&mut *self.seat.sitting(), self.witness);
    }
}
