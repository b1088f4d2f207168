//! What a scripted peer does on one connection, step by step.

use std::time::Duration;

use bytes::Bytes;

use super::split::Split;
use crate::forged;
use crate::gate::Gate;
use crate::http2_peer::{Frame, Kind};
use crate::tls::Tls;

/// A list of steps. Without a last step that says otherwise the connection is kept: read until the client closes it.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) steps: Vec<Step>,
    pub(super) split: Split,
    /// What was written is not kept.
    pub(super) forgetful: bool,
    /// Pings of HTTP/2 are answered wherever something is read.
    pub(super) answering_pings: bool,
}

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes these octets.
    Send(Bytes),
    /// Writes this, with `{accept}` replaced by what answers the WebSocket key that was received last.
    SendAccepting(Bytes),
    /// Writes these octets so many times.
    Repeat(Bytes, usize),
    /// Writes one octet each so long.
    Drip(Bytes, Duration),
    /// Lets time pass. Prefer a gate where there is an event to wait for.
    Wait(Duration),
    /// Waits until the gate is opened.
    Hold(Gate),
    /// Opens the gate: the script has come this far.
    Signal(Gate),
    /// Reads until these octets have come.
    ReadUntil(Bytes),
    /// Reads so many octets.
    ReadExactly(usize),
    /// Reads a request head, up to and including its empty line.
    ReadHead,
    /// Reads a whole request, body included.
    ReadRequest,
    /// Reads the preface of HTTP/2.
    ReadPreface,
    /// Reads until so many frames of HTTP/2 of the kind have come since the connection began, whatever was between them.
    ReadFrames(Wanted, usize),
    /// Shakes hands as a TLS server; what follows is said and heard through TLS.
    StartTls(Tls),
    /// Changes the keys of TLS 1.3: the client is sent a message that is no data.
    ChangeKeys,
    /// Sends a fatal alert of this number. Once TLS has been started only 20 (`bad_record_mac`) can be sent, which is what follows from a
    /// record that cannot be read: the peer is given one as if the client had sent it.
    Alert(u8),
    /// Writes these octets below TLS, to which they mean nothing.
    SendBelow(Bytes),
    /// Says FIN below TLS, whose own end is not announced, and reads on until the client closes.
    Cut,
    /// Begins again with the first step, until the client closes.
    Again,
    /// Says FIN and reads on until the client closes, so that no reset follows.
    Close,
    /// Resets the connection (SO_LINGER 0).
    Reset,
    /// Reads nothing more and keeps the connection, so that the client's window fills up.
    StopReading,
    /// Reads until the client closes.
    Keep,
}

/// Which frames a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those of this type, answers (ACK) left out.
    Of(Kind),
    /// Answers: PING or SETTINGS with ACK.
    Ack(Kind),
    /// Those that end a stream.
    EndOfStream,
}

impl Wanted {
    pub(super) fn is(self, frame: &Frame) -> bool {
        match self {
            Self::Of(kind) => frame.kind == kind && !frame.is_ack(),
            Self::Ack(kind) => frame.kind == kind && frame.is_ack(),
            Self::EndOfStream => frame.ends_stream(),
        }
    }
}

impl Script {
    /// A script without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a request and answers it with these octets, again and again on the same connection.
    pub fn answering(octets: impl Into<Bytes>) -> Self {
        Self::new().read_request().send(octets).again()
    }

    /// Reads one request, sends these octets, and closes.
    pub fn answering_once(octets: impl Into<Bytes>) -> Self {
        Self::new().read_request().send(octets).close()
    }

    /// Adds a step.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// How the octets of `Send` and `Repeat` are cut. Without: not at all.
    pub fn split(mut self, split: Split) -> Self {
        self.split = split;
        self
    }

    /// Answers every ping of HTTP/2 as soon as a step reads it.
    pub fn answering_pings(mut self) -> Self {
        self.answering_pings = true;
        self
    }

    /// What is written is not kept: for floods.
    pub fn forgetful(mut self) -> Self {
        self.forgetful = true;
        self
    }

    /// See [`Step::Send`].
    pub fn send(self, octets: impl Into<Bytes>) -> Self {
        self.step(Step::Send(octets.into()))
    }

    /// See [`Step::SendAccepting`].
    pub fn send_accepting(self, template: impl Into<Bytes>) -> Self {
        self.step(Step::SendAccepting(template.into()))
    }

    /// See [`Step::Repeat`].
    pub fn repeat(self, octets: impl Into<Bytes>, times: usize) -> Self {
        self.step(Step::Repeat(octets.into(), times))
    }

    /// See [`Step::Drip`].
    pub fn drip(self, octets: impl Into<Bytes>, each: Duration) -> Self {
        self.step(Step::Drip(octets.into(), each))
    }

    /// See [`Step::Wait`].
    pub fn wait(self, time: Duration) -> Self {
        self.step(Step::Wait(time))
    }

    /// See [`Step::Hold`].
    pub fn hold(self, gate: &Gate) -> Self {
        self.step(Step::Hold(gate.clone()))
    }

    /// See [`Step::Signal`].
    pub fn signal(self, gate: &Gate) -> Self {
        self.step(Step::Signal(gate.clone()))
    }

    /// See [`Step::ReadUntil`].
    pub fn read_until(self, pattern: impl Into<Bytes>) -> Self {
        self.step(Step::ReadUntil(pattern.into()))
    }

    /// See [`Step::ReadExactly`].
    pub fn read_exactly(self, octets: usize) -> Self {
        self.step(Step::ReadExactly(octets))
    }

    /// See [`Step::ReadHead`].
    pub fn read_head(self) -> Self {
        self.step(Step::ReadHead)
    }

    /// See [`Step::ReadRequest`].
    pub fn read_request(self) -> Self {
        self.step(Step::ReadRequest)
    }

    /// See [`Step::ReadPreface`].
    pub fn read_preface(self) -> Self {
        self.step(Step::ReadPreface)
    }

    /// See [`Step::ReadFrames`].
    pub fn read_frames(self, wanted: Wanted, count: usize) -> Self {
        self.step(Step::ReadFrames(wanted, count))
    }

    /// Reads until the heads of so many streams have come since the connection began. Trailers would count too.
    pub fn read_streams(self, count: usize) -> Self {
        self.read_frames(Wanted::Of(Kind::Headers), count)
    }

    /// See [`Step::StartTls`].
    pub fn start_tls(self, tls: &Tls) -> Self {
        self.step(Step::StartTls(tls.clone()))
    }

    /// See [`Step::ChangeKeys`].
    pub fn change_keys(self) -> Self {
        self.step(Step::ChangeKeys)
    }

    /// See [`Step::Alert`].
    pub fn alert(self, number: u8) -> Self {
        self.step(Step::Alert(number))
    }

    /// Writes one authentic record of this type and of so many octets: these, again and again. Only what was started with
    /// [`Tls::forging`] can; the record may not be cut by a split.
    pub fn send_record(self, kind: u8, length: usize, octets: impl AsRef<[u8]>) -> Self {
        self.send(forged::record(kind, length, octets.as_ref()))
    }

    /// See [`Step::SendBelow`].
    pub fn send_below(self, octets: impl Into<Bytes>) -> Self {
        self.step(Step::SendBelow(octets.into()))
    }

    /// See [`Step::Cut`].
    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    /// See [`Step::Again`].
    pub fn again(self) -> Self {
        self.step(Step::Again)
    }

    /// See [`Step::Close`].
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// See [`Step::Reset`].
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// See [`Step::StopReading`].
    pub fn stop_reading(self) -> Self {
        self.step(Step::StopReading)
    }

    /// See [`Step::Keep`].
    pub fn keep(self) -> Self {
        self.step(Step::Keep)
    }
}
