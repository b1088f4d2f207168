//! No compression: the types that would do it, without values.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::{Deflated, Inflated};
use crate::options::WebSocketOptions;
use crate::protocol::websocket::OpCode;
use crate::protocol::websocket::fault::{Fault, HandshakeFault};

/// Nothing is offered.
#[derive(Debug, Clone)]
pub(crate) enum Offer {}

impl Offer {
    pub(crate) fn of(_: &WebSocketOptions) -> Option<Self> {
        None
    }

    pub(crate) fn field(&self) -> HeaderValue {
        match *self {}
    }

    pub(crate) fn agreed(&self, _: &HeaderMap) -> Result<Option<Agreed>, HandshakeFault> {
        match *self {}
    }
}

/// Nothing is agreed to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Agreed {}

/// Nothing is compressed.
#[derive(Debug)]
pub(crate) enum Deflater {}

impl Deflater {
    pub(crate) fn new(agreed: Agreed) -> Self {
        match agreed {}
    }

    pub(crate) fn next(&mut self, _: Option<OpCode>, _: &mut Bytes, _: bool) -> Deflated {
        match *self {}
    }
}

/// Nothing is expanded.
#[derive(Debug)]
pub(crate) enum Inflater {}

impl Inflater {
    pub(crate) fn new(agreed: Agreed) -> Self {
        match agreed {}
    }

    pub(crate) fn inflate(&mut self, _: &[u8], _: bool, _: usize) -> Result<Inflated, Fault> {
        match *self {}
    }
}
