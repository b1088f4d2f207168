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

mod frames;

use std::time::Instant;

use super::bucket::Bucket;
use super::by_stream::ByStream;
use super::fault::WireFault;

use frames::{HEADER, Place};

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

impl Heads {
    /// So many have come that nobody has taken; those beyond what there is room for are not counted.
    fn kept(self) -> usize {
        self.limit.saturating_add(FINAL_AND_TRAILERS).saturating_sub(self.left)
    }
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
    /// What takes of a window: the same with padding (RFC 9113 6.9.1).
    pub(crate) window_octets: u64,
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
                Place::Header { filled: 0, .. } => match self.take_whole(octets, now)? {
                    Some(taken) => taken,
                    None => self.take_header(octets, now)?,
                },
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
    ///
    /// With each comes how many heads of it nobody had taken, but for one that was its end; `None` of what was not open.
    pub(crate) fn take_ended(&mut self) -> impl Iterator<Item = (u32, Option<usize>)> {
        let open = &mut self.open;
        self.ended.drain(..).map(|stream| (stream, open.remove(stream).map(|heads| heads.kept())))
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

/// What else may come of a stream: its final head, and trailers, whose missing end is for `h2` to find.
const FINAL_AND_TRAILERS: usize = 2;
const SPARE_HEADS: usize = 64;
/// Go's server gives a window back in pieces of 4 KiB and more, others in larger ones.
const SMALLEST_UPDATE: usize = 4096;

#[cfg(test)]
mod tests;
