//! The body of a response as it comes: pieces of what was received, without copying them.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::chunked::{ChunkedDecoder, take};
use super::fault::Fault;
use super::framing::BodyFraming;
use super::head::HeadLimits;

/// What one look at the input gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyStep {
    NeedMore,
    /// Never empty.
    Data(Bytes),
    End,
}

/// Cuts the body out of the input by its framing.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    state: State,
}

#[derive(Debug)]
enum State {
    Length {
        left: u64,
    },
    /// Apart: it is large, and every exchange has room for it.
    Chunked(Box<ChunkedDecoder>),
    UntilClose {
        closed: bool,
    },
}

impl BodyDecoder {
    pub(crate) fn new(framing: BodyFraming, limits: &HeadLimits) -> Self {
        let state = match framing {
            BodyFraming::Empty => State::Length { left: 0 },
            BodyFraming::Length(length) => State::Length { left: length },
            BodyFraming::Chunked => State::Chunked(Box::new(ChunkedDecoder::new(limits))),
            BodyFraming::UntilClose => State::UntilClose { closed: false },
        };
        Self { state }
    }

    /// The next piece of the body, of at most `max` octets; `max` is not 0.
    pub(crate) fn decode(&mut self, buf: &mut BytesMut, max: usize) -> Result<BodyStep, Fault> {
        let data = match &mut self.state {
            State::Length { left } => {
                let data = take(buf, *left, max);
                *left -= data.len() as u64;
                data
            }
            State::Chunked(decoder) => decoder.decode(buf, max)?.unwrap_or_default(),
            State::UntilClose { .. } => take(buf, u64::MAX, max),
        };
        Ok(match (data.is_empty(), self.is_ended()) {
            (false, _) => BodyStep::Data(data),
            (true, true) => BodyStep::End,
            (true, false) => BodyStep::NeedMore,
        })
    }

    /// The peer closed, and all it had sent was decoded. Only a body that runs until close ends well by that (RFC 9112
    /// section 8).
    pub(crate) fn handle_end(&mut self) -> Result<(), Fault> {
        match &mut self.state {
            State::Length { left: 0 } => Ok(()),
            State::Length { left } => Err(Fault::BodyCutShort { missing: *left }),
            State::Chunked(decoder) if decoder.is_ended() => Ok(()),
            State::Chunked(_) => Err(Fault::ChunkedCutShort),
            State::UntilClose { closed } => {
                *closed = true;
                Ok(())
            }
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        match &self.state {
            State::Length { left } => *left == 0,
            State::Chunked(decoder) => decoder.is_ended(),
            State::UntilClose { closed } => *closed,
        }
    }

    /// Did some line of its framing end in LF alone, which was forgiven?
    pub(crate) fn has_bare_lines(&self) -> bool {
        matches!(&self.state, State::Chunked(decoder) if decoder.has_bare_lines())
    }

    /// How many octets are still to come, where the framing tells.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match &self.state {
            State::Length { left } => Some(*left),
            State::Chunked(_) | State::UntilClose { .. } => self.is_ended().then_some(0),
        }
    }

    /// The trailer fields, once a chunked body has ended.
    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        match &self.state {
            State::Chunked(decoder) => Some(decoder.trailers()),
            State::Length { .. } | State::UntilClose { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
