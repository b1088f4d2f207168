//! Ranges of octets (RFC 9110 section 14): what is asked, what a server says it gives, and the parts of `multipart/byteranges`.

mod parts;
#[cfg(test)]
mod tests;
mod validator;

use std::fmt;
use std::ops::{Bound, RangeBounds};

pub(crate) use parts::{PartsReader, Step, boundary_of};
pub use validator::Validator;

/// Octets that are asked for (RFC 9110 14.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    From(u64),
    /// Both of them too.
    Between(u64, u64),
    /// So many at the end.
    Last(u64),
}

/// Which octets of a representation a response holds: its `Content-Range` (RFC 9110 14.4).
///
/// An example is at [`Ranged`](crate::Ranged).
#[doc(alias = "WINHTTP_QUERY_CONTENT_RANGE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContentRange {
    /// The first octet; the one that a representation begins with is 0.
    pub first: u64,
    /// The last octet, which belongs to it.
    pub last: u64,
    /// The octets of the whole representation; `None` if the server does not say.
    pub complete_length: Option<u64>,
}

/// What a `Content-Range` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    These(ContentRange),
    /// None of what was asked is there (`bytes */1234`).
    Unsatisfied {
        complete_length: u64,
    },
}

impl Asked {
    /// `None` for an empty range; `Some(None)` for all there is.
    pub(crate) fn of(range: &impl RangeBounds<u64>) -> Option<Option<Self>> {
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.checked_add(1)?,
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(behind) => behind.checked_sub(1)?,
            Bound::Unbounded if first == 0 => return Some(None),
            Bound::Unbounded => return Some(Some(Self::From(first))),
        };
        (first <= last).then_some(Some(Self::Between(first, last)))
    }

    /// What a `Range` field asks for, if it asks for one range of octets.
    pub(crate) fn all_in(value: &[u8]) -> Option<Vec<Self>> {
        let value = std::str::from_utf8(value).ok()?;
        let (unit, ranges) = value.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        ranges.split(',').map(|range| Self::parse(range.trim_matches([' ', '\t']))).collect()
    }

    fn parse(range: &str) -> Option<Self> {
        match range.split_once('-')? {
            ("", count) => number(count).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// Is this what was asked? A server may give less of it than that (RFC 9110 15.3.7), but nothing else, and not from another
    /// place on.
    pub(crate) fn is_answered_by(self, given: &ContentRange) -> bool {
        let ContentRange { first, last, complete_length } = *given;
        match self {
            Self::From(asked) => first == asked,
            Self::Between(asked, end) => first == asked && last <= end,
            Self::Last(count) => match complete_length {
                Some(length) => first == length.saturating_sub(count),
                None => last - first < count,
            },
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(first) => write!(f, "{first}-"),
            Self::Between(first, last) => write!(f, "{first}-{last}"),
            Self::Last(count) => write!(f, "-{count}"),
        }
    }
}

impl ContentRange {
    /// How many octets they are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> u64 {
        // All 2^64 of them are more than a length can tell.
        (self.last - self.first).saturating_add(1)
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/", self.first, self.last)?;
        match self.complete_length {
            Some(length) => write!(f, "{length}"),
            None => f.write_str("*"),
        }
    }
}

impl Said {
    /// `None` for what is no `Content-Range` of octets.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let value = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
        let (unit, range) = value.split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (these, length) = range.split_once('/')?;
        let complete_length = if length == "*" { None } else { Some(number(length)?) };
        if these == "*" {
            return complete_length.map(|complete_length| Self::Unsatisfied { complete_length });
        }
        let (first, last) = these.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let is_sound = first <= last && complete_length.is_none_or(|length| last < length);
        is_sound.then_some(Self::These(ContentRange { first, last, complete_length }))
    }
}

/// Digits alone, and not more than fit.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
