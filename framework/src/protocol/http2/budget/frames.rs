//! Frames as they come, in any pieces: what counts is handed to the budget, and nothing else is kept.

use std::time::Instant;

use super::{Budget, GoingAway};
use crate::protocol::http2::fault::WireFault;

impl Budget {
    /// A frame of a response that is here as a whole, as nearly all are: nothing is kept of it from one octet to the next.
    pub(super) fn take_whole(&mut self, input: &[u8], now: Instant) -> Result<Option<usize>, WireFault> {
        let Some(&[high, middle, low, kind, flags, a, b, c, d]) = input.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let is_of_response = kind == HEADERS || kind == DATA && flags & PADDED == 0;
        if !self.greeted || !is_of_response || input.len() < HEADER + length {
            return Ok(None);
        }
        // The first bit is reserved.
        let stream = u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff;
        self.received.frames += 1;
        if kind == HEADERS && flags & END_STREAM == 0 {
            self.keep_head(stream)?;
        }
        if kind == HEADERS || length > 0 {
            self.bucket.refill();
        }
        if kind == DATA && length > 0 {
            self.received.data_octets += length as u64;
            self.received.window_octets += length as u64;
            self.bodies.push((stream, length));
        }
        if flags & END_STREAM != 0 {
            self.ended.push(stream);
        }
        if kind == DATA && length == 0 {
            self.spend(now)?;
        }
        Ok(Some(HEADER + length))
    }

    pub(super) fn take_header(&mut self, input: &[u8], now: Instant) -> Result<usize, WireFault> {
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

    pub(super) fn take_payload(&mut self, input: &[u8], now: Instant) -> Result<usize, WireFault> {
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
        if payload.kind == DATA {
            self.received.window_octets += taken as u64;
        }
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
}

/// Where in a frame the next octet belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Header { octets: [u8; HEADER], filled: usize },
    Payload(Payload),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payload {
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

/// RFC 9113 sections 4.1, 6 and 6.5.2.
pub(super) const HEADER: usize = 9;
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const ACK: u8 = 1;
const END_STREAM: u8 = 1;
pub(super) const PADDED: u8 = 8;
const SETTING: usize = 6;
const ENABLE_PUSH: [u8; 2] = [0, 2];
/// RFC 8441 section 3.
const ENABLE_CONNECT: [u8; 2] = [0, 8];
/// What a GOAWAY holds before its debug data.
const FAREWELL: usize = 8;
/// What an answer in HTTP/1.1 begins with.
const HTTP1: &[u8] = b"HTTP/1.";
