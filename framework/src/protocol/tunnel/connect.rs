//! CONNECT (RFC 9110 section 9.3.6): a head is written, and a 2xx opens the tunnel behind it.

use bytes::BytesMut;
use http::{HeaderMap, Method, Version};
use zeroize::Zeroizing;

use super::{ConnectAnswer, Negotiation, Step, TunnelFault};
use crate::protocol::http1::{
    AfterHead, BodyLength, BodyStep, Fault, HeadLimits, HeadStep, ReceiveBody, ReceiveHead, RequestHead, ResponseHead,
    SendHead,
};

/// One CONNECT, and what came of it.
#[derive(Debug)]
pub(crate) struct Connect {
    output: Option<Zeroizing<Vec<u8>>>,
    state: State,
}

#[derive(Debug)]
enum State {
    Head(ReceiveHead),
    /// It is a refusal.
    Body {
        head: ResponseHead,
        reading: ReceiveBody,
        body: BytesMut,
    },
    Over,
}

impl Connect {
    /// Asks for a tunnel to `authority`, host and port, with these fields, by HTTP/1.1 or HTTP/1.0.
    pub(crate) fn new(
        version: Version,
        authority: &str,
        fields: &HeaderMap,
        defaults: &HeaderMap,
    ) -> Result<Self, TunnelFault> {
        let head = RequestHead {
            version,
            method: &Method::CONNECT,
            target: authority,
            host: authority,
            headers: fields,
            defaults,
            accept_encoding: None,
            body: BodyLength::None,
        };
        let mut octets = BytesMut::new();
        let after = SendHead::new(HeadLimits::default()).encode(&head, &mut octets).map_err(TunnelFault::Misuse)?;
        let state = match after {
            AfterHead::ReceiveHead(state) => State::Head(state),
            // Without a body there is no other.
            AfterHead::Await100(_) | AfterHead::SendBody(_) => State::Over,
        };
        // Not copied: a second copy of the credentials would be left in memory.
        Ok(Self { output: Some(Zeroizing::new(Vec::from(octets))), state })
    }

    fn refusal(head: ResponseHead, reading: &ReceiveBody, body: BytesMut, leftover: &[u8]) -> TunnelFault {
        let (is_whole, may_go_on) = (reading.is_ended(), reading.reuse(leftover).is_ok());
        TunnelFault::Refused(Box::new(ConnectAnswer { head, body: body.freeze(), is_whole, may_go_on }))
    }

    fn read_body(&mut self, received: &mut BytesMut) -> Result<Step, TunnelFault> {
        let State::Body { reading, body, .. } = &mut self.state else { return Err(TunnelFault::Ended) };
        while body.len() < MOST_BODY {
            match reading.handle_input(received, MOST_BODY - body.len()) {
                Ok(BodyStep::Data(data)) => body.extend_from_slice(&data),
                Ok(BodyStep::NeedMore) => return Ok(Step::NeedMore(PIECE)),
                // What it refuses is clear, however badly it says so.
                Ok(BodyStep::End) | Err(_) => break,
            }
        }
        Err(self.refused(received))
    }

    fn refused(&mut self, leftover: &[u8]) -> TunnelFault {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Body { head, reading, body } => Self::refusal(head, &reading, body, leftover),
            _ => TunnelFault::Ended,
        }
    }
}

impl Negotiation for Connect {
    fn output(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.output.take()
    }

    fn handle_input(&mut self, received: &mut BytesMut) -> Result<Step, TunnelFault> {
        loop {
            match &mut self.state {
                State::Head(state) => match state.handle_input(received).map_err(TunnelFault::Http)? {
                    HeadStep::NeedMore => return Ok(Step::NeedMore(PIECE)),
                    HeadStep::Interim(_) => {}
                    // Whatever its fields say of a body: what follows the head belongs to the tunnel.
                    HeadStep::Final(head, _) if head.status().is_success() => {
                        self.state = State::Over;
                        return Ok(Step::Open);
                    }
                    HeadStep::Final(head, reading) => {
                        self.state = State::Body { head, reading, body: BytesMut::new() };
                    }
                },
                State::Body { .. } => return self.read_body(received),
                State::Over => return Err(TunnelFault::Ended),
            }
        }
    }

    fn handle_end(&mut self) -> Result<Step, TunnelFault> {
        match &mut self.state {
            State::Head(state) => {
                let fault = state.handle_end(&[]);
                Err(if fault == Fault::NoResponse { TunnelFault::Ended } else { TunnelFault::Http(fault) })
            }
            State::Body { reading, .. } => {
                // A body that runs to the end has come to it; any other is cut short, and says so.
                let _cut_short = reading.handle_end();
                Err(self.refused(&[]))
            }
            State::Over => Err(TunnelFault::Ended),
        }
    }

    fn is_refused(&self) -> bool {
        matches!(self.state, State::Body { .. })
    }

    fn handle_failure(&mut self) -> Option<TunnelFault> {
        matches!(self.state, State::Body { .. }).then(|| self.refused(&[]))
    }
}

/// Of a refusal's body so much is kept.
const MOST_BODY: usize = 64 * 1024;
/// Read at once.
const PIECE: usize = 4 * 1024;

#[cfg(test)]
mod tests;
