//! The client's half of HTTP/1.1 (RFC 9112): octets in, heads and bodies out, and the other way round.
//!
//! Start at [`exchange`], the machine a wire drives; the other modules are what it is made of.

mod body;
mod chunked;
mod encode;
mod exchange;
mod fault;
mod fields;
mod framing;
mod head;
mod interims;
mod lenient;
mod reuse;
mod said;
mod stated;

pub use head::ResponseHead;

pub(crate) use body::BodyStep;
pub(crate) use encode::{BodyLength, Framing, RequestHead, Settled, check_trailers, field};
pub(crate) use exchange::{AfterHead, Await100, Await100Step, HeadStep, ReceiveBody, ReceiveHead, SendBody, SendHead};
pub(crate) use fault::{Fault, FaultKind, Misuse};
pub(crate) use fields::field_section;
pub(crate) use head::{HeadLimits, section_octets};
pub(crate) use interims::Interims;
pub(crate) use stated::plain_octets;
