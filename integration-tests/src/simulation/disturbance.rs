//! The one call to the network that is disturbed.

use std::future::poll_fn;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// What is asked of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// A name is looked up.
    Resolve,
    /// A stream is opened.
    Dial,
    /// A stream is read.
    Read,
    /// An idle stream is looked at.
    Look,
    /// A stream is written.
    Write,
    /// A stream is flushed.
    Flush,
    /// A stream is shut down.
    Shutdown,
}

/// How a call is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// It fails, and what is asked of the same stream afterwards does too.
    Fails,
    /// It is not ready, and is the next time.
    Waits,
    /// It moves one octet, if any.
    MovesOne,
}

/// Counts calls, and disturbs one.
#[derive(Debug, Default)]
pub(super) struct Trap(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    set: Option<(usize, Disturbance)>,
    sprung: Option<Call>,
}

impl Trap {
    pub(super) fn set(&self, before: usize, how: Disturbance) {
        *self.state() = State { set: Some((before, how)), sprung: None };
    }

    /// Takes it away. Which call has it disturbed?
    pub(super) fn take(&self) -> Option<Call> {
        std::mem::take(&mut *self.state()).sprung
    }

    /// A call is made. How many octets may it move?
    pub(super) fn poll_asked(&self, call: Call, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        let Some((before, how)) = state.set else { return Poll::Ready(Ok(usize::MAX)) };
        if before > 0 {
            state.set = Some((before - 1, how));
            return Poll::Ready(Ok(usize::MAX));
        }
        (state.set, state.sprung) = (None, Some(call));
        match how {
            Disturbance::Fails => Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "disturbed"))),
            Disturbance::Waits => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Disturbance::MovesOne => Poll::Ready(Ok(1)),
        }
    }

    /// A call is made that moves no octets.
    pub(super) async fn asked(&self, call: Call) -> io::Result<()> {
        let mut asked = false;
        poll_fn(|context| {
            if !std::mem::replace(&mut asked, true) {
                ready!(self.poll_asked(call, context))?;
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
