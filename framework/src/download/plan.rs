//! What is held of a download, and what an answer means for it (pure).

use http::header::{CONTENT_LENGTH, ETAG, LAST_MODIFIED};
use http::{HeaderMap, StatusCode};

use crate::protocol::byte_ranges::{Said, Validator};

/// What is held, of which version.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plan {
    /// Octets that are held, from the first on.
    pub(super) held: u64,
    /// What they are octets of; without it they cannot be gone on from.
    pub(super) validator: Option<Validator>,
    /// How many there will be.
    pub(super) length: Option<u64>,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// The octets behind those that are held.
    GoOn,
    /// All of it from the first octet on. Is it the same of which some is held?
    Whole { is_same: bool },
    /// All of it is held.
    Complete,
    /// What is held is not to be gone on from: ask for all of it.
    AskAnew,
    /// It is no answer to what was asked.
    Breach(&'static str),
    /// Neither octets nor a word about them.
    Refused(StatusCode),
}

impl Plan {
    /// From which octet on to ask, and of which version; `None`: for all of it.
    pub(super) fn asks_from(&self) -> Option<(u64, &Validator)> {
        self.validator.as_ref().filter(|_| self.held > 0).map(|validator| (self.held, validator))
    }

    /// Is all of it held?
    pub(super) fn is_complete(&self) -> bool {
        self.validator.is_some() && self.length == Some(self.held)
    }

    /// An answer has come to what [`asks_from`](Self::asks_from) said.
    pub(super) fn judge(&mut self, status: StatusCode, headers: &HeaderMap, said: Option<Said>) -> Course {
        let asked = self.asks_from().is_some();
        match status {
            StatusCode::PARTIAL_CONTENT if asked => self.judge_part(headers, said),
            StatusCode::RANGE_NOT_SATISFIABLE if asked => match said {
                // It had no length, so that its end was not seen.
                Some(Said::Unsatisfied { complete_length })
                    if complete_length == self.held
                        && self.length.is_none_or(|length| length == self.held)
                        && !self.is_of_another(headers) =>
                {
                    self.length = Some(self.held);
                    Course::Complete
                }
                _ => Course::AskAnew,
            },
            StatusCode::PARTIAL_CONTENT => Course::Breach("a part came, and all of it was asked for"),
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => Course::Refused(status),
            status if status.is_success() => {
                let validator = Validator::of(headers);
                let is_same = validator.is_some() && validator == self.validator;
                self.validator = validator;
                self.length = content_length(headers);
                Course::Whole { is_same }
            }
            status => Course::Refused(status),
        }
    }

    fn judge_part(&mut self, headers: &HeaderMap, said: Option<Said>) -> Course {
        let Some(Said::These(range)) = said else { return Course::Breach("a 206 does not say which octets it holds") };
        if range.first != self.held {
            return Course::Breach("a 206 holds other octets than those asked for");
        }
        // The server had to look at `If-Range`; one that does not must not make a mixture of two versions.
        let is_other_tag = self.is_of_another(headers);
        let is_other_length = self.length.zip(range.complete_length).is_some_and(|(held, said)| held != said);
        if is_other_tag || is_other_length {
            return Course::AskAnew;
        }
        self.length = self.length.or(range.complete_length);
        Course::GoOn
    }

    /// Does the answer name another version than the one of which some is held?
    fn is_of_another(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(ETAG) {
            return Validator::of(headers) != self.validator;
        }
        let date = self.validator.as_ref().filter(|validator| validator.is_date());
        date.is_some_and(|date| headers.get_all(LAST_MODIFIED).iter().any(|said| said != date.value()))
    }

    /// Nothing of it is held any more.
    pub(super) fn begins_anew(&mut self) {
        self.held = 0;
    }

    /// What is known of a version is no use without it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// More has come; `false`: more than there is.
    pub(super) fn take(&mut self, octets: u64) -> bool {
        self.held = self.held.saturating_add(octets);
        self.length.is_none_or(|length| self.held <= length)
    }

    /// An answer has come to its end. Is that the end of all of it?
    pub(super) fn is_whole(&self) -> bool {
        self.length.is_none_or(|length| self.held == length)
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;

    use super::*;

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn tag(tag: &str) -> Option<Validator> {
        Validator::of(&headers(&[(ETAG, tag)]))
    }

    fn holding(held: u64, length: impl Into<Option<u64>>) -> Plan {
        Plan { held, validator: tag("\"a\""), length: length.into() }
    }

    fn judge(plan: &mut Plan, status: u16, range: &str, fields: &[(HeaderName, &str)]) -> Course {
        plan.judge(StatusCode::from_u16(status).unwrap(), &headers(fields), Said::parse(range.as_bytes()))
    }

    #[test]
    fn what_has_no_strong_validator_is_not_gone_on_from() {
        assert!(holding(5, 10).asks_from().is_some());
        assert_eq!(holding(0, 10).asks_from(), None);
        assert_eq!(Plan { held: 5, validator: tag("W/\"a\""), length: Some(10) }.asks_from(), None);
    }

    #[test]
    fn rfc9110_13_1_5_the_part_that_was_asked_for_goes_on_and_any_other_does_not() {
        let part = |range, fields: &[_]| judge(&mut holding(5, 10), 206, range, fields);
        assert_eq!(part("bytes 5-9/10", &[]), Course::GoOn);
        assert_eq!(part("bytes 5-6/10", &[(ETAG, "\"a\"")]), Course::GoOn, "less is no harm");
        assert_eq!(part("bytes 5-9/*", &[]), Course::GoOn);
        assert!(matches!(part("bytes 4-9/10", &[]), Course::Breach(_)));
        assert!(matches!(part("bytes 0-9/10", &[]), Course::Breach(_)));
        assert!(matches!(part("", &[]), Course::Breach(_)));
        assert_eq!(part("bytes 5-10/11", &[]), Course::AskAnew, "of another length");
        assert_eq!(part("bytes 5-9/10", &[(ETAG, "\"b\"")]), Course::AskAnew);
        assert_eq!(part("bytes 5-9/10", &[(ETAG, "W/\"a\"")]), Course::AskAnew);
        let mut unknown = holding(5, None);
        assert_eq!((judge(&mut unknown, 206, "bytes 5-9/10", &[]), unknown.length), (Course::GoOn, Some(10)));
    }

    #[test]
    fn rfc9110_13_1_5_a_part_of_another_date_does_not_go_on() {
        let dated = |date| {
            let validator = Validator::from_value(b"Sun, 06 Nov 1994 08:49:37 GMT");
            let mut plan = Plan { validator, ..holding(5, 10) };
            judge(&mut plan, 206, "bytes 5-9/10", &[(LAST_MODIFIED, date)])
        };
        assert_eq!(dated("Sun, 06 Nov 1994 08:49:37 GMT"), Course::GoOn);
        assert_eq!(dated("Sun, 06 Nov 1994 08:49:39 GMT"), Course::AskAnew);
    }

    #[test]
    fn all_of_it_in_place_of_a_part_is_another_one_unless_it_says_that_it_is_the_same() {
        let whole = |tag| {
            let mut plan = holding(5, 10);
            let course = judge(&mut plan, 200, "", &[(ETAG, tag), (CONTENT_LENGTH, "12")]);
            assert_eq!(plan.length, Some(12));
            course
        };
        assert_eq!(whole("\"a\""), Course::Whole { is_same: true });
        assert_eq!(
            (whole("\"b\""), whole("W/\"a\"")),
            (Course::Whole { is_same: false }, Course::Whole { is_same: false })
        );
        let mut without = Plan { validator: None, ..holding(5, 10) };
        assert_eq!(judge(&mut without, 200, "", &[]), Course::Whole { is_same: false }, "none is not the same as none");
    }

    #[test]
    fn rfc9110_15_5_17_nothing_behind_what_is_held_is_the_end_if_it_is_just_that() {
        assert_eq!(judge(&mut holding(5, None), 416, "bytes */5", &[]), Course::Complete);
        assert_eq!(judge(&mut holding(5, None), 416, "bytes */4", &[]), Course::AskAnew);
        assert_eq!(judge(&mut holding(5, None), 416, "bytes */5", &[(ETAG, "\"a\"")]), Course::Complete);
        assert_eq!(judge(&mut holding(5, None), 416, "bytes */5", &[(ETAG, "\"b\"")]), Course::AskAnew);
        assert_eq!(judge(&mut holding(5, 10), 416, "bytes */5", &[]), Course::AskAnew);
        assert_eq!(judge(&mut holding(5, 10), 416, "", &[]), Course::AskAnew);
    }

    #[test]
    fn what_was_not_asked_is_refused() {
        assert!(matches!(judge(&mut Plan::default(), 206, "bytes 0-9/10", &[]), Course::Breach(_)));
        for status in [204, 205, 304, 404, 416, 503] {
            assert!(matches!(judge(&mut Plan::default(), status, "bytes */5", &[]), Course::Refused(_)), "{status}");
        }
    }

    #[test]
    fn the_length_is_kept() {
        let mut plan = holding(5, 10);
        assert!(!plan.is_whole() && !plan.is_complete() && plan.take(5));
        assert!(plan.is_whole() && plan.is_complete());
        assert!(!plan.take(1), "one more than there is");
        plan.begins_anew();
        assert_eq!(plan, holding(0, 10));
        assert!(holding(7, None).is_whole(), "nobody has said how long it is");
        assert!(!Plan { validator: None, ..holding(10, 10) }.is_complete(), "of what?");
    }
}
