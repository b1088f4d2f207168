//! Questions to header fields that have an answer of a type (pure): a number, a date, the one at a place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};

use super::http1::ResponseHead;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

/// Typed questions to header fields: those of a response ([`ResponseHead`]), its trailers
/// ([`Response::trailers`](crate::Response::trailers)) and those of a request ([`Request::headers`](crate::Request::headers)).
///
/// In place of the modifiers of `WinHttpQueryHeaders`. A field that is missing (12150 there) is a `None`, and the index is not counted up
/// by the call.
///
/// ```
/// use hinternet::{HeaderMap, HeaderQueries, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.append("age", HeaderValue::from_static("4294967296"));
/// headers.append("via", HeaderValue::from_static("1.1 a"));
/// headers.append("via", HeaderValue::from_static("1.1 b"));
/// assert_eq!(headers.number("age")?, Some(4_294_967_296));
/// assert_eq!(headers.number("content-length")?, None);
/// assert_eq!(headers.nth("via", 1), Some("1.1 b".as_bytes()));
/// assert!(headers.date("via").is_err());
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias = "HttpQueryInfo")]
#[doc(alias("WinHttpQueryHeaders", "WinHttpQueryHeadersEx"))]
pub trait HeaderQueries: sealed::HasFields {
    /// The field of this name at a place among those that have it; 0 is the first. As it came, also if it is no text.
    #[doc(alias("WINHTTP_QUERY_CUSTOM", "WINHTTP_QUERY_FLAG_WIRE_ENCODING"))]
    fn nth(&self, name: &str, index: usize) -> Option<&[u8]> {
        self.fields().get_all(name).iter().nth(index).map(HeaderValue::as_bytes)
    }

    /// The first field of this name as a number. There is one size of them, so that no `Content-Length` is too large.
    ///
    /// # Errors
    /// 12153 for what is no decimal number under 2⁶⁴.
    #[doc(alias("WINHTTP_QUERY_FLAG_NUMBER", "WINHTTP_QUERY_FLAG_NUMBER64"))]
    fn number(&self, name: &str) -> Result<Option<u64>> {
        let is_number = |text: &&str| text.bytes().all(|octet| octet.is_ascii_digit());
        self.typed(name, "number", |text| Some(text).filter(is_number)?.parse().ok())
    }

    /// The first field of this name as a moment, in any of the three forms of RFC 9110 section 5.6.7.
    ///
    /// # Errors
    /// 12153 for what is no date.
    #[doc(alias = "WINHTTP_QUERY_FLAG_SYSTEMTIME")]
    fn date(&self, name: &str) -> Result<Option<SystemTime>> {
        self.typed(name, "date", |text| httpdate::parse_http_date(text).ok())
    }

    #[doc(hidden)]
    fn typed<T>(&self, name: &str, what: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.fields().get(name) else { return Ok(None) };
        let found = value.to_str().ok().and_then(|text| read(text.trim()));
        // Without the value, which may be a secret.
        found.map(Some).ok_or_else(|| {
            let (code, operation) = (ErrorCode::InvalidHeader, Operation::QueryHeaders);
            Error::new(code, operation, Stage::Head, Blame::Peer, format!("the field {name} is no {what}"))
        })
    }
}

impl HeaderQueries for HeaderMap {}

impl HeaderQueries for ResponseHead {}

mod sealed {
    pub trait HasFields {
        #[doc(hidden)]
        fn fields(&self) -> &http::HeaderMap;
    }

    impl HasFields for http::HeaderMap {
        fn fields(&self) -> &http::HeaderMap {
            self
        }
    }

    impl HasFields for super::ResponseHead {
        fn fields(&self) -> &http::HeaderMap {
            self.headers()
        }
    }
}

/// A moment as header fields have it, to the second: `Mon, 28 Jul 2008 10:05:52 GMT` (`WinHttpTimeFromSystemTime`).
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// assert_eq!(hinternet::http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))?, "Sun, 06 Nov 1994 08:49:37 GMT");
/// # Ok::<_, hinternet::Error>(())
/// ```
///
/// # Errors
/// 87 for a moment before 1970, or after the year 9999, which has no such form.
#[doc(alias = "InternetTimeFromSystemTime")]
#[doc(alias = "WinHttpTimeFromSystemTime")]
pub fn http_date(moment: SystemTime) -> Result<String> {
    let since = moment.duration_since(UNIX_EPOCH).ok().filter(|since| *since < YEAR_10000);
    let refused = || Error::parameter(Operation::QueryHeaders, "the moment is not within the years 1970 to 9999");
    since.map(|_| httpdate::fmt_http_date(moment)).ok_or_else(refused)
}

/// The moment that a header field names, in any of the three forms of RFC 9110 section 5.6.7 (`WinHttpTimeToSystemTime`, which takes
/// what merely looks like one).
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let moment = hinternet::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")?;
/// assert_eq!(moment, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
/// # Ok::<_, hinternet::Error>(())
/// ```
///
/// # Errors
/// 87 for what is no date.
#[doc(alias = "InternetTimeToSystemTime")]
#[doc(alias = "WinHttpTimeToSystemTime")]
pub fn parse_http_date(text: &str) -> Result<SystemTime> {
    httpdate::parse_http_date(text.trim())
        .map_err(|reason| Error::parameter(Operation::QueryHeaders, "the text is no date").with_source(reason))
}

const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(name.parse::<http::HeaderName>().unwrap(), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn h01_repeated_fields_are_walked_through_by_their_place() {
        let map = fields(&[("x-a", "1"), ("other", "2"), ("X-A", "3")]);
        assert_eq!([map.nth("X-a", 0), map.nth("x-A", 1), map.nth("x-a", 2)], [Some(&b"1"[..]), Some(b"3"), None]);
        assert_eq!(map.nth("not a name", 0), None);
    }

    #[test]
    fn h21_a_number_that_is_missing_is_none() {
        let map = fields(&[("a", "18446744073709551615"), ("b", "007"), ("c", " 5 "), ("a", "no")]);
        assert_eq!(map.number("missing").unwrap(), None);
        let number = |name| map.number(name).unwrap();
        assert_eq!([number("a"), number("b"), number("c")], [Some(u64::MAX), Some(7), Some(5)]);
    }

    #[test]
    fn what_is_no_number_and_no_date_is_an_invalid_header() {
        for value in ["", "-1", "+1", "1.0", "0x10", "18446744073709551616", "1, 1", "s3cret"] {
            let map = fields(&[("x", value)]);
            for error in [map.number("x").unwrap_err(), map.date("x").unwrap_err()] {
                assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidHeader, Blame::Peer), "{value}");
                assert!(!format!("{error} {error:?}").contains("s3cret"));
            }
        }
    }

    #[test]
    fn m01_m02_a_date_is_written_and_read() {
        let text = "Mon, 28 Jul 2008 10:05:52 GMT";
        let moment = UNIX_EPOCH + Duration::from_secs(1_217_239_552);
        assert_eq!(http_date(moment).unwrap(), text);
        for form in
            [text, " Mon, 28 Jul 2008 10:05:52 GMT\n", "Monday, 28-Jul-08 10:05:52 GMT", "Mon Jul 28 10:05:52 2008"]
        {
            assert_eq!(parse_http_date(form).unwrap(), moment, "{form}");
        }
        assert_eq!(fields(&[("date", text)]).date("Date").unwrap(), Some(moment));
        assert_eq!(parse_http_date("mon 28 jul").unwrap_err().code(), ErrorCode::InvalidParameter);
    }

    #[test]
    fn a_moment_without_such_a_form_is_refused() {
        let last = UNIX_EPOCH + YEAR_10000 - Duration::from_secs(1);
        assert_eq!(http_date(last).unwrap(), "Fri, 31 Dec 9999 23:59:59 GMT");
        for moment in [last + Duration::from_secs(1), UNIX_EPOCH - Duration::from_secs(1)] {
            assert_eq!(http_date(moment).unwrap_err().code(), ErrorCode::InvalidParameter);
        }
    }
}
