//! Header fields that are set in more ways than one line more (pure).

use http::header::{CACHE_CONTROL, Entry, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Request;
use super::state::Call;
use crate::error::{Error, Operation, Result};
use crate::protocol::http1::field;

/// What becomes of a header field that a request may have already: the modifiers of `WinHttpAddRequestHeaders`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderModifier {
    /// It gets another line, behind those that are there.
    #[default]
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_ADD")]
    Add,
    /// It is set only if there is none of that name.
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_ADD_IF_NEW")]
    AddIfNew,
    /// It is set in place of the first one, if there is one. An empty value takes that away.
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_REPLACE")]
    Replace,
    /// The same of the one at this place among those of its name; 0 is the first.
    #[doc(alias = "WINHTTP_ADDREQ_INDEX_MASK")]
    ReplaceNth(usize),
    /// It is set in place of the first one or, without any, anew (`WINHTTP_ADDREQ_FLAG_ADD | WINHTTP_ADDREQ_FLAG_REPLACE`). An empty
    /// value takes the first one away.
    AddOrReplace,
    /// It is appended to the first one with a comma, or set if there is none.
    #[doc(alias("WINHTTP_ADDREQ_FLAG_COALESCE", "WINHTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA"))]
    CoalesceWithComma,
    /// It is appended to the first one with a semicolon, or set if there is none.
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_COALESCE_WITH_SEMICOLON")]
    CoalesceWithSemicolon,
}

impl HeaderModifier {
    /// Was anything changed?
    pub(super) fn apply(self, map: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> bool {
        match self {
            Self::Add => return add(map, name, value),
            Self::AddIfNew if map.contains_key(&name) => return false,
            Self::Replace => return replace(map, name, 0, value),
            Self::ReplaceNth(place) => return replace(map, name, place, value),
            _ => {}
        }
        let joint: &[u8] = match self {
            Self::CoalesceWithComma => b", ",
            Self::CoalesceWithSemicolon => b"; ",
            _ if map.contains_key(&name) => return replace(map, name, 0, value),
            // Nothing is there to take away.
            Self::AddOrReplace if value.is_empty() => return false,
            _ => return add(map, name, value),
        };
        let Some(first) = map.get_mut(&name) else { return add(map, name, value) };
        let both = [first.as_bytes(), joint, value.as_bytes()].concat();
        // Of two values that may be sent the joint one may be, too.
        HeaderValue::from_maybe_shared(both).map(|both| *first = both).is_ok()
    }
}

fn add(map: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> bool {
    map.append(name, value);
    true
}

fn replace(map: &mut HeaderMap, name: HeaderName, place: usize, value: HeaderValue) -> bool {
    let Entry::Occupied(mut entry) = map.entry(name.clone()) else { return false };
    let Some(replaced) = entry.iter_mut().nth(place) else { return false };
    if !value.is_empty() {
        *replaced = value;
        return true;
    }
    let kept: Vec<_> =
        entry.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, value)| value.clone()).collect();
    entry.remove_entry_mult();
    for value in kept {
        map.append(&name, value);
    }
    true
}

/// What has a proxy on the way ask the server itself.
pub(super) fn refresh(map: &mut HeaderMap) {
    for name in [CACHE_CONTROL, PRAGMA] {
        map.insert(name, HeaderValue::from_static("no-cache"));
    }
}

/// One field as the caller wrote it, checked.
pub(super) fn checked(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue)> {
    field(name, value).map_err(|misuse| Error::parameter(Operation::AddHeader, misuse.to_string()))
}

/// The fields of a text of several lines, which end in any run of CR and LF.
fn lines(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let no_colon = || Error::parameter(Operation::AddHeader, "a line of the header has no colon");
        let (name, value) = line.split_once(':').ok_or_else(no_colon)?;
        checked(name, value.trim_matches([' ', '\t']).as_bytes())
    };
    lines.map(read).collect()
}

impl Request {
    /// [`add_header`](Self::add_header) with a say in what becomes of one that is there: `true` if anything was changed, `false` if there
    /// was one already ([`AddIfNew`](HeaderModifier::AddIfNew)), or none to replace.
    ///
    /// ```no_run
    /// # fn example(request: hinternet::Request) -> hinternet::Result<()> {
    /// use hinternet::HeaderModifier;
    ///
    /// request.add_header("Accept", "text/html")?;
    /// request.add_header_with(HeaderModifier::CoalesceWithComma, "Accept", "text/plain")?;
    /// request.add_header_with(HeaderModifier::Replace, "X-Draft", "")?; // Takes it away.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`add_header`](Self::add_header).
    #[doc(alias = "HttpAddRequestHeaders")]
    #[doc(alias("WinHttpAddRequestHeaders", "WinHttpAddRequestHeadersEx"))]
    pub fn add_header_with(&self, modifier: HeaderModifier, name: &str, value: impl AsRef<[u8]>) -> Result<bool> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        let (name, value) = checked(name, value.as_ref())?;
        Ok(modifier.apply(self.inner.shared.draft().headers.change(), name, value))
    }

    /// The same for a text of several lines, `Name: value` each, that end in CR, LF or both; empty ones are passed over. How many changed
    /// anything.
    ///
    /// For what the program itself wrote. In a text that holds a stranger's words, each line end would be one more field: those go
    /// to [`add_header`](Self::add_header), which refuses them.
    ///
    /// # Errors
    /// See [`add_header`](Self::add_header); then no line was taken.
    #[doc(alias = "WinHttpAddRequestHeaders")]
    pub fn add_header_lines(&self, modifier: HeaderModifier, text: &str) -> Result<usize> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        let fields = lines(text)?;
        let mut draft = self.inner.shared.draft();
        let headers = draft.headers.change();
        Ok(fields.into_iter().filter(|(name, value)| modifier.apply(headers, name.clone(), value.clone())).count())
    }

    /// Asks whoever has a copy of the response to ask the server itself (`Cache-Control` and `Pragma: no-cache`, RFC 9111 5.2.1.4).
    ///
    /// # Errors
    /// 12019 while the request is under way, 6 when it is closed.
    #[doc(alias("WINHTTP_FLAG_REFRESH", "WINHTTP_FLAG_BYPASS_PROXY_CACHE"))]
    pub fn refresh(&self) -> Result<()> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        refresh(self.inner.shared.draft().headers.change());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::HeaderModifier::*;
    use super::*;
    use crate::error::ErrorCode;

    fn start() -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in ["1", "2"] {
            map.append("x", HeaderValue::from_static(value));
        }
        map.append("y", HeaderValue::from_static("3"));
        map
    }

    fn values(map: &HeaderMap) -> Vec<&str> {
        map.get_all("x").iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[track_caller]
    fn becomes(modifier: HeaderModifier, value: &str, expected: &[&str]) {
        let mut map = start();
        let changed = modifier.apply(&mut map, HeaderName::from_static("x"), HeaderValue::from_str(value).unwrap());
        assert_eq!((values(&map), changed), (expected.to_vec(), expected != ["1", "2"]), "{modifier:?} {value:?}");
        assert_eq!(map["y"], "3");
    }

    #[test]
    fn h06_to_h12_a_field_that_is_there() {
        becomes(Add, "9", &["1", "2", "9"]);
        becomes(Add, "", &["1", "2", ""]);
        becomes(AddIfNew, "9", &["1", "2"]);
        becomes(Replace, "9", &["9", "2"]);
        becomes(Replace, "", &["2"]);
        becomes(ReplaceNth(1), "9", &["1", "9"]);
        becomes(ReplaceNth(1), "", &["1"]);
        becomes(ReplaceNth(2), "9", &["1", "2"]);
        becomes(AddOrReplace, "9", &["9", "2"]);
        becomes(AddOrReplace, "", &["2"]);
        becomes(CoalesceWithComma, "9", &["1, 9", "2"]);
        becomes(CoalesceWithSemicolon, "9", &["1; 9", "2"]);
    }

    #[test]
    fn h10_to_h13_a_field_that_is_not_there() {
        for modifier in [Add, AddIfNew, AddOrReplace, CoalesceWithComma, CoalesceWithSemicolon] {
            let mut map = HeaderMap::new();
            assert!(modifier.apply(&mut map, HeaderName::from_static("x"), HeaderValue::from_static("9")));
            assert_eq!(values(&map), ["9"], "{modifier:?}");
        }
        for (modifier, value) in [(Replace, "9"), (ReplaceNth(0), "9"), (Replace, ""), (AddOrReplace, "")] {
            let mut map = HeaderMap::new();
            assert!(!modifier.apply(&mut map, HeaderName::from_static("x"), HeaderValue::from_static(value)));
            assert!(map.is_empty(), "{modifier:?}");
        }
        assert_eq!(HeaderModifier::default(), Add);
    }

    #[test]
    fn h17_h18_lines_end_in_any_run_of_cr_and_lf() {
        let fields = lines("\r\na: 1\n\r\r\nb:2 \rc:\n\nd: x:y\r\n").unwrap();
        let shown: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
        assert_eq!(shown, ["a=1", "b=2", "c=", "d=x:y"]);
        assert!(lines("").unwrap().is_empty());
    }

    #[test]
    fn h14_what_is_no_line_is_refused() {
        for text in [":", ":b", "cd", " e :f", "a: 1\r\nb", "a: \u{1}", " folded: 1\r\n on"] {
            assert_eq!(lines(text).unwrap_err().code(), ErrorCode::InvalidParameter, "{text:?}");
        }
    }
}
