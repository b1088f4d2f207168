//! What a server sends, watched as it comes: its first word, its farewell, and how much of it is of no use (RFC 9113 section
//! 10.5).
//!
//! The octets go on to `h2`, which knows the frames but neither counts them nor minds how a server begins. Seen here are frame
//! headers, and of payloads the few octets that matter:
//!
//! ```text
//!            9 octets                            SETTINGS: each entry
//!   Header ------------> Payload  of which kept: GOAWAY: last stream and code, never the debug data
//!      ^                    |                    DATA: the length of its padding
//!      +--------------------+
//!           its length
//! ```
//!
//! Frames that bring nothing of a response are paid for from a [`Bucket`], which anything of a response fills again. Heads are kept
//! until somebody takes them, so that of each stream there may only be so many which nobody has taken.

use std::time::Instant;

use super::bucket::Bucket;
use super::by_stream::ByStream;
use super::fault::WireFault;

/// What a server has sent on one wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    place: Place,
    greeted: bool,
    /// A stream may carry another protocol (RFC 8441 section 3).
    extends_connect: bool,
    /// It has acknowledged settings since it was asked.
    acknowledged: bool,
    going_away: Option<GoingAway>,
    received: Received,
    bucket: Bucket,
    /// Credit of WINDOW_UPDATE frames that were earned by what was sent.
    earned: u64,
    /// Our streams that the server has not ended.
    open: ByStream<Heads>,
    /// Heads beyond what their streams may have that may still come on this wire, in all its life.
    spare_heads: usize,
    /// Streams that the server has ended since it was asked.
    ended: Vec<u32>,
    /// Those of ours that it has reset before their end: no more than were open at a time.
    cut: Vec<u32>,
    /// What came of bodies since it was asked: the stream, and how many octets.
    bodies: Vec<(u32, usize)>,
}

/// How many heads of one stream may come. Their fields are compressed, so that a few octets may be a large head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heads {
    /// Interim ones.
    limit: usize,
    /// So many more before somebody takes one.
    left: usize,
}

/// The newest GOAWAY (RFC 9113 section 6.8): the first may be a warning only, which names the last stream there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GoingAway {
    /// What was asked on later streams was not looked at.
    pub(crate) last_stream: u32,
    /// RFC 9113 section 7; 0 is no error.
    pub(crate) code: u32,
}

/// How much came so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) frames: u64,
    /// Those that brought nothing of a response.
    pub(crate) control_frames: u64,
    /// Of response bodies, without padding.
    pub(crate) data_octets: u64,
}

impl Budget {
    /// `control_frames` is how many a second may bring without anything of a response.
    pub(crate) fn new(control_frames: u32) -> Self {
        Self {
            place: Place::Header { octets: [0; HEADER], filled: 0 },
            greeted: false,
            extends_connect: false,
            acknowledged: false,
            going_away: None,
            received: Received::default(),
            bucket: Bucket::new(control_frames),
            earned: 0,
            open: ByStream::new(),
            spare_heads: SPARE_HEADS,
            ended: Vec::new(),
            cut: Vec::new(),
            bodies: Vec::new(),
        }
    }

    /// What was read, in any pieces. After a fault it must not be called again.
    pub(crate) fn handle_input(&mut self, mut octets: &[u8], now: Instant) -> Result<(), WireFault> {
        while !octets.is_empty() {
            let taken = match self.place {
                Place::Header { .. } => self.take_header(octets, now)?,
                Place::Payload(_) => self.take_payload(octets, now)?,
            };
            octets = octets.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// A piece of a request body was sent. It is worth WINDOW_UPDATEs: of its stream and of the wire, and of the smallest size
    /// that servers are known to give back.
    pub(crate) fn sent(&mut self, octets: usize) {
        self.earned = self.earned.saturating_add(2 + 2 * (octets / SMALLEST_UPDATE) as u64);
    }

    /// Did the server send its SETTINGS?
    pub(crate) fn has_greeted(&self) -> bool {
        self.greeted
    }

    /// Has it said that a stream may carry another protocol? It may do so in any of its SETTINGS.
    pub(crate) fn extends_connect(&self) -> bool {
        self.extends_connect
    }

    /// Has it acknowledged settings of ours since this was asked last?
    pub(crate) fn take_acknowledged(&mut self) -> bool {
        std::mem::take(&mut self.acknowledged)
    }

    pub(crate) fn going_away(&self) -> Option<GoingAway> {
        self.going_away
    }

    /// A stream of ours is open, whose request takes so many interim responses.
    pub(crate) fn opened(&mut self, stream: u32, interims: usize) {
        self.open.insert(stream, Heads { limit: interims, left: interims.saturating_add(FINAL_AND_TRAILERS) });
    }

    /// Somebody has taken an interim head of this stream: it is kept no more.
    pub(crate) fn interim_taken(&mut self, stream: u32) {
        if let Some(heads) = self.open.get_mut(stream) {
            heads.left = heads.left.saturating_add(1);
        }
    }

    /// The stream is of no interest any more.
    pub(crate) fn given_up(&mut self, stream: u32) {
        self.open.remove(stream);
        self.cut.retain(|cut| *cut != stream);
    }

    /// The wire carries nothing: no room is kept for more.
    pub(crate) fn rest(&mut self) {
        self.open.rest();
    }

    /// How many streams are open that the server has not ended, but for those that [`take_ended`](Self::take_ended) would tell.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// Streams that the server has ended, or reset, since this was asked last: nothing more comes on them.
    pub(crate) fn take_ended(&mut self) -> impl Iterator<Item = u32> {
        let open = &mut self.open;
        self.ended.drain(..).inspect(|stream| {
            open.remove(*stream);
        })
    }

    /// Has the server ended this stream, which was [`opened`](Self::opened) and not given up? One that it has reset before has no end.
    pub(crate) fn has_ended(&self, stream: u32) -> bool {
        (self.ended.contains(&stream) || !self.open.contains(stream)) && !self.cut.contains(&stream)
    }

    /// What came of bodies since this was asked last, frame by frame: the stream, and how many octets.
    pub(crate) fn take_bodies(&mut self) -> impl Iterator<Item = (u32, usize)> {
        self.bodies.drain(..)
    }

    pub(crate) fn received(&self) -> Received {
        self.received
    }

    fn take_header(&mut self, input: &[u8], now: Instant) -> Result<usize, WireFault> {
        let Place::Header { octets, filled } = &mut self.place else { return Ok(0) };
        let taken = fill(octets, filled, HEADER, input.len(), input);
        let is_first = self.received.frames == 0;
        if is_first && octets.get(..*filled).is_some_and(|start| start.starts_with(HTTP1)) {
            return Err(WireFault::SpokeHttp1);
        }
        if *filled < HEADER {
            return Ok(taken);
        }
        let [high, middle, low, kind, flags, stream @ ..] = *octets;
        let left = u32::from_be_bytes([0, high, middle, low]) as usize;
        if is_first && (kind != SETTINGS || flags & ACK != 0) {
            return Err(WireFault::NotSettings { kind });
        }
        self.received.frames += 1;
        let wanted = match kind {
            SETTINGS if flags & ACK == 0 => SETTING,
            GOAWAY => FAREWELL,
            DATA if flags & PADDED != 0 => 1,
            _ => 0,
        };
        let data = if kind == DATA && wanted == 0 { left } else { 0 };
        // The first bit is reserved.
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        match kind {
            HEADERS => {
                if flags & END_STREAM == 0 {
                    self.keep_head(stream)?;
                }
                self.bucket.refill();
            }
            // Known when it has come.
            DATA => {}
            WINDOW_UPDATE if self.earned > 0 => {
                self.earned -= 1;
                self.received.control_frames += 1;
            }
            _ => self.spend(now)?,
        }
        // It has no payload: all of it has come.
        self.acknowledged |= kind == SETTINGS && flags & ACK != 0;
        let ends = kind == RST_STREAM || matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
        let (kept, filled, useful) = ([0; FAREWELL], 0, 0);
        self.place = Place::Payload(Payload { kind, left, wanted, kept, filled, data, useful, stream, ends });
        if left == 0 { self.end(now).map(|()| taken) } else { Ok(taken) }
    }

    fn take_payload(&mut self, input: &[u8], now: Instant) -> Result<usize, WireFault> {
        let Place::Payload(payload) = &mut self.place else { return Ok(0) };
        let taken = if payload.wanted > 0 {
            let taken = fill(&mut payload.kept, &mut payload.filled, payload.wanted, payload.left, input);
            payload.left -= taken;
            if payload.filled == payload.wanted {
                payload.filled = 0;
                let [a, b, c, d, e, f, g, h] = payload.kept;
                match payload.kind {
                    SETTINGS if [a, b] == ENABLE_PUSH && [c, d, e, f] == [0, 0, 0, 1] => {
                        return Err(WireFault::EnabledPush);
                    }
                    // Any other value than 0 and 1 is for `h2` to refuse.
                    SETTINGS if [a, b] == ENABLE_CONNECT => self.extends_connect = [c, d, e, f] == [0, 0, 0, 1],
                    SETTINGS => {}
                    DATA => {
                        payload.wanted = 0;
                        payload.data = payload.left.saturating_sub(a.into());
                    }
                    _ => {
                        payload.wanted = 0;
                        // The first bit is reserved.
                        let last_stream = u32::from_be_bytes([a & 0x7f, b, c, d]);
                        let code = u32::from_be_bytes([e, f, g, h]);
                        self.going_away = Some(GoingAway { last_stream, code });
                    }
                }
            }
            taken
        } else {
            let taken = payload.left.min(input.len());
            payload.left -= taken;
            let data = payload.data.min(taken);
            payload.data -= data;
            if data > 0 {
                payload.useful += data;
                self.received.data_octets += data as u64;
                self.bucket.refill();
            }
            taken
        };
        if payload.left == 0 { self.end(now).map(|()| taken) } else { Ok(taken) }
    }

    /// All of a frame has come.
    fn end(&mut self, now: Instant) -> Result<(), WireFault> {
        let next = Place::Header { octets: [0; HEADER], filled: 0 };
        let Place::Payload(ended) = std::mem::replace(&mut self.place, next) else { return Ok(()) };
        // The first one was.
        self.greeted = true;
        if ended.useful > 0 {
            self.bodies.push((ended.stream, ended.useful));
        }
        if ended.kind == RST_STREAM && self.open.contains(ended.stream) && !self.ended.contains(&ended.stream) {
            self.cut.push(ended.stream);
        }
        if ended.ends {
            self.ended.push(ended.stream);
        }
        // RFC 9113 section 10.5: empty DATA is no better than any other frame, and only padded is empty.
        if ended.kind == DATA && ended.useful == 0 { self.spend(now) } else { Ok(()) }
    }

    /// A head has come that is not the last of its stream.
    fn keep_head(&mut self, stream: u32) -> Result<(), WireFault> {
        let Some(Heads { limit, left }) = self.open.get_mut(stream) else { return Ok(()) };
        // What is too much for its stream ends the stream, when somebody looks; the wire ends if that is not in time.
        let place = if *left > 0 { left } else { &mut self.spare_heads };
        *place = place.checked_sub(1).ok_or(WireFault::TooManyHeads { limit: *limit })?;
        Ok(())
    }

    fn spend(&mut self, now: Instant) -> Result<(), WireFault> {
        self.received.control_frames += 1;
        if self.bucket.spend(now) {
            Ok(())
        } else {
            Err(WireFault::TooManyControlFrames { limit: self.bucket.limit() })
        }
    }
}

/// Where in a frame the next octet belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Header { octets: [u8; HEADER], filled: usize },
    Payload(Payload),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Payload {
    kind: u8,
    left: usize,
    /// So many of the next octets are kept, then looked at.
    wanted: usize,
    kept: [u8; FAREWELL],
    filled: usize,
    /// So many of those behind them are of a body.
    data: usize,
    /// So many have come of those.
    useful: usize,
    stream: u32,
    /// The stream is over with it.
    ends: bool,
}

/// Copies what is missing of `wanted`, but not more than there is in the frame: how many octets that were.
fn fill(kept: &mut [u8], filled: &mut usize, wanted: usize, left: usize, input: &[u8]) -> usize {
    let length = (wanted - *filled).min(left).min(input.len());
    for (place, octet) in kept.iter_mut().skip(*filled).zip(input.iter().take(length)) {
        *place = *octet;
    }
    *filled += length;
    length
}

/// What else may come of a stream: its final head, and trailers, whose missing end is for `h2` to find.
const FINAL_AND_TRAILERS: usize = 2;
const SPARE_HEADS: usize = 64;
/// Go's server gives a window back in pieces of 4 KiB and more, others in larger ones.
const SMALLEST_UPDATE: usize = 4096;
const HTTP1: &[u8] = b"HTTP/1.";

/// RFC 9113 sections 4.1, 6 and 6.5.2.
const HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const PADDED: u8 = 8;
const SETTING: usize = 6;
const ENABLE_PUSH: [u8; 2] = [0, 2];
/// RFC 8441 section 3.
const ENABLE_CONNECT: [u8; 2] = [0, 8];
/// What a GOAWAY holds before its debug data.
const FAREWELL: usize = 8;

#[cfg(test)]
mod tests;
