//! Frames as a server sends them. Heads are literals without indexing (RFC 7541 6.2.2): no table has to be kept.

use bytes::{BufMut, Bytes, BytesMut};
use h2::Reason;

use super::frame::{ACK, END_HEADERS, END_STREAM, Kind};

/// Any frame, right or wrong.
///
/// # Panics
/// When the payload is longer than a frame can be.
pub fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Bytes {
    let length = u32::try_from(payload.len()).expect("a frame's length has 24 bits");
    assert!(length < 1 << 24, "a frame's length has 24 bits");
    let mut out = BytesMut::new();
    out.put_slice(&length.to_be_bytes()[1..]);
    out.put_u8(kind.code());
    out.put_u8(flags);
    out.put_u32(stream);
    out.put_slice(payload);
    out.freeze()
}

/// SETTINGS with these ids and values; see [`setting`].
pub fn settings(values: &[(u16, u32)]) -> Bytes {
    let mut payload = BytesMut::new();
    for (id, value) in values {
        payload.put_u16(*id);
        payload.put_u32(*value);
    }
    frame(Kind::Settings, 0, 0, &payload)
}

/// SETTINGS with ACK.
pub fn settings_ack() -> Bytes {
    frame(Kind::Settings, ACK, 0, &[])
}

/// HEADERS with these fields, pseudo-fields among them; `last` ends the stream.
pub fn headers(stream: u32, fields: &[(&str, &str)], last: bool) -> Bytes {
    let flags = END_HEADERS | if last { END_STREAM } else { 0 };
    frame(Kind::Headers, flags, stream, &block(fields))
}

/// HEADERS of a response that is its status alone.
pub fn response(stream: u32, status: u16, last: bool) -> Bytes {
    headers(stream, &[(":status", &status.to_string())], last)
}

/// A whole response: 200 with this body.
pub fn answer(stream: u32, body: &str) -> Bytes {
    [response(stream, 200, false), data(stream, body, true)].concat().into()
}

/// DATA; `last` ends the stream.
pub fn data(stream: u32, octets: impl AsRef<[u8]>, last: bool) -> Bytes {
    frame(Kind::Data, if last { END_STREAM } else { 0 }, stream, octets.as_ref())
}

/// RST_STREAM.
pub fn rst(stream: u32, reason: Reason) -> Bytes {
    frame(Kind::Reset, 0, stream, &u32::from(reason).to_be_bytes())
}

/// GOAWAY: streams above `last` were and will not be looked at.
pub fn goaway(last: u32, reason: Reason) -> Bytes {
    frame(Kind::GoAway, 0, 0, &[last.to_be_bytes(), u32::from(reason).to_be_bytes()].concat())
}

/// PING.
pub fn ping(payload: [u8; 8]) -> Bytes {
    frame(Kind::Ping, 0, 0, &payload)
}

/// PING with ACK.
pub fn ping_ack(payload: [u8; 8]) -> Bytes {
    frame(Kind::Ping, ACK, 0, &payload)
}

/// WINDOW_UPDATE; stream 0 is the connection's window.
pub fn window_update(stream: u32, increment: u32) -> Bytes {
    frame(Kind::WindowUpdate, 0, stream, &increment.to_be_bytes())
}

/// A header block of literals.
pub fn block(fields: &[(&str, &str)]) -> Bytes {
    let mut out = BytesMut::new();
    for (name, value) in fields {
        out.put_u8(0);
        for text in [name, value] {
            put_length(&mut out, text.len());
            out.put_slice(text.as_bytes());
        }
    }
    out.freeze()
}

/// The ids of settings (RFC 9113 6.5.2).
#[allow(missing_docs, reason = "the RFC's names")]
pub mod setting {
    pub const HEADER_TABLE_SIZE: u16 = 1;
    pub const ENABLE_PUSH: u16 = 2;
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    pub const MAX_FRAME_SIZE: u16 = 5;
    pub const MAX_HEADER_LIST_SIZE: u16 = 6;
    /// RFC 8441 3.
    pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;
}

/// A string's length: an integer with a prefix of seven bits (RFC 7541 5.1).
fn put_length(out: &mut BytesMut, length: usize) {
    let Some(mut rest) = length.checked_sub(127) else { return out.put_u8(length as u8) };
    out.put_u8(127);
    while rest >= 128 {
        out.put_u8((rest % 128) as u8 | 128);
        rest /= 128;
    }
    out.put_u8(rest as u8);
}
