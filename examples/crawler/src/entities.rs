//! Character references in an attribute (HTML 13.2.5.72): `a?b&amp;c` is the URL `a?b&c`.
//!
//! Those that occur in URLs: numbers, and the few names that have no better spelling there. Any other stays as it is.

use std::borrow::Cow;

/// The text with its references replaced; borrowed if it holds none, as most do.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match reference(rest) {
            Some((character, after)) => {
                decoded.push(character);
                rest = after;
            }
            None => decoded.push('&'),
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn reference(text: &str) -> Option<(char, &str)> {
    let (name, after) = text.split_at_checked(text.find(';').filter(|length| *length <= LONGEST)?)?;
    let character = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?,
            None => number.parse().ok().and_then(char::from_u32)?,
        },
        None => NAMES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((character, &after[1..]))
}

const NAMES: [(&str, char); 6] =
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", '\u{a0}')];

/// Of a reference, without `&` and `;`.
const LONGEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters() {
        for (text, decoded) in [
            ("/x?a=1&amp;b=2", "/x?a=1&b=2"),
            ("/x?a=1&b=2", "/x?a=1&b=2"),
            ("&#47;x&#x2F;y&#x2f;", "/x/y/"),
            ("/x?a&copy=1&amp", "/x?a&copy=1&amp"),
            ("/&;&#;&#x110000;&lt;", "/&;&#;&#x110000;<"),
            ("/&öäüöäüöäü;&amp;", "/&öäüöäüöäü;&"),
        ] {
            assert_eq!(decode(text), decoded);
        }
        assert!(matches!(decode("/plain"), Cow::Borrowed("/plain")));
    }
}
