//! A body's decoder: takes what comes off the wire, and gives of the content as much as is asked for.
//!
//! ```text
//!             take                    decode: NeedMore
//!   wire ------------> piece -> layer -> layer -> Data, of at most so many octets; one more is made, and kept
//!             end_input                decode: End
//! ```
//!
//! The octet that is kept tells whether the body goes on, so that the last piece is known to be the last, and a body that ends with
//! the last octet it may have is not too long.

use std::time::Duration;

use bytes::Bytes;

use super::fault::Fault;
use super::layer::Layer;
use super::listed::Coding;

/// How much a body may become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Caps {
    /// Octets of the decoded body.
    pub(crate) octets: Option<u64>,
    /// So many octets of it for each that came, once it has more than [`BEFORE_RATIO`].
    pub(crate) ratio: Option<u32>,
}

/// Decodes one body.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The outermost, which was applied last, comes first.
    layers: Vec<Layer>,
    source: Source,
    /// The octet that was too many.
    kept: Option<u8>,
    /// How much is made at a time, where as much is asked for.
    room: usize,
    /// Octets given.
    given: u64,
    is_over: bool,
    broken: Option<Fault>,
    /// How long it took, by the clock of whoever uses it.
    pub(crate) took: Duration,
}

/// What there was of the body to give.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Not empty.
    Data(Bytes),
    /// Octets off the wire, or their end, come first.
    NeedMore,
    /// Enough was done for once: give way to others, and go on.
    Busy,
    End,
}

/// What comes off the wire.
#[derive(Debug)]
struct Source {
    piece: Bytes,
    is_cut_off: bool,
    caps: Caps,
    /// Octets taken of the wire's, less those which the outermost layer has not looked at.
    consumed: u64,
    /// What may still be done before others get their turn.
    work_left: usize,
}

impl Decoder {
    /// Undoes these, which are in the order they were applied.
    pub(crate) fn new(codings: &[Coding], caps: Caps) -> Self {
        let layers: Option<Vec<Layer>> = codings.iter().rev().map(|coding| Layer::new(*coding)).collect();
        let broken = if layers.is_none() { codings.first().map(|coding| Fault::Window(*coding)) } else { None };
        let source = Source { piece: Bytes::new(), is_cut_off: false, caps, consumed: 0, work_left: 0 };
        let layers = layers.unwrap_or_default();
        Self { layers, source, kept: None, room: SMALLEST_ROOM, given: 0, is_over: false, broken, took: Duration::ZERO }
    }

    /// Cannot decode anything, for this reason.
    pub(crate) fn broken(fault: Fault) -> Self {
        Self { broken: Some(fault), ..Self::new(&[], Caps::default()) }
    }

    /// The next octets off the wire; only when [`decode`](Self::decode) needed more.
    pub(crate) fn take(&mut self, piece: Bytes) {
        self.room = self.room.max(piece.len().saturating_mul(GUESS).min(LARGEST_ROOM));
        self.source.piece = piece;
    }

    /// Nothing comes behind what was taken.
    pub(crate) fn end_input(&mut self) {
        self.source.is_cut_off = true;
    }

    /// Was all of the body given, and found complete?
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next octets of the content, as many as that at most; 0 is taken for 1.
    ///
    /// A fault stays: what follows it cannot be told from it.
    pub(crate) fn decode(&mut self, at_most: usize) -> Result<Decoded, Fault> {
        let decoded = match self.broken {
            Some(fault) => Err(fault),
            None => self.go_on(at_most.max(1)),
        };
        self.broken = decoded.as_ref().err().copied();
        decoded
    }

    fn go_on(&mut self, at_most: usize) -> Result<Decoded, Fault> {
        self.source.work_left = WORK_AT_ONCE;
        if self.is_over {
            return Ok(Decoded::End);
        }
        if self.kept.is_none() && self.source.is_waited_for() && self.layers.iter().all(Layer::needs_input) {
            return Ok(Decoded::NeedMore);
        }
        let left = self.source.caps.octets.map_or(u64::MAX, |most| most.saturating_sub(self.given));
        let most = at_most.min(self.room).min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut octets = vec![0; most + 1];
        let mut length = 0;
        if let (Some(place), Some(kept)) = (octets.first_mut(), self.kept.take()) {
            *place = kept;
            length = 1;
        }
        let stopped = fill(&mut self.layers, &mut self.source, &mut octets, &mut length)?;
        if length > most {
            if let Some(most) = self.source.caps.octets.filter(|_| most as u64 == left) {
                return Err(Fault::TooLarge { most });
            }
            octets.truncate(length);
            self.kept = octets.pop();
            self.room = self.room.saturating_mul(GUESS).min(LARGEST_ROOM);
        } else {
            octets.truncate(length);
            self.is_over = stopped == Stopped::End;
        }
        self.given += octets.len() as u64;
        Ok(match stopped {
            _ if !octets.is_empty() => Decoded::Data(fitting(octets)),
            Stopped::Full | Stopped::Busy => Decoded::Busy,
            Stopped::Dry => Decoded::NeedMore,
            Stopped::End => Decoded::End,
        })
    }
}

/// Why no more was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Full,
    Dry,
    Busy,
    End,
}

/// Has the last of these fill the room behind `length`, and the others what it needs for that.
fn fill(layers: &mut [Layer], source: &mut Source, octets: &mut [u8], length: &mut usize) -> Result<Stopped, Fault> {
    let Some((layer, above)) = layers.split_last_mut() else { return Ok(Stopped::End) };
    loop {
        if !layer.needs_input() {
            let Some(room) = octets.get_mut(*length..).filter(|room| !room.is_empty()) else {
                return Ok(Stopped::Full);
            };
            let step = layer.step(room)?;
            *length += step.put;
            source.weigh(layer, if above.is_empty() { step.took } else { 0 })?;
            if !source.may_work(STEP) {
                return Ok(Stopped::Busy);
            }
        } else if layer.is_cut_off {
            layer.end()?;
            return Ok(Stopped::End);
        } else {
            match above {
                [] if !source.piece.is_empty() => layer.take(std::mem::take(&mut source.piece)),
                [] if source.is_cut_off => layer.is_cut_off = true,
                [] => return Ok(Stopped::Dry),
                _ => {
                    let mut between = vec![0; BETWEEN];
                    let mut length = 0;
                    let stopped = fill(above, source, &mut between, &mut length)?;
                    between.truncate(length);
                    layer.is_cut_off = stopped == Stopped::End;
                    let has_room = source.may_work(length);
                    if length > 0 {
                        layer.take(between.into());
                    }
                    match stopped {
                        Stopped::Dry if length == 0 => return Ok(Stopped::Dry),
                        Stopped::Busy => return Ok(Stopped::Busy),
                        _ if !has_room => return Ok(Stopped::Busy),
                        _ => {}
                    }
                }
            }
        }
    }
}

impl Source {
    fn is_waited_for(&self) -> bool {
        self.piece.is_empty() && !self.is_cut_off
    }

    /// Has the layer made more than it may? What goes on into another layer may be twice what comes out at the end, no more: a bomb
    /// within a bomb costs its work before anything of it is seen.
    fn weigh(&mut self, layer: &Layer, consumed: usize) -> Result<(), Fault> {
        self.consumed += consumed as u64;
        let Caps { octets, ratio } = self.caps;
        if let Some(most) = octets.filter(|most| layer.made > most.saturating_mul(2).max(BEFORE_RATIO)) {
            return Err(Fault::TooLarge { most });
        }
        let is_dense = |most: &u32| layer.made > self.consumed.saturating_mul(u64::from(*most));
        match ratio.filter(is_dense) {
            Some(most) if layer.made > BEFORE_RATIO => Err(Fault::TooDense { most }),
            _ => Ok(()),
        }
    }

    fn may_work(&mut self, amount: usize) -> bool {
        self.work_left = self.work_left.saturating_sub(amount);
        self.work_left > 0
    }
}

/// Whoever keeps a short piece does not keep the room for a long one.
fn fitting(octets: Vec<u8>) -> Bytes {
    if octets.len() < octets.capacity() / 2 { Bytes::copy_from_slice(&octets) } else { octets.into() }
}

/// How much longer a body is expected to be than it is coded, and how much longer the next piece if there was no end of the last.
const GUESS: usize = 4;
const SMALLEST_ROOM: usize = 4 * 1024;
/// So much is made at a time at most.
const LARGEST_ROOM: usize = 64 * 1024;
/// So much goes from one layer to the next at a time.
const BETWEEN: usize = 16 * 1024;
/// So much goes from layer to layer before others get their turn; every step counts too, which may have been a gzip member of no
/// octets and a decoder made for it.
const WORK_AT_ONCE: usize = 1024 * 1024;
const STEP: usize = 1024;
/// A short body may be as dense as it likes: it costs nobody anything.
pub(super) const BEFORE_RATIO: u64 = 1024 * 1024;
