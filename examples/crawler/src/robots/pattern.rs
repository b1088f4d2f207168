//! One path pattern of a robots.txt, and when it matches (RFC 9309 2.2.2 and 2.2.3).

use std::borrow::Cow;

/// A pattern matches every path it is a prefix of; `*` stands for any octets, and a last `$` for the path's end.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// Without the last `$`.
    octets: Box<[u8]>,
    to_the_end: bool,
}

impl Pattern {
    pub(super) fn new(value: &[u8]) -> Self {
        let to_the_end = value.ends_with(b"$");
        let value = value.strip_suffix(b"$").unwrap_or(value);
        Self { octets: normalize(value, b"$").into(), to_the_end }
    }

    /// How specific it is: "the most octets".
    pub(super) fn octets(&self) -> usize {
        self.octets.len() + usize::from(self.to_the_end)
    }

    /// Greedy: a `*` first stands for nothing and takes one octet more whenever what follows it does not fit. Only the
    /// last `*` is ever reconsidered, so the time is bounded by path x pattern.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        let (mut at, mut next) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match self.octets.get(next) {
                Some(b'*') => {
                    star = Some((at, next));
                    next += 1;
                    continue;
                }
                Some(octet) if path.get(at) == Some(octet) => {
                    at += 1;
                    next += 1;
                    continue;
                }
                None if !self.to_the_end || at == path.len() => return true,
                _ => {}
            }
            let Some((taken, after)) = star else { return false };
            if taken >= path.len() {
                return false;
            }
            star = Some((taken + 1, after));
            (at, next) = (taken + 1, after + 1);
        }
    }
}

/// A path in the form patterns are in. Its own `*` and `$` are no wildcards.
pub(super) fn normalize_path(path: &[u8]) -> Cow<'_, [u8]> {
    if path.iter().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'%' | b'*' | b'$')) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(normalize(path, b"*$"))
}

/// One spelling for what may be spelled in several ways: `%61` is `a`, `%c3` is `%C3`, and so is the bare octet. What is
/// reserved stays as it was written, since `%2F` and `/` are not the same path (RFC 3986 2.2).
fn normalize(octets: &[u8], escaped_too: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = after;
                let octet = hex(*high) << 4 | hex(*low);
                if is_unreserved(octet) { normal.push(octet) } else { escape(octet, &mut normal) }
            }
            _ if !first.is_ascii_graphic() || escaped_too.contains(first) => escape(*first, &mut normal),
            _ => normal.push(*first),
        }
    }
    normal
}

fn escape(octet: u8, into: &mut Vec<u8>) {
    into.extend([b'%', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";
