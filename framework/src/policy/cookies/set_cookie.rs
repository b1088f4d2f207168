//! What a `Set-Cookie` field says (RFC 6265bis 5.6): octets in, attributes out, nothing decoded.

use super::date;
use crate::reason::CookieRefusal;

/// On which requests of other sites a browser may send the cookie (RFC 6265bis 5.6.7).
///
/// A client that is no browser navigates by itself: no other site has it send a request, so that each of them is a same-site one, and
/// this keeps no cookie back. It is kept for who wants to know, and for files.
///
/// An example is at [`Cookie`](crate::Cookie).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// The server did not say.
    #[default]
    Unsaid,
    /// On none.
    Strict,
    /// On those that navigate.
    Lax,
    /// On all.
    None,
}

/// A `Set-Cookie` field. What cannot be meant of its attributes is left out.
#[derive(Default)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// Without the dot it may begin with.
    pub(super) domain: Option<&'a [u8]>,
    pub(super) path: Option<&'a [u8]>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
    /// Seconds since 1970.
    pub(super) expires: Option<i64>,
    /// Seconds from now; it counts before `expires`.
    pub(super) max_age: Option<i64>,
}

impl<'a> SetCookie<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, CookieRefusal> {
        let mut parts = line.split(|&octet| octet == b';');
        let (name, value) = pair(parts.next().unwrap_or_default()).ok_or(CookieRefusal::NoName)?;
        if name.is_empty() {
            return Err(CookieRefusal::NoName);
        }
        // Of a tab in a name nobody knows where the name ends, and the files of others end it there.
        if line.iter().any(|&octet| octet.is_ascii_control() && octet != b'\t') || name.contains(&b'\t') {
            return Err(CookieRefusal::ControlCharacter);
        }
        if name.len() + value.len() > LARGEST {
            return Err(CookieRefusal::TooLarge);
        }
        let mut cookie = Self { name, value, ..Self::default() };
        for part in parts {
            let (name, value) = pair(part).unwrap_or((blanks_off(part), b""));
            if value.len() <= LARGEST_ATTRIBUTE {
                cookie.take(name, value);
            }
        }
        Ok(cookie)
    }

    /// The last one of a name counts.
    fn take(&mut self, name: &[u8], value: &'a [u8]) {
        match &*name.to_ascii_lowercase() {
            b"expires" => self.expires = date::parse(value).or(self.expires),
            b"max-age" => self.max_age = seconds(value).or(self.max_age),
            // RFC 6265 5.2.3 has an empty one ignored.
            b"domain" if !value.is_empty() => self.domain = Some(value.strip_prefix(b".").unwrap_or(value)),
            b"path" => self.path = value.starts_with(b"/").then_some(value),
            b"secure" => self.secure = true,
            b"httponly" => self.http_only = true,
            b"samesite" => {
                self.same_site = match &*value.to_ascii_lowercase() {
                    b"strict" => SameSite::Strict,
                    b"lax" => SameSite::Lax,
                    b"none" => SameSite::None,
                    _ => SameSite::Unsaid,
                }
            }
            _ => {}
        }
    }
}

/// The name that a `Set-Cookie` field begins with; none of one that is but a value.
pub(super) fn name_of(line: &[u8]) -> &[u8] {
    let first = line.split(|&octet| octet == b';').next().unwrap_or_default();
    pair(first).map_or(b"", |(name, _)| name)
}

fn pair(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = part.iter().position(|&octet| octet == b'=')?;
    let (name, value) = part.split_at(at);
    Some((blanks_off(name), blanks_off(value.get(1..).unwrap_or_default())))
}

fn blanks_off(mut part: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = part {
        part = rest;
    }
    part
}

/// `[-]1*DIGIT`. What is too much is as much as can be told (RUSTSEC-2017-0005).
fn seconds(value: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    let sum = digits.iter().fold(0, add);
    Some(if is_negative { -sum } else { sum })
}

/// Octets of name and value together (RFC 6265bis 5.6).
pub(super) const LARGEST: usize = 4096;
/// Octets of the value of an attribute; one that has more is ignored (RFC 6265bis 5.6).
pub(super) const LARGEST_ATTRIBUTE: usize = 1024;
