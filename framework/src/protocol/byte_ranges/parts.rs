//! The parts of a `multipart/byteranges` body (RFC 9110 14.6, RFC 2046 5.1), read as they come.
//!
//! ```text
//!   Preamble --> Delimiter --> Head --> Body(left) --+
//!                 |   ^                              |
//!                 v   +------------------------------+
//!                End
//! ```
//!
//! The `Content-Range` of a part says how long it is, so nothing is looked for within it: what looks like a boundary there is data.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_RANGE;
use memchr::memmem;

use super::{Asked, ContentRange, Said};
use crate::protocol::http1::field_section;

/// The reader of one body.
#[derive(Debug)]
pub(crate) struct PartsReader {
    /// `--` and the boundary.
    dashed: Vec<u8>,
    octets: BytesMut,
    at: At,
    /// What was asked and is not there yet.
    asked: Vec<Asked>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Does it begin where the body does? A boundary is at the beginning of a line.
    Preamble {
        at_beginning: bool,
    },
    /// Behind a boundary; the first line end of a part that follows belongs to it.
    Delimiter,
    Head,
    Body {
        left: u64,
    },
    Between,
    End,
}

enum Found {
    At(usize),
    NotYet,
    Not,
}

/// The head of a part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) range: ContentRange,
    pub(crate) fields: HeaderMap,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Part(Part),
    /// Of the part that came last.
    Data(Bytes),
    End,
    NeedMore,
}

/// What is wrong with the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartsFault {
    NoBoundary,
    Delimiter,
    HeadTooLarge,
    Head,
    NoRange,
    NotAsked,
}

impl PartsReader {
    pub(crate) fn new(boundary: &str, asked: Vec<Asked>) -> Self {
        let dashed = [b"--", boundary.as_bytes()].concat();
        Self { dashed, octets: BytesMut::new(), at: At::Preamble { at_beginning: true }, asked }
    }

    /// More has come.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    pub(crate) fn next(&mut self) -> Result<Step, PartsFault> {
        loop {
            match self.at {
                At::Preamble { at_beginning } => match self.find(&self.dashed, LONGEST_PREAMBLE) {
                    Found::At(place) => {
                        let before = self.octets.get(..place).unwrap_or_default();
                        if (place == 0 && at_beginning) || before.ends_with(CRLF) {
                            self.octets.advance(place + self.dashed.len());
                            self.at = At::Delimiter;
                        } else {
                            self.octets.advance(place + 1);
                            self.at = At::Preamble { at_beginning: false };
                        }
                    }
                    Found::NotYet => return Ok(Step::NeedMore),
                    Found::Not => return Err(PartsFault::NoBoundary),
                },
                At::Delimiter if self.octets.starts_with(b"--") => self.at = At::End,
                At::Delimiter => match self.find(CRLF, LONGEST_PADDING) {
                    Found::At(end) if self.octets.iter().take(end).all(|octet| matches!(octet, b' ' | b'\t')) => {
                        self.octets.advance(end + CRLF.len());
                        self.at = At::Head;
                    }
                    Found::NotYet => return Ok(Step::NeedMore),
                    _ => return Err(PartsFault::Delimiter),
                },
                At::Head => match self.find(b"\r\n\r\n", LARGEST_HEAD) {
                    Found::At(end) => {
                        let head = self.octets.split_to(end + 4).freeze();
                        let part = self.take_head(&head)?;
                        self.at = At::Body { left: part.range.len() };
                        return Ok(Step::Part(part));
                    }
                    Found::NotYet => return Ok(Step::NeedMore),
                    Found::Not => return Err(PartsFault::HeadTooLarge),
                },
                At::Body { left: 0 } => self.at = At::Between,
                At::Body { .. } if self.octets.is_empty() => return Ok(Step::NeedMore),
                At::Body { left } => {
                    let length = self.octets.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.at = At::Body { left: left - length as u64 };
                    return Ok(Step::Data(self.octets.split_to(length).freeze()));
                }
                At::Between => {
                    let expected = CRLF.iter().chain(&self.dashed);
                    if !self.octets.iter().zip(expected).all(|(octet, expected)| octet == expected) {
                        return Err(PartsFault::Delimiter);
                    }
                    let length = CRLF.len() + self.dashed.len();
                    if self.octets.len() < length {
                        return Ok(Step::NeedMore);
                    }
                    self.octets.advance(length);
                    self.at = At::Delimiter;
                }
                // What stands behind it is nobody's.
                At::End => return Ok(Step::End),
            }
        }
    }

    /// Where this stands behind so many octets at most. What lies beyond is never looked at: the verdict must not depend on how the
    /// body was cut.
    fn find(&self, wanted: &[u8], behind: usize) -> Found {
        let most = behind + wanted.len();
        let window = self.octets.get(..most).unwrap_or(&self.octets);
        match memmem::find(window, wanted) {
            Some(place) => Found::At(place),
            None if self.octets.len() < most => Found::NotYet,
            None => Found::Not,
        }
    }

    /// Each part is one of those that were asked for, and each of them comes once at most: so there is an end.
    fn take_head(&mut self, head: &Bytes) -> Result<Part, PartsFault> {
        let fields = field_section(head, MOST_FIELDS).ok_or(PartsFault::Head)?;
        let said = fields.get(CONTENT_RANGE).and_then(|value| Said::parse(value.as_bytes()));
        let Some(Said::These(range)) = said else { return Err(PartsFault::NoRange) };
        let place = self.asked.iter().position(|asked| asked.is_answered_by(&range)).ok_or(PartsFault::NotAsked)?;
        self.asked.remove(place);
        Ok(Part { range, fields })
    }
}

/// The boundary that a `Content-Type` of `multipart/byteranges` names; `None` for any other type.
pub(crate) fn boundary_of(content_type: &[u8]) -> Option<String> {
    let content_type = std::str::from_utf8(content_type).ok()?;
    let (media_type, mut rest) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/byteranges") {
        return None;
    }
    loop {
        let (name, value) = rest.split_once('=')?;
        let quoted = value.strip_prefix('"');
        let (value, after) = match quoted {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if name.trim_matches([' ', '\t', ';']).eq_ignore_ascii_case("boundary") {
            let value = if quoted.is_some() { value } else { value.trim() };
            let is_flaw = |octet: char| octet.is_ascii_control() || matches!(octet, '"' | '\\');
            let is_sound = (1..=LONGEST_BOUNDARY).contains(&value.len()) && !value.contains(is_flaw);
            return is_sound.then(|| value.to_owned());
        }
        rest = after;
    }
}

impl fmt::Display for PartsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBoundary => "no boundary begins the body",
            Self::Delimiter => "no boundary stands where a part ends",
            Self::HeadTooLarge => "the head of a part is too large",
            Self::Head => "the head of a part is malformed",
            Self::NoRange => "a part does not say which octets it holds",
            Self::NotAsked => "a part holds octets that were not asked for, or once more those that were",
        })
    }
}

const CRLF: &[u8] = b"\r\n";
/// RFC 2046 5.1.1.
const LONGEST_BOUNDARY: usize = 70;
const LONGEST_PREAMBLE: usize = 8 * 1024;
const LONGEST_PADDING: usize = 256;
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_FIELDS: usize = 100;
