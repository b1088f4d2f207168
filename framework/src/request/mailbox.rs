//! The address of a request's actor, which may be asked for before there is an actor, and after.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use actix::Addr;
use actix::dev::Envelope;
use actix::dev::channel::{AddressReceiver, channel};
use futures_core::Stream;

use super::actor::RequestActor;

/// The address, made when it is first asked for, and the other end of it until an actor reads from it.
#[derive(Default)]
pub(super) struct Mailbox {
    addr: OnceLock<Addr<RequestActor>>,
    /// What came first: that it was asked for, or that none will read from it.
    first: AtomicU8,
    reader: Mutex<Reader>,
}

const NOTHING: u8 = 0;
const ASKED: u8 = 1;
const CLOSED: u8 = 2;

#[derive(Default)]
enum Reader {
    /// Nobody has asked for the address yet, or only after it was closed.
    #[default]
    Unmade,
    /// It was asked for: an actor will read from here what was sent in the meantime.
    Waits(AddressReceiver<RequestActor>),
    /// An actor has it, or none will: an address made now is dead.
    Gone,
}

impl Mailbox {
    pub(super) fn addr(&self) -> &Addr<RequestActor> {
        self.addr.get_or_init(|| {
            let (sender, receiver) = channel(CAPACITY);
            if self.is_first(ASKED) {
                let mut reader = self.lock();
                if matches!(*reader, Reader::Unmade) {
                    *reader = Reader::Waits(receiver);
                }
            }
            Addr::new(sender)
        })
    }

    /// Was the address asked for?
    pub(super) fn has_addr(&self) -> bool {
        self.addr.get().is_some()
    }

    /// The next message to an actor that does not run yet; `None` if there is none, or nobody can have sent one.
    #[inline]
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Option<Envelope<RequestActor>> {
        if !self.has_addr() {
            return None;
        }
        match &mut *self.lock() {
            Reader::Waits(receiver) => match Pin::new(receiver).poll_next(context) {
                Poll::Ready(message) => message,
                Poll::Pending => None,
            },
            Reader::Unmade | Reader::Gone => None,
        }
    }

    /// What the actor reads from; `None` for a second one.
    pub(super) fn open(&self) -> Option<AddressReceiver<RequestActor>> {
        self.addr();
        match self.take() {
            Reader::Waits(receiver) => Some(receiver),
            Reader::Unmade | Reader::Gone => None,
        }
    }

    /// No actor will read from it any more: what was sent is answered by a closed mailbox.
    pub(super) fn close(&self) {
        // Nearly always nobody has asked for it, and there is nothing to lock.
        if !self.is_first(CLOSED) {
            // What it holds is dropped outside of the lock: that wakes those who asked.
            drop(self.take());
        }
    }

    fn is_first(&self, what: u8) -> bool {
        self.first.compare_exchange(NOTHING, what, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn take(&self) -> Reader {
        std::mem::replace(&mut *self.lock(), Reader::Gone)
    }

    fn lock(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What actix gives a mailbox by default; a fresh clone of an address always finds room.
const CAPACITY: usize = 16;

#[cfg(test)]
mod tests;
