//! A frame as it came (RFC 9113 4.1), and a reader that takes octets apart into frames.

use bytes::{Buf, Bytes, BytesMut};
use h2::Reason;

/// What a client says first (RFC 9113 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The type of a frame (RFC 9113 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's names")]
pub enum Kind {
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// A type the RFC does not have.
    Other(u8),
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: Kind,
    /// Its flags.
    pub flags: u8,
    /// The stream it belongs to; 0 is the connection.
    pub stream: u32,
    /// Octets of its payload.
    pub length: usize,
    /// Its payload. A reader may be told to throw away that of DATA.
    pub payload: Bytes,
}

impl Frame {
    /// The first frame that these octets begin with, if it is whole.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let head = octets.get(..HEAD)?;
        let length = length_of(head);
        let payload = Bytes::copy_from_slice(octets.get(HEAD..HEAD + length)?);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        Some(Self { kind: Kind::of(head[3]), flags: head[4], stream, length, payload })
    }

    /// All whole frames of what a client sent, its preface skipped.
    pub fn all(octets: &[u8]) -> Vec<Self> {
        Self::each(octets).collect()
    }

    /// The same one by one, for a client that sent very many.
    pub fn each(octets: &[u8]) -> impl Iterator<Item = Self> {
        let mut left = octets.strip_prefix(PREFACE).unwrap_or(octets);
        std::iter::from_fn(move || {
            let frame = Self::parse(left)?;
            left = &left[frame.octets()..];
            Some(frame)
        })
    }

    /// How long it is, head included.
    pub fn octets(&self) -> usize {
        HEAD + self.length
    }

    /// Does it have this flag?
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Is it an answer: SETTINGS or PING with ACK?
    pub fn is_ack(&self) -> bool {
        matches!(self.kind, Kind::Settings | Kind::Ping) && self.has(ACK)
    }

    /// Is it the last of its stream?
    pub fn ends_stream(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers) && self.has(END_STREAM)
    }

    /// Does it look like the head of a request? Trailers end their stream and carry no pseudo-field, but that is not
    /// looked into: who counts streams counts ids.
    pub fn opens_stream(&self) -> bool {
        self.kind == Kind::Headers
    }

    /// Of RST_STREAM and GOAWAY: the error code.
    pub fn reason(&self) -> Option<Reason> {
        let at = match self.kind {
            Kind::Reset => 0,
            Kind::GoAway => 4,
            _ => return None,
        };
        let code = self.payload.get(at..at + 4)?;
        Some(Reason::from(u32::from_be_bytes([code[0], code[1], code[2], code[3]])))
    }

    /// Is it RST_STREAM with this code?
    pub fn resets(&self, reason: Reason) -> bool {
        self.kind == Kind::Reset && self.reason() == Some(reason)
    }
}

impl Kind {
    fn of(code: u8) -> Self {
        NAMED.get(usize::from(code)).copied().unwrap_or(Self::Other(code))
    }

    /// The number of the type.
    pub fn code(self) -> u8 {
        match self {
            Self::Other(code) => code,
            named => NAMED.iter().position(|kind| *kind == named).map_or(0, |place| place as u8),
        }
    }
}

/// Takes what a client sends apart into frames, as it comes. The payload of DATA is not kept.
#[derive(Debug)]
pub struct Frames {
    unread: BytesMut,
    preface: bool,
    /// Octets of a DATA payload still to be thrown away.
    skipping: usize,
}

impl Frames {
    /// A reader that expects the preface first.
    pub fn new() -> Self {
        Self { unread: BytesMut::new(), preface: false, skipping: 0 }
    }

    /// Takes in octets and gives the frames that are known now: a DATA frame by its head, others when they are whole.
    pub fn take_in(&mut self, octets: &[u8]) -> Vec<Frame> {
        self.unread.extend_from_slice(octets);
        let mut frames = Vec::new();
        loop {
            let skip = self.skipping.min(self.unread.len());
            self.unread.advance(skip);
            self.skipping -= skip;
            if !self.preface {
                if self.unread.len() < PREFACE.len() {
                    return frames;
                }
                self.unread.advance(PREFACE.len());
                self.preface = true;
            }
            let Some(head) = self.unread.get(..HEAD) else { return frames };
            if Kind::of(head[3]) == Kind::Data {
                let mut only_head = head.to_vec();
                let length = length_of(&only_head);
                only_head[..3].fill(0);
                self.unread.advance(HEAD);
                self.skipping = length;
                frames.extend(Frame::parse(&only_head).map(|frame| Frame { length, ..frame }));
                continue;
            }
            let Some(frame) = Frame::parse(&self.unread) else { return frames };
            self.unread.advance(frame.octets());
            frames.push(frame);
        }
    }
}

impl Default for Frames {
    fn default() -> Self {
        Self::new()
    }
}

fn length_of(head: &[u8]) -> usize {
    usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])
}

/// By their numbers, from 0.
const NAMED: [Kind; 10] = [
    Kind::Data,
    Kind::Headers,
    Kind::Priority,
    Kind::Reset,
    Kind::Settings,
    Kind::PushPromise,
    Kind::Ping,
    Kind::GoAway,
    Kind::WindowUpdate,
    Kind::Continuation,
];
/// Octets of a frame's head.
const HEAD: usize = 9;
/// The flag END_STREAM of DATA and HEADERS.
pub(super) const END_STREAM: u8 = 0x1;
/// The flag ACK of SETTINGS and PING.
pub(super) const ACK: u8 = 0x1;
/// The flag END_HEADERS of HEADERS and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;
