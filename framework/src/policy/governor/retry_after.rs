//! What an answer says of how busy its server is (RFC 9110 10.2.3, 15.6.4; RFC 6585 section 4).

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

/// What an answer says of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It keeps up.
    Well,
    /// Nothing: a failure of another kind.
    Nothing,
    /// It asks to be left alone.
    Busy { retry_after: Option<Duration> },
}

impl Verdict {
    /// `wall` is the time of day.
    pub(crate) fn of(status: StatusCode, fields: &HeaderMap, wall: SystemTime) -> Self {
        let names_itself_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if !names_itself_busy && !status.is_server_error() {
            return Self::Well;
        }
        match retry_after(fields, wall) {
            None if !names_itself_busy => Self::Nothing,
            retry_after => Self::Busy { retry_after },
        }
    }
}

/// Seconds, or a date: by the server's own clock, where the answer tells its time.
pub(crate) fn retry_after(fields: &HeaderMap, wall: SystemTime) -> Option<Duration> {
    let value = fields.get(RETRY_AFTER)?.to_str().ok()?.trim_ascii();
    if !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit()) {
        // More than fits is more than anybody waits.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let date = |name: HeaderName| httpdate::parse_http_date(fields.get(name)?.to_str().ok()?).ok();
    Some(then.duration_since(date(DATE).unwrap_or(wall)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn verdict(status: u16, fields: &[(HeaderName, &str)]) -> Verdict {
        let fields = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Verdict::of(StatusCode::from_u16(status).unwrap(), &fields, httpdate::parse_http_date(THEN).unwrap())
    }

    fn told(value: &str) -> Option<Duration> {
        match verdict(503, &[(RETRY_AFTER, value)]) {
            Verdict::Busy { retry_after } => retry_after,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rfc9110_10_2_3_retry_after_is_seconds_or_a_date() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!((told(" 7 "), told("0"), told("007")), (seconds(7), seconds(0), seconds(7)));
        assert_eq!(told("Sun, 06 Nov 1994 08:49:47 GMT"), seconds(10));
        assert_eq!(told("Sunday, 06-Nov-94 08:49:47 GMT"), seconds(10), "RFC 850");
        assert_eq!(told("Sun Nov  6 08:49:47 1994"), seconds(10), "asctime");
        assert_eq!(told("Sun, 06 Nov 1994 08:00:00 GMT"), seconds(0), "the past");
        assert_eq!(told("99999999999999999999999"), seconds(u64::MAX));
    }

    #[test]
    fn garbage_in_retry_after_is_as_if_it_were_not_there() {
        for garbage in ["", "soon", "-1", "+1", "1.5", "1s", "0x10", "7, 8", "Sun, 06 Nov", "\u{661}"] {
            let fields =
                HeaderMap::from_iter([(RETRY_AFTER, http::HeaderValue::from_bytes(garbage.as_bytes()).unwrap())]);
            assert_eq!(retry_after(&fields, SystemTime::UNIX_EPOCH), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_date_is_read_by_the_servers_own_clock() {
        let fields = [(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT"), (DATE, "Sun, 06 Nov 1994 08:49:17 GMT")];
        assert_eq!(verdict(503, &fields), Verdict::Busy { retry_after: Some(Duration::from_secs(30)) });
    }

    #[test]
    fn which_answers_ask_for_a_pause() {
        let busy = |retry_after| Verdict::Busy { retry_after };
        let five = Some(Duration::from_secs(5));
        for (status, without, with) in [
            (200, Verdict::Well, Verdict::Well),
            (301, Verdict::Well, Verdict::Well),
            (404, Verdict::Well, Verdict::Well),
            (429, busy(None), busy(five)),
            (500, Verdict::Nothing, busy(five)),
            (502, Verdict::Nothing, busy(five)),
            (503, busy(None), busy(five)),
            (504, Verdict::Nothing, busy(five)),
        ] {
            assert_eq!((verdict(status, &[]), verdict(status, &[(RETRY_AFTER, "5")])), (without, with), "{status}");
        }
    }
}
