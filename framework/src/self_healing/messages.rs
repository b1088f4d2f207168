//! What can be asked of the supervisor as a message. The reply is what the method would have returned.

use std::fmt;

use actix::Message;

use super::inbox::HealingEvent;
use crate::error::Result;
use crate::websocket::MessagePart;

/// Queues a message: [`SelfHealing::send`](crate::SelfHealing::send).
///
/// An example is at [`messages`](crate::messages).
#[derive(Debug, Message)]
#[rtype(result = "Result<()>")]
pub struct QueueMessage(pub MessagePart);

/// Receives an event: [`SelfHealing::receive`](crate::SelfHealing::receive). One whose reply is dropped takes its event along.
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Copy, Debug, Default, Message)]
#[rtype(result = "Result<HealingEvent>")]
pub struct ReceiveEvent;

/// Closes it: [`SelfHealing::close`](crate::SelfHealing::close).
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Message)]
#[rtype(result = "Result<u64>")]
pub struct CloseSelfHealing {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl CloseSelfHealing {
    /// With this status and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl fmt::Debug for CloseSelfHealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseSelfHealing({})", self.code)
    }
}
