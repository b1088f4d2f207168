//! gzip and deflate, by `zlib-rs`, which checks CRC-32, length and Adler-32 at the end.

use zlib_rs::{Inflate, InflateFlush, Status};

use super::fault::Fault;
use super::layer::{Step, Undoes};
use super::listed::Coding;

/// One member behind the other (RFC 1952 section 2.2).
#[derive(Default)]
pub(super) struct Gzip {
    /// `None` between two members.
    member: Option<Inflate>,
    has_ended: bool,
}

impl Undoes for Gzip {
    fn undo(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Fault> {
        if self.member.is_none() {
            match input.first() {
                // What is not there begins no member.
                None => return Ok(Step::default()),
                Some(first) if self.has_ended && *first != GZIP_ID1 => return Err(Fault::Trailing(Coding::Gzip)),
                Some(_) => {}
            }
        }
        let member = self.member.get_or_insert_with(|| Inflate::new(true, WINDOW_BITS + AS_GZIP));
        let (step, is_over) = inflate(member, input, room, Coding::Gzip)?;
        if is_over {
            self.member = None;
            self.has_ended = true;
        }
        Ok(step)
    }

    fn is_at_end(&self) -> bool {
        self.member.is_none()
    }
}

/// With zlib's frame or without: the first two octets tell (RFC 1950 section 2.2). A bare stream that looked like a frame would
/// have to begin with a stored block, and bits set in its padding.
#[derive(Default)]
pub(super) struct Deflate {
    first: [u8; 2],
    gathered: usize,
    /// So much of the first octets was taken.
    fed: usize,
    stream: Option<Inflate>,
    is_over: bool,
}

impl Undoes for Deflate {
    fn undo(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Fault> {
        let mut all = Step::default();
        while self.gathered < self.first.len() {
            let Some(octet) = input.get(all.took) else { return Ok(all) };
            if let Some(place) = self.first.get_mut(self.gathered) {
                *place = *octet;
            }
            self.gathered += 1;
            all.took += 1;
        }
        let stream = self.stream.get_or_insert_with(|| Inflate::new(is_framed(self.first), WINDOW_BITS));
        if !self.is_over && self.fed < self.first.len() {
            let first = self.first.get(self.fed..).unwrap_or_default();
            let (step, is_over) = inflate(stream, first, room, Coding::Deflate)?;
            self.fed += step.took;
            self.is_over = is_over;
            all.put += step.put;
        }
        let (rest, room) = (input.get(all.took..).unwrap_or_default(), room.get_mut(all.put..).unwrap_or_default());
        if self.is_over {
            let is_behind = self.fed < self.first.len() || !rest.is_empty();
            return if is_behind { Err(Fault::Trailing(Coding::Deflate)) } else { Ok(all) };
        }
        if self.fed == self.first.len() && !room.is_empty() {
            let (step, is_over) = inflate(stream, rest, room, Coding::Deflate)?;
            self.is_over = is_over;
            (all.took, all.put) = (all.took + step.took, all.put + step.put);
        }
        Ok(all)
    }

    fn is_at_end(&self) -> bool {
        self.is_over && self.fed == self.first.len()
    }
}

fn is_framed([method, flags]: [u8; 2]) -> bool {
    let (method_is_deflate, window_is_known) = (method & 0x0f == 8, method >> 4 <= 7);
    method_is_deflate && window_is_known && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

/// So much was taken and put, and is it the end?
fn inflate(stream: &mut Inflate, input: &[u8], room: &mut [u8], coding: Coding) -> Result<(Step, bool), Fault> {
    let (took, put) = (stream.total_in(), stream.total_out());
    let status = stream.decompress(input, room, InflateFlush::NoFlush).map_err(|_| Fault::Corrupt(coding))?;
    let step = Step { took: (stream.total_in() - took) as usize, put: (stream.total_out() - put) as usize };
    Ok((step, status == Status::StreamEnd))
}

/// The largest that deflate has: 32 KiB.
const WINDOW_BITS: u8 = 15;
/// How zlib is told that a gzip header comes.
const AS_GZIP: u8 = 16;
/// The first octet of every member.
const GZIP_ID1: u8 = 0x1f;
