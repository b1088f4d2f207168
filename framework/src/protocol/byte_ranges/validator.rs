//! What tells one version of a representation from another to the last octet (RFC 9110 8.8).

use http::HeaderMap;
use http::header::{DATE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED};

/// A strong validator: two responses that have the same one have the same octets, so that parts of both make a whole.
///
/// An example is at [`Ranged`](crate::Ranged).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator(HeaderValue);

impl Validator {
    /// The strong validator of a response: its entity tag; or, where it has none at all, its `Last-Modified` if that is at least a
    /// second older than its `Date`, for else it could have been changed twice in that second (RFC 9110 8.8.2.2, 13.1.5). `None` for a
    /// weak tag (`W/"..."`) and for whatever is malformed.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let only = |name: HeaderName| {
            let mut all = headers.get_all(name).iter();
            all.next().filter(|_| all.next().is_none())
        };
        if headers.contains_key(ETAG) {
            return only(ETAG).and_then(Self::of_tag);
        }
        let time = |name| httpdate::parse_http_date(only(name)?.to_str().ok()?).ok();
        let age = time(DATE)?.duration_since(time(LAST_MODIFIED)?).ok()?;
        if age.as_secs() >= 1 { only(LAST_MODIFIED).cloned().map(Self) } else { None }
    }

    /// What `If-Range` says.
    pub(crate) fn value(&self) -> &HeaderValue {
        &self.0
    }

    /// Is it a `Last-Modified`?
    pub(crate) fn is_date(&self) -> bool {
        !self.0.as_bytes().starts_with(b"\"")
    }

    /// One that was written down.
    pub(crate) fn from_value(value: &[u8]) -> Option<Self> {
        let value = HeaderValue::from_bytes(value).ok()?;
        Self::of_tag(&value).or_else(|| {
            httpdate::parse_http_date(value.to_str().ok()?).ok()?;
            Some(Self(value))
        })
    }

    fn of_tag(value: &HeaderValue) -> Option<Self> {
        let inner = value.as_bytes().strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        // etagc of RFC 9110 8.8.3.
        let is_tag = inner.iter().all(|&octet| octet == 0x21 || (0x23..=0x7e).contains(&octet) || octet >= 0x80);
        is_tag.then(|| Self(value.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn validator(fields: &[(HeaderName, &str)]) -> Option<String> {
        let fields = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Validator::of(&fields).map(|validator| validator.value().to_str().unwrap().to_owned())
    }

    #[test]
    fn rfc9110_8_8_3_a_strong_tag_is_one_and_a_weak_or_malformed_one_is_none() {
        assert_eq!(validator(&[(ETAG, "\"a1\"")]).as_deref(), Some("\"a1\""));
        assert_eq!(validator(&[(ETAG, "\"\"")]).as_deref(), Some("\"\""));
        for none in ["W/\"a1\"", "w/\"a1\"", "a1", "\"a1", "\"", "\"a\"b\"", "\"a b\"", "\"a\", \"b\""] {
            assert_eq!(validator(&[(ETAG, none)]), None, "{none}");
        }
        assert_eq!(validator(&[(ETAG, "\"a\""), (ETAG, "\"b\"")]), None);
    }

    #[test]
    fn rfc9110_13_1_5_a_date_is_one_where_there_is_no_tag_and_it_is_a_second_old() {
        let dated = |date: &str| validator(&[(LAST_MODIFIED, MODIFIED), (DATE, date)]);
        assert_eq!(dated("Sun, 06 Nov 1994 08:49:38 GMT").as_deref(), Some(MODIFIED));
        assert_eq!((dated(MODIFIED), dated("Sun, 06 Nov 1994 08:49:30 GMT"), dated("soon")), (None, None, None));
        assert_eq!(validator(&[(LAST_MODIFIED, MODIFIED)]), None);
        let weak = [(ETAG, "W/\"a\""), (LAST_MODIFIED, MODIFIED), (DATE, "Sun, 06 Nov 1994 09:00:00 GMT")];
        assert_eq!(validator(&weak), None, "it has a tag");
    }

    #[test]
    fn what_was_written_down_is_read_back() {
        for value in ["\"a1\"", MODIFIED] {
            assert_eq!(Validator::from_value(value.as_bytes()).unwrap().value(), value);
        }
        for none in [&b""[..], b"W/\"a\"", b"soon", b"\"a\nb\""] {
            assert_eq!(Validator::from_value(none), None);
        }
    }
}
