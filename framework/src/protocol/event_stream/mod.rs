//! A stream of server-sent events (WHATWG HTML 9.2.5, 9.2.6): octets in, in pieces of any length, events out.
//!
//! ```text
//!   push(octets) --> next() --> Event      as many as have come
//!                          `--> None       more octets are wanted
//! ```
//!
//! Lines end with CR, LF or both, whatever was cut between. What the server says of the reconnection is kept beside the events. An
//! event that is larger than its limit is an error: a server that never ends one would have all the memory.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr2;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type; `None` is "message".
    pub(crate) kind: Option<String>,
    pub(crate) data: String,
}

/// An event, or one line of it, holds more octets than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge(pub(crate) usize);

/// The reader of one stream.
#[derive(Debug)]
pub(crate) struct Reader {
    octets: Bytes,
    /// The beginning of a line whose end has not come.
    line: BytesMut,
    /// The last line ended with a CR, so an LF that comes first belongs to it.
    after_cr: bool,
    /// No line has ended yet: the first may begin with a byte order mark.
    at_beginning: bool,
    most: usize,
    data: String,
    kind: String,
    id: String,
    /// The last id that came with the end of an event.
    last_id: String,
    reconnection_time: Option<Duration>,
}

impl Reader {
    /// `last_id` is that of the stream before. `most`: so many octets may an event hold.
    ///
    /// The standard would have each stream begin without an id, and so an event without one forget it; browsers keep it, and whoever
    /// resumes wants that.
    pub(crate) fn new(last_id: String, most: usize) -> Self {
        Self {
            octets: Bytes::new(),
            line: BytesMut::new(),
            after_cr: false,
            at_beginning: true,
            most,
            data: String::new(),
            kind: String::new(),
            id: last_id.clone(),
            last_id,
            reconnection_time: None,
        }
    }

    /// More has come. What came before was read to its end.
    pub(crate) fn push(&mut self, octets: Bytes) {
        debug_assert!(self.octets.is_empty(), "all of the piece before was read");
        self.octets = octets;
    }

    /// The next event; `None`: more octets are wanted. After an error there is nothing more.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, TooLarge> {
        loop {
            if self.after_cr && !self.octets.is_empty() {
                self.after_cr = false;
                if self.octets.first() == Some(&b'\n') {
                    self.octets.advance(1);
                }
            }
            let Some(end) = memchr2(b'\r', b'\n', &self.octets) else {
                let rest = std::mem::take(&mut self.octets);
                self.check(rest.len())?;
                self.line.extend_from_slice(&rest);
                return Ok(None);
            };
            self.check(end)?;
            let mut line = self.octets.split_to(end);
            self.after_cr = self.octets.first() == Some(&b'\r');
            self.octets.advance(1);
            if !self.line.is_empty() {
                self.line.extend_from_slice(&line);
                line = self.line.split().freeze();
            }
            if std::mem::take(&mut self.at_beginning) && line.starts_with(BYTE_ORDER_MARK) {
                line.advance(BYTE_ORDER_MARK.len());
            }
            if let Some(event) = self.take_line(&line) {
                return Ok(Some(event));
            }
        }
    }

    /// The id to resume behind (`Last-Event-ID`); empty is none.
    pub(crate) fn last_id(&self) -> &str {
        &self.last_id
    }

    /// How long the server wants to be left alone between two connections.
    pub(crate) fn reconnection_time(&self) -> Option<Duration> {
        self.reconnection_time
    }

    fn take_line(&mut self, line: &[u8]) -> Option<Event> {
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = match line.iter().position(|octet| *octet == b':') {
            // A comment, by which servers keep the connection alive.
            Some(0) => return None,
            Some(colon) => {
                let (name, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default();
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match name {
            b"event" => self.kind = String::from_utf8_lossy(value).into_owned(),
            b"data" => {
                self.data.push_str(&String::from_utf8_lossy(value));
                self.data.push('\n');
            }
            b"id" if !value.contains(&0) => self.id = String::from_utf8_lossy(value).into_owned(),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                // More than fits is more than anybody waits.
                let milliseconds = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                self.reconnection_time = Some(Duration::from_millis(milliseconds.unwrap_or(u64::MAX)));
            }
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        if self.last_id != self.id {
            self.last_id.clone_from(&self.id);
        }
        let (mut data, kind) = (std::mem::take(&mut self.data), std::mem::take(&mut self.kind));
        // One without a data field is none.
        data.pop()?;
        Some(Event { kind: Some(kind).filter(|kind| !kind.is_empty()), data })
    }

    /// May so much more come to this event?
    fn check(&self, more: usize) -> Result<(), TooLarge> {
        let held = self.line.len() + self.data.len() + self.kind.len() + self.id.len();
        if held.saturating_add(more) > self.most { Err(TooLarge(self.most)) } else { Ok(()) }
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
